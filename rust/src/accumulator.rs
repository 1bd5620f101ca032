//! A producer's records on their way out: per partition a batch that is filled, and full ones.
//!
//! A record is encoded once, straight into the batch it leaves in. Each batch carries a ticket of
//! the caller's, by which it learns later what became of its records. Invariants: records of a
//! partition leave in the order in which they came; `used_bytes` is what the batches hold that were
//! not given back, and it passes the limit by no more than one record. `builder.rs` encodes.

use std::collections::{HashMap, VecDeque};

use crate::builder::{HeaderRef, RecordBatchBuilder, record_size_bytes_max};
use crate::compression::Codec;
use crate::error::{LogError, Result};
use crate::partitioner::{Chance, Partitioner};

/// Builders kept for later batches.
const SPARE_BUILDERS_MAX: usize = 64;

/// How batches are made, and how much may wait.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How records are compressed.
    pub codec: Codec,
    /// At which level; Kafka's default if `None`.
    pub level: Option<i32>,
    /// Bytes at which a batch is full, before compression.
    pub batch_bytes: usize,
    /// Bytes that all batches may hold together.
    pub memory_bytes: usize,
    /// Bytes of the largest record.
    pub record_bytes: usize,
    /// How a partition is chosen for a record.
    pub partitioner: Partitioner,
    /// Whether a key has no say in that.
    pub ignores_keys: bool,
    /// Whether a partition is chosen the less often the more waits for it.
    pub is_adaptive: bool,
}

/// A record to append.
#[derive(Debug, Clone, Copy)]
pub struct NewRecord<'a> {
    /// In ms since 1970.
    pub timestamp: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null.
    pub value: Option<&'a [u8]>,
    /// Keys and values of its headers.
    pub headers: &'a [HeaderRef<'a>],
}

/// Why a record was not taken.
#[derive(Debug)]
pub enum Refused {
    /// Nobody said how many partitions the topic has.
    UnknownTopic,
    /// A batch has to be begun, and there is no ticket for it: call again with one.
    NeedsTicket,
    /// The topic has only so many partitions.
    NoPartition(usize),
    /// Too much waits already.
    NoRoom,
    /// The record has up to so many bytes, more than one may have.
    TooLarge(usize),
    /// It cannot be encoded.
    Invalid(LogError),
    /// Nothing is taken any more; for callers that can be closed.
    Closed,
}

/// Where a record was put.
#[derive(Debug)]
pub struct Accepted<'t, T> {
    /// The ticket of its batch.
    pub ticket: &'t T,
    /// Its place in the batch.
    pub index: i32,
    /// Whether somebody should look what can be sent: a batch was begun or is full.
    pub is_news: bool,
    /// Whether this is the first record of the batch since `mark` changed.
    pub is_first_of_mark: bool,
}

/// A batch with its ticket.
#[derive(Debug)]
pub struct Filling<T> {
    /// Its records.
    pub builder: RecordBatchBuilder,
    /// The caller's.
    pub ticket: T,
    /// What it counts for in `used_bytes`.
    pub charged_bytes: usize,
    /// When it was first seen by `ready`.
    pub seen_ms: Option<i64>,
    mark: u64,
}

#[derive(Debug)]
struct Queue<T> {
    open: Option<Filling<T>>,
    full: VecDeque<Filling<T>>,
    is_active: bool,
}

impl<T> Queue<T> {
    fn new() -> Self {
        Self { open: None, full: VecDeque::new(), is_active: false }
    }

    /// How many batches wait.
    fn len(&self) -> usize {
        self.full.len() + usize::from(self.open.is_some())
    }
}

#[derive(Debug)]
struct Topic<T> {
    name: Box<str>,
    /// One of each partition that there ever was.
    queues: Vec<Queue<T>>,
    /// How many partitions there are.
    count: usize,
    /// Partitions that have a leader.
    writable: Vec<usize>,
    sticky: Option<usize>,
    /// Whether no record went to the sticky partition since it was chosen.
    is_unused: bool,
    /// How many records were dealt by turns; and with the one that is being dealt.
    turns: usize,
    turns_with_this: usize,
}

