//! How the workgroups between two barriers are spread over the cores.
//!
//! The HAL hands over one [`Work`] for each stretch of a command buffer
//! between two barriers: all workgroups of all dispatches in it, numbered from
//! zero. They are independent of each other, so a [`Scheduler`] may run them
//! in any order and on any core. This release has one, [`Sequential`].
#![no_std]

#[cfg(test)]
extern crate std;

mod sequential;

use core::ops::Range;

pub use sequential::Sequential;

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
///
/// It takes ranges rather than single items so that finding the first item's
/// place costs its divisions once for a range.
pub trait Work: Sync {
    /// How many items there are.
    fn items(&self) -> u32;

    /// Runs `items` in order and stops at the first that fails. Items beyond
    /// [`Work::items`] are not run.
    fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure>;
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
