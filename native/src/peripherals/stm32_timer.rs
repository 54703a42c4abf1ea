//! TIM2 of the STM32F4, counting up: here derived from the core's cycles.
//!
//! Registers: STM32F405/407 Reference Manual (RM0090), "General-purpose timers
//! (TIM2 to TIM5)". Capture, compare and interrupts are not modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "stm32-tim";
/// Its name in an STM32H7, where it is the same.
pub const H7: &str = "stm32h7-tim";

const CR1: u32 = 0x00;
const EGR: u32 = 0x14;
const CNT: u32 = 0x24;
const PSC: u32 = 0x28;
const ARR: u32 = 0x2c;

const ENABLE: u32 = 1;
const UPDATE: u32 = 1;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Stm32Timer {
    control: u32,
    /// PSC as written; it counts from the next update on.
    preload: u32,
    prescaler: u32,
    /// The bus's cycles when the count was 0.
    since: u64,
}

impl Stm32Timer {
    fn count(&self, bus: &Bus) -> u32 {
        if self.control & ENABLE == 0 {
            return 0;
        }
        let cycles = u128::from(bus.cycles - self.since);
        let counted = cycles * u128::from(bus.timer_hz) / u128::from(bus.clock_hz.max(1));
        (counted / u128::from(self.prescaler + 1)) as u32
    }
}

impl Peripheral for Stm32Timer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CR1 => Ok(self.control),
            CNT => Ok(self.count(bus)),
            PSC => Ok(self.preload),
            ARR => Ok(u32::MAX),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match (offset, value) {
            (CR1, 0) => self.control = 0,
            (CR1, ENABLE) => {
                if self.control == 0 {
                    self.since = bus.cycles;
                }
                self.control = ENABLE;
            }
            (CR1, _) => return Err(Refusal::Misuse("only counting up is modelled".into())),
            (EGR, UPDATE) => {
                self.prescaler = self.preload;
                self.since = bus.cycles;
            }
            (PSC, _) => self.preload = value & 0xffff,
            (ARR, u32::MAX) => {}
            (ARR, _) => {
                return Err(Refusal::Misuse("only a count of 32 bits is modelled".into()));
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Stm32Timer::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cycles: u64) -> Bus {
        Bus { cycles, clock_hz: 168_000_000, timer_hz: 84_000_000, ..Bus::default() }
    }

    #[test]
    fn counts_the_divided_clock_from_its_start() {
        let mut timer = Stm32Timer::default();
        timer.write(PSC, 5, &mut at(0)).unwrap();
        timer.write(ARR, u32::MAX, &mut at(0)).unwrap();
        timer.write(EGR, UPDATE, &mut at(0)).unwrap();
        assert_eq!(timer.read(CNT, &mut at(1200)).unwrap(), 0);
        timer.write(CR1, ENABLE, &mut at(1200)).unwrap();
        assert_eq!(timer.read(CNT, &mut at(1211)).unwrap(), 0);
        assert_eq!(timer.read(CNT, &mut at(1212)).unwrap(), 1);
        assert_eq!(timer.read(CNT, &mut at(1200 + 168_000_000)).unwrap(), 14_000_000);
    }

    #[test]
    fn the_prescaler_waits_for_an_update() {
        let mut timer = Stm32Timer::default();
        timer.write(CR1, ENABLE, &mut at(0)).unwrap();
        timer.write(PSC, 5, &mut at(0)).unwrap();
        assert_eq!(timer.read(CNT, &mut at(24)).unwrap(), 12);
        timer.write(EGR, UPDATE, &mut at(24)).unwrap();
        assert_eq!(timer.read(CNT, &mut at(48)).unwrap(), 2);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let mut timer = Stm32Timer::default();
        assert!(timer.write(CR1, 0x11, &mut at(0)).is_err()); // down
        assert!(timer.write(ARR, 1000, &mut at(0)).is_err());
        assert!(timer.write(0x0c, 1, &mut at(0)).is_err()); // DIER
    }
}
