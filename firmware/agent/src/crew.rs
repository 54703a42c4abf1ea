//! The cores that run work items, as a session sees them.

use arielml_scheduler::{Policy, Scheduler, Sequential};

/// A scheduler whose cores can be told to work.
pub trait Crew: Scheduler {
    /// Lets `workers` cores share work from now on, the calling one included,
    /// as `policy` says; starts those of them that do not run yet. There are
    /// never more than the board has.
    fn employ(&mut self, policy: Policy, workers: u32);

    /// Marks the unused stack of each other core that works.
    fn paint_stacks(&mut self);

    /// Bytes of stack that worker `worker`, from 1 on, has used at most since
    /// the last [`Crew::paint_stacks`].
    fn stack_peak(&self, worker: u32) -> u32;
}

/// There is one core, and it works.
impl Crew for Sequential {
    fn employ(&mut self, _: Policy, _: u32) {}

    fn paint_stacks(&mut self) {}

    fn stack_peak(&self, _: u32) -> u32 {
        0
    }
}