/// What can be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// Topics and partitions with a batch that is due.
    pub due: Vec<(String, usize)>,
    /// When the next batch is, in the clock of `ready`'s caller.
    pub next_ms: Option<i64>,
}

/// Batches of all partitions that a producer writes to.
#[derive(Debug)]
pub struct Accumulator<T> {
    limits: Limits,
    names: HashMap<Box<str>, usize>,
    topics: Vec<Topic<T>>,
    /// Where something waits, by topic and partition.
    active: Vec<(usize, usize)>,
    used_bytes: usize,
    spare: Vec<RecordBatchBuilder>,
    /// The topic of the last record.
    last: usize,
    chance: Chance,
}

impl<T> Accumulator<T> {
    /// An accumulator of no topics. `seed` decides how keyless records spread.
    pub fn new(limits: Limits, seed: u64) -> Self {
        Self {
            limits,
            names: HashMap::new(),
            topics: Vec::new(),
            active: Vec::new(),
            used_bytes: 0,
            spare: Vec::new(),
            last: 0,
            chance: Chance::new(seed),
        }
    }

    /// Bytes of the batches that were not given back.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes
    }

    /// Whether a record of so many bytes would be taken now.
    pub fn has_room(&self, size_bytes: usize) -> bool {
        self.used_bytes == 0 || self.used_bytes + size_bytes <= self.limits.memory_bytes
    }

    /// Says how many partitions a topic has, and which have a leader. There are fewer where it was
    /// deleted and made anew; what waits for the others stays until it is taken or too old.
    pub fn set_partitions(&mut self, name: &str, count: usize, writable: Vec<usize>) {
        let at = match self.names.get(name) {
            Some(&at) => at,
            None => self.add_topic(name),
        };
        if let Some(topic) = self.topics.get_mut(at) {
            topic.count = count;
            while topic.queues.len() < count {
                topic.queues.push(Queue::new());
            }
            if topic.sticky.is_some_and(|sticky| !writable.contains(&sticky)) {
                topic.sticky = None;
            }
            topic.writable = writable;
        }
    }

    fn add_topic(&mut self, name: &str) -> usize {
        let at = self.topics.len();
        self.names.insert(name.into(), at);
        let (name, queues, writable) = (name.into(), Vec::new(), Vec::new());
        self.topics.push(Topic {
            name,
            queues,
            count: 0,
            writable,
            sticky: None,
            is_unused: false,
            turns: 0,
            turns_with_this: 0,
        });
        at
    }

    #[inline]
    fn topic_at(&mut self, name: &str) -> Option<usize> {
        if self.topics.get(self.last).is_some_and(|topic| *topic.name == *name) {
            return Some(self.last);
        }
        self.last = *self.names.get(name)?;
        Some(self.last)
    }

    /// Appends a record to the batch of its partition, or to a new one with the ticket of `fresh`.
    /// `mark` is any number; see [`Accepted::is_first_of_mark`].
    ///
    /// # Errors
    /// [`Refused`] tells why not; the record is in no batch then.
    pub fn append(
        &mut self,
        name: &str,
        partition: Option<usize>,
        record: &NewRecord<'_>,
        mark: u64,
        fresh: &mut Option<T>,
    ) -> Result<Accepted<'_, T>, Refused> {
        let topic_at = self.topic_at(name).ok_or(Refused::UnknownTopic)?;
        let size = record_size_bytes_max(record.key, record.value, record.headers);
        if size > self.limits.record_bytes {
            return Err(Refused::TooLarge(size));
        }
        if !self.has_room(size) {
            return Err(Refused::NoRoom);
        }
        let at = self.choose(topic_at, partition, record.key, size)?;
        self.push((topic_at, at), record, size, mark, fresh)
    }

    /// The partition of a record.
    #[inline]
    fn choose(
        &mut self,
        topic_at: usize,
        partition: Option<usize>,
        key: Option<&[u8]>,
        size: usize,
    ) -> Result<usize, Refused> {
        let Self { limits, topics, chance, .. } = self;
        let topic = topics.get_mut(topic_at).ok_or(Refused::UnknownTopic)?;
        let count = topic.count;
        if count == 0 {
            return Err(Refused::UnknownTopic);
        }
        topic.turns_with_this = topic.turns;
        if let Some(partition) = partition {
            return Some(partition).filter(|at| *at < count).ok_or(Refused::NoPartition(count));
        }
        if limits.partitioner == Partitioner::RoundRobin {
            return Ok(topic.deal());
        }
        let of_key = key
            .filter(|_| !limits.ignores_keys)
            .and_then(|key| limits.partitioner.of_key(key, count));
        Ok(of_key.unwrap_or_else(|| topic.stick(size, limits, chance)))
    }

    #[inline]
    fn push(
        &mut self,
        (topic_at, at): (usize, usize),
        record: &NewRecord<'_>,
        size: usize,
        mark: u64,
        fresh: &mut Option<T>,
    ) -> Result<Accepted<'_, T>, Refused> {
        let Self { topics, limits, spare, active, used_bytes, .. } = self;
        let topic = topics.get_mut(topic_at).ok_or(Refused::UnknownTopic)?;
        let count = topic.queues.len();
        let queue = topic.queues.get_mut(at).ok_or(Refused::NoPartition(count))?;
        let mut is_news = false;
        let is_full = |open: &Filling<T>| open.builder.size_bytes() + size > limits.batch_bytes;
        if let Some(full) = queue.open.take_if(|open| is_full(open)) {
            queue.full.push_back(full);
        }
        if queue.open.is_none() {
            let ticket = fresh.take().ok_or(Refused::NeedsTicket)?;
            let builder =
                spare.pop().unwrap_or_else(|| RecordBatchBuilder::new(limits.codec, limits.level));
            queue.open = Some(Filling {
                builder,
                ticket,
                charged_bytes: 0,
                seen_ms: None,
                mark: mark.wrapping_sub(1),
            });
            is_news = true;
            if !queue.is_active {
                queue.is_active = true;
                active.push((topic_at, at));
            }
        }
        let NewRecord { timestamp, key, value, headers } = *record;
        let begun = queue.open.as_mut().ok_or(Refused::UnknownTopic)?;
        if let Err(error) = begun.builder.append(timestamp, key, value, headers) {
            // A batch that was begun for this record would wait for its first one unseen.
            if let Some(empty) = queue.open.take_if(|open| open.builder.is_empty()) {
                *fresh = Some(empty.ticket);
                spare.push(empty.builder);
            }
            return Err(Refused::Invalid(error));
        }
        let open = queue.open.as_mut().ok_or(Refused::UnknownTopic)?;
        let index = i32::try_from(open.builder.len()).unwrap_or(i32::MAX) - 1;
        topic.is_unused = false;
        topic.turns = topic.turns_with_this;
        let grown = open.builder.size_bytes() - open.charged_bytes;
        open.charged_bytes += grown;
        *used_bytes += grown;
        let is_first_of_mark = open.mark != mark;
        open.mark = mark;
        Ok(Accepted { ticket: &open.ticket, index, is_news, is_first_of_mark })
    }

    /// What is due at `now_ms`: full batches, and those begun `linger_ms` ago or longer.
    pub fn ready(&mut self, now_ms: i64, linger_ms: i64) -> Ready {
        let mut ready = Ready::default();
        let topics = &mut self.topics;
        self.active.retain(|&(topic_at, at)| {
            let Some(topic) = topics.get_mut(topic_at) else { return false };
            let Some(queue) = topic.queues.get_mut(at) else { return false };
            let mut is_due = !queue.full.is_empty();
            for full in &mut queue.full {
                full.seen_ms.get_or_insert(now_ms);
            }
            if let Some(open) = &mut queue.open {
                let due_ms = open.seen_ms.get_or_insert(now_ms).saturating_add(linger_ms);
                is_due |= due_ms <= now_ms;
                if !is_due {
                    ready.next_ms = Some(ready.next_ms.map_or(due_ms, |next| next.min(due_ms)));
                }
            }
            if is_due {
                ready.due.push((topic.name.to_string(), at));
            }
            queue.is_active = queue.open.is_some() || !queue.full.is_empty();
            queue.is_active
        });
        ready
    }

    /// Takes the oldest batch of a partition out, the one that is being filled too.
    pub fn take(&mut self, name: &str, partition: usize) -> Option<Filling<T>> {
        let at = *self.names.get(name)?;
        let queue = self.topics.get_mut(at)?.queues.get_mut(partition)?;
        queue.full.pop_front().or_else(|| queue.open.take())
    }

    /// Takes out every batch that `ready` first saw before `before_ms`.
    pub fn take_older(&mut self, before_ms: i64) -> Vec<(String, usize, Filling<T>)> {
        let is_older = |filling: &Filling<T>| filling.seen_ms.is_some_and(|seen| seen < before_ms);
        let mut taken = Vec::new();
        for &(topic_at, at) in &self.active {
            let Some(topic) = self.topics.get_mut(topic_at) else { continue };
            let Some(queue) = topic.queues.get_mut(at) else { continue };
            while queue.full.front().is_some_and(is_older) {
                let full = queue.full.pop_front();
                taken.extend(full.map(|full| (topic.name.to_string(), at, full)));
            }
            if queue.full.is_empty() {
                let open = queue.open.take_if(|open| is_older(open));
                taken.extend(open.map(|open| (topic.name.to_string(), at, open)));
            }
        }
        taken
    }

    /// Whether nothing waits to be taken.
    pub fn is_empty(&self) -> bool {
        self.topics.iter().all(|topic| {
            topic.queues.iter().all(|queue| queue.open.is_none() && queue.full.is_empty())
        })
    }

    /// Takes back what a batch was charged.
    pub fn uncharge(&mut self, charged_bytes: usize) {
        self.used_bytes = self.used_bytes.saturating_sub(charged_bytes);
    }

    /// Takes back the builder of a batch that is done with, and what it was charged.
    pub fn give_back(&mut self, mut builder: RecordBatchBuilder, charged_bytes: usize) {
        self.uncharge(charged_bytes);
        if self.spare.len() < SPARE_BUILDERS_MAX {
            builder.reset();
            self.spare.push(builder);
        }
    }
}

