//! How the workgroups between two barriers are spread over the cores.
//!
//! The HAL hands over one [`Work`] for each stretch of a command buffer
//! between two barriers: all workgroups of all dispatches in it, numbered from
//! zero. They are independent of each other, so a [`Scheduler`] may run them
//! in any order and on any core. [`Sequential`] runs them on the calling core;
//! [`Parallel`] shares them with the cores that serve a [`Team`].
#![cfg_attr(not(any(test, loom)), no_std)]

#[cfg(any(test, loom))]
extern crate std;

mod claim;
mod event;
#[cfg(test)]
#[cfg(loom)]
mod model;
mod parallel;
mod sequential;
mod sync;
mod team;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

use core::ops::Range;

#[cfg(any(loom, target_has_atomic = "32"))]
pub use claim::Atomic;
pub use claim::{Claim, Counter, Lock, Locked};
pub use event::Event;
pub use parallel::{Parallel, Policy};
pub use sequential::Sequential;
pub use team::Team;

/// A core that runs work items, counted from zero.
///
/// Each worker has scratch memory of its own, so no two calls with the same
/// worker may overlap in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worker(pub u32);

/// A work item that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which item.
    pub item: u32,
    /// What it returned; never zero.
    pub status: i32,
}

/// Independent items, numbered from zero.
pub trait Work: Sync {
    /// How many items there are.
    fn items(&self) -> u32;

    /// Runs `items` in order and stops at the first that fails. Items beyond
    /// [`Work::items`] are not run.
    fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure>;

    /// Runs the items that `items` gives, one by one, until there are no more
    /// or one fails.
    ///
    /// It asks for items rather than being called for each, so that finding
    /// an item's place begins at the place of the one before it.
    fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure>;
}

/// Where a worker takes its items from.
pub trait Items {
    /// The next item; each is greater than the one before it.
    fn next(&mut self) -> Option<u32>;
}

/// Spreads work over workers.
pub trait Scheduler {
    /// How many workers it has; at least one.
    fn workers(&self) -> u32;

    /// Runs every item of `work` once and returns when all are done. After a
    /// failure no further item is started.
    ///
    /// Errors: the failure with the lowest item of those that happened.
    fn run(&mut self, work: &dyn Work) -> Result<(), Failure>;
}

impl<S: Scheduler + ?Sized> Scheduler for &mut S {
    fn workers(&self) -> u32 {
        (**self).workers()
    }

    fn run(&mut self, work: &dyn Work) -> Result<(), Failure> {
        (**self).run(work)
    }
}
