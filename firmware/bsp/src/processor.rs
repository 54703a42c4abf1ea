//! A core as the agent sees it, whatever its architecture.

use arielml_agent::Platform;

use crate::arch;
use crate::board::Board;
use crate::stack::{self, PAINT};
use crate::timer::Timer;

/// The core of a board.
pub struct Processor<B: Board> {
    timer: B::Timer,
    /// All stack below this is paint.
    painted: *mut u32,
}

impl<B: Board> Processor<B> {
    /// The core that runs this, with `timer` for its ticks.
    pub fn new(timer: B::Timer) -> Self {
        Processor { timer, painted: stack::bottom(0) }
    }
}

impl<B: Board> Platform for Processor<B> {
    fn ticks(&mut self) -> u32 {
        self.timer.ticks()
    }

    fn stack_size(&self) -> u32 {
        stack::size()
    }

    #[inline(never)]
    fn paint_stack(&mut self) {
        // SAFETY: between the end of the stack and the stack pointer nothing
        // lives, because interrupts are masked.
        self.painted = unsafe { arch::fill_unused(self.painted, PAINT) };
    }

    #[inline(never)]
    fn stack_peak(&mut self) -> u32 {
        let (lowest, peak) = stack::used(0);
        self.painted = self.painted.min(lowest);
        peak
    }

    fn reset(&mut self) {
        B::reset();
        arch::stop();
    }
}
