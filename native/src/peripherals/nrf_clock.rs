//! CLOCK of Nordic's nRF52: the crystal oscillator starts at once.
//!
//! Registers: nRF52840 Product Specification, "CLOCK".

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "nrf-clock";

const HFCLKSTART: u32 = 0x000;
const HFCLKSTOP: u32 = 0x004;
const HFCLKSTARTED: u32 = 0x100;
const HFCLKSTAT: u32 = 0x40c;
/// Source: the crystal; state: running.
const CRYSTAL_RUNS: u32 = 1 << 16 | 1;
/// The internal oscillator runs from reset on.
const INTERNAL_RUNS: u32 = 1 << 16;

/// The peripheral.
#[derive(Debug, Default)]
pub struct NrfClock {
    crystal: bool,
    started: bool,
}

impl Peripheral for NrfClock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            HFCLKSTARTED => Ok(u32::from(self.started)),
            HFCLKSTAT => Ok(if self.crystal { CRYSTAL_RUNS } else { INTERNAL_RUNS }),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            HFCLKSTART if value & 1 != 0 => (self.crystal, self.started) = (true, true),
            HFCLKSTOP if value & 1 != 0 => self.crystal = false,
            HFCLKSTART | HFCLKSTOP => {}
            HFCLKSTARTED => self.started = value & 1 != 0,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = NrfClock::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crystal_starts() {
        let (mut clock, mut bus) = (NrfClock::default(), Bus::default());
        assert_eq!(clock.read(HFCLKSTARTED, &mut bus).unwrap(), 0);
        clock.write(HFCLKSTART, 1, &mut bus).unwrap();
        assert_eq!(clock.read(HFCLKSTARTED, &mut bus).unwrap(), 1);
        assert_eq!(clock.read(HFCLKSTAT, &mut bus).unwrap(), CRYSTAL_RUNS);
        assert!(clock.write(0x008, 1, &mut bus).is_err());
    }
}
