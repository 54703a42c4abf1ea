use crate::registers::Registers;
use crate::timer::Timer;

// STM32F405/407 Reference Manual (RM0090), "General-purpose timers (TIM2 to
// TIM5)"; those of the STM32H7 (RM0399) are alike.
const CR1: usize = 0x00;
const EGR: usize = 0x14;
const CNT: usize = 0x24;
const PSC: usize = 0x28;
const ARR: usize = 0x2C;

const CR1_ENABLE: u32 = 1;
const EGR_UPDATE: u32 = 1;

/// TIM2 or TIM5, which have 32 bits, at `HERTZ`.
#[derive(Clone, Copy)]
pub struct Stm32Timer<const HERTZ: u32> {
    registers: Registers,
}

impl<const HERTZ: u32> Stm32Timer<HERTZ> {
    /// Starts the timer whose registers are at `base`; its clock of `clock_hz`
    /// is on, and a multiple of `HERTZ`.
    ///
    /// # Safety
    /// `base` is that of a 32-bit timer that nothing else uses.
    pub unsafe fn start(base: usize, clock_hz: u32) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        registers.write(CR1, 0);
        registers.write(PSC, clock_hz / HERTZ - 1);
        registers.write(ARR, u32::MAX);
        // The prescaler counts from the next update on; it clears the count.
        registers.write(EGR, EGR_UPDATE);
        registers.write(CR1, CR1_ENABLE);
        Stm32Timer { registers }
    }
}

impl<const HERTZ: u32> Timer for Stm32Timer<HERTZ> {
    const HERTZ: u32 = HERTZ;

    fn ticks(&self, _: u32) -> u32 {
        self.registers.read(CNT)
    }
}
