//! Sockets of peers that send plain Produce requests one by one, all served in a few calls a turn.
//!
//! A turn has three steps. `receive` reads what has arrived and tells which partitions it is for;
//! `append` serves the requests for one of them, for which Python has given its consent; `leave` gives
//! back every socket on which anything else has come, with the bytes as they came. Invariants: a socket
//! is here only while nothing of its peer is unread or unanswered elsewhere; between two turns nothing
//! that was received is held; whatever is not a whole plain request that came alone, or is not
//! appended, leaves. Decision 0005 says why sockets are read here at all.

use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustix::event::epoll;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::error::{Failure, Outcome, invalid};
use crate::partition::PartitionLog;
use crate::plain_produce::Plain;

const LENGTH_BYTES: usize = 4;
/// What is received of one socket in a turn; a longer request is not for here.
const REQUEST_BYTES_MAX: usize = 16 << 10;
/// What is received in a turn, of all sockets.
const TURN_BYTES_MAX: usize = 1 << 20;
/// No more than there is room for: what is told of and not read would be told of first again.
const SOCKETS_PER_TURN_MAX: usize = TURN_BYTES_MAX / REQUEST_BYTES_MAX;

/// A request that has arrived, and its place in what was received.
struct Request {
    socket: RawFd,
    range: Range<usize>,
    plain: Plain,
    is_served: bool,
}

impl Request {
    /// Where the topic is, its name or its id.
    fn topic(&self) -> Range<usize> {
        self.shifted(&self.plain.topic)
    }

    fn records(&self) -> Range<usize> {
        self.shifted(&self.plain.records)
    }

    /// A place in its frame as one in what was received.
    fn shifted(&self, place: &Range<usize>) -> Range<usize> {
        let frame = self.range.start + LENGTH_BYTES;
        frame + place.start..frame + place.end
    }
}

/// Requests of one turn for the same partition.
struct Group {
    topic: Range<usize>,
    has_id: bool,
    index: i32,
    requests: Vec<usize>,
}

/// A socket that leaves: what was received and not served, and what of an answer was not sent.
struct Leaving {
    socket: RawFd,
    received: Range<usize>,
    unsent: Vec<u8>,
}

impl Leaving {
    fn with(socket: RawFd, received: Range<usize>) -> Self {
        Self { socket, received, unsent: Vec::new() }
    }
}

/// What leaves a turn, for Python.
type Left<'py> = (RawFd, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// Sockets that are served together.
#[pyclass(module = "logcore._native._core")]
pub(crate) struct PlainSockets {
    epoll: OwnedFd,
    received: Box<[u8]>,
    requests: Vec<Request>,
    groups: Vec<Group>,
    leaving: Vec<Leaving>,
    answer: Vec<u8>,
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Self {
        PyOSError::new_err((error.raw_os_error(), error.to_string())).into()
    }
}

/// Lends a descriptor for a call.
#[expect(unsafe_code, reason = "descriptors come from Python as numbers")]
fn borrowed<'a>(socket: RawFd) -> Outcome<BorrowedFd<'a>> {
    if socket < 0 {
        return Err(invalid(format!("{socket} is no descriptor")));
    }
    // SAFETY: it is not -1, and whoever lent the socket keeps it open until it has left.
    Ok(unsafe { BorrowedFd::borrow_raw(socket) })
}

impl PlainSockets {
    /// Takes what has arrived on a socket.
    fn take(&mut self, socket: RawFd, at: usize) -> Outcome<usize> {
        let room = self.received.get_mut(at..at + REQUEST_BYTES_MAX).expect("it was looked for");
        let count = match rustix::net::recv(borrowed(socket)?, room, RecvFlags::DONTWAIT) {
            Ok((_, count)) => count,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(0),
            Err(_) => 0, // its transport will meet the end of it
        };
        let range = at..at + count;
        match plain_of(self.received.get(range.clone()).expect("it was received there")) {
            Some(plain) => self.sort(Request { socket, range, plain, is_served: false }),
            None => self.leaving.push(Leaving::with(socket, range)),
        }
        Ok(count)
    }

    /// Puts a request to the others of its partition.
    fn sort(&mut self, request: Request) {
        let (topic, index) = (request.topic(), request.plain.index);
        let has_id = request.plain.has_id();
        let (received, position) = (&self.received, self.requests.len());
        let name = received.get(topic.clone());
        let same = |group: &&mut Group| {
            (group.index, group.has_id) == (index, has_id)
                && received.get(group.topic.clone()) == name
        };
        match self.groups.iter_mut().find(same) {
            Some(group) => group.requests.push(position),
            None => self.groups.push(Group { topic, has_id, index, requests: vec![position] }),
        }
        self.requests.push(request);
    }

