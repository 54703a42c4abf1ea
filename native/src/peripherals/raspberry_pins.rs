//! The pins of bank 0 of the RP2040 and the RP2350, and their pads.
//!
//! Registers: RP2040 Datasheet and RP2350 Datasheet, "GPIO".

use super::raspberry::Chip;
use super::{Peripheral, Refusal, index};
use crate::bus::Bus;

const PIN_COUNT: u32 = 30;
/// STATUS and CTRL of each pin, a word each.
const PIN_WORDS: u32 = 2 * PIN_COUNT;
const FUNCTION_NONE: u32 = 0x1f;

/// The functions of the pins; nothing is connected to them.
#[derive(Debug)]
pub struct Pins {
    chip: &'static Chip,
    functions: [u32; PIN_COUNT as usize],
}

impl Pins {
    /// Those of a chip.
    pub fn new(chip: &'static Chip) -> Pins {
        Pins { chip, functions: [FUNCTION_NONE; PIN_COUNT as usize] }
    }
}

impl Peripheral for Pins {
    fn name(&self) -> &'static str {
        self.chip.names.pins
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        let word = index(offset, 0, PIN_WORDS).filter(|word| word % 2 == 1);
        word.and_then(|word| self.functions.get(word / 2).copied()).ok_or(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        let word = index(offset, 0, PIN_WORDS).filter(|word| word % 2 == 1);
        let function = word.and_then(|word| self.functions.get_mut(word / 2));
        *function.ok_or(Refusal::Unmodelled)? = value;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Pins::new(self.chip);
    }
}

const PAD: u32 = 0x04;
const PAD_BITS: u32 = 0xff;

/// The pads of the pins.
#[derive(Debug)]
pub struct Pads {
    chip: &'static Chip,
    pads: [u32; PIN_COUNT as usize],
}

impl Pads {
    /// Those of a chip.
    pub fn new(chip: &'static Chip) -> Pads {
        Pads { chip, pads: [chip.pad; PIN_COUNT as usize] }
    }

    /// What has pins that are cut off: UART0, whose are the first two.
    fn isolate(&self, bus: &mut Bus) {
        let isolated = self.pads.iter().take(2).any(|pad| pad & self.chip.isolation != 0);
        bus.isolated.clear();
        bus.isolated.extend(isolated.then_some(self.chip.uart));
    }
}

impl Peripheral for Pads {
    fn name(&self) -> &'static str {
        self.chip.names.pads
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        index(offset, PAD, PIN_COUNT)
            .and_then(|pin| self.pads.get(pin).copied())
            .ok_or(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let pad = index(offset, PAD, PIN_COUNT).and_then(|pin| self.pads.get_mut(pin));
        *pad.ok_or(Refusal::Unmodelled)? = value & (PAD_BITS | self.chip.isolation);
        self.isolate(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Pads::new(self.chip);
        self.isolate(bus);
    }
}

#[cfg(test)]
mod tests {
    use super::super::raspberry::{RP2040, RP2350};
    use super::*;

    #[test]
    fn pins_and_pads_keep_what_is_written() {
        let (mut pins, mut pads, mut bus) =
            (Pins::new(&RP2040), Pads::new(&RP2040), Bus::default());
        assert_eq!(pins.read(0x0c, &mut bus).unwrap(), FUNCTION_NONE);
        pins.write(0x0c, 2, &mut bus).unwrap();
        assert_eq!(pins.read(0x0c, &mut bus).unwrap(), 2);
        assert!(pins.write(0x08, 2, &mut bus).is_err()); // STATUS
        pads.write(0x08, 0x4a, &mut bus).unwrap();
        assert_eq!(pads.read(0x08, &mut bus).unwrap(), 0x4a);
        assert_eq!(pads.read(0x04, &mut bus).unwrap(), RP2040.pad);
    }

    #[test]
    fn pads_of_the_rp2350_are_cut_off_until_they_are_set_up() {
        let (mut pads, mut bus) = (Pads::new(&RP2350), Bus::default());
        pads.reset(&mut bus);
        assert_eq!(bus.isolated, [0x4007_0000]);
        pads.write(0x04, 0x12, &mut bus).unwrap();
        assert_eq!(bus.isolated, [0x4007_0000], "it has two");
        pads.write(0x08, 0x4a, &mut bus).unwrap();
        assert!(bus.isolated.is_empty());
        assert_eq!(pads.read(0x0c, &mut bus).unwrap(), 0x116);
        let mut older = Pads::new(&RP2040);
        older.reset(&mut bus);
        older.write(0x04, 0x100, &mut bus).unwrap();
        assert_eq!(older.read(0x04, &mut bus).unwrap(), 0);
        assert!(bus.isolated.is_empty());
    }
}
