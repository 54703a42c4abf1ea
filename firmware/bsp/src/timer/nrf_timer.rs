use crate::registers::Registers;
use crate::timer::Timer;

// nRF52840 Product Specification 1.7, section 6.30 (TIMER).
const TASKS_START: usize = 0x000;
const TASKS_CLEAR: usize = 0x00C;
const TASKS_CAPTURE_0: usize = 0x040;
const MODE: usize = 0x504;
const BITMODE: usize = 0x508;
const PRESCALER: usize = 0x510;
const CC_0: usize = 0x540;

const MODE_TIMER: u32 = 0;
const BITMODE_32: u32 = 3;

/// A TIMER of the nRF family at its full 16 MHz: wraps after 268 s.
#[derive(Clone, Copy)]
pub struct NrfTimer {
    registers: Registers,
}

impl NrfTimer {
    /// Starts the TIMER whose registers are at `base`.
    ///
    /// # Safety
    /// `base` is that of a TIMER that nothing else uses.
    pub unsafe fn start(base: usize) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        registers.write(MODE, MODE_TIMER);
        registers.write(BITMODE, BITMODE_32);
        registers.write(PRESCALER, 0);
        registers.write(TASKS_CLEAR, 1);
        registers.write(TASKS_START, 1);
        NrfTimer { registers }
    }
}

impl Timer for NrfTimer {
    const HERTZ: u32 = 16_000_000;

    fn ticks(&self, core: u32) -> u32 {
        // Each core captures into a register of its own.
        let register = 4 * (core as usize % 4);
        self.registers.write(TASKS_CAPTURE_0 + register, 1);
        self.registers.read(CC_0 + register)
    }
}
