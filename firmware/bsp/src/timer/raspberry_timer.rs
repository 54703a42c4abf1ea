use crate::registers::Registers;
use crate::timer::Timer;

// RP2040 Datasheet, "Timer"; RP2350 Datasheet, "System Timers".
const TIMERAWL: usize = 0x028;

/// The microsecond counter of the RP2040 or the RP2350, its low half: wraps
/// after 71 min.
#[derive(Clone, Copy)]
pub struct RaspberryTimer {
    registers: Registers,
}

impl RaspberryTimer {
    /// The timer whose registers are at `base`, out of reset and with its
    /// tick running.
    ///
    /// # Safety
    /// `base` is that of the timer; it may be read by others too.
    pub unsafe fn at(base: usize) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        RaspberryTimer { registers: unsafe { Registers::at(base) } }
    }
}

impl Timer for RaspberryTimer {
    const HERTZ: u32 = 1_000_000;

    fn ticks(&self, _: u32) -> u32 {
        // The raw register: reading it latches nothing.
        self.registers.read(TIMERAWL)
    }
}
