//! The cores of a board that has several.

use arielml_agent::Crew;
use arielml_bsp::arch::HelperStart;
use arielml_bsp::board::Helpers;
use arielml_bsp::stack;
use arielml_scheduler::{Failure, Items, Parallel, Policy, Scheduler, Team, Work, Worker};

/// What the cores of board `B` share.
pub(crate) type BoardTeam<B, const HELPERS: usize> = Team<<B as Helpers>::Claim, HELPERS>;

/// The cores of board `B`, of which `HELPERS` beside the first.
pub(crate) struct Cores<B: Helpers, const HELPERS: usize> {
    parallel: Parallel<'static, B::Claim, B::Event, HELPERS>,
    start: HelperStart,
    launched: u32,
}

impl<B: Helpers, const HELPERS: usize> Cores<B, HELPERS> {
    /// The first core, which leads `team`; others begin at `start`.
    ///
    /// # Safety
    /// Called once for a team, and `start` lets them [`help`] it.
    pub(crate) unsafe fn new(team: &'static BoardTeam<B, HELPERS>, start: HelperStart) -> Self {
        // SAFETY: the caller vouches for the one leader.
        Cores { parallel: unsafe { Parallel::new(team, B::EVENT) }, start, launched: 0 }
    }
}

/// What core `core`, from 1 on, does for good.
///
/// # Safety
/// Called by that core, with its own stack.
pub(crate) unsafe fn help<B: Helpers, const HELPERS: usize>(
    team: &BoardTeam<B, HELPERS>,
    core: u32,
) -> ! {
    B::prepare_helper();
    stack::paint(core);
    // SAFETY: the caller is the only one with this number.
    unsafe { team.serve(core - 1, &B::EVENT) }
}

impl<B: Helpers, const HELPERS: usize> Scheduler for Cores<B, HELPERS> {
    fn workers(&self) -> u32 {
        self.parallel.workers()
    }

    fn run(&mut self, work: &dyn Work) -> Result<(), Failure> {
        self.parallel.run(work)
    }
}

impl<B: Helpers, const HELPERS: usize> Crew for Cores<B, HELPERS> {
    fn employ(&mut self, policy: Policy, workers: u32) {
        self.parallel.set(policy, workers);
        while self.launched + 1 < self.parallel.workers() {
            self.launched += 1;
            // SAFETY: on the first core, and each number comes once.
            unsafe { B::launch(self.launched, self.start) };
        }
    }

    /// One item for each worker, and each paints what it runs on.
    fn paint_stacks(&mut self) {
        let workers = self.parallel.workers();
        if workers > 1 {
            // It cannot fail.
            let _ = self.parallel.run_as(Policy::RoundRobin, &Paint(workers));
        }
    }

    fn stack_peak(&self, worker: u32) -> u32 {
        stack::peak(worker)
    }
}

/// Paints the stacks of helpers.
struct Paint(u32);

impl Work for Paint {
    fn items(&self) -> u32 {
        self.0
    }

    fn run(&self, _: core::ops::Range<u32>, _: Worker) -> Result<(), Failure> {
        Ok(())
    }

    fn drain(&self, items: &mut dyn Items, worker: Worker) -> Result<(), Failure> {
        while items.next().is_some() {
            if worker != Worker(0) {
                stack::paint(worker.0);
            }
        }
        Ok(())
    }
}
