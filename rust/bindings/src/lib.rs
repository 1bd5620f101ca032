//! The only user of pyo3: what Python sees of the engine, registered class by class, no logic.
//!
//! `manager.rs` has the logs of a broker, `partition.rs` one of them, `settings.rs` what they are
//! set to, `plain_produce.rs` the commonest request to write to them and `plain_sockets.rs` the
//! sockets of peers that send nothing else; `seams.rs` breaks their disk and turns their clock for
//! tests. `log.rs` is the embedded log, with `appending.rs` and `reading.rs` for the ways in and out;
//! `accumulator.rs`, `produce_batch.rs` and `delivery.rs` are a producer's, which takes records as
//! `fields.rs` and `arrow_column.rs` read them; `fetched.rs` and `arrow_batches.rs` are a consumer's;
//! `record.rs`, `batch.rs`, `columns.rs`, `arrow.rs` and `arrow_rows.rs` are the shapes in which
//! records come out, and `untracked.rs` keeps those out of the search for cycles;
//! `decompress.rs` opens what was compressed outside of batches;
//! `buffer.rs` lends memory to Python, `chunk.rs` opens batches, `engine.rs` chooses between writer
//! and follower, `error.rs` translates errors and `fork.rs` keeps children of a fork away.
//! Invariant: whatever may wait or touch a cold page does so detached from the interpreter, and no
//! lock of the engine is held while waiting for the interpreter.

mod fork;
mod error;
mod engine;
mod chunk;
mod buffer;
mod untracked;
mod record;
mod columns;
mod consumer_record;
mod batch;
mod arrow_rows;
mod arrow;
mod arrow_column;
mod appending;
mod reading;
mod log;
mod settings;
mod seams;
mod plain_produce;
mod partition;
mod plain_sockets;
mod manager;
mod delivery;
mod produce_batch;
mod fields;
mod accumulator;
mod fetched;
mod arrow_batches;
mod decompress;

/// The compiled module behind `logcore._native`.
#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::accumulator::RecordAccumulator;
    #[pymodule_export]
    use crate::arrow::ArrowStream;
    #[pymodule_export]
    use crate::arrow_batches::ArrowBatches;
    #[pymodule_export]
    use crate::arrow_column::ArrowColumn;
    #[pymodule_export]
    use crate::batch::BatchView;
    #[pymodule_export]
    use crate::buffer::NativeBuffer;
    #[pymodule_export]
    use crate::columns::Columns;
    #[pymodule_export]
    use crate::consumer_record::ConsumerRecord;
    #[pymodule_export]
    use crate::decompress::decompress;
    #[pymodule_export]
    use crate::delivery::Delivery;
    #[pymodule_export]
    use crate::delivery::RecordMetadata;
    #[pymodule_export]
    use crate::fetched::FetchedRecords;
    #[pymodule_export]
    use crate::log::Log;
    #[pymodule_export]
    use crate::manager::LoadProgress;
    #[pymodule_export]
    use crate::manager::LogManager;
    #[pymodule_export]
    use crate::partition::PartitionLog;
    #[pymodule_export]
    use crate::plain_produce::PlainProduce;
    #[pymodule_export]
    use crate::plain_sockets::PlainSockets;
    #[pymodule_export]
    use crate::produce_batch::ProduceBatch;
    #[pymodule_export]
    use crate::record::Record;
    #[pymodule_export]
    use crate::seams::Seams;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        crate::fork::watch(module.py())
    }
}
