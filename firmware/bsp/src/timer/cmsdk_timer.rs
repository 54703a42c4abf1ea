use crate::registers::Registers;
use crate::timer::Timer;

// Arm Cortex-M System Design Kit Technical Reference Manual, DDI 0479:
// APB timer.
const CTRL: usize = 0x000;
const VALUE: usize = 0x004;
const RELOAD: usize = 0x008;

const CTRL_ENABLE: u32 = 1;

/// The APB timer of Arm's Cortex-M System Design Kit on a clock of `HZ`.
///
/// It counts down through all 32 bits: what it lacks to its largest value is
/// what has passed.
#[derive(Clone, Copy)]
pub struct CmsdkTimer<const HZ: u32> {
    registers: Registers,
}

impl<const HZ: u32> CmsdkTimer<HZ> {
    /// Starts the timer whose registers are at `base`.
    ///
    /// # Safety
    /// `base` is that of a timer of this kind that nothing else uses.
    pub unsafe fn start(base: usize) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        registers.write(CTRL, 0);
        registers.write(RELOAD, u32::MAX);
        registers.write(VALUE, u32::MAX);
        registers.write(CTRL, CTRL_ENABLE);
        CmsdkTimer { registers }
    }
}

impl<const HZ: u32> Timer for CmsdkTimer<HZ> {
    const HERTZ: u32 = HZ;

    fn ticks(&self, _: u32) -> u32 {
        !self.registers.read(VALUE)
    }
}
