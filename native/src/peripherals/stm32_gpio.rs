//! A GPIO port of the STM32F4: pins that can be set up; nothing is connected
//! to them.
//!
//! Registers: STM32F405/407 Reference Manual (RM0090), "General-purpose I/Os".

use super::{Peripheral, Refusal, index};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "stm32-gpio";

const MODER: u32 = 0x00;
/// MODER, OTYPER, OSPEEDR, PUPDR.
const SETTINGS: u32 = 4;
const AFR: u32 = 0x20;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Gpio {
    settings: [u32; SETTINGS as usize],
    functions: [u32; 2],
}

impl Gpio {
    fn register(&mut self, offset: u32) -> Result<&mut u32, Refusal> {
        let setting = index(offset, MODER, SETTINGS);
        let function = index(offset, AFR, 2);
        setting
            .and_then(|word| self.settings.get_mut(word))
            .or_else(|| function.and_then(|word| self.functions.get_mut(word)))
            .ok_or(Refusal::Unmodelled)
    }
}

impl Peripheral for Gpio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        self.register(offset).copied()
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        *self.register(offset)? = value;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        // Port A: the debug port's pins.
        *self = Gpio { settings: [0xa800_0000, 0, 0, 0x6400_0000], ..Gpio::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_keep_what_they_are_set_to() {
        let (mut port, mut bus) = (Gpio::default(), Bus::default());
        port.reset(&mut bus);
        assert_eq!(port.read(MODER, &mut bus).unwrap(), 0xa800_0000);
        port.write(AFR, 0x7700, &mut bus).unwrap();
        assert_eq!(port.read(AFR, &mut bus).unwrap(), 0x7700);
        assert!(port.read(0x14, &mut bus).is_err()); // ODR
    }
}