    /// Appends and answers one request; how many bytes were sent, or None if it was not appended.
    fn serve(
        &mut self,
        py: Python<'_>,
        position: usize,
        log: &PartitionLog,
        leader_epoch: i32,
    ) -> Outcome<Option<usize>> {
        let request = self.requests.get_mut(position).expect("it was sorted");
        let records = self.received.get_mut(request.records()).expect("it was read there");
        let Ok(info) = log.append_request(py, records, leader_epoch) else { return Ok(None) };
        request.is_served = true;
        let topic = self.received.get(request.topic()).expect("it was read there");
        let offsets = (info.first_offset, info.log_append_time, info.log_start_offset);
        self.answer.clear();
        self.answer.extend([0; LENGTH_BYTES]);
        request.plain.answer(topic, offsets, &mut self.answer);
        let length = u32::try_from(self.answer.len() - LENGTH_BYTES).expect("a short answer");
        if let Some(place) = self.answer.first_chunk_mut() {
            *place = length.to_be_bytes();
        }
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let sent = rustix::net::send(borrowed(request.socket)?, &self.answer, flags).unwrap_or(0);
        if let Some(unsent) = self.answer.get(sent..).filter(|unsent| !unsent.is_empty()) {
            let (socket, unsent) = (request.socket, unsent.to_vec());
            self.leaving.push(Leaving { socket, received: 0..0, unsent });
        }
        Ok(Some(self.answer.len()))
    }

    fn forget(&self, socket: RawFd) {
        // A socket that is closed has left by itself.
        let _ = borrowed(socket).map(|socket| epoll::delete(&self.epoll, socket));
    }
}

/// The request, if these bytes are one, whole and alone.
fn plain_of(bytes: &[u8]) -> Option<Plain> {
    let (length, frame) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    if length == frame.len() { Plain::of(frame) } else { None }
}

#[pymethods]
impl PlainSockets {
    /// The longest request that is served, with its length.
    #[classattr]
    const REQUEST_BYTES_MAX: usize = REQUEST_BYTES_MAX;

    #[new]
    fn new() -> Outcome<Self> {
        Ok(Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            received: vec![0; TURN_BYTES_MAX].into_boxed_slice(),
            requests: Vec::new(),
            groups: Vec::new(),
            leaving: Vec::new(),
            answer: Vec::new(),
        })
    }

    /// What becomes readable when there is a turn to take.
    fn fileno(&self) -> RawFd {
        self.epoll.as_raw_fd()
    }

    /// Serve a socket from now on.
    fn add(&self, socket: RawFd) -> Outcome<()> {
        let data = u64::try_from(socket).map_err(|_| invalid("a descriptor is not negative"))?;
        let data = epoll::EventData::new_u64(data);
        Ok(epoll::add(&self.epoll, borrowed(socket)?, data, epoll::EventFlags::IN)?)
    }

    /// Serve a socket no more; between two turns.
    fn remove(&self, socket: RawFd) {
        self.forget(socket);
    }

    /// Read what has arrived; the topics and partitions that it is for, in the order of arrival.
    fn receive<'py>(&mut self, py: Python<'py>) -> Outcome<Vec<(Bound<'py, PyAny>, i32)>> {
        self.requests.clear();
        self.groups.clear();
        self.leaving.clear();
        let mut events = Vec::with_capacity(SOCKETS_PER_TURN_MAX);
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::io::retry_on_intr(|| {
            epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&now))
        })?;
        let mut at = 0;
        for event in events {
            let socket = RawFd::try_from(event.data.u64()).expect("it was one");
            at += self.take(socket, at)?;
        }
        let groups = self.groups.iter().map(|group| {
            let first = group.requests.first().and_then(|first| self.requests.get(*first));
            let topic = self.received.get(group.topic.clone()).expect("it was read there");
            let plain = &first.expect("a group has a request").plain;
            (plain.topic_object(py, topic), group.index)
        });
        Ok(groups.collect())
    }

    /// Append and answer the requests for a partition, by its position in what `receive` told; how
    /// many, and their bytes and those of the answers. What fails leaves, as it came.
    fn append(
        &mut self,
        py: Python<'_>,
        position: usize,
        log: &PartitionLog,
        leader_epoch: i32,
    ) -> Outcome<(usize, usize, usize)> {
        let Some(group) = self.groups.get_mut(position) else {
            return Err(invalid(format!("there is no group {position} in this turn")));
        };
        let (mut count, mut received_bytes, mut sent_bytes) = (0, 0, 0);
        for request in std::mem::take(&mut group.requests) {
            if let Some(sent) = self.serve(py, request, log, leader_epoch)? {
                count += 1;
                received_bytes += self.requests.get(request).map_or(0, |served| served.range.len());
                sent_bytes += sent;
            }
        }
        Ok((count, received_bytes, sent_bytes))
    }

    /// Let go of every socket that cannot stay: each with what was received and not served, and with
    /// what is still to be sent before anything else.
    fn leave<'py>(&mut self, py: Python<'py>) -> Vec<Left<'py>> {
        let unserved = self.requests.drain(..).filter(|request| !request.is_served);
        let mut leaving = std::mem::take(&mut self.leaving);
        leaving.extend(unserved.map(|request| Leaving::with(request.socket, request.range)));
        let left = leaving.into_iter().map(|leaving| {
            self.forget(leaving.socket);
            let received = self.received.get(leaving.received).expect("it was received there");
            (leaving.socket, PyBytes::new(py, received), PyBytes::new(py, &leaving.unsent))
        });
        left.collect()
    }
}
