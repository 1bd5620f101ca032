//! Power cuts: whatever was left on the disk, the log opens with all that was flushed.
//!
//! A random history is recorded on the faulty file system; images of what a cut could have left
//! are made at its points and opened (`crash/history.rs` appends, `crash/check.rs` compares). A
//! failure prints the seeds that bring its image back.
#![allow(clippy::indexing_slicing, reason = "a test may panic")]

#[path = "crash/check.rs"]
mod check;
#[path = "crash/history.rs"]
mod history;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use history::{History, Step};
use logcore::crash_images::{Choices, CrashImages};
use logcore::embedded::EmbeddedLog;
use logcore::faulty_fs::{FaultyFs, Trace};
use tempfile::TempDir;

/// A directory in memory where there is one: images are many and small.
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    dir.expect("a temporary directory")
}

/// Makes an image in a fresh directory below `scratch` and hands it on.
fn with_image(
    images: &CrashImages<'_>,
    choices: &mut Choices,
    (root, scratch): (&Path, &Path),
    check: impl FnOnce(&Path) -> Result<(), String>,
) -> Result<(), String> {
    let image: PathBuf = scratch.join("image");
    std::fs::create_dir_all(&image).expect("creates");
    images.write(choices, root, &image).expect("writes the image");
    let result = check(&image);
    if result.is_ok() {
        std::fs::remove_dir_all(&image).expect("removes");
    }
    result
}

/// Opens `per_point` seeded images at each point of one history; returns how many.
fn cut_everywhere(seed: u64, step_count: usize, per_point: u64) -> usize {
    let (root, scratch) = (directory(), directory());
    let recorded = History::record(root.path(), seed, step_count);
    let trace = recorded.fs.trace();
    let last = recorded.steps.last().expect("at least one step").end;
    let mut images = CrashImages::new(&trace);
    let mut count = 0;
    while images.at() < last && images.advance() {
        for draw in 0..per_point {
            let image_seed = (seed << 32) ^ ((images.at() as u64) << 8) ^ draw;
            let paths = (root.path(), scratch.path());
            let check = |dir: &Path| check::check(dir, &recorded.steps, images.at());
            let result = with_image(&images, &mut Choices::Seeded(image_seed), paths, check);
            if let Err(reason) = result {
                tell(seed, image_seed, &images, &recorded.steps, &trace);
                let kept = scratch.keep().join("image");
                panic!("{reason} (image kept in {})", kept.display());
            }
            count += 1;
        }
    }
    count
}

fn tell(seed: u64, image_seed: u64, images: &CrashImages<'_>, steps: &[Step], trace: &Trace) {
    eprintln!("history seed {seed}, image seed {image_seed}, cut after change {}", images.at());
    let steps = steps.iter().filter(|step| step.begin <= images.at());
    for step in steps.collect::<Vec<_>>().iter().rev().take(8).rev() {
        let end = step.content.last().map_or(0, |batch| batch.end);
        let (name, durable, start) = (step.name, step.durable, step.log_start);
        let changes = step.begin..step.end;
        eprintln!("  {changes:?} {name}: {start} to {end}, durable {durable}, era {}", step.era);
    }
    for change in &trace.changes[images.at().saturating_sub(6)..images.at()] {
        let text: String = format!("{change:?}").chars().take(160).collect();
        eprintln!("    {text}");
    }
}

#[test]
fn no_cut_loses_what_was_flushed() {
    let count: usize = (1..=12).map(|seed| cut_everywhere(seed, 60, 1)).sum();
    assert!(count >= 1000, "only {count} images");
}

#[test]
fn every_subset_of_a_short_history_recovers() {
    let (root, scratch) = (directory(), directory());
    let recorded = History::record(root.path(), 3, 8);
    let trace = recorded.fs.trace();
    let last = recorded.steps.last().expect("steps").end;
    let mut images = CrashImages::new(&trace);
    while images.at() < last && images.advance() {
        let mut choices = Choices::all();
        for _ in 0..60 {
            let paths = (root.path(), scratch.path());
            let check = |dir: &Path| check::check(dir, &recorded.steps, images.at());
            let result = with_image(&images, &mut choices, paths, check);
            if let Err(reason) = result {
                tell(3, 0, &images, &recorded.steps, &trace);
                panic!("{reason}: {choices:?}");
            }
            if !choices.advance() {
                break;
            }
        }
    }
}

/// A second cut while the log recovers from a first one.
fn cut_twice(seed: u64) -> usize {
    let (root, scratch) = (directory(), directory());
    let recorded = History::record(root.path(), seed, 40);
    let trace = recorded.fs.trace();
    let last = recorded.steps.last().expect("steps").end;
    let mut images = CrashImages::new(&trace);
    let mut draw = Choices::Seeded(seed);
    let mut count = 0;
    while images.at() < last && images.advance() {
        if draw.pick(8) > 0 {
            continue;
        }
        let first = directory();
        images.write(&mut draw, root.path(), first.path()).expect("writes the image");
        let fs = FaultyFs::new(first.path()).expect("reads the image");
        let log = EmbeddedLog::open(first.path(), history::options(Arc::new(fs.clone())));
        log.expect("the first image opens").abandon();
        let recovery = fs.trace();
        let mut second = CrashImages::new(&recovery);
        while second.advance() {
            let paths = (first.path(), scratch.path());
            let check = |dir: &Path| check::check(dir, &recorded.steps, images.at());
            if let Err(reason) = with_image(&second, &mut draw, paths, check) {
                tell(seed, 0, &images, &recorded.steps, &trace);
                tell(seed, 0, &second, &[], &recovery);
                panic!("{reason}");
            }
            count += 1;
        }
    }
    count
}

#[test]
fn a_cut_during_recovery_loses_nothing() {
    let count: usize = (101..=106).map(cut_twice).sum();
    assert!(count >= 100, "only {count} images");
}

/// The long run: `TEST_CRASH_IMAGES` images, from seeds that `TEST_CRASH_SEED` starts.
#[test]
#[ignore = "takes minutes; make fuzz runs it"]
fn a_hundred_thousand_images() {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let wanted = number("TEST_CRASH_IMAGES", 100_000);
    let first = number("TEST_CRASH_SEED", 1000);
    let done = std::sync::atomic::AtomicU64::new(0);
    let next = std::sync::atomic::AtomicU64::new(first);
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while done.load(order) < wanted {
                    let seed = next.fetch_add(1, order);
                    done.fetch_add(cut_everywhere(seed, 60, 4) as u64, order);
                }
            });
        }
    });
    println!("{} images, seeds {first} to {}", done.load(order), next.load(order) - 1);
}
