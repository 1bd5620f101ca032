//! One thread for the whole process that does what logs put off: lingering batches, flushes after
//! a roll, retention.
//!
//! A thread per log would cost each idle one its stack. Work is a callback of a log that is held
//! weakly, so a dropped log needs no deregistration. It sleeps on the standard library's lock, which
//! shares nothing between locks: a fork while it falls asleep must not leave a table of all
//! sleepers locked in the child. Invariants: a callback runs at or after its
//! time, never before; it must be short or do disk work only, because the others wait for it; the
//! thread starts with the first piece of work and sleeps when there is none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;

/// Something whose put-off work can be done.
pub(crate) trait Background: Send + Sync {
    /// Does what is due.
    fn run_due(&self);
}

struct Job {
    due: Instant,
    sequence: u64,
    target: Weak<dyn Background>,
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Job {}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Job {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.sequence).cmp(&(other.due, other.sequence))
    }
}

type Jobs = (BinaryHeap<Reverse<Job>>, u64);

#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

impl Queue {
    /// Work that panicked is over; the queue is as it was.
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps until there is another job, or until a time.
    fn wait<'a>(&self, jobs: MutexGuard<'a, Jobs>, until: Option<Instant>) -> MutexGuard<'a, Jobs> {
        let Some(until) = until else {
            return self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        };
        let left = until.saturating_duration_since(now());
        let woken = self.changed.wait_timeout(jobs, left);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// With the process whose thread serves it: a forked child inherits the queue, not the thread.
static QUEUE: ArcSwapOption<(u32, Queue)> = ArcSwapOption::const_empty();

fn queue() -> Arc<(u32, Queue)> {
    let process = std::process::id();
    let known = QUEUE.load_full();
    if let Some(queue) = known.as_ref().filter(|queue| queue.0 == process) {
        return Arc::clone(queue);
    }
    let queue = Arc::new((process, Queue::default()));
    let before = QUEUE.compare_and_swap(&known, Some(Arc::clone(&queue)));
    if let Some(other) = before.as_ref().filter(|other| other.0 == process) {
        return Arc::clone(other);
    }
    let thread = std::thread::Builder::new().name("logcore-background".into());
    let served = Arc::clone(&queue);
    // Without the thread, put-off work waits for the next call that does it: no harm but delay.
    let _ = thread.stack_size(256 << 10).spawn(move || run(&served.1));
    queue
}

/// The monotonic time that delays count on.
#[expect(clippy::disallowed_methods, reason = "delays are of real time, whatever the clock says")]
fn now() -> Instant {
    Instant::now()
}

/// Has `target` do its work in `delay`.
pub(crate) fn schedule(delay: Duration, target: Weak<dyn Background>) {
    let queue = queue();
    let queue = &queue.1;
    let mut jobs = queue.lock();
    jobs.1 += 1;
    let job = Job { due: now() + delay, sequence: jobs.1, target };
    let is_first = jobs.0.peek().is_none_or(|Reverse(first)| job.due < first.due);
    jobs.0.push(Reverse(job));
    if is_first {
        queue.changed.notify_one();
    }
}

fn run(queue: &Queue) {
    let mut jobs = queue.lock();
    loop {
        let due = jobs.0.peek().map(|Reverse(job)| job.due);
        if due.is_none_or(|due| due > now()) {
            jobs = queue.wait(jobs, due);
            continue;
        }
        let job = jobs.0.pop();
        drop(jobs);
        if let Some(target) = job.and_then(|Reverse(job)| job.target.upgrade()) {
            target.run_due();
        }
        jobs = queue.lock();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Weak};
    use std::time::Duration;

    use super::{Background, now, schedule};

    #[derive(Default)]
    struct Counter {
        runs: AtomicUsize,
    }

    impl Background for Counter {
        fn run_due(&self) {
            self.runs.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn weak(counter: &Arc<Counter>) -> Weak<dyn Background> {
        let weak: Weak<Counter> = Arc::downgrade(counter);
        weak
    }

    fn wait_for_runs(counter: &Counter, runs: usize) {
        for _ in 0..2_000 {
            if counter.runs.load(Ordering::SeqCst) >= runs {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{} of {runs} runs", counter.runs.load(Ordering::SeqCst));
    }

    #[test]
    fn work_is_done_not_before_its_time_and_the_earlier_first() {
        let (late, early) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        let start = now();
        schedule(Duration::from_millis(150), weak(&late));
        schedule(Duration::from_millis(1), weak(&early));
        wait_for_runs(&early, 1);
        wait_for_runs(&late, 1);
        assert!(now() - start >= Duration::from_millis(150), "done too early");
    }

    #[test]
    fn a_dropped_target_is_forgotten_and_others_are_served() {
        let (gone, here) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
        schedule(Duration::ZERO, weak(&here));
        schedule(Duration::from_millis(5), weak(&gone));
        drop(gone);
        schedule(Duration::from_millis(10), weak(&here));
        wait_for_runs(&here, 2);
    }
}
