//! Taking the next item from a counter that all cores share.

use core::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU32;

/// A number that all cores share.
pub struct Counter(AtomicU32);

impl Counter {
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Self {
        Counter(AtomicU32::new(0))
    }

    #[cfg(loom)]
    pub(crate) fn new() -> Self {
        Counter(AtomicU32::new(0))
    }

    /// Before any core is told that there is work.
    pub(crate) fn restart(&self) {
        self.0.store(0, Relaxed);
    }

    pub(crate) fn value(&self) -> u32 {
        self.0.load(Relaxed)
    }
}

/// How a core takes numbers from a [`Counter`] so that no other core gets the
/// same. What else the cores tell each other does not hang on it: numbers
/// need no order of memory.
pub trait Claim {
    /// The counter's value, which one more follows.
    fn take(&self, counter: &Counter) -> u32;

    /// Lets every [`Claim::take`] from now on give `value` or more.
    fn exhaust(&self, counter: &Counter, value: u32);
}

/// By the core's atomic instructions.
#[cfg(any(loom, target_has_atomic = "32"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Atomic;

#[cfg(any(loom, target_has_atomic = "32"))]
impl Claim for Atomic {
    fn take(&self, counter: &Counter) -> u32 {
        counter.0.fetch_add(1, Relaxed)
    }

    fn exhaust(&self, counter: &Counter, value: u32) {
        counter.0.fetch_max(value, Relaxed);
    }
}

/// A lock that the cores share: a spinlock of the chip, where the cores have
/// no atomic instructions.
pub trait Lock {
    /// Waits for the lock; what its last holder wrote is seen then.
    fn acquire(&self);

    /// Gives it up; what was written under it is seen by the next holder.
    fn release(&self);
}

/// By a lock around plain loads and stores.
#[derive(Clone, Copy, Debug, Default)]
pub struct Locked<L>(pub L);

impl<L: Lock> Claim for Locked<L> {
    fn take(&self, counter: &Counter) -> u32 {
        self.0.acquire();
        let value = counter.0.load(Relaxed);
        counter.0.store(value.wrapping_add(1), Relaxed);
        self.0.release();
        value
    }

    fn exhaust(&self, counter: &Counter, value: u32) {
        self.0.acquire();
        let reached = counter.0.load(Relaxed).max(value);
        counter.0.store(reached, Relaxed);
        self.0.release();
    }
}
