use crate::registers::Registers;
use crate::timer::Timer;

// ESP32-C3 Technical Reference Manual, "System Timer (SYSTIMER)"; that of the
// ESP32-C6 is alike.
const CONF: usize = 0x00;
const UNIT0_OP: usize = 0x04;
const UNIT0_LOAD_HI: usize = 0x0C;
const UNIT0_LOAD_LO: usize = 0x10;
const UNIT0_VALUE_LO: usize = 0x44;
const UNIT0_LOAD: usize = 0x5C;

/// Unit 0 counts, also while a debugger has the core, and its registers have
/// their clock.
const CONF_UNIT0: u32 = 1 << 30 | 1 << 31;
const OP_VALID: u32 = 1 << 29;
const OP_UPDATE: u32 = 1 << 30;

/// Reads of a flag before it is given up: far longer than a copy takes.
const PATIENCE: u32 = 1 << 10;

/// The SYSTIMER of the ESP32-C3 and C6, unit 0, its low half: 2.5 periods of
/// the crystal's 40 MHz a tick, on average. It wraps after 268 s.
#[derive(Clone, Copy)]
pub struct EspSystimer {
    registers: Registers,
}

impl EspSystimer {
    /// Starts the count at 0.
    ///
    /// # Safety
    /// `base` is that of a SYSTIMER, with its clock on, that nothing else uses.
    pub unsafe fn start(base: usize) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        registers.write(CONF, CONF_UNIT0);
        registers.write(UNIT0_LOAD_HI, 0);
        registers.write(UNIT0_LOAD_LO, 0);
        registers.write(UNIT0_LOAD, 1);
        EspSystimer { registers }
    }
}

impl Timer for EspSystimer {
    const HERTZ: u32 = 16_000_000;

    fn ticks(&self, _: u32) -> u32 {
        self.registers.write(UNIT0_OP, OP_UPDATE);
        let mut patience = PATIENCE;
        while self.registers.read(UNIT0_OP) & OP_VALID == 0 && patience > 0 {
            patience -= 1;
        }
        self.registers.read(UNIT0_VALUE_LO)
    }
}
