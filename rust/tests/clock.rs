//! The two clocks: the machine's, and the one that stands still.

use logcore::{Clock, ManualClock, SystemClock};

/// 2020-01-01, which lies behind whoever runs this.
const PAST_MS: i64 = 1_577_836_800_000;

#[test]
fn the_machines_clock_counts_milliseconds_since_1970() {
    let first = SystemClock.now_ms();
    assert!(first > PAST_MS && first < PAST_MS * 3);
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert!(SystemClock.now_ms() > first);
}

#[test]
fn a_manual_clock_moves_only_when_told() {
    let clock = ManualClock::new(5);
    assert_eq!((clock.now_ms(), clock.now_ms()), (5, 5));
    clock.advance(10);
    assert_eq!(clock.now_ms(), 15);
    clock.advance(-20);
    assert_eq!(clock.now_ms(), -5, "backwards too, as real ones do");
    clock.set(7);
    assert_eq!(clock.now_ms(), 7);
}
