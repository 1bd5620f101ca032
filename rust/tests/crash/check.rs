//! What must hold of a log that was opened from a crash image.

use std::path::Path;
use std::sync::Arc;

use logcore::append_origin::AppendOrigin;
use logcore::embedded::EmbeddedLog;
use logcore::log::Isolation;
use logcore::producer_append::AppendContext;
use logcore::record::{Records, decode};
use logcore::{Batches, RealFs};

use crate::history::{Appended, Step, batch, next_sequence, open_transaction, options};

type Check<T> = Result<T, String>;

fn told<T>(what: &str, result: logcore::Result<T>) -> Check<T> {
    result.map_err(|error| format!("{what}: {error}"))
}

/// The batches of a log from its start on, each checked.
fn content(log: &EmbeddedLog) -> Check<Vec<Appended>> {
    let mut offset = log.log().log_start_offset();
    let mut found: Vec<Appended> = Vec::new();
    while offset < log.end_offset() {
        let data = told("read", log.log().read(offset, 1 << 20, true, Isolation::LogEnd))?;
        let Some(records) = data.records else { return Err(format!("no batch holds {offset}")) };
        for batch in Batches::new(&records) {
            let batch = told("walk", batch)?;
            told("crc", batch.verify_crc())?;
            let header = batch.header;
            let bytes = told("decode", decode(&batch, 1 << 20))?;
            let records = told("records", Records::new(&header, &bytes))?;
            let values = records
                .map(|record| record.map(|record| record.value.unwrap_or_default().to_vec()));
            let mut values = told("record", values.collect::<logcore::Result<Vec<_>>>())?;
            let marker = header.is_control().then(|| values.clear());
            let producer = header.has_producer_id();
            found.push(Appended {
                first: header.base_offset,
                end: header.next_offset(),
                values,
                producer: producer.then_some((header.producer_id, header.base_sequence)),
                transactional: header.is_transactional(),
                marker: marker.map(|()| true),
            });
            offset = header.next_offset();
        }
    }
    Ok(found)
}

/// The part of a history that the log must be a prefix of, if it is one.
fn prefix<'a>(
    found: &[Appended],
    (start, end): (i64, i64),
    all: &'a [Appended],
) -> Option<&'a [Appended]> {
    let kept = all.partition_point(|batch| batch.end <= end);
    let whole = &all[..kept];
    let is_boundary = end == start || whole.last().is_some_and(|batch| batch.end == end);
    let readable = &whole[whole.partition_point(|batch| batch.end <= start)..];
    let same = readable.len() == found.len()
        && readable.iter().zip(found).all(|(one, other)| {
            let marker = one.marker.map(|_| true);
            Appended { marker, ..one.clone() } == *other
        });
    (is_boundary && same).then_some(whole)
}

/// The steps that may have been the last: the one that was over, and those since the last flush
/// whose truncations may be undone.
fn possible(steps: &[Step], at: usize) -> Vec<&Step> {
    let over = steps.iter().rposition(|step| step.end <= at);
    let begun = steps.iter().rposition(|step| step.begin <= at).unwrap_or(0);
    let first_era = over.map_or(0, |over| steps[over].flushed_era);
    let mut found: Vec<&Step> = Vec::new();
    for step in steps[..=begun].iter().filter(|step| step.era >= first_era) {
        if found.last().is_some_and(|last| last.era == step.era) {
            found.pop();
        }
        found.push(step);
    }
    found
}

/// Opens the image and compares it with the history up to change `at`.
pub(crate) fn check(dir: &Path, steps: &[Step], at: usize) -> Check<()> {
    let log = told("open", EmbeddedLog::open(dir, options(Arc::new(RealFs))))?;
    let found = content(&log)?;
    let (start, end) = (log.log().log_start_offset(), log.end_offset());
    let over = steps.iter().rfind(|step| step.end <= at);
    let begun = steps.iter().rfind(|step| step.begin <= at);
    let durable = over.map_or(0, |step| step.durable).min(begun.map_or(0, |step| step.durable));
    if end < durable {
        return Err(format!("offsets {end} to {durable} were flushed and are gone"));
    }
    let starts = [over, begun].map(|step| step.map_or(0, |step| step.log_start));
    let (least, most) = (starts[0].min(starts[1]), starts[0].max(starts[1]));
    if start < least || start > most {
        return Err(format!("the log starts at {start}, not at {least} to {most}"));
    }
    let whole = possible(steps, at)
        .into_iter()
        .find_map(|step| prefix(&found, (start, end), &step.content))
        .ok_or_else(|| format!("offsets {start} to {end} are no prefix of what was appended"))?;
    transactions(&log, whole, start)?;
    producers(&log, whole, start)?;
    go_on(log, dir)
}

