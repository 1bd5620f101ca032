//! Snappy in the stream framing of the Java library (xerial), which is what Kafka writes.
//!
//! ```text
//! 0x82 "SNAPPY" 0x00 | i32 version = 1 | i32 oldest reader = 1 | { i32 length | raw snappy } ...
//! ```
//! Data without that header is one raw snappy block, as in the Java reader; a header between
//! chunks starts a joined stream and is skipped. Invariant: room for a block is made only as far
//! as snappy can really expand its bytes. Used by the rest of `compression` only.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::{Codec, damaged, past_limit};
use crate::error::{LogError, Result};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// The magic's first four bytes read as a chunk length: no length is negative.
const MAGIC_LENGTH: i32 = i32::from_be_bytes([0x82, b'S', b'N', b'A']);
const VERSION: i32 = 1;
const HEADER_SIZE_BYTES: usize = 16;
/// The Java writer's block.
const BLOCK_BYTES: usize = 32 * 1024;
/// Bytes one input byte can give: a three-byte copy yields 64.
const EXPANSION_MAX: usize = 22;

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&VERSION.to_be_bytes());
    let mut encoder = Encoder::new();
    for block in input.chunks(BLOCK_BYTES) {
        let head = out.len();
        out.resize(head + 4 + max_compress_len(block.len()), 0);
        let room = out.get_mut(head + 4..).unwrap_or_default();
        let size = encoder
            .compress(block, room)
            .map_err(|error| LogError::InvalidArgument(format!("snappy failed: {error}")))?;
        out.truncate(head + 4 + size);
        let length = i32::try_from(size).unwrap_or(i32::MAX);
        if let Some(slot) = out.get_mut(head..head + 4) {
            slot.copy_from_slice(&length.to_be_bytes());
        }
    }
    Ok(())
}

pub(super) fn decompress(input: &[u8], limit_bytes: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut decoder = Decoder::new();
    if !input.starts_with(&MAGIC) {
        append_block(&mut decoder, input, limit_bytes, &mut out)?;
        return Ok(out);
    }
    let mut rest = after_header(input)?;
    while let Some((head, tail)) = rest.split_first_chunk::<4>() {
        let length = i32::from_be_bytes(*head);
        if length == MAGIC_LENGTH {
            rest = after_header(rest)?;
            continue;
        }
        let (block, tail) = usize::try_from(length)
            .ok()
            .and_then(|length| tail.split_at_checked(length))
            .ok_or_else(|| damaged(Codec::Snappy, format!("chunk length {length}")))?;
        append_block(&mut decoder, block, limit_bytes, &mut out)?;
        rest = tail;
    }
    if rest.is_empty() { Ok(out) } else { Err(damaged(Codec::Snappy, "it is cut off")) }
}

fn after_header(stream: &[u8]) -> Result<&[u8]> {
    let cut_off = || damaged(Codec::Snappy, "its header is cut off");
    let (header, rest) = stream.split_at_checked(HEADER_SIZE_BYTES).ok_or_else(cut_off)?;
    let version = header.get(8..).and_then(<[u8]>::first_chunk).ok_or_else(cut_off)?;
    if !header.starts_with(&MAGIC) || i32::from_be_bytes(*version) < VERSION {
        return Err(damaged(Codec::Snappy, "its header is not of version 1"));
    }
    Ok(rest)
}

fn append_block(
    decoder: &mut Decoder,
    block: &[u8],
    limit_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let size = decompress_len(block).map_err(|error| damaged(Codec::Snappy, error))?;
    if size > block.len().saturating_mul(EXPANSION_MAX) {
        let cause = format!("{} bytes cannot hold {size}", block.len());
        return Err(damaged(Codec::Snappy, cause));
    }
    let start = out.len();
    if size > limit_bytes.saturating_sub(start) {
        return Err(past_limit(limit_bytes));
    }
    out.resize(start + size, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    decoder.decompress(block, room).map_err(|error| damaged(Codec::Snappy, error))?;
    Ok(())
}
