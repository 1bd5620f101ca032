//! Zstandard, with its contexts kept per thread: making one costs more than a small batch.
//!
//! Invariant: a kept context holds at most [`CONTEXT_BYTES_MAX`]; a frame that asks for a window
//! past 128 MiB is refused, which is what Kafka's reader does. Used by the rest of `compression`.

use std::cell::RefCell;
use std::io::Cursor;

use zstd::bulk::Compressor;
use zstd::zstd_safe::{DCtx, DParameter, ResetDirective, compress_bound};

use super::{Codec, damaged, read_bounded};
use crate::error::{LogError, Result};

/// Kafka's default level, the library's too.
const LEVEL_DEFAULT: i32 = 3;
const LEVELS: std::ops::RangeInclusive<i32> = -131_072..=22;
/// The largest window a reader accepts by default, 2^27 bytes; pages are touched as output comes.
const WINDOW_LOG_MAX: u32 = 27;
const CONTEXT_BYTES_MAX: usize = 16 << 20;

thread_local! {
    static ENCODER: RefCell<Option<(i32, Compressor<'static>)>> = const { RefCell::new(None) };
    static DECODER: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
}

pub(super) fn compress(level: Option<i32>, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let level = level.unwrap_or(LEVEL_DEFAULT);
    if !LEVELS.contains(&level) {
        let reason = format!("zstd level {level} is not {} to {}", LEVELS.start(), LEVELS.end());
        return Err(LogError::InvalidArgument(reason));
    }
    out.reserve(compress_bound(input.len()));
    let mut cursor = Cursor::new(&mut *out);
    cursor.set_position(cursor.get_ref().len() as u64);
    ENCODER
        .with_borrow_mut(|kept| {
            let mut encoder = match kept.take() {
                Some((at, encoder)) if at == level => encoder,
                _ => Compressor::new(level)?,
            };
            let done = encoder.compress_to_buffer(input, &mut cursor);
            if encoder.context_mut().sizeof() <= CONTEXT_BYTES_MAX {
                *kept = Some((level, encoder));
            }
            done
        })
        .map(drop)
        .map_err(|error| LogError::InvalidArgument(format!("zstd failed: {error}")))
}

pub(super) fn decompress(input: &[u8], limit_bytes: usize) -> Result<Vec<u8>> {
    if input.is_empty() {
        return Err(damaged(Codec::Zstd, "it is empty"));
    }
    DECODER.with_borrow_mut(|kept| {
        let mut context = match kept.take() {
            Some(context) => context,
            None => new_decoder()?,
        };
        let reader = zstd::stream::read::Decoder::with_context(input, &mut context);
        let done = read_bounded(Codec::Zstd, reader, limit_bytes);
        let clean = context.reset(ResetDirective::SessionOnly).is_ok();
        if clean && context.sizeof() <= CONTEXT_BYTES_MAX {
            *kept = Some(context);
        }
        done
    })
}

fn new_decoder() -> Result<DCtx<'static>> {
    let mut context = DCtx::try_create().ok_or_else(|| damaged(Codec::Zstd, "no memory"))?;
    context
        .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
        .map_err(|_| damaged(Codec::Zstd, "the decoder takes no window limit"))?;
    Ok(context)
}