impl<T> Topic<T> {
    /// How many partitions there are to choose from: those that have a leader, or all if none has.
    fn candidates(&self) -> usize {
        if self.writable.is_empty() { self.count } else { self.writable.len() }
    }

    fn candidate(&self, at: usize) -> usize {
        self.writable.get(at).copied().unwrap_or(at)
    }

    /// The partition whose turn it is; the turn is over once a record is there.
    fn deal(&mut self) -> usize {
        self.turns_with_this = self.turns.wrapping_add(1);
        self.candidate(self.turns % self.candidates().max(1))
    }

    /// The partition for a record that does not care: the same one until its batch is full or gone.
    fn stick(&mut self, size: usize, limits: &Limits, chance: &mut Chance) -> usize {
        if let Some(sticky) = self.sticky {
            if self.is_unused {
                return sticky;
            }
            let open = self.queues.get(sticky).and_then(|queue| queue.open.as_ref());
            if open.is_some_and(|open| open.builder.size_bytes() + size <= limits.batch_bytes) {
                return sticky;
            }
        }
        let load = |at| match self.queues.get(self.candidate(at)) {
            Some(queue) if limits.is_adaptive => queue.len(),
            _ => 0,
        };
        let among = self.candidates();
        let last = (0..among).find(|at| self.sticky == Some(self.candidate(*at)));
        let chosen = self.candidate(chance.draw(among, load, last));
        self.sticky = Some(chosen);
        self.is_unused = true;
        chosen
    }
}
