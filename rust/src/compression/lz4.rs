//! LZ4 frames as Kafka's Java client writes and reads them.
//!
//! ```text
//! u32 magic | flags | block size code << 4 | [u64 content size] | u8 header checksum
//! { u32 size, top bit: stored | block | [u32 checksum] } ... | u32 0 | [u32 content checksum]
//! ```
//! Blocks must be independent, of 64 KiB to 4 MiB; we write 64 KiB and no checksums. All numbers
//! are little-endian. Invariant: room for a block is made only as far as LZ4 can really expand its
//! bytes. The reader verifies every checksum that is there. Used by the rest of `compression` only.

#![expect(clippy::little_endian_bytes, reason = "the LZ4 frame format is little-endian")]

use lz4_flex::block::{
    CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size,
};

use super::xxhash::xxhash32;
use super::{Codec, damaged, past_limit};
use crate::error::{LogError, Result};

const MAGIC: [u8; 4] = [0x04, 0x22, 0x4D, 0x18];
const VERSION_MASK: u8 = 0b1100_0000;
const VERSION: u8 = 0b0100_0000;
const INDEPENDENT: u8 = 1 << 5;
const BLOCK_CHECKSUM: u8 = 1 << 4;
const CONTENT_SIZE: u8 = 1 << 3;
const CONTENT_CHECKSUM: u8 = 1 << 2;
const RESERVED: u8 = 0b11;
/// Block size code of 64 KiB; each step up is times four.
const CODE_64_KIB: u8 = 4;
const BLOCK_BYTES: usize = 64 * 1024;
/// Top bit of a block's size: the block is stored as it is.
const STORED: u32 = 1 << 31;
/// Bytes one input byte can give: a run of 255 per length byte, plus a token's own.
const EXPANSION_MAX: usize = 256;

pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let descriptor = [VERSION | INDEPENDENT, CODE_64_KIB << 4];
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&descriptor);
    out.push(header_checksum(&descriptor));
    let mut table = CompressTable::default();
    for block in input.chunks(BLOCK_BYTES) {
        let head = out.len();
        out.resize(head + 4 + get_maximum_output_size(block.len()), 0);
        let room = out.get_mut(head + 4..).unwrap_or_default();
        let size = compress_into_with_table(block, room, &mut table)
            .map_err(|error| LogError::InvalidArgument(format!("lz4 failed: {error}")))?;
        out.truncate(head + 4 + size);
        let mut word = u32::try_from(size).unwrap_or(STORED);
        if size >= block.len() {
            out.truncate(head + 4);
            out.extend_from_slice(block);
            word = u32::try_from(block.len()).unwrap_or(0) | STORED;
        }
        if let Some(slot) = out.get_mut(head..head + 4) {
            slot.copy_from_slice(&word.to_le_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    Ok(())
}

pub(super) fn decompress(input: &[u8], limit_bytes: usize) -> Result<Vec<u8>> {
    let mut reader = Reader { rest: input };
    let frame = reader.header()?;
    let mut out = Vec::new();
    loop {
        let word = reader.word()?;
        if word == 0 {
            break;
        }
        let size = usize::try_from(word & !STORED).unwrap_or(usize::MAX);
        if size > frame.block_bytes {
            return Err(damaged(Codec::Lz4, format!("block of {size} bytes is too large")));
        }
        let block = reader.take(size)?;
        if frame.flags & BLOCK_CHECKSUM != 0 && reader.word()? != xxhash32(block) {
            return Err(damaged(Codec::Lz4, "a block's checksum does not match"));
        }
        if word & STORED == 0 {
            append_block(block, frame.block_bytes, limit_bytes, &mut out)?;
        } else {
            append_stored(block, limit_bytes, &mut out)?;
        }
    }
    if frame.flags & CONTENT_CHECKSUM != 0 && reader.word()? != xxhash32(&out) {
        return Err(damaged(Codec::Lz4, "the content's checksum does not match"));
    }
    if !reader.rest.is_empty() {
        return Err(damaged(Codec::Lz4, "bytes follow the frame"));
    }
    Ok(out)
}

fn append_stored(block: &[u8], limit_bytes: usize, out: &mut Vec<u8>) -> Result<()> {
    if block.len() > limit_bytes.saturating_sub(out.len()) {
        return Err(past_limit(limit_bytes));
    }
    out.extend_from_slice(block);
    Ok(())
}

fn append_block(
    block: &[u8],
    block_bytes: usize,
    limit_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<()> {
    let start = out.len();
    let allowed = limit_bytes.saturating_sub(start);
    let possible = block_bytes.min(block.len() * EXPANSION_MAX);
    out.resize(start + possible.min(allowed), 0);
    match decompress_into(block, out.get_mut(start..).unwrap_or_default()) {
        Ok(size) => {
            out.truncate(start + size);
            Ok(())
        }
        Err(lz4_flex::block::DecompressError::OutputTooSmall { .. }) if allowed < possible => {
            Err(past_limit(limit_bytes))
        }
        Err(error) => Err(damaged(Codec::Lz4, error)),
    }
}

/// What a frame's header says.
struct Frame {
    flags: u8,
    block_bytes: usize,
}

/// The part of a frame not read yet.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8]> {
        let (taken, rest) =
            self.rest.split_at_checked(size).ok_or_else(|| damaged(Codec::Lz4, "it is cut off"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u32> {
        let taken = self.take(4)?;
        Ok(u32::from_le_bytes(taken.first_chunk().copied().unwrap_or_default()))
    }

    fn header(&mut self) -> Result<Frame> {
        if self.take(4)? != MAGIC {
            return Err(damaged(Codec::Lz4, "it does not start with the frame magic"));
        }
        let descriptor = self.rest;
        let &[flags, block] = self.take(2)? else {
            return Err(damaged(Codec::Lz4, "it is cut off"));
        };
        if flags & VERSION_MASK != VERSION || flags & RESERVED != 0 || block & 0x8F != 0 {
            return Err(damaged(Codec::Lz4, format!("frame flags {flags:#04x} {block:#04x}")));
        }
        if flags & INDEPENDENT == 0 {
            return Err(damaged(Codec::Lz4, "its blocks depend on each other"));
        }
        let code = block >> 4;
        if code < CODE_64_KIB {
            return Err(damaged(Codec::Lz4, format!("block size code {code}")));
        }
        let extra = if flags & CONTENT_SIZE == 0 { 0 } else { 8 };
        self.take(extra)?;
        let described = descriptor.get(..2 + extra).unwrap_or_default();
        if self.take(1)? != [header_checksum(described)] {
            return Err(damaged(Codec::Lz4, "the header's checksum does not match"));
        }
        Ok(Frame { flags, block_bytes: BLOCK_BYTES << (2 * (code - CODE_64_KIB)) })
    }
}

/// The second byte of the descriptor's hash.
fn header_checksum(descriptor: &[u8]) -> u8 {
    let [_, _, byte, _] = xxhash32(descriptor).to_be_bytes();
    byte
}
