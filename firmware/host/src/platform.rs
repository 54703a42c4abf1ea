use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use arielml_agent::{Clock, Identity, Link, Platform};

/// Ticks a second: fine enough for a short call, and a call of seven minutes
/// does not make 32 bits wrap.
const TICKS_HZ: u32 = 10_000_000;

/// What the device says of itself. The clock of the cores is nobody's to tell.
pub(crate) const IDENTITY: Identity =
    Identity { board: "host", cores: 1, clock_hz: TICKS_HZ, ticks_hz: TICKS_HZ };

/// What a device sent and nobody took yet.
#[derive(Clone, Default)]
pub(crate) struct Output(Rc<RefCell<VecDeque<u8>>>);

impl Output {
    /// Moves what there is to `target`, as much as it holds; how much.
    pub(crate) fn take(&self, target: &mut [u8]) -> usize {
        let mut bytes = self.0.borrow_mut();
        let taken = target.len().min(bytes.len());
        for (slot, byte) in target.iter_mut().zip(bytes.drain(..taken)) {
            *slot = byte;
        }
        taken
    }
}

impl Link for Output {
    /// Never asked: whoever has bytes gives them to the agent.
    fn read(&mut self) -> u8 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.borrow_mut().extend(bytes);
    }
}

/// The machine itself. Its stack is the caller's, and is not measured.
pub(crate) struct Machine {
    pub(crate) start: Instant,
    pub(crate) reset: Rc<Cell<bool>>,
}

/// The time since a device started.
#[derive(Clone, Copy)]
pub(crate) struct Since(Instant);

impl Clock for Since {
    fn ticks(&self, _: u32) -> u32 {
        (self.0.elapsed().as_nanos() / (1_000_000_000 / u128::from(TICKS_HZ))) as u32
    }

    fn stack(&self, known: u32) -> u32 {
        known
    }
}

impl Platform for Machine {
    type Clock = Since;

    fn clock(&self) -> Since {
        Since(self.start)
    }

    fn ticks(&mut self) -> u32 {
        self.clock().ticks(0)
    }

    fn stack_size(&self) -> u32 {
        0
    }

    fn paint_stack(&mut self) {}

    fn stack_peak(&mut self) -> u32 {
        0
    }

    fn reset(&mut self) {
        self.reset.set(true);
    }
}
