//! The timer of the RP2040 and TIMER0 of the RP2350: a 64-bit count of ticks,
//! here derived from the core's cycles.
//!
//! Registers: RP2040 Datasheet, "Timer", and RP2350 Datasheet, "System
//! Timers". Alarms and pausing are not modelled.

use super::raspberry::Chip;
use super::{Peripheral, Refusal};
use crate::bus::Bus;

const TIMEHR: u32 = 0x08;
const TIMELR: u32 = 0x0c;
const TIMERAWH: u32 = 0x24;
const TIMERAWL: u32 = 0x28;

/// The peripheral.
#[derive(Debug)]
pub struct RaspberryTimer {
    chip: &'static Chip,
    /// The high half when the low one was read last.
    latched: u32,
}

impl RaspberryTimer {
    /// That of a chip.
    pub fn new(chip: &'static Chip) -> RaspberryTimer {
        RaspberryTimer { chip, latched: 0 }
    }
}

impl Peripheral for RaspberryTimer {
    fn name(&self) -> &'static str {
        self.chip.names.timer
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        if !matches!(offset, TIMEHR | TIMELR | TIMERAWH | TIMERAWL) {
            return Err(Refusal::Unmodelled);
        }
        let Some(count) = bus.ticks() else {
            let source = if self.chip.watchdog_ticks { "the watchdog" } else { "TICKS" };
            let why = format!("read while {source} gives no ticks: nothing is counted");
            return Err(Refusal::Misuse(why));
        };
        let high = (count >> 32) as u32;
        match offset {
            TIMEHR => return Ok(self.latched),
            TIMERAWH => return Ok(high),
            TIMELR => self.latched = high,
            _ => {}
        }
        Ok(count as u32)
    }

    fn write(&mut self, _offset: u32, _value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        Err(Refusal::Unmodelled)
    }

    fn reset(&mut self, _bus: &mut Bus) {
        self.latched = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::super::raspberry::RP2040;
    use super::*;
    use crate::bus::Ticks;

    fn at(cycles: u64) -> Bus {
        let tick = Some(Ticks { since: 1000, hz: 1_000_000 });
        Bus { cycles, clock_hz: 125_000_000, tick, ..Bus::default() }
    }

    #[test]
    fn counts_microseconds_of_a_125_mhz_core() {
        let mut timer = RaspberryTimer::new(&RP2040);
        assert_eq!(timer.read(TIMERAWL, &mut at(1000 + 124)).unwrap(), 0);
        assert_eq!(timer.read(TIMERAWL, &mut at(1000 + 125)).unwrap(), 1);
        assert_eq!(timer.read(TIMERAWL, &mut at(1000 + 125_000_000)).unwrap(), 1_000_000);
    }

    #[test]
    fn the_low_half_latches_the_high_one() {
        let mut timer = RaspberryTimer::new(&RP2040);
        let mut before = at(1000 + 125 * ((1 << 32) - 1));
        let mut after = at(1000 + 125 * ((1 << 32) + 4));
        assert_eq!(timer.read(TIMELR, &mut before).unwrap(), u32::MAX);
        assert_eq!(timer.read(TIMEHR, &mut after).unwrap(), 0);
        assert_eq!(timer.read(TIMERAWH, &mut after).unwrap(), 1);
        assert_eq!(timer.read(TIMELR, &mut after).unwrap(), 4);
        assert_eq!(timer.read(TIMEHR, &mut after).unwrap(), 1);
    }

    #[test]
    fn without_ticks_it_says_so() {
        let mut bus = Bus { tick: None, ..at(0) };
        assert!(RaspberryTimer::new(&RP2040).read(TIMERAWL, &mut bus).is_err());
        assert!(RaspberryTimer::new(&RP2040).read(0x10, &mut at(0)).is_err()); // ALARM0
    }
}
