//! A core as the agent sees it, whatever its architecture.

use arielml_agent::{Clock, Platform};

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

/// The timer and the stacks of a board, for each of its cores.
#[derive(Clone, Copy)]
pub struct BoardClock<T>(T);

impl<T: Timer> Clock for BoardClock<T> {
    fn ticks(&self, worker: u32) -> u32 {
        self.0.ticks(worker)
    }

    fn stack(&self, known: u32) -> u32 {
        stack::peak_near(known)
    }
}

impl<B: Board> Platform for Processor<B> {
    type Clock = BoardClock<B::Timer>;

    fn clock(&self) -> Self::Clock {
        BoardClock(self.timer)
    }

    fn ticks(&mut self) -> u32 {
        self.timer.ticks(0)
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
