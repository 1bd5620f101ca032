//! The log engine of logcore: segments of record batches on disk, as Apache Kafka writes them.
//!
//! The modules stand in import order: each may use only those above it.

pub mod error;
pub mod clock;
pub mod mmap;
pub mod fs;
pub mod checkpoint;
pub mod partition_metadata;
pub mod clean_shutdown;
pub mod crc;
pub mod varint;
pub mod compression;
pub mod batch;
pub mod append_origin;
pub mod control;
pub mod record;
pub mod columns;
pub mod builder;
pub mod config;
pub mod validator;
mod entries;
pub mod index;
pub mod time_index;
mod indexing;
pub mod transaction_index;
pub mod segment;
mod segment_writer;
pub mod segments;
pub mod verification;
pub mod producer_entry;
pub mod producer_append;
pub mod producer_snapshot;
pub mod producer_state;
mod producer_reload;
pub mod leader_epoch;
mod recovery;
mod flush;
pub mod loader;
pub mod retention;
pub mod lock;
mod background;
pub mod log;

pub use append_origin::AppendOrigin;
pub use batch::{Batch, BatchHeader, Batches};
pub use builder::RecordBatchBuilder;
pub use clock::{Clock, ManualClock, SystemClock};
pub use columns::Columns;
pub use compression::Codec;
pub use config::LogConfig;
pub use error::{LogError, RecordError, Result};
pub use fs::{File, FileSystem, OpenMode, RealFs};
pub use log::Log;
pub use mmap::Slice;
pub use record::{RecordRef, Records};
pub use validator::{Validated, ValidatorConfig, validate_and_assign_offsets};
