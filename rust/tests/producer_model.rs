//! The producer state against a model that remembers every batch and decides by looking at them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod producers;

use logcore::control::EndTxnMarker;
use logcore::{BatchHeader, LogError};
use producers::*;
use proptest::prelude::*;

/// What may happen to a log.
#[derive(Debug, Clone)]
enum Step {
    Data { producer: i64, epoch: i16, skip: i32, records: i32, transactional: bool },
    Repeat { producer: i64, back: usize },
    Marker { producer: i64, epoch: i16, commit: bool, coordinator_epoch: i32 },
    HighWatermark { behind: i64 },
    Reload,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let producer = 0_i64..3;
    let data = (producer.clone(), 0_i16..3, 0_i32..12, 1_i32..4, any::<bool>()).prop_map(
        |(producer, epoch, skip, records, transactional)| Step::Data {
            producer,
            epoch,
            skip: (skip - 10).max(0), // mostly in sequence
            records,
            transactional,
        },
    );
    let marker = (producer.clone(), 0_i16..3, any::<bool>(), 0_i32..3).prop_map(
        |(producer, epoch, commit, coordinator_epoch)| Step::Marker {
            producer,
            epoch,
            commit,
            coordinator_epoch,
        },
    );
    let step = prop_oneof![
        8 => data,
        3 => (producer, 0_usize..7).prop_map(|(producer, back)| Step::Repeat { producer, back }),
        4 => marker,
        2 => (0_i64..10).prop_map(|behind| Step::HighWatermark { behind }),
        1 => Just(Step::Reload),
    ];
    proptest::collection::vec(step, 1..60)
}

/// One producer: everything since its epoch began.
#[derive(Debug, Clone, Default)]
struct Producer {
    known: bool,
    epoch: i16,
    coordinator_epoch: i32,
    /// First sequence, last sequence and first offset of each batch.
    batches: Vec<(i32, i32, i64)>,
    open: Option<i64>,
}

#[derive(Debug, Default)]
struct Model {
    producers: [Producer; 3],
    /// First offset and, once written, the marker of each transaction.
    transactions: Vec<(i64, Option<i64>)>,
    high_watermark: i64,
    end: i64,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Written,
    Repetition(i64),
    Refused(&'static str),
}

fn index(producer: i64) -> usize {
    usize::try_from(producer).unwrap()
}

impl Model {
    fn next_sequence(&self, producer: i64) -> i32 {
        self.producers[index(producer)].batches.last().map_or(0, |batch| batch.1 + 1)
    }

    fn data(&mut self, header: &BatchHeader) -> Answer {
        let producer = &mut self.producers[index(header.producer_id)];
        let (first, last) = (header.base_sequence, header.last_sequence());
        let same_epoch = producer.known && producer.epoch == header.producer_epoch;
        let mut remembered = producer.batches.iter().rev().take(5);
        if let Some(batch) = remembered.find(|b| same_epoch && (b.0, b.1) == (first, last)) {
            return Answer::Repetition(batch.2);
        }
        if producer.known && header.producer_epoch < producer.epoch {
            return Answer::Refused("epoch");
        }
        let due = producer.batches.last().map_or(0, |batch| batch.1 + 1);
        if producer.known && first != if same_epoch { due } else { 0 } {
            return Answer::Refused("sequence");
        }
        if producer.open.is_some() && !header.is_transactional() {
            return Answer::Refused("transaction");
        }
        if !same_epoch {
            producer.batches.clear();
        }
        producer.known = true;
        producer.epoch = header.producer_epoch;
        producer.batches.push((first, last, header.base_offset));
        if header.is_transactional() && producer.open.is_none() {
            producer.open = Some(header.base_offset);
            self.transactions.push((header.base_offset, None));
        }
        self.end = header.next_offset();
        Answer::Written
    }

    fn marker(&mut self, header: &BatchHeader, marker: EndTxnMarker) -> Answer {
        let producer = &mut self.producers[index(header.producer_id)];
        if producer.known && header.producer_epoch < producer.epoch {
            return Answer::Refused("epoch");
        }
        if marker.coordinator_epoch < producer.coordinator_epoch {
            return Answer::Refused("coordinator");
        }
        if !producer.known || producer.epoch != header.producer_epoch {
            producer.batches.clear();
        }
        producer.known = true;
        producer.epoch = header.producer_epoch;
        producer.coordinator_epoch = marker.coordinator_epoch;
        if let Some(first) = producer.open.take() {
            let open = self.transactions.iter_mut().find(|(start, _)| *start == first);
            open.unwrap().1 = Some(header.base_offset);
        }
        self.end = header.next_offset();
        Answer::Written
    }

