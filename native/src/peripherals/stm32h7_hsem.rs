//! The hardware semaphores of the STM32H745, by which its two cores agree.
//!
//! Registers: RM0399, "Hardware semaphore". Clearing all of a core's at once is
//! not modelled, nor are process numbers other than 0.

use super::{Peripheral, Refusal, index};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "stm32h7-hsem";

const R: u32 = 0x000;
const RLR: u32 = 0x080;
const SEMAPHORES: u32 = 32;
/// Enable, clear, status, masked status: four words a core.
const INTERRUPTS: u32 = 0x100;
const LOCKED: u32 = 1 << 31;

const CORES: usize = 2;
/// The Cortex-M7's and the Cortex-M4's, as semaphores name them.
const NAMES: [u32; CORES] = [3 << 8, 1 << 8];
/// HSEM1 and HSEM2.
const LINE: u32 = 125;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Semaphores {
    /// Names of those that have them; 0 is nobody.
    holders: [u32; SEMAPHORES as usize],
    enabled: [u32; CORES],
    /// Semaphores that were given up.
    status: [u32; CORES],
}

impl Semaphores {
    fn caller(bus: &Bus) -> Result<u32, Refusal> {
        NAMES.get(bus.core).copied().ok_or(Refusal::Unmodelled)
    }

    fn drive(&self, bus: &mut Bus) {
        let both = self.enabled.iter().zip(&self.status).zip(LINE..);
        both.for_each(|((enabled, status), line)| bus.drive(line, enabled & status != 0));
    }

    fn take(&mut self, semaphore: usize, bus: &Bus) -> Result<u32, Refusal> {
        let name = Semaphores::caller(bus)?;
        let holder = self.holders.get_mut(semaphore).ok_or(Refusal::Unmodelled)?;
        if *holder == 0 {
            *holder = name;
        }
        Ok(LOCKED | *holder)
    }

    /// Only its holder gives a semaphore up; others are not heard.
    fn give(&mut self, semaphore: usize, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let name = Semaphores::caller(bus)?;
        if value != name {
            let why = format!("{value:#x} in semaphore {semaphore}: the core is {name:#x}");
            return Err(Refusal::Misuse(why));
        }
        let holder = self.holders.get_mut(semaphore).ok_or(Refusal::Unmodelled)?;
        if *holder == name {
            *holder = 0;
            self.status.iter_mut().for_each(|status| *status |= 1 << semaphore);
            self.drive(bus);
        }
        Ok(())
    }
}

impl Peripheral for Semaphores {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn is_ordered(&self, _offset: u32) -> bool {
        true
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        if let Some(semaphore) = index(offset, R, SEMAPHORES) {
            let holder = self.holders.get(semaphore).copied().unwrap_or(0);
            return Ok(if holder == 0 { 0 } else { LOCKED | holder });
        }
        if let Some(semaphore) = index(offset, RLR, SEMAPHORES) {
            return self.take(semaphore, bus);
        }
        let word = index(offset, INTERRUPTS, 4 * CORES as u32).ok_or(Refusal::Unmodelled)?;
        let enabled = self.enabled.get(word / 4).copied().unwrap_or(0);
        let status = self.status.get(word / 4).copied().unwrap_or(0);
        match word % 4 {
            0 => Ok(enabled),
            2 => Ok(status),
            3 => Ok(enabled & status),
            _ => Ok(0),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if let Some(semaphore) = index(offset, R, SEMAPHORES) {
            return self.give(semaphore, value, bus);
        }
        let word = index(offset, INTERRUPTS, 4 * CORES as u32).ok_or(Refusal::Unmodelled)?;
        let (enabled, status) = (self.enabled.get_mut(word / 4), self.status.get_mut(word / 4));
        match (word % 4, enabled, status) {
            (0, Some(enabled), _) => *enabled = value,
            (1, _, Some(status)) => *status &= !value,
            _ => return Err(Refusal::Misuse("a status register is written".into())),
        }
        self.drive(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Semaphores::default();
        self.drive(bus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> (Semaphores, Bus) {
        let mut bus = Bus::default();
        bus.add_core();
        bus.add_core();
        (Semaphores::default(), bus)
    }

    #[test]
    fn a_semaphore_is_its_holders_until_that_gives_it_up() {
        let (mut hsem, mut bus) = board();
        assert_eq!(hsem.read(RLR, &mut bus).unwrap(), LOCKED | 3 << 8);
        bus.switch(1);
        assert_eq!(hsem.read(RLR, &mut bus).unwrap(), LOCKED | 3 << 8);
        hsem.write(R, 1 << 8, &mut bus).unwrap();
        assert_eq!(hsem.read(R, &mut bus).unwrap(), LOCKED | 3 << 8);
        assert!(hsem.write(R, 3 << 8, &mut bus).is_err());
        bus.switch(0);
        hsem.write(R, 3 << 8, &mut bus).unwrap();
        assert_eq!(hsem.read(R, &mut bus).unwrap(), 0);
        bus.switch(1);
        assert_eq!(hsem.read(RLR, &mut bus).unwrap(), LOCKED | 1 << 8);
    }

    #[test]
    fn giving_it_up_interrupts_who_listens() {
        let (mut hsem, mut bus) = board();
        *bus.interrupts_of(0).enabled(3).unwrap() = 3 << 29;
        hsem.write(INTERRUPTS + 16, 1 << 1, &mut bus).unwrap();
        hsem.read(RLR + 4, &mut bus).unwrap();
        assert_eq!(bus.interrupts.ready(), None);
        hsem.write(R + 4, 3 << 8, &mut bus).unwrap();
        assert_eq!(bus.interrupts.ready(), Some(126));
        assert_eq!(hsem.read(INTERRUPTS + 8, &mut bus).unwrap(), 1 << 1);
        assert_eq!(hsem.read(INTERRUPTS + 12, &mut bus).unwrap(), 0);
        hsem.write(INTERRUPTS + 20, 1 << 1, &mut bus).unwrap();
        bus.interrupts.change_pending(3, 0, 1 << 30);
        assert_eq!(bus.interrupts.ready(), None);
        assert!(hsem.write(INTERRUPTS + 8, 0, &mut bus).is_err());
        assert!(hsem.read(0x140, &mut bus).is_err()); // CR
    }
}
