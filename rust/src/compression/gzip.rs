//! Gzip: what `java.util.zip.GZIPInputStream` reads, several members in a row included.
//!
//! Invariant: nothing of the time or the machine enters the header, so equal input gives equal
//! bytes. Used by the rest of `compression` only.

use std::io::Write;

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Codec, damaged, read_bounded};
use crate::error::{LogError, Result};

/// What Java's default level -1 stands for.
const LEVEL_DEFAULT: u32 = 6;

pub(super) fn compress(level: Option<i32>, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut encoder = GzEncoder::new(out, Compression::new(checked(level)?));
    encoder
        .write_all(input)
        .and_then(|()| encoder.finish().map(drop))
        .map_err(|error| LogError::InvalidArgument(format!("gzip failed: {error}")))
}

fn checked(level: Option<i32>) -> Result<u32> {
    match level {
        None | Some(-1) => Ok(LEVEL_DEFAULT),
        Some(level) => {
            u32::try_from(level).ok().filter(|level| (1..=9).contains(level)).ok_or_else(|| {
                LogError::InvalidArgument(format!("gzip level {level} is not -1 or 1 to 9"))
            })
        }
    }
}

pub(super) fn decompress(input: &[u8], limit_bytes: usize) -> Result<Vec<u8>> {
    if input.is_empty() {
        return Err(damaged(Codec::Gzip, "it is empty"));
    }
    read_bounded(Codec::Gzip, MultiGzDecoder::new(input), limit_bytes)
}
