//! CLINT: a count of 10 MHz, here derived from the core's cycles, and for each
//! hart a software interrupt and a timer interrupt.
//!
//! Registers: RISC-V Advanced Core Local Interruptor Specification, "MTIMER" and
//! "MSWI", at their places in SiFive's CLINT. An interrupt that is on in `mie`
//! ends a wait for interrupt; `mip` does not show it.

use super::{Peripheral, Refusal, index};
use crate::bus::{Bus, Local};

/// The model's name.
pub const NAME: &str = "clint";

const MSIP: u32 = 0x0000;
const MTIMECMP: u32 = 0x4000;
const MTIME: u32 = 0xbff8;
const MTIME_HIGH: u32 = 0xbffc;
const HZ: u128 = 10_000_000;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Clint {
    /// MTIMECMP of each hart.
    compare: Vec<u64>,
}

impl Clint {
    /// Writes one half of a hart's MTIMECMP.
    fn set_compare(&mut self, word: usize, value: u32, bus: &mut Bus) -> Option<()> {
        let (compare, local) = (self.compare.get_mut(word / 2)?, bus.local.get_mut(word / 2)?);
        let shift = word % 2 * 32;
        *compare = *compare & !(u64::from(u32::MAX) << shift) | u64::from(value) << shift;
        let cycles = (u128::from(*compare) * u128::from(bus.clock_hz)).div_ceil(HZ);
        local.alarm = u64::try_from(cycles).unwrap_or(u64::MAX);
        bus.stirred = true;
        Some(())
    }
}

impl Peripheral for Clint {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x1_0000
    }

    fn is_ordered(&self, offset: u32) -> bool {
        offset < MTIMECMP
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        let harts = bus.local.len() as u32;
        if let Some(local) = index(offset, MSIP, harts).and_then(|hart| bus.local.get(hart)) {
            return Ok(u32::from(local.software));
        }
        if let Some(word) = index(offset, MTIMECMP, 2 * harts) {
            let compare = self.compare.get(word / 2).ok_or(Refusal::Unmodelled)?;
            return Ok((compare >> (word % 2 * 32)) as u32);
        }
        let ticks = u128::from(bus.cycles) * HZ / u128::from(bus.clock_hz.max(1));
        match offset {
            MTIME => Ok(ticks as u32),
            MTIME_HIGH => Ok((ticks >> 32) as u32),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let harts = bus.local.len() as u32;
        if let Some(local) = index(offset, MSIP, harts).and_then(|hart| bus.local.get_mut(hart)) {
            local.software = value & 1 != 0;
            bus.stirred = true;
            return Ok(());
        }
        let word = index(offset, MTIMECMP, 2 * harts).ok_or(Refusal::Unmodelled)?;
        self.set_compare(word, value, bus).ok_or(Refusal::Unmodelled)
    }

    fn reset(&mut self, bus: &mut Bus) {
        bus.local.fill(Local::default());
        // The specification leaves it open: nothing interrupts before it is set.
        self.compare = vec![u64::MAX; bus.local.len()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cycles: u64) -> (Clint, Bus) {
        let mut bus = Bus { cycles, clock_hz: 100_000_000, ..Bus::default() };
        bus.add_core();
        bus.add_core();
        let mut clint = Clint::default();
        clint.reset(&mut bus);
        (clint, bus)
    }

    #[test]
    fn counts_10_mhz_in_64_bits() {
        let (mut clint, mut bus) = at(109);
        assert_eq!(clint.read(MTIME, &mut bus).unwrap(), 10);
        bus.cycles = 10 * ((1 << 32) + 7);
        assert_eq!(clint.read(MTIME, &mut bus).unwrap(), 7);
        assert_eq!(clint.read(MTIME_HIGH, &mut bus).unwrap(), 1);
    }

    #[test]
    fn each_hart_has_a_software_interrupt() {
        let (mut clint, mut bus) = at(0);
        clint.write(MSIP + 4, 1, &mut bus).unwrap();
        assert!(bus.stirred && clint.is_ordered(MSIP + 4));
        assert_eq!(bus.local.iter().map(|one| one.software).collect::<Vec<_>>(), [false, true]);
        assert_eq!(clint.read(MSIP + 4, &mut bus).unwrap(), 1);
        clint.write(MSIP + 4, 2, &mut bus).unwrap();
        assert!(!bus.local[1].software);
    }

    #[test]
    fn each_hart_has_an_alarm() {
        let (mut clint, mut bus) = at(0);
        assert_eq!(clint.read(MTIMECMP + 12, &mut bus).unwrap(), u32::MAX);
        clint.write(MTIMECMP + 12, 0, &mut bus).unwrap();
        clint.write(MTIMECMP + 8, 25, &mut bus).unwrap();
        assert_eq!(bus.local.iter().map(|one| one.alarm).collect::<Vec<_>>(), [u64::MAX, 250]);
        assert_eq!(clint.read(MTIMECMP + 8, &mut bus).unwrap(), 25);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut clint, mut bus) = at(0);
        for offset in [MSIP + 8, MTIMECMP + 16] {
            assert!(clint.read(offset, &mut bus).is_err());
            assert!(clint.write(offset, 1, &mut bus).is_err());
        }
        assert!(clint.write(MTIME, 1, &mut bus).is_err());
    }
}
