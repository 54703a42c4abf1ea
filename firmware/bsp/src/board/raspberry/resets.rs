//! The subsystem resets.

use crate::registers::Registers;

// RP2040 Datasheet, "Subsystem Resets"; RP2350 Datasheet, "Subsystem Resets".
const RESET: usize = 0x0;
const RESET_DONE: usize = 0x8;

/// Holds peripherals in reset, and lets go of them.
#[derive(Clone, Copy)]
pub struct Resets {
    registers: Registers,
}

impl Resets {
    /// Those whose registers are at `base`.
    ///
    /// # Safety
    /// `base` is that of the subsystem resets, and one core uses them.
    pub const unsafe fn at(base: usize) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        Resets { registers: unsafe { Registers::at(base) } }
    }

    /// Puts peripherals, by their bits, into reset.
    pub fn hold(self, peripherals: u32) {
        self.registers.write(RESET, self.registers.read(RESET) | peripherals);
    }

    /// Takes peripherals out of reset.
    pub fn release(self, peripherals: u32) {
        self.registers.write(RESET, self.registers.read(RESET) & !peripherals);
        self.registers.await_set(RESET_DONE, peripherals);
    }
}
