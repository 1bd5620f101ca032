//! What tests of transactions in a compacted log share: a model of all that was appended, and a
//! reader of committed records that works as Kafka's consumer does.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test crates use parts, and may panic"
)]

use std::collections::{BTreeMap, HashMap, HashSet};

use logcore::control::EndTxnMarker;
use logcore::log::Isolation;
use logcore::producer_append::AppendContext;
use logcore::record::{Records, decode};
use logcore::{
    AppendOrigin, Batches, Codec, Log, LogError, RecordBatchBuilder,
    builder::{MarkerContext, end_transaction_marker},
};

pub(crate) type Value = Option<Vec<u8>>;
/// Offset, key, value.
pub(crate) type Row = (i64, u8, Value);

/// A transaction.
#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) producer: i64,
    pub(crate) first: i64,
    /// Offset of its marker, and whether that commits.
    pub(crate) end: Option<(i64, bool)>,
}

/// A producer, as a broker should know it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    pub(crate) next_sequence: i32,
    pub(crate) last_offset: i64,
    pub(crate) open: Option<usize>,
}

/// Everything that was ever appended.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// Rows with the transaction that they are part of.
    pub(crate) rows: Vec<(Row, Option<usize>)>,
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) producers: BTreeMap<i64, Producer>,
    /// When each row or marker was appended, by offset.
    pub(crate) appended_ms: HashMap<i64, i64>,
    pub(crate) end: i64,
}

/// One append.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) codec: usize,
    /// The producer, and whether the write is part of its transaction.
    pub(crate) producer: Option<(i64, bool)>,
    pub(crate) records: Vec<(u8, Option<u8>)>,
}

impl Model {
    /// Appends records to the log and to the model; in a transaction if one is open.
    pub(crate) fn write(&mut self, log: &Log, write: &Write, now_ms: i64) -> Result<(), LogError> {
        let mut builder = RecordBatchBuilder::new(Codec::ALL[write.codec], None);
        let state = write.producer.map(|(id, _)| *self.producers.entry(id).or_default());
        let transactional = match (write.producer, state) {
            (Some((_, wants)), Some(state)) => wants || state.open.is_some(),
            _ => false,
        };
        if let (Some((id, _)), Some(state)) = (write.producer, state) {
            builder.set_producer(id, state.epoch, state.next_sequence, transactional);
        }
        let held = |value: Option<u8>| value.map(|value| vec![value; 20]);
        for (key, value) in &write.records {
            builder.append(now_ms, Some(&[*key]), held(*value).as_deref(), &[])?;
        }
        let context = AppendContext::new(AppendOrigin::Client);
        let base = log.append_leader(builder.finish()?, 0, context)?.first_offset;
        assert_eq!(base, self.end);
        let transaction = transactional.then(|| self.transaction_of(write.producer.unwrap().0));
        for (offset, (key, value)) in (base..).zip(&write.records) {
            self.rows.push(((offset, *key, held(*value)), transaction));
            self.appended_ms.insert(offset, now_ms);
            self.end = offset + 1;
        }
        if let Some((id, _)) = write.producer {
            let count = i32::try_from(write.records.len()).unwrap();
            let producer = self.producers.entry(id).or_default();
            producer.next_sequence += count;
            producer.last_offset = self.end - 1;
        }
        Ok(())
    }

    fn transaction_of(&mut self, id: i64) -> usize {
        let producer = self.producers.entry(id).or_default();
        *producer.open.get_or_insert_with(|| {
            self.transactions.push(Transaction { producer: id, first: self.end, end: None });
            self.transactions.len() - 1
        })
    }

    /// Ends a producer's transaction, if one is open; with a new epoch, as KIP-890 has it.
    pub(crate) fn finish(
        &mut self,
        log: &Log,
        (id, commit, bumps): (i64, bool, bool),
        now_ms: i64,
    ) -> Result<(), LogError> {
        let Some(state) = self.producers.get_mut(&id) else { return Ok(()) };
        let Some(open) = state.open.take() else { return Ok(()) };
        if bumps {
            state.epoch += 1;
            state.next_sequence = 0;
        }
        let context = MarkerContext {
            base_offset: 0,
            timestamp: now_ms,
            leader_epoch: 0,
            producer_id: id,
            producer_epoch: state.epoch,
        };
        let marker = EndTxnMarker { commit, coordinator_epoch: 0 };
        let mut batch = end_transaction_marker(&context, marker)?;
        let context = AppendContext::new(AppendOrigin::Coordinator);
        let offset = log.append_leader(&mut batch, 0, context)?.first_offset;
        assert_eq!(offset, self.end);
        self.appended_ms.insert(offset, now_ms);
        self.end = offset + 1;
        self.transactions[open].end = Some((offset, commit));
        Ok(())
    }

