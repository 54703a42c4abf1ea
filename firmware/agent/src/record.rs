//! Records of who worked on which dispatch from when to when.
//!
//! RECORD (op 13) begins anew and lets the HAL tell a [`Recorder`] of each
//! dispatch; RECORDS (op 14) reads what it kept of one worker. It keeps as
//! much as it has room for, counts what it dropped, and no core waits for
//! another.

use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;

use arielml_hal::{Observer, Share};
use arielml_scheduler::{Scheduler, Worker};
use arielml_vm::{Code, Error, text};

use crate::cbor::{Malformed, Reader};
use crate::frame::{MAX_BODY, Sender};
use crate::reply::{self, OK};
use crate::{Clock, Link, Platform, Session};

const RECORD: u32 = 13;
const RECORDS: u32 = 14;

/// Workers that are recorded.
const LANES: usize = 8;

/// What one worker did of one dispatch: its place among the dispatches since
/// the start, the number of its function, work items, ticks at begin and end,
/// bytes of heap in use, and bytes of the first core's stack used so far.
pub type Record = [u32; 7];

/// Records that fit a reply beside its head, the id and two counts.
const FITTING: usize = (MAX_BODY - (3 + 5 + 1 + 2 * 5)) / (5 * size_of::<Record>() / 4);

/// The records of all workers. Each has a part of the memory of its own.
pub struct Recorder<C: 'static> {
    clock: Cell<Option<C>>,
    memory: UnsafeCell<&'static mut [MaybeUninit<Record>]>,
    /// Records of each worker.
    room: Cell<u32>,
    lanes: [Lane; LANES],
}

/// What one worker alone changes.
struct Lane {
    kept: Cell<u32>,
    dropped: Cell<u32>,
    stack: Cell<u32>,
}

// SAFETY: `clock`, `memory` and `room` change in `start` and are read by
// requests, while no worker works. Workers change their own lanes and their
// own parts of the memory, as `Observer`'s callers do with one core a worker.
unsafe impl<C: Clock> Sync for Recorder<C> {}

impl<C: Clock> Recorder<C> {
    /// A recorder without memory.
    pub const fn new() -> Self {
        Recorder {
            clock: Cell::new(None),
            memory: UnsafeCell::new(&mut []),
            room: Cell::new(0),
            lanes: [const { Lane { kept: Cell::new(0), dropped: Cell::new(0), stack: Cell::new(0) } };
                LANES],
        }
    }

    /// Forgets all records and shares the memory among `workers`; `memory` is
    /// what there is of it, and is asked for at the first start.
    fn start(
        &self,
        clock: C,
        workers: u32,
        memory: impl FnOnce() -> &'static mut [MaybeUninit<Record>],
    ) {
        // SAFETY: no worker works, as `Session` runs one request at a time.
        let place = unsafe { &mut *self.memory.get() };
        if self.clock.get().is_none() {
            *place = memory();
        }
        self.clock.set(Some(clock));
        let workers = workers.clamp(1, LANES as u32);
        self.room.set(place.len() as u32 / workers);
        for lane in &self.lanes {
            lane.kept.set(0);
            lane.dropped.set(0);
            lane.stack.set(0);
        }
    }

    /// Where record `index` of a worker is.
    fn place(&self, worker: u32, index: u32) -> Option<*mut MaybeUninit<Record>> {
        let room = self.room.get();
        if index >= room {
            return None;
        }
        let place = worker.checked_mul(room)?.checked_add(index)? as usize;
        // SAFETY: only the pointer and the length are looked at, which change
        // while no worker works.
        let memory = unsafe { &raw mut **self.memory.get() };
        (place < memory.len()).then(|| memory.cast::<MaybeUninit<Record>>().wrapping_add(place))
    }

    /// Record `index` of a worker, if it has it.
    fn get(&self, worker: u32, index: u32) -> Option<Record> {
        let lane = self.lanes.get(worker as usize)?;
        let place = self.place(worker, index).filter(|_| index < lane.kept.get())?;
        // SAFETY: `end` has written what was kept, and no worker works.
        Some(unsafe { (*place).assume_init() })
    }
}

