//! What the cores share, and what a helping core does.

use core::ptr::NonNull;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::claim::{Claim, Counter};
use crate::parallel::Policy;
use crate::sync::{AtomicU32, UnsafeCell};
use crate::{Event, Failure, Items, Work, Worker};

/// Bits of a call that say how many helpers it is for.
const CREW_BITS: u32 = 4;
const CREW: u32 = (1 << CREW_BITS) - 1;

/// The cores that share work: the leading one, which has the scheduler
/// [`crate::Parallel`], and `HELPERS` others, which [`Team::serve`].
///
/// The leader writes the job, then publishes a call: a number that changes
/// each time, with how many helpers it is for. Each of those works, notes its
/// failure and answers with the same number. The leader touches the job again
/// when all have answered, so nobody reads what somebody writes.
pub struct Team<C, const HELPERS: usize> {
    pub(crate) claim: C,
    pub(crate) next: Counter,
    /// The last items, which helpers do not take.
    left: u32,
    call: AtomicU32,
    job: UnsafeCell<Option<Job>>,
    seats: [Seat; HELPERS],
}

/// What a helper tells the leader.
struct Seat {
    answered: AtomicU32,
    failure: UnsafeCell<Option<Failure>>,
}

/// What the leader tells the helpers.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    /// Lives until all helpers have answered.
    pub(crate) work: NonNull<dyn Work>,
    pub(crate) items: u32,
    pub(crate) policy: Policy,
    pub(crate) workers: u32,
}

// SAFETY: `job` and `failure` are handed from core to core by `call` and
// `answered`, as `Team` says; `Work` is `Sync`.
unsafe impl<C: Sync, const HELPERS: usize> Sync for Team<C, HELPERS> {}
// SAFETY: likewise; nothing in it belongs to a core.
unsafe impl<C: Send, const HELPERS: usize> Send for Team<C, HELPERS> {}

impl Seat {
    #[cfg(not(loom))]
    const fn new() -> Self {
        Seat { answered: AtomicU32::new(0), failure: UnsafeCell::new(None) }
    }

    #[cfg(loom)]
    fn new() -> Self {
        Seat { answered: AtomicU32::new(0), failure: UnsafeCell::new(None) }
    }
}

impl<C: Claim, const HELPERS: usize> Team<C, HELPERS> {
    /// A team with nothing to do; `claim` is how its cores take items.
    #[cfg(not(loom))]
    pub const fn new(claim: C) -> Self {
        const { assert!(HELPERS <= CREW as usize, "more helpers than a call can name") };
        Team {
            claim,
            next: Counter::new(),
            left: 0,
            call: AtomicU32::new(0),
            job: UnsafeCell::new(None),
            seats: [const { Seat::new() }; HELPERS],
        }
    }

    /// As above; loom's types cannot be made by the compiler.
    #[cfg(loom)]
    pub fn new(claim: C) -> Self {
        Team {
            claim,
            next: Counter::new(),
            left: 0,
            call: AtomicU32::new(0),
            job: UnsafeCell::new(None),
            seats: core::array::from_fn(|_| Seat::new()),
        }
    }

    /// As it is, but that greedy helpers do not begin the last `items` of a job:
    /// where the leader is faster, it has done those before a helper has done
    /// one, and would wait for it.
    #[must_use]
    pub const fn leaving(mut self, items: u32) -> Self {
        self.left = items;
        self
    }

    /// Works for the leader for good, on helper `helper` (from 0).
    ///
    /// # Safety
    /// Each helper is served by one core, and by it alone.
    pub unsafe fn serve(&self, helper: u32, event: &dyn Event) -> ! {
        let mut known = 0;
        loop {
            // SAFETY: the caller vouches for it.
            known = unsafe { self.attend(helper, known, event) };
        }
    }