    /// What became of a row in a log that ends at `end`: `None` while that is open.
    pub(crate) fn is_committed(&self, transaction: Option<usize>, end: i64) -> Option<bool> {
        let Some(transaction) = transaction else { return Some(true) };
        let (marker, commit) = self.transactions[transaction].end?;
        (marker < end).then_some(commit)
    }

    /// The last stable offset of a log from `start` to `end`.
    pub(crate) fn last_stable_offset(&self, start: i64, end: i64) -> i64 {
        let is_open = |each: &&Transaction| {
            each.first < end && each.end.is_none_or(|(marker, _)| marker >= end)
        };
        let open = self.transactions.iter().filter(is_open).map(|each| each.first.max(start));
        open.min().unwrap_or(end)
    }

    /// The rows that a reader of committed records may see at most.
    pub(crate) fn committed(&self, start: i64, end: i64) -> Vec<&Row> {
        let stable = self.last_stable_offset(start, end);
        let rows = self.rows.iter().filter(|(row, _)| (start..stable).contains(&row.0));
        rows.filter(|(_, of)| self.is_committed(*of, end) == Some(true))
            .map(|(row, _)| row)
            .collect()
    }

    /// Compares what a reader saw of a log from `start` to `end` with what it must see: nothing
    /// that was not committed, and of every key the newest.
    pub(crate) fn check_view(&self, view: &[Row], start: i64, end: i64) -> Result<(), String> {
        let committed = self.committed(start, end);
        let allowed: HashSet<&Row> = committed.iter().copied().collect();
        if let Some(row) = view.iter().find(|row| !allowed.contains(row)) {
            return Err(format!("{row:?} is visible and was not committed"));
        }
        if !view.is_sorted_by(|one, two| one.0 < two.0) {
            return Err("offsets go back".to_owned());
        }
        let (seen, wanted) = (newest(view.iter()), newest(committed.into_iter()));
        if seen != wanted {
            return Err(format!("the newest of each key are {seen:?}, not {wanted:?}"));
        }
        Ok(())
    }
}

/// The newest row of each key that has a value.
pub(crate) fn newest<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeMap<u8, &'a Row> {
    let mut found = BTreeMap::new();
    for row in rows {
        found.insert(row.1, row);
    }
    found.retain(|_, row| row.2.is_some());
    found
}

/// Reads as a consumer of committed records does: it drops the batches of transactions that the
/// broker said were aborted, until it meets their markers.
pub(crate) fn consume(log: &Log, start: i64, max_bytes: usize) -> Result<Vec<Row>, LogError> {
    let (mut offset, mut found) = (start, Vec::new());
    loop {
        let data = log.read(offset, max_bytes, true, Isolation::TransactionCommitted)?;
        let Some(bytes) = data.records else { return Ok(found) };
        let mut upcoming = data.aborted;
        upcoming.sort_by_key(|each| std::cmp::Reverse(each.first_offset));
        let (mut aborted, asked) = (HashSet::new(), offset);
        for batch in Batches::new(&bytes) {
            let Ok(batch) = batch else { break }; // cut at the end
            batch.verify_crc()?;
            let (header, id) = (&batch.header, batch.header.producer_id);
            while let Some(next) = upcoming.pop_if(|next| next.first_offset <= header.last_offset())
            {
                aborted.insert(next.producer_id);
            }
            offset = header.next_offset();
            let records = decode(&batch, 1 << 20)?;
            if header.is_control() {
                let marker = Records::new(header, &records)?.next().transpose()?;
                if marker.is_some_and(|record| record.key == Some(&[0, 0, 0, 0])) {
                    aborted.remove(&id);
                }
                continue;
            }
            if header.is_transactional() && aborted.contains(&id) {
                continue;
            }
            for record in Records::new(header, &records)? {
                let record = record?;
                let at = header.base_offset + i64::from(record.offset_delta);
                if at >= asked {
                    found.push((at, record.key.unwrap()[0], record.value.map(<[u8]>::to_vec)));
                }
            }
        }
        assert!(offset > asked, "no whole batch at {asked}");
    }
}
