//! USART of the STM32H7, with its FIFOs on.
//!
//! Registers: RM0399, "Universal synchronous/asynchronous receiver transmitter
//! (USART/UART)". Bytes move at once: the baud rate costs no time, the
//! transmitter is always idle, the receiver never overruns. DMA, errors, and
//! interrupts but that of a received byte are not modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "stm32h7-usart";

const CR1: u32 = 0x00;
const CR2: u32 = 0x04;
const CR3: u32 = 0x08;
const BRR: u32 = 0x0c;
const ISR: u32 = 0x1c;
const ICR: u32 = 0x20;
const RDR: u32 = 0x24;
const TDR: u32 = 0x28;
const PRESC: u32 = 0x2c;

const UE: u32 = 1;
const RE: u32 = 1 << 2;
const TE: u32 = 1 << 3;
const RXNEIE: u32 = 1 << 5;
const FIFOEN: u32 = 1 << 29;
const RECEIVED: u32 = 1 << 5;
/// The transmitter has room and is done; both directions are on.
const IDLE: u32 = 1 << 6 | 1 << 7;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Stm32h7Usart {
    number: u32,
    received: Option<u8>,
    divisor: u32,
    control: u32,
}

impl Stm32h7Usart {
    /// The instance at `base`.
    pub fn new(base: u32) -> Stm32h7Usart {
        // RM0399, table of interrupts: USART1 to USART3.
        let number = match base {
            0x4001_1000 => 37,
            0x4000_4400 => 38,
            _ => 39,
        };
        Stm32h7Usart { number, ..Stm32h7Usart::default() }
    }

    fn is_on(&self, direction: u32) -> bool {
        self.control & (UE | direction) == UE | direction
    }

    /// Nothing is lost outside, so one byte stands for the whole FIFO.
    fn receive(&mut self, bus: &mut Bus) {
        if self.is_on(RE) && self.received.is_none() {
            self.received = bus.serial.to_guest.pop_front();
        }
    }

    fn take(&mut self, bus: &mut Bus) -> Result<u32, Refusal> {
        let Some(byte) = self.received.take() else {
            return Err(Refusal::Misuse("RDR read while no byte was received".into()));
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
        Err(Refusal::Misuse(format!("TDR written {reason}")))
    }

    fn change(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if value & !(UE | RE | TE | RXNEIE | FIFOEN) != 0 {
            return Err(Refusal::Misuse(format!("{value:#x} in CR1: only 8N1 is modelled")));
        }
        if self.control & UE != 0 && (self.control ^ value) & FIFOEN != 0 && value & UE != 0 {
            return Err(Refusal::Misuse("FIFOEN is changed while the USART is on".into()));
        }
        self.control = value;
        if value & UE == 0 {
            self.received = None;
        }
        self.receive(bus);
        Ok(())
    }
}

impl Peripheral for Stm32h7Usart {
    fn name(&self) -> &'static str {
        NAME
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CR1 => Ok(self.control),
            CR2 | CR3 | PRESC => Ok(0),
            BRR => Ok(self.divisor),
            ISR => Ok(IDLE | if self.received.is_some() { RECEIVED } else { 0 }),
            RDR => self.take(bus),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CR1 => return self.change(value, bus),
            TDR => return self.send(value, bus),
            BRR if self.control & UE != 0 => {
                return Err(Refusal::Misuse("BRR written while the USART is on".into()));
            }
            BRR => self.divisor = value & 0xffff,
            CR2 | CR3 | PRESC if value == 0 => {}
            CR2 | CR3 | PRESC => {
                let why = "one stop bit, no flow control, no DMA, no prescaler are all that is \
                           modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            // There are no errors to clear.
            ICR => {}
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
        *self = Stm32h7Usart { number: self.number, ..Stm32h7Usart::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Stm32h7Usart, Bus) {
        let (mut uart, mut bus) = (Stm32h7Usart::new(0x4000_4800), Bus::default());
        uart.write(BRR, 120, &mut bus).unwrap();
        uart.write(CR1, FIFOEN, &mut bus).unwrap();
        uart.write(CR1, UE | TE | RE | RXNEIE | FIFOEN, &mut bus).unwrap();
        (uart, bus)
    }

    #[test]
    fn sends_what_is_written() {
        let (mut uart, mut bus) = started();
        for byte in b"hi" {
            uart.write(TDR, u32::from(*byte), &mut bus).unwrap();
        }
        assert_eq!(bus.serial.to_host, b"hi");
        assert_eq!(uart.read(ISR, &mut bus).unwrap(), IDLE);
    }

    #[test]
    fn a_usart_that_is_not_set_up_says_so() {
        let (mut uart, mut bus) = started();
        uart.write(CR1, UE | RE | FIFOEN, &mut bus).unwrap();
        assert!(uart.write(TDR, 0, &mut bus).is_err());
        uart.write(CR1, 0, &mut bus).unwrap();
        uart.write(BRR, 0, &mut bus).unwrap();
        uart.write(CR1, UE | TE, &mut bus).unwrap();
        assert!(uart.write(TDR, 0, &mut bus).is_err());
    }

    #[test]
    fn a_received_byte_interrupts_until_it_is_read() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend([7, 8]);
        uart.poll(&mut bus).unwrap();
        for byte in [7, 8] {
            assert_eq!(uart.interrupt(), Some((39, true)));
            assert_eq!(uart.read(ISR, &mut bus).unwrap(), IDLE | RECEIVED);
            assert_eq!(uart.read(RDR, &mut bus).unwrap(), byte);
        }
        assert_eq!(uart.interrupt(), Some((39, false)));
        assert!(uart.read(RDR, &mut bus).is_err());
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut uart, mut bus) = started();
        assert!(uart.write(CR1, UE | 1 << 10, &mut bus).is_err()); // parity
        assert!(uart.write(CR1, UE | RE, &mut bus).is_err()); // FIFOs while on
        assert!(uart.write(BRR, 100, &mut bus).is_err());
        assert!(uart.write(CR2, 1 << 13, &mut bus).is_err()); // two stop bits
        assert!(uart.write(CR3, 1 << 7, &mut bus).is_err()); // DMA
        assert!(uart.read(0x10, &mut bus).is_err()); // GTPR
    }
}
