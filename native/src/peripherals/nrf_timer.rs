//! TIMER of Nordic's nRF52 and nRF53, in timer mode: a count of 16 MHz
//! ticks, here derived from the core's cycles.
//!
//! Registers: nRF52840 Product Specification, "TIMER". Compare events,
//! shortcuts and interrupts are not modelled.

use super::{Peripheral, Refusal, index};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "nrf-timer";
/// Its name in an nRF53, where it is the same.
pub const NRF53: &str = "nrf53-timer";

const START: u32 = 0x000;
const STOP: u32 = 0x004;
const CLEAR: u32 = 0x00c;
const CAPTURE: u32 = 0x040;
const MODE: u32 = 0x504;
const BITMODE: u32 = 0x508;
const PRESCALER: u32 = 0x510;
const CC: u32 = 0x540;
/// Capture registers of TIMER3 and TIMER4; the others have four.
const CHANNELS: u32 = 6;
const SOURCE_HZ: u128 = 16_000_000;

/// The peripheral.
#[derive(Debug, Default)]
pub struct NrfTimer {
    running: bool,
    /// The bus's cycles when the count was last started or cleared.
    since: u64,
    /// Cycles counted before that.
    before: u64,
    bit_mode: u32,
    prescaler: u32,
    captured: [u32; CHANNELS as usize],
}

impl NrfTimer {
    fn elapsed(&self, bus: &Bus) -> u64 {
        self.before + if self.running { bus.cycles - self.since } else { 0 }
    }

    fn count(&self, bus: &Bus) -> u32 {
        let cycles = u128::from(self.elapsed(bus));
        let ticks = cycles * SOURCE_HZ / u128::from(bus.clock_hz.max(1));
        let width = match self.bit_mode {
            0 => 16,
            1 => 8,
            2 => 24,
            _ => 32,
        };
        (ticks >> self.prescaler) as u32 & (u32::MAX >> (32 - width))
    }

    fn is_task(offset: u32) -> bool {
        matches!(offset, START | STOP | CLEAR) || index(offset, CAPTURE, CHANNELS).is_some()
    }
}

impl Peripheral for NrfTimer {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            MODE => Ok(0),
            BITMODE => Ok(self.bit_mode),
            PRESCALER => Ok(self.prescaler),
            _ if NrfTimer::is_task(offset) => Ok(0),
            _ => index(offset, CC, CHANNELS)
                .and_then(|channel| self.captured.get(channel).copied())
                .ok_or(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            _ if NrfTimer::is_task(offset) && value & 1 == 0 => {}
            START if !self.running => {
                self.running = true;
                self.since = bus.cycles;
            }
            START => {}
            STOP => {
                self.before = self.elapsed(bus);
                self.running = false;
            }
            CLEAR => {
                self.before = 0;
                self.since = bus.cycles;
            }
            MODE if value == 0 => {}
            MODE => return Err(Refusal::Misuse("only timer mode (0) is modelled".into())),
            BITMODE => self.bit_mode = value & 3,
            PRESCALER => self.prescaler = value & 15,
            _ => {
                let count = self.count(bus);
                if let Some(channel) = index(offset, CAPTURE, CHANNELS) {
                    if let Some(captured) = self.captured.get_mut(channel) {
                        *captured = count;
                    }
                } else if let Some(channel) = index(offset, CC, CHANNELS)
                    && let Some(captured) = self.captured.get_mut(channel)
                {
                    *captured = value;
                } else {
                    return Err(Refusal::Unmodelled);
                }
            }
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = NrfTimer { prescaler: 4, ..NrfTimer::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cycles: u64) -> Bus {
        Bus { cycles, clock_hz: 64_000_000, ..Bus::default() }
    }

    fn capture(timer: &mut NrfTimer, cycles: u64) -> u32 {
        timer.write(CAPTURE + 4, 1, &mut at(cycles)).unwrap();
        timer.read(CC + 4, &mut at(cycles)).unwrap()
    }

    #[test]
    fn counts_16_mhz_from_a_64_mhz_core() {
        let mut timer = NrfTimer::default();
        timer.reset(&mut at(0));
        timer.write(BITMODE, 3, &mut at(0)).unwrap();
        timer.write(PRESCALER, 0, &mut at(0)).unwrap();
        assert_eq!(capture(&mut timer, 6400), 0);
        timer.write(START, 1, &mut at(6400)).unwrap();
        assert_eq!(capture(&mut timer, 12800), 1600);
        timer.write(STOP, 1, &mut at(12800)).unwrap();
        assert_eq!(capture(&mut timer, 99999), 1600);
        timer.write(CLEAR, 1, &mut at(99999)).unwrap();
        assert_eq!(capture(&mut timer, 100_000), 0);
    }

    #[test]
    fn prescaler_and_width_apply() {
        let mut timer = NrfTimer::default();
        timer.reset(&mut at(0)); // prescaler 4, 16 bits
        timer.write(START, 1, &mut at(0)).unwrap();
        assert_eq!(capture(&mut timer, 640_000), 10_000);
        assert_eq!(capture(&mut timer, 6_400_000), 100_000 % 65_536);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let mut timer = NrfTimer::default();
        assert!(timer.write(0x304, 1, &mut at(0)).is_err()); // INTENSET
        assert!(timer.write(MODE, 1, &mut at(0)).is_err());
        assert!(timer.read(0x140, &mut at(0)).is_err()); // EVENTS_COMPARE
    }
}
