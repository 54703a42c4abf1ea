use crate::{Failure, Scheduler, Work, Worker};

/// Runs every item on the calling core, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequential;

impl Scheduler for Sequential {
    fn workers(&self) -> u32 {
        1
    }

    fn run(&mut self, work: &dyn Work) -> Result<(), Failure> {
        work.run(0..work.items(), Worker(0))
    }
}
