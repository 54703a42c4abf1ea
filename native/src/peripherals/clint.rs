//! The time of a CLINT: a count of 10 MHz, here derived from the core's cycles.
//!
//! Register: RISC-V Advanced Core Local Interruptor Specification, "MTIMER",
//! at its place in SiFive's CLINT. Software and timer interrupts are not
//! modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "clint";

const MTIME: u32 = 0xbff8;
const MTIME_HIGH: u32 = 0xbffc;
const HZ: u128 = 10_000_000;

/// The peripheral.
#[derive(Debug)]
pub struct Clint;

impl Peripheral for Clint {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x1_0000
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        let ticks = u128::from(bus.cycles) * HZ / u128::from(bus.clock_hz.max(1));
        match offset {
            MTIME => Ok(ticks as u32),
            MTIME_HIGH => Ok((ticks >> 32) as u32),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, _offset: u32, _value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        Err(Refusal::Unmodelled)
    }

    fn reset(&mut self, _bus: &mut Bus) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cycles: u64) -> Bus {
        Bus { cycles, clock_hz: 100_000_000, ..Bus::default() }
    }

    #[test]
    fn counts_10_mhz_in_64_bits() {
        assert_eq!(Clint.read(MTIME, &mut at(109)).unwrap(), 10);
        let late = 10 * ((1 << 32) + 7);
        assert_eq!(Clint.read(MTIME, &mut at(late)).unwrap(), 7);
        assert_eq!(Clint.read(MTIME_HIGH, &mut at(late)).unwrap(), 1);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        assert!(Clint.read(0x4000, &mut at(0)).is_err()); // MTIMECMP
        assert!(Clint.write(0, 1, &mut at(0)).is_err()); // MSIP
    }
}
