//! USART of the STM32F4.
//!
//! Registers: STM32F405/407 Reference Manual (RM0090), "Universal synchronous
//! asynchronous receiver transmitter (USART)". Bytes move at once: the baud
//! rate costs no time, the transmitter is always idle, the receiver never
//! overruns. DMA, errors, and interrupts but that of a received byte are not
//! modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "stm32-usart";

const SR: u32 = 0x00;
const DR: u32 = 0x04;
const BRR: u32 = 0x08;
const CR1: u32 = 0x0c;
const CR2: u32 = 0x10;
const CR3: u32 = 0x14;

const RECEIVED: u32 = 1 << 5;
/// The transmitter is empty and done.
const IDLE: u32 = 1 << 6 | 1 << 7;
const RE: u32 = 1 << 2;
const TE: u32 = 1 << 3;
const RXNEIE: u32 = 1 << 5;
const UE: u32 = 1 << 13;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Stm32Usart {
    number: u32,
    received: Option<u8>,
    divisor: u32,
    control: u32,
}

impl Stm32Usart {
    /// The instance at `base`.
    pub fn new(base: u32) -> Stm32Usart {
        // RM0090, table of interrupts: USART1 to USART3.
        let number = match base {
            0x4001_1000 => 37,
            0x4000_4800 => 39,
            _ => 38,
        };
        Stm32Usart { number, ..Stm32Usart::default() }
    }

    fn is_on(&self, direction: u32) -> bool {
        self.control & (UE | direction) == UE | direction
    }

    fn receive(&mut self, bus: &mut Bus) {
        if self.is_on(RE) && self.received.is_none() {
            self.received = bus.serial.to_guest.pop_front();
        }
    }

    fn take(&mut self, bus: &mut Bus) -> Result<u32, Refusal> {
        let Some(byte) = self.received.take() else {
            return Err(Refusal::Misuse("DR read while no byte was received".into()));
        };
        self.receive(bus);
        Ok(u32::from(byte))
    }

    /// A USART that is not set up sends nothing that a host could read: said
    /// at once here.
    fn send(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let reason = if !self.is_on(TE) {
            format!("while CR1 is {:#x}, off", self.control)
        } else if self.divisor < 16 {
            format!("while BRR is {}: 16 is the least", self.divisor)
        } else {
            bus.serial.to_host.push_back(value as u8);
            return Ok(());
        };
        Err(Refusal::Misuse(format!("DR written {reason}")))
    }
}

impl Peripheral for Stm32Usart {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            SR => Ok(IDLE | if self.received.is_some() { RECEIVED } else { 0 }),
            DR => self.take(bus),
            BRR => Ok(self.divisor),
            CR1 => Ok(self.control),
            CR2 | CR3 => Ok(0),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            DR => return self.send(value, bus),
            BRR => self.divisor = value & 0xffff,
            CR1 if value & !(UE | RE | TE | RXNEIE) != 0 => {
                return Err(Refusal::Misuse(format!("{value:#x} in CR1: only 8N1 is modelled")));
            }
            CR1 => {
                self.control = value;
                if value & UE == 0 {
                    self.received = None;
                }
                self.receive(bus);
            }
            CR2 | CR3 if value == 0 => {}
            CR2 | CR3 => {
                let why = "one stop bit, no flow control and no DMA are all that is modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus);
        Ok(())
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        Some((self.number, self.control & RXNEIE != 0 && self.received.is_some()))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Stm32Usart { number: self.number, ..Stm32Usart::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Stm32Usart, Bus) {
        let (mut uart, mut bus) = (Stm32Usart::new(0x4000_4400), Bus::default());
        uart.write(BRR, 42, &mut bus).unwrap();
        uart.write(CR1, UE | TE | RE | RXNEIE, &mut bus).unwrap();
        (uart, bus)
    }

    #[test]
    fn sends_what_is_written() {
        let (mut uart, mut bus) = started();
        for byte in b"hi" {
            uart.write(DR, u32::from(*byte), &mut bus).unwrap();
        }
        assert_eq!(bus.serial.to_host, b"hi");
        assert_eq!(uart.read(SR, &mut bus).unwrap(), IDLE);
    }

    #[test]
    fn a_usart_that_is_not_set_up_says_so() {
        for (offset, value, why) in [(CR1, UE | RE, "off"), (BRR, 0, "BRR is 0")] {
            let (mut uart, mut bus) = started();
            uart.write(offset, value, &mut bus).unwrap();
            let refusal = uart.write(DR, 0, &mut bus).unwrap_err();
            assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains(why)), "{why}");
        }
    }

    #[test]
    fn a_received_byte_interrupts_until_it_is_read() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend([7, 8]);
        uart.poll(&mut bus).unwrap();
        for byte in [7, 8] {
            assert_eq!(uart.interrupt(), Some((38, true)));
            assert_eq!(uart.read(SR, &mut bus).unwrap(), IDLE | RECEIVED);
            assert_eq!(uart.read(DR, &mut bus).unwrap(), byte);
        }
        assert_eq!(uart.interrupt(), Some((38, false)));
        assert!(uart.read(DR, &mut bus).is_err());
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut uart, mut bus) = started();
        assert!(uart.write(CR1, UE | 1 << 10, &mut bus).is_err()); // parity
        assert!(uart.write(CR2, 1 << 13, &mut bus).is_err()); // two stop bits
        assert!(uart.write(CR3, 1 << 7, &mut bus).is_err()); // DMA
        assert!(uart.read(0x18, &mut bus).is_err()); // GTPR
    }
}
