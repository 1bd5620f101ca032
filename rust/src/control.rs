//! Control records: the markers in the log that end a transaction.
//!
//! ```text
//! key    i16 version = 0 | i16 type: 0 abort, 1 commit, 2 leader change, 3.. snapshots, quorum
//! value  i16 version = 0 | i32 coordinator epoch                         of an end-of-transaction
//! ```
//! A control batch holds exactly one such record. Invariant: a type that is not known is no error
//! (newer brokers may add some) but a marker whose fields are cut off is. `producer_append.rs`
//! acts on markers; whoever walks the log decodes them from the batch's first record.

use crate::error::{LogError, Result};

const ABORT: i16 = 0;
const COMMIT: i16 = 1;

/// The end of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndTxnMarker {
    /// Whether the transaction was committed, not aborted.
    pub commit: bool,
    /// Epoch of the coordinator that wrote the marker; older ones are fenced.
    pub coordinator_epoch: i32,
}

/// Takes the version in front; newer ones keep the fields of the old, as Kafka reads them.
fn versioned<'a>(bytes: Option<&'a [u8]>, what: &str) -> Result<&'a [u8]> {
    let split = bytes.and_then(<[u8]>::split_first_chunk);
    match split.map(|(version, rest)| (i16::from_be_bytes(*version), rest)) {
        Some((version, rest)) if version >= 0 => Ok(rest),
        Some((version, _)) => Err(LogError::corrupt_batch(format!("{what} version {version}"))),
        None => Err(LogError::corrupt_batch(format!("{what} is cut off"))),
    }
}

impl EndTxnMarker {
    /// Reads the record's key and value; `None` for another kind of control record.
    ///
    /// # Errors
    /// `CorruptBatch` if key or value are cut off or have an impossible version.
    pub fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<Self>> {
        let kind = versioned(key, "the key of a control record")?
            .first_chunk()
            .ok_or_else(|| LogError::corrupt_batch("the type of a control record is cut off"))?;
        let commit = match i16::from_be_bytes(*kind) {
            ABORT => false,
            COMMIT => true,
            _ => return Ok(None),
        };
        let coordinator_epoch = versioned(value, "the value of a transaction marker")?
            .first_chunk()
            .ok_or_else(|| LogError::corrupt_batch("a coordinator epoch is cut off"))?;
        let coordinator_epoch = i32::from_be_bytes(*coordinator_epoch);
        Ok(Some(Self { commit, coordinator_epoch }))
    }

    /// The record's key and value.
    pub fn encode(&self) -> ([u8; 4], [u8; 6]) {
        let kind = if self.commit { COMMIT } else { ABORT };
        let mut key = [0; 4];
        key.iter_mut().skip(2).zip(kind.to_be_bytes()).for_each(|(to, from)| *to = from);
        let epoch = self.coordinator_epoch.to_be_bytes();
        let mut value = [0; 6];
        value.iter_mut().skip(2).zip(epoch).for_each(|(to, from)| *to = from);
        (key, value)
    }
}