impl<C: Clock> Default for Recorder<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Clock> Observer for Recorder<C> {
    fn begin(&self, worker: Worker) -> u32 {
        self.clock.get().map_or(0, |clock| clock.ticks(worker.0))
    }

    fn end(&self, share: Share) {
        let Worker(worker) = share.worker;
        let (Some(lane), Some(clock)) = (self.lanes.get(worker as usize), self.clock.get()) else {
            return;
        };
        let end = clock.ticks(worker);
        if worker == 0 {
            lane.stack.set(clock.stack(lane.stack.get()));
        }
        let Some(place) = self.place(worker, lane.kept.get()) else {
            lane.dropped.set(lane.dropped.get().saturating_add(1));
            return;
        };
        let record = [
            share.place,
            share.function,
            share.items,
            share.begin,
            end,
            share.heap,
            lane.stack.get(),
        ];
        // SAFETY: within the memory, and in the worker's own part.
        unsafe { (*place).write(record) };
        lane.kept.set(lane.kept.get() + 1);
    }
}

/// An [`Extension`](crate::Extension) that answers RECORD and RECORDS.
pub fn answer_record<L: Link, P: Platform>(
    recorder: &'static Recorder<P::Clock>,
    memory: impl FnOnce() -> &'static mut [MaybeUninit<Record>],
    session: &mut Session<'_, P>,
    body: &[u8],
    mut sender: Sender<'_, L>,
    id: u32,
    error: &Error<'_>,
) {
    match parse(body) {
        Ok(Some(Asked::Start)) => {
            let workers = session.hal.scheduler().workers();
            recorder.start(session.platform.clock(), workers, memory);
            session.hal.observe(Some(recorder));
            reply::begin(&mut sender, 2, id, OK);
            sender.unsigned(workers.min(LANES as u32));
            sender.unsigned(recorder.room.get());
            sender.finish();
        }
        Ok(Some(Asked::Records { worker, first })) => put(recorder, worker, first, sender, id),
        Ok(None) => reply::send(sender, id, Err(*error)),
        Err(Malformed) => {
            let wrong = const { Error::new(Code::InvalidArgument, text!("wrong arguments: op")) };
            reply::send(sender, id, Err(wrong.with(RECORD, 0)));
        }
    }
}

/// Kept and dropped records of a worker, and those from `first` on that fit.
fn put<C: Clock, L: Link>(
    recorder: &Recorder<C>,
    worker: u32,
    first: u32,
    mut sender: Sender<'_, L>,
    id: u32,
) {
    let counts = recorder.lanes.get(worker as usize).map(|lane| (&lane.kept, &lane.dropped));
    let (kept, dropped) = counts.map_or((0, 0), |(kept, dropped)| (kept.get(), dropped.get()));
    let count = kept.saturating_sub(first).min(FITTING as u32);
    reply::begin(&mut sender, 2 + count * size_of::<Record>() as u32 / 4, id, OK);
    sender.unsigned(kept);
    sender.unsigned(dropped);
    for index in 0..count {
        for value in recorder.get(worker, first + index).unwrap_or_default() {
            sender.unsigned(value);
        }
    }
    sender.finish();
}

enum Asked {
    Start,
    Records { worker: u32, first: u32 },
}

/// What is asked for; `None` when it is neither.
fn parse(body: &[u8]) -> Result<Option<Asked>, Malformed> {
    let mut reader = Reader::new(body);
    let items = reader.array()?;
    let _id = reader.unsigned()?;
    let asked = match (reader.unsigned()?, items) {
        (RECORD, 2) => Asked::Start,
        (RECORDS, 4) => Asked::Records { worker: reader.unsigned()?, first: reader.unsigned()? },
        (RECORD | RECORDS, _) => return Err(Malformed),
        _ => return Ok(None),
    };
    reader.finish()?;
    Ok(Some(asked))
}
