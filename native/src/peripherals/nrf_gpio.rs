//! GPIO port 0 of Nordic's nRF52: pins that can be set up; nothing is
//! connected to them.
//!
//! Registers: nRF52840 Product Specification, "GPIO".

use super::{Peripheral, Refusal, index};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "nrf-gpio";

const OUT: u32 = 0x504;
const OUTSET: u32 = 0x508;
const OUTCLR: u32 = 0x50c;
const DIR: u32 = 0x514;
const DIRSET: u32 = 0x518;
const DIRCLR: u32 = 0x51c;
const PIN_CNF: u32 = 0x700;
const PINS: u32 = 32;

/// The peripheral.
#[derive(Debug, Default)]
pub struct NrfGpio {
    output: u32,
    direction: u32,
    configuration: [u32; PINS as usize],
}

impl Peripheral for NrfGpio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            OUT | OUTSET | OUTCLR => Ok(self.output),
            DIR | DIRSET | DIRCLR => Ok(self.direction),
            _ => index(offset, PIN_CNF, PINS)
                .and_then(|pin| self.configuration.get(pin).copied())
                .ok_or(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            OUT => self.output = value,
            OUTSET => self.output |= value,
            OUTCLR => self.output &= !value,
            DIR => self.direction = value,
            DIRSET => self.direction |= value,
            DIRCLR => self.direction &= !value,
            _ => {
                let pin = index(offset, PIN_CNF, PINS).ok_or(Refusal::Unmodelled)?;
                if let Some(configuration) = self.configuration.get_mut(pin) {
                    *configuration = value;
                    // Bit 0 is the pin's direction.
                    self.direction = self.direction & !(1 << pin) | (value & 1) << pin;
                }
            }
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = NrfGpio::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_and_clear_change_single_pins() {
        let (mut gpio, mut bus) = (NrfGpio::default(), Bus::default());
        gpio.write(OUTSET, 0x41, &mut bus).unwrap();
        gpio.write(OUTCLR, 0x01, &mut bus).unwrap();
        assert_eq!(gpio.read(OUT, &mut bus).unwrap(), 0x40);
        gpio.write(PIN_CNF + 4 * 6, 1, &mut bus).unwrap();
        assert_eq!(gpio.read(DIR, &mut bus).unwrap(), 0x40);
        assert!(gpio.read(0x510, &mut bus).is_err()); // IN: nothing is connected
    }
}