/// Open and aborted transactions are those of the batches. Of one that began below the log start
/// offset, recovery may know less: the part of it that is left.
fn transactions(log: &EmbeddedLog, whole: &[Appended], start: i64) -> Check<()> {
    let open: Vec<i64> = [2, 3].into_iter().filter_map(|id| open_transaction(whole, id)).collect();
    let unstable = open.iter().min().copied();
    let found = log.log().first_unstable_offset();
    if open.iter().all(|first| *first >= start) && found != unstable {
        return Err(format!("first unstable offset {found:?}, not {unstable:?}"));
    }
    let mut expected = Vec::new();
    for (at, marker) in whole.iter().enumerate().filter(|(_, batch)| batch.marker == Some(false)) {
        let id = marker.producer.expect("a marker has one").0;
        let first = open_transaction(&whole[..at], id).expect("a marker ends a transaction");
        expected.extend((first >= start).then_some((id, first, marker.first)));
    }
    let mut aborted = Vec::new();
    for segment in log.log().segments().load().iter() {
        aborted.extend(told("aborted", segment.transaction_index().transactions())?);
    }
    let found: Vec<_> = aborted
        .iter()
        .map(|aborted| (aborted.producer_id, aborted.first_offset, aborted.last_offset))
        .collect();
    if !expected.iter().all(|aborted| found.iter().filter(|other| *other == aborted).count() == 1) {
        return Err(format!("aborted {found:?}, not {expected:?}"));
    }
    let is_abort =
        |last: i64| whole.iter().any(|batch| batch.marker == Some(false) && batch.first == last);
    match found.iter().find(|(_, _, last)| !is_abort(*last)) {
        Some(stray) => Err(format!("{stray:?} was not aborted")),
        None => Ok(()),
    }
}

/// Each producer's last batch is known, and its next one welcome.
fn producers(log: &EmbeddedLog, whole: &[Appended], start: i64) -> Check<()> {
    for id in [1, 2, 3] {
        let is_data = |batch: &&Appended| {
            batch.marker.is_none() && batch.producer.is_some_and(|(other, _)| other == id)
        };
        let Some(last) = whole.iter().rfind(is_data).filter(|batch| batch.first >= start) else {
            continue;
        };
        let context = AppendContext::new(AppendOrigin::Client);
        let mut again = batch(&last.values, last.producer, last.transactional);
        let info = told("a repeated batch", log.log().append_leader(&mut again, 0, context))?;
        if !info.duplicate || info.first_offset != last.first {
            return Err(format!("producer {id}: its last batch was not known: {info:?}"));
        }
        let next = Some((id, next_sequence(whole, id)));
        let mut next = batch(&[b"next".to_vec()], next, last.transactional);
        told("the next batch", log.log().append_leader(&mut next, 0, context))?;
    }
    Ok(())
}

/// The log can be written to, closed and opened again, and has everything then.
fn go_on(log: Arc<EmbeddedLog>, dir: &Path) -> Check<()> {
    let end = log.end_offset();
    let offset = told("append", log.append(None, None, Some(b"after"), &[]))?;
    if offset != end {
        return Err(format!("appended at {offset}, not {end}"));
    }
    let before = content(&log)?;
    told("close", log.close())?;
    drop(log);
    let log = told("open again", EmbeddedLog::open(dir, options(Arc::new(RealFs))))?;
    if !log.log().recovery().clean || content(&log)? != before {
        return Err("after a clean close the log differs".into());
    }
    log.abandon();
    Ok(())
}
