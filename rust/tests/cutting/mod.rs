//! Power cuts at every point of a recorded history: images are made, checked, and counted.
//!
//! Invariant: a failure prints the seeds that bring its image back, and leaves nothing else unsaid.
//! Neighbours: `crash_compaction`, `crash_manager` and `crash_transactions` record and check.

use std::path::Path;

use logcore::crash_images::{Choices, CrashImages};
use logcore::faulty_fs::Trace;
use tempfile::TempDir;

/// Changes before the cut that a failure shows.
const SHOWN: usize = 12;

/// A directory in memory where there is one: images are many and small.
pub(crate) fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

/// Checks `per_point` images at each point of a trace up to `last`; returns how many.
pub(crate) fn cut_everywhere(
    (seed, per_point): (u64, u64),
    root: &Path,
    trace: &Trace,
    last: usize,
    check: impl Fn(&Path, usize) -> Result<(), String>,
) -> usize {
    let scratch = directory();
    let (mut images, mut count) = (CrashImages::new(trace), 0);
    while images.at() < last && images.advance() {
        for draw in 0..per_point {
            let image_seed = (seed << 32) ^ ((images.at() as u64) << 8) ^ draw;
            let image = scratch.path().join("image");
            std::fs::create_dir_all(&image).unwrap();
            images.write(&mut Choices::Seeded(image_seed), root, &image).unwrap();
            if let Err(reason) = check(&image, images.at()) {
                for change in &trace.changes[images.at().saturating_sub(SHOWN)..images.at()] {
                    let text: String = format!("{change:?}").chars().take(160).collect();
                    eprintln!("    {text}");
                }
                panic!("{reason}; seed {seed}, image {image_seed}, at {}", images.at());
            }
            std::fs::remove_dir_all(&image).unwrap();
            count += 1;
        }
    }
    count
}

/// `TEST_CRASH_IMAGES` images at least, from seeds that `TEST_CRASH_SEED` starts.
pub(crate) fn many(cut: impl Fn(u64, u64) -> usize) {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let wanted = number("TEST_CRASH_IMAGES", 10_000);
    let (mut seed, mut count) = (number("TEST_CRASH_SEED", 1000), 0);
    while count < wanted {
        count += cut(seed, 4) as u64;
        seed += 1;
    }
    eprintln!("{count} images, seeds to {}", seed - 1);
}
