//! The APB timer of Arm's Cortex-M System Design Kit: a count that falls with
//! the core's clock and starts again at its reload value.
//!
//! Registers: Cortex-M System Design Kit Technical Reference Manual
//! (DDI 0479), APB timer. Its interrupt and its outside input are not
//! modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "cmsdk-timer";

const CTRL: u32 = 0x000;
const VALUE: u32 = 0x004;
const RELOAD: u32 = 0x008;

const ENABLE: u32 = 1;

/// The peripheral.
#[derive(Debug, Default)]
pub struct CmsdkTimer {
    running: bool,
    /// The count at `since`.
    value: u32,
    /// The bus's cycles when it was started, or the count written.
    since: u64,
    reload: u32,
}

impl CmsdkTimer {
    fn count(&self, bus: &Bus) -> u32 {
        let passed = if self.running { bus.cycles - self.since } else { 0 };
        let value = u64::from(self.value);
        if passed <= value {
            return (value - passed) as u32;
        }
        let round = u64::from(self.reload) + 1;
        self.reload - ((passed - value - 1) % round) as u32
    }

    fn set(&mut self, value: u32, bus: &Bus) {
        self.value = value;
        self.since = bus.cycles;
    }
}

impl Peripheral for CmsdkTimer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CTRL => Ok(u32::from(self.running)),
            VALUE => Ok(self.count(bus)),
            RELOAD => Ok(self.reload),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CTRL if value & !ENABLE != 0 => {
                let why = format!("CTRL written with {value:#x}: only enabling is modelled");
                return Err(Refusal::Misuse(why));
            }
            CTRL => {
                self.set(self.count(bus), bus);
                self.running = value == ENABLE;
            }
            VALUE => self.set(value, bus),
            // Sets the count, too.
            RELOAD => {
                self.reload = value;
                self.set(value, bus);
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = CmsdkTimer::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cycles: u64) -> Bus {
        Bus { cycles, clock_hz: 25_000_000, ..Bus::default() }
    }

    fn count(timer: &mut CmsdkTimer, cycles: u64) -> u32 {
        timer.read(VALUE, &mut at(cycles)).unwrap()
    }

    #[test]
    fn falls_with_the_clock_while_it_is_enabled() {
        let mut timer = CmsdkTimer::default();
        timer.write(RELOAD, u32::MAX, &mut at(5)).unwrap();
        assert_eq!(count(&mut timer, 100), u32::MAX);
        timer.write(CTRL, ENABLE, &mut at(100)).unwrap();
        assert_eq!(!count(&mut timer, 100), 0);
        assert_eq!(!count(&mut timer, 1100), 1000);
        timer.write(CTRL, 0, &mut at(1100)).unwrap();
        assert_eq!(!count(&mut timer, 9999), 1000);
        timer.write(CTRL, ENABLE, &mut at(9999)).unwrap();
        assert_eq!(!count(&mut timer, 10_000), 1001);
    }

    #[test]
    fn starts_again_at_the_reload_value() {
        let mut timer = CmsdkTimer::default();
        timer.write(RELOAD, 9, &mut at(0)).unwrap();
        timer.write(VALUE, 2, &mut at(0)).unwrap();
        timer.write(CTRL, ENABLE, &mut at(0)).unwrap();
        let counts: Vec<u32> = (0..15).map(|cycle| count(&mut timer, cycle)).collect();
        assert_eq!(counts, [2, 1, 0, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8]);
    }

    #[test]
    fn all_32_bits_are_one_round() {
        let mut timer = CmsdkTimer::default();
        timer.write(RELOAD, u32::MAX, &mut at(0)).unwrap();
        timer.write(CTRL, ENABLE, &mut at(0)).unwrap();
        assert_eq!(!count(&mut timer, (1 << 32) + 7), 7);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let mut timer = CmsdkTimer::default();
        assert!(timer.write(CTRL, ENABLE | 1 << 3, &mut at(0)).is_err());
        assert!(timer.read(0xc, &mut at(0)).is_err());
        assert!(timer.write(0xfd0, 0, &mut at(0)).is_err());
    }
}
