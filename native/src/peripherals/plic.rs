//! PLIC: one context, machine mode of hart 0.
//!
//! Registers: RISC-V Platform-Level Interrupt Controller Specification,
//! "Memory Map". Sources are on (priority 1) or off (0); there is no order
//! among them but their numbers.

use super::{Peripheral, Refusal, index};
use crate::bus::{Bus, Interrupts};

/// The model's name.
pub const NAME: &str = "plic";

const PRIORITY: u32 = 0x00_0000;
const PENDING: u32 = 0x00_1000;
const ENABLE: u32 = 0x00_2000;
const THRESHOLD: u32 = 0x20_0000;
const CLAIM_COMPLETE: u32 = 0x20_0004;

const WORDS: u32 = Interrupts::WORDS as u32;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Plic {
    /// Bits of the sources with priority 1.
    on: [u32; Interrupts::WORDS],
    enabled: [u32; Interrupts::WORDS],
    threshold: u32,
}

impl Plic {
    /// What may interrupt: enabled, and above the threshold.
    fn apply(&self, bus: &mut Bus) {
        for (word, (on, enabled)) in self.on.iter().zip(&self.enabled).enumerate() {
            if let Some(effective) = bus.interrupts.enabled(word) {
                *effective = if self.threshold == 0 { on & enabled } else { 0 };
            }
        }
    }
}

/// The word and the bit of a source's number.
fn place(number: usize) -> (usize, u32) {
    (number / 32, 1 << (number % 32))
}

impl Peripheral for Plic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x40_0000
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        if let Some(number) = index(offset, PRIORITY, WORDS * 32) {
            let (word, bit) = place(number);
            return Ok(u32::from(self.on.get(word).is_some_and(|on| on & bit != 0)));
        }
        if let Some(word) = index(offset, PENDING, WORDS) {
            return bus.interrupts.pending(word).ok_or(Refusal::Unmodelled);
        }
        if let Some(word) = index(offset, ENABLE, WORDS) {
            return self.enabled.get(word).copied().ok_or(Refusal::Unmodelled);
        }
        match offset {
            THRESHOLD => Ok(self.threshold),
            CLAIM_COMPLETE => Ok(bus.interrupts.claim().unwrap_or(0)),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if let Some(number) = index(offset, PRIORITY, WORDS * 32) {
            if value > 1 {
                return Err(Refusal::Misuse(format!(
                    "priority {value}: only 0 and 1 are modelled"
                )));
            }
            let (word, bit) = place(number);
            if let Some(on) = self.on.get_mut(word) {
                *on = if value == 0 { *on & !bit } else { *on | bit };
            }
        } else if let Some(word) = index(offset, ENABLE, WORDS) {
            if let Some(enabled) = self.enabled.get_mut(word) {
                *enabled = value;
            }
        } else {
            match offset {
                THRESHOLD => self.threshold = value,
                CLAIM_COMPLETE => bus.interrupts.complete(value),
                _ => return Err(Refusal::Unmodelled),
            }
        }
        self.apply(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Plic::default();
        self.apply(bus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled() -> (Plic, Bus) {
        let (mut plic, mut bus) = (Plic::default(), Bus::default());
        plic.write(PRIORITY + 4 * 10, 1, &mut bus).unwrap();
        plic.write(ENABLE, 1 << 10, &mut bus).unwrap();
        plic.write(THRESHOLD, 0, &mut bus).unwrap();
        (plic, bus)
    }

    #[test]
    fn a_source_is_claimed_once_until_complete() {
        let (mut plic, mut bus) = enabled();
        bus.interrupts.drive(10, true);
        assert_eq!(plic.read(PENDING, &mut bus).unwrap(), 1 << 10);
        assert_eq!(plic.read(CLAIM_COMPLETE, &mut bus).unwrap(), 10);
        assert_eq!(plic.read(CLAIM_COMPLETE, &mut bus).unwrap(), 0);
        plic.write(CLAIM_COMPLETE, 10, &mut bus).unwrap();
        assert_eq!(bus.interrupts.ready(), Some(10)); // its line is still high
        bus.interrupts.drive(10, false);
        plic.read(CLAIM_COMPLETE, &mut bus).unwrap();
        plic.write(CLAIM_COMPLETE, 10, &mut bus).unwrap();
        assert_eq!(bus.interrupts.ready(), None);
    }

    #[test]
    fn priority_enable_and_threshold_are_all_needed() {
        for (offset, value) in [(PRIORITY + 40, 0), (ENABLE, 0), (THRESHOLD, 1)] {
            let (mut plic, mut bus) = enabled();
            bus.interrupts.drive(10, true);
            assert_eq!(bus.interrupts.ready(), Some(10));
            plic.write(offset, value, &mut bus).unwrap();
            assert_eq!(bus.interrupts.ready(), None);
            assert_eq!(plic.read(offset, &mut bus).unwrap(), value);
        }
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut plic, mut bus) = enabled();
        assert!(plic.write(PRIORITY + 40, 2, &mut bus).is_err());
        assert!(plic.read(0x20_1000, &mut bus).is_err()); // supervisor mode's
        assert!(plic.write(PENDING, 1, &mut bus).is_err());
    }
}
