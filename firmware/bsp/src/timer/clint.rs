use crate::registers::Registers;
use crate::timer::Timer;

// RISC-V Advanced Core Local Interruptor Specification, "MTIMER", at the place
// that the CLINT of SiFive has it.
const MTIME: usize = 0xBFF8;

/// The time of a CLINT, its low half: at 10 MHz it wraps after 429 s.
#[derive(Clone, Copy)]
pub struct Clint {
    registers: Registers,
}

impl Clint {
    /// The CLINT whose registers are at `base`.
    ///
    /// # Safety
    /// `base` is that of a CLINT; its time may be read by others too.
    pub unsafe fn at(base: usize) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        Clint { registers: unsafe { Registers::at(base) } }
    }
}

impl Timer for Clint {
    const HERTZ: u32 = 10_000_000;

    fn ticks(&self, _: u32) -> u32 {
        self.registers.read(MTIME)
    }
}
