//! A core as the agent sees it, whatever its architecture.

use core::ptr;

use arielml_agent::Platform;

use crate::arch;
use crate::board::Board;
use crate::timer::Timer;

unsafe extern "C" {
    static __stack_bottom: u32;
    static __stack_top: u32;
}

fn stack_bottom() -> *mut u32 {
    (&raw const __stack_bottom).cast_mut()
}

/// The first address above the stack.
pub(crate) const fn stack_top() -> *const u32 {
    &raw const __stack_top
}

/// What unused stack is filled with.
const PAINT: u32 = 0xC0DE_5EED;

/// The core of a board.
pub struct Processor<B: Board> {
    timer: B::Timer,
    /// All stack below this is paint.
    painted: *mut u32,
}

impl<B: Board> Processor<B> {
    /// The core that runs this, with `timer` for its ticks.
    pub fn new(timer: B::Timer) -> Self {
        Processor { timer, painted: stack_bottom() }
    }
}

impl<B: Board> Platform for Processor<B> {
    fn ticks(&mut self) -> u32 {
        self.timer.ticks()
    }

    fn stack_size(&self) -> u32 {
        stack_top() as u32 - stack_bottom() as u32
    }

    #[inline(never)]
    fn paint_stack(&mut self) {
        // SAFETY: between the end of the stack and the stack pointer nothing
        // lives, because interrupts are masked.
        self.painted = unsafe { arch::fill_unused(self.painted, PAINT) };
    }

    #[inline(never)]
    fn stack_peak(&mut self) -> u32 {
        let top = stack_top().cast_mut();
        let mut word = stack_bottom();
        // SAFETY: within the stack.
        while word < top && unsafe { ptr::read_volatile(word) } == PAINT {
            word = word.wrapping_add(1);
        }
        self.painted = self.painted.min(word);
        (top as u32) - (word as u32)
    }

    fn reset(&mut self) {
        B::reset();
        arch::stop();
    }
}