    /// Waits for a call other than `known`, works if it is for this helper,
    /// and gives the call.
    ///
    /// # Safety
    /// As for [`Team::serve`].
    pub(crate) unsafe fn attend(&self, helper: u32, known: u32, event: &dyn Event) -> u32 {
        let call = loop {
            let call = self.call.load(Acquire);
            if call != known {
                break call;
            }
            event.sleep();
        };
        if helper < call & CREW
            && let Some(seat) = self.seats.get(helper as usize)
        {
            // SAFETY: the leader wrote it before the call and writes it again
            // only when this helper has answered.
            let job = self.job.with(|job| unsafe { *job });
            let failure = job.and_then(|job| self.share(&job, Worker(helper + 1)).err());
            // SAFETY: the leader reads it only after the answer.
            seat.failure.with_mut(|noted| unsafe { *noted = failure });
            seat.answered.store(call, Release);
            event.wake(0..1);
        }
        call
    }

    /// Calls `helpers` of the helpers to `job`.
    ///
    /// # Safety
    /// The job's work outlives [`Team::gather`], which is called next, and
    /// there is one leader.
    pub(crate) unsafe fn call(&self, job: Job, helpers: u32, event: &dyn Event) {
        // SAFETY: the helpers of the call before have all answered.
        self.job.with_mut(|place| unsafe { *place = Some(job) });
        self.next.restart();
        let count = (self.call.load(Relaxed) & !CREW).wrapping_add(1 << CREW_BITS);
        let helpers = helpers.min(HELPERS as u32);
        self.call.store(count | helpers, Release);
        event.wake(1..1 + helpers);
    }

    /// Waits until all that were called have answered; the failure with the
    /// lowest item.
    pub(crate) fn gather(&self, event: &dyn Event) -> Option<Failure> {
        let call = self.call.load(Relaxed);
        let mut worst: Option<Failure> = None;
        for seat in self.seats.iter().take((call & CREW) as usize) {
            while seat.answered.load(Acquire) != call {
                event.sleep();
            }
            // SAFETY: the helper has answered and is not called again yet.
            let failure = seat.failure.with(|failure| unsafe { *failure });
            worst = lower(worst, failure);
        }
        worst
    }

    /// Does one worker's share of a job.
    pub(crate) fn share(&self, job: &Job, worker: Worker) -> Result<(), Failure> {
        // SAFETY: it lives until all have answered, the leader included.
        let work = unsafe { job.work.as_ref() };
        let result = match job.policy {
            Policy::Greedy => {
                let left = if worker == Worker(0) { 0 } else { self.left };
                let (claim, next) = (&self.claim, &self.next);
                let mut items = Greedy { claim, next, end: job.items, left };
                work.drain(&mut items, worker)
            }
            Policy::RoundRobin => {
                let mut items = RoundRobin {
                    failed: &self.next,
                    next: worker.0,
                    step: job.workers,
                    end: job.items,
                };
                work.drain(&mut items, worker)
            }
        };
        if result.is_err() {
            self.claim.exhaust(&self.next, job.items);
        }
        result
    }
}

/// Of two failures the one with the lower item.
pub(crate) fn lower(left: Option<Failure>, right: Option<Failure>) -> Option<Failure> {
    match (left, right) {
        (Some(left), Some(right)) if right.item < left.item => Some(right),
        (None, right) => right,
        (left, _) => left,
    }
}

/// Takes the next item that nobody has taken.
struct Greedy<'t, C> {
    claim: &'t C,
    next: &'t Counter,
    end: u32,
    left: u32,
}

impl<C: Claim> Items for Greedy<'_, C> {
    fn next(&mut self) -> Option<u32> {
        // Whoever leads may take one after this look: then the helper takes one
        // of those that it was to leave, which costs time and nothing else.
        if self.left != 0 && self.next.value().saturating_add(self.left) >= self.end {
            return None;
        }
        let item = self.claim.take(self.next);
        (item < self.end).then_some(item)
    }
}

/// Takes every `step`-th item; the counter serves to say that one failed.
struct RoundRobin<'t> {
    failed: &'t Counter,
    next: u32,
    step: u32,
    end: u32,
}

impl Items for RoundRobin<'_> {
    fn next(&mut self) -> Option<u32> {
        let item = self.next;
        if item >= self.end || self.failed.value() != 0 {
            return None;
        }
        self.next = item.saturating_add(self.step);
        Some(item)
    }
}