    fn first_unstable_offset(&self) -> Option<i64> {
        let unstable = |(_, marker): &&(i64, Option<i64>)| {
            marker.is_none_or(|marker| marker >= self.high_watermark)
        };
        self.transactions.iter().filter(unstable).map(|(first, _)| *first).min()
    }

    /// A snapshot keeps the last batch of each producer, and open transactions.
    fn reload(&mut self) {
        self.transactions.retain(|(_, marker)| marker.is_none());
        for producer in &mut self.producers {
            let older = producer.batches.len().saturating_sub(1);
            producer.batches.drain(..older);
        }
    }
}

fn answer<T>(result: Result<Option<T>, LogError>, offset: impl Fn(T) -> Option<i64>) -> Answer {
    match result {
        Ok(Some(found)) => offset(found).map_or(Answer::Written, Answer::Repetition),
        Ok(None) => Answer::Written,
        Err(LogError::InvalidProducerEpoch { .. }) => Answer::Refused("epoch"),
        Err(LogError::OutOfOrderSequence { .. }) => Answer::Refused("sequence"),
        Err(LogError::InvalidTransactionState { .. }) => Answer::Refused("transaction"),
        Err(LogError::TransactionCoordinatorFenced { .. }) => Answer::Refused("coordinator"),
        Err(other) => panic!("unexpected {other}"),
    }
}

fn batch(header: BatchHeader, records: i32) -> BatchHeader {
    up_to(header.base_offset + i64::from(records) - 1, header)
}

fn perform(log: &mut Log, model: &mut Model, step: &Step) {
    match *step {
        Step::Data { producer, epoch, skip, records, transactional } => {
            let known = &model.producers[index(producer)];
            let due =
                if known.known && known.epoch != epoch { 0 } else { model.next_sequence(producer) };
            let mut header = batch(data(producer, epoch, due + skip, model.end), records);
            header.attributes = if transactional { TRANSACTIONAL } else { 0 };
            let got = answer(log.client(header), |original| Some(original.first_offset()));
            assert_eq!(got, model.data(&header), "{header:?}");
        }
        Step::Repeat { producer, back } => {
            let known = model.producers[index(producer)].clone();
            let Some(&(first, last, _)) = known.batches.iter().rev().nth(back) else { return };
            let header = data(producer, known.epoch, first, model.end);
            let header = batch(header, last - first + 1);
            let got = answer(log.client(header), |original| Some(original.first_offset()));
            assert_eq!(got, model.data(&header), "{header:?}");
        }
        Step::Marker { producer, epoch, commit, coordinator_epoch } => {
            let header = control(producer, epoch, model.end);
            let marker = EndTxnMarker { commit, coordinator_epoch };
            let got = answer(log.end(header, marker), |_| None);
            assert_eq!(got, model.marker(&header, marker), "{header:?}");
        }
        Step::HighWatermark { behind } => {
            model.high_watermark = model.high_watermark.max(model.end - behind);
            log.state.on_high_watermark_updated(model.high_watermark);
        }
        Step::Reload => {
            log.state.take_snapshot(false).unwrap();
            log.state = log.reopened(-1, model.end, log.now_ms);
            model.reload();
        }
    }
}

proptest! {
    #[test]
    fn the_state_agrees_with_the_model(steps in steps()) {
        let mut log = Log::default();
        let mut model = Model::default();
        for step in &steps {
            perform(&mut log, &mut model, step);
            prop_assert_eq!(log.state.first_unstable_offset(), model.first_unstable_offset());
            let undecided = model.transactions.iter().filter(|t| t.1.is_none()).map(|t| t.0).min();
            prop_assert_eq!(log.state.first_undecided_offset(), undecided);
            for (producer, expected) in (0..).zip(&model.producers) {
                let entry = log.state.last_entry(producer);
                prop_assert_eq!(entry.is_some(), expected.known);
                if let Some(entry) = entry {
                    prop_assert_eq!(entry.producer_epoch(), expected.epoch);
                    prop_assert_eq!(entry.transaction_first_offset(), expected.open);
                    prop_assert_eq!(entry.batches().len(), expected.batches.len().min(5));
                }
            }
        }
        prop_assert_eq!(log.state.map_end_offset(), model.end);
    }
}
