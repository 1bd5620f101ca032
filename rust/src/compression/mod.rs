//! The codecs of record batches, in the very formats Kafka's Java client reads and writes.
//!
//! Invariant: [`decompress`] never holds more than a small multiple of the bytes it has really
//! produced, and stops at the caller's limit, so a short hostile input costs little. A damaged
//! input is `CorruptBatch`. The framing that differs from the usual libraries' is in `snappy.rs`
//! and `lz4.rs`; `builder.rs` and `record.rs` are the users.

mod gzip;
mod lz4;
mod snappy;
mod xxhash;
mod zstd;

use crate::error::{LogError, Result};

/// How the records of a batch are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// Deflate in gzip members.
    Gzip,
    /// Snappy in the frames of the Java library.
    Snappy,
    /// LZ4 in frames of independent blocks.
    Lz4,
    /// Zstandard.
    Zstd,
}

impl Codec {
    /// Every codec, by id.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// The codec of an id in a batch's attributes.
    ///
    /// # Errors
    /// `UnsupportedCompression` for ids Kafka does not know.
    pub fn from_id(id: u8) -> Result<Self> {
        Self::ALL.get(usize::from(id)).copied().ok_or_else(|| LogError::UnsupportedCompression {
            reason: format!("codec id {id} is unknown"),
        })
    }

    /// The id that stands in a batch's attributes.
    pub fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Gzip => 1,
            Self::Snappy => 2,
            Self::Lz4 => 3,
            Self::Zstd => 4,
        }
    }

    /// The name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The codec of a name.
    ///
    /// # Errors
    /// `UnsupportedCompression` for other names.
    pub fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|codec| codec.name() == name).ok_or_else(|| {
            LogError::UnsupportedCompression {
                reason: format!("codec {name:?} is unknown: none, gzip, snappy, lz4 or zstd"),
            }
        })
    }
}

/// Appends the compressed `input` to `out`. `level` counts for gzip (1 to 9) and zstd; `None` is
/// Kafka's default. LZ4 has one speed here and snappy has no levels, so theirs is not looked at.
///
/// # Errors
/// `InvalidArgument` for a level the codec does not have.
pub fn compress(codec: Codec, level: Option<i32>, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    match codec {
        Codec::None => {
            out.extend_from_slice(input);
            Ok(())
        }
        Codec::Gzip => gzip::compress(level, input, out),
        Codec::Snappy => snappy::compress(input, out),
        Codec::Lz4 => lz4::compress(input, out),
        Codec::Zstd => zstd::compress(level, input, out),
    }
}

/// The decompressed bytes of `input`, at most `limit_bytes` of them.
///
/// # Errors
/// `CorruptBatch` when the input is damaged or holds more than the limit.
pub fn decompress(codec: Codec, input: &[u8], limit_bytes: usize) -> Result<Vec<u8>> {
    match codec {
        Codec::None if input.len() > limit_bytes => Err(past_limit(limit_bytes)),
        Codec::None => Ok(input.to_vec()),
        Codec::Gzip => gzip::decompress(input, limit_bytes),
        Codec::Snappy => snappy::decompress(input, limit_bytes),
        Codec::Lz4 => lz4::decompress(input, limit_bytes),
        Codec::Zstd => zstd::decompress(input, limit_bytes),
    }
}

/// The one error of all codecs for too much output.
fn past_limit(limit_bytes: usize) -> LogError {
    LogError::corrupt_batch(format!("the records decompress to more than {limit_bytes} bytes"))
}

/// The one shape of all codecs' complaints about their input.
fn damaged(codec: Codec, cause: impl std::fmt::Display) -> LogError {
    LogError::corrupt_batch(format!("{} data is damaged: {cause}", codec.name()))
}

/// Reads `reader` to its end or past the limit; grows as output really comes.
fn read_bounded(codec: Codec, reader: impl std::io::Read, limit_bytes: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let one_more = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
    std::io::Read::read_to_end(&mut std::io::Read::take(reader, one_more), &mut out)
        .map_err(|error| damaged(codec, error))?;
    if out.len() > limit_bytes {
        return Err(past_limit(limit_bytes));
    }
    Ok(out)
}
