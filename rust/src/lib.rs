//! The log engine of logcore: segments of record batches on disk, as Apache Kafka writes them.
//!
//! The modules stand in import order: each may use only those above it.

pub mod error;
pub mod clock;
pub mod mmap;
pub mod fs;
pub mod crc;
pub mod varint;
pub mod compression;
pub mod batch;

pub use batch::{Batch, BatchHeader, Batches};
pub use clock::{Clock, ManualClock, SystemClock};
pub use compression::Codec;
pub use error::{LogError, RecordError, Result};
pub use fs::{File, FileSystem, OpenMode, RealFs};
pub use mmap::Slice;
