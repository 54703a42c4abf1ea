//! PL011, Arm's UART.
//!
//! Registers: PrimeCell UART (PL011) Technical Reference Manual (DDI 0183),
//! chapter 3. Bytes move at once: the baud rate costs no time, the receiver
//! never overruns, and its line is idle as soon as no byte waits. DMA,
//! modem lines and errors are not modelled.

use std::collections::VecDeque;

use super::{Peripheral, Refusal};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "pl011";

const DR: u32 = 0x000;
const FR: u32 = 0x018;
const IBRD: u32 = 0x024;
const FBRD: u32 = 0x028;
const LCR_H: u32 = 0x02c;
const CR: u32 = 0x030;
const IFLS: u32 = 0x034;
const IMSC: u32 = 0x038;
const RIS: u32 = 0x03c;
const MIS: u32 = 0x040;
const ICR: u32 = 0x044;

const FR_RXFE: u32 = 1 << 4;
const FR_RXFF: u32 = 1 << 6;
const FR_TXFE: u32 = 1 << 7;
const LCR_H_FEN: u32 = 1 << 4;
const LCR_H_8_BITS: u32 = 0b11 << 5;
const CR_UARTEN: u32 = 1;
const CR_TXE: u32 = 1 << 8;
const CR_RXE: u32 = 1 << 9;
const RECEIVE: u32 = 1 << 4;
const TRANSMIT: u32 = 1 << 5;
const RECEIVE_TIMEOUT: u32 = 1 << 6;

/// Bytes in each FIFO (revisions from r1p5 on).
const DEPTH: usize = 32;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Pl011 {
    base: u32,
    number: u32,
    received: VecDeque<u8>,
    divisors: (u32, u32),
    line_control: u32,
    control: u32,
    levels: u32,
    mask: u32,
    raw: u32,
}

impl Pl011 {
    /// The instance at `base`.
    pub fn new(base: u32) -> Pl011 {
        // RP2040 Datasheet and RP2350 Datasheet, "Interrupts": UART0 and UART1.
        let number = match base {
            0x4003_8000 => 21,
            0x4007_0000 => 33,
            0x4007_8000 => 34,
            _ => 20,
        };
        let mut uart = Pl011 { base, number, ..Pl011::default() };
        uart.clear();
        uart
    }

    fn clear(&mut self) {
        // DDI 0183, table 3-1: both directions are enabled, the UART is not.
        *self = Pl011 {
            base: self.base,
            number: self.number,
            control: CR_TXE | CR_RXE,
            levels: 0x12,
            ..Pl011::default()
        };
    }

    fn capacity(&self) -> usize {
        if self.line_control & LCR_H_FEN != 0 { DEPTH } else { 1 }
    }

    /// Received bytes that raise the interrupt.
    fn trigger(&self) -> usize {
        match (self.capacity(), self.levels >> 3 & 7) {
            (1, _) => 1,
            (_, 0) => DEPTH / 8,
            (_, 1) => DEPTH / 4,
            (_, 2) => DEPTH / 2,
            (_, 3) => DEPTH * 3 / 4,
            _ => DEPTH * 7 / 8,
        }
    }

    fn set(&mut self, interrupt: u32, high: bool) {
        self.raw = if high { self.raw | interrupt } else { self.raw & !interrupt };
    }

    /// Takes what the host sent, as far as there is room.
    fn receive(&mut self, bus: &mut Bus) {
        const ON: u32 = CR_UARTEN | CR_RXE;
        if self.control & ON != ON {
            return;
        }
        let before = self.received.len();
        while self.received.len() < self.capacity()
            && let Some(byte) = bus.serial.to_guest.pop_front()
        {
            self.received.push_back(byte);
        }
        if self.received.len() > before {
            self.set(RECEIVE_TIMEOUT, true);
        }
        self.set(RECEIVE, self.received.len() >= self.trigger());
    }

    fn take(&mut self, bus: &mut Bus) -> Result<u32, Refusal> {
        let Some(byte) = self.received.pop_front() else {
            return Err(Refusal::Misuse("DR read while the receive FIFO is empty".into()));
        };
        if self.received.is_empty() {
            self.set(RECEIVE_TIMEOUT, false);
        }
        self.receive(bus);
        Ok(u32::from(byte))
    }

    /// A UART that is not set up sends nothing that a host could read: said
    /// at once here.
    fn send(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        const ON: u32 = CR_UARTEN | CR_TXE;
        let reason = if self.control & ON != ON {
            format!("while CR is {:#x}, off", self.control)
        } else if self.divisors.0 == 0 {
            "while IBRD is 0".into()
        } else if self.line_control & LCR_H_8_BITS != LCR_H_8_BITS {
            format!("while LCR_H is {:#x}, not 8 bits", self.line_control)
        } else if bus.isolated.contains(&self.base) {
            "while its pads are isolated".into()
        } else {
            bus.serial.to_host.push_back(value as u8);
            return Ok(());
        };
        Err(Refusal::Misuse(format!("DR written {reason}")))
    }

    fn flags(&self) -> u32 {
        let empty = if self.received.is_empty() { FR_RXFE } else { 0 };
        let full = if self.received.len() == self.capacity() { FR_RXFF } else { 0 };
        FR_TXFE | empty | full
    }
}

impl Peripheral for Pl011 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            DR => self.take(bus),
            FR => Ok(self.flags()),
            IBRD => Ok(self.divisors.0),
            FBRD => Ok(self.divisors.1),
            LCR_H => Ok(self.line_control),
            CR => Ok(self.control),
            IFLS => Ok(self.levels),
            IMSC => Ok(self.mask),
            RIS => Ok(self.raw),
            MIS => Ok(self.raw & self.mask),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            DR => return self.send(value, bus),
            IBRD => self.divisors.0 = value & 0xffff,
            FBRD => self.divisors.1 = value & 0x3f,
            LCR_H => {
                self.line_control = value & 0xff;
                // What no longer has room is lost.
                self.received.truncate(self.capacity());
            }
            CR => {
                self.control = value & 0xff87;
                self.receive(bus);
            }
            IFLS => self.levels = value & 0x3f,
            IMSC if value & TRANSMIT != 0 => {
                return Err(Refusal::Misuse("the transmit interrupt is not modelled".into()));
            }
            IMSC => self.mask = value & 0x7ff,
            ICR => self.raw &= !value,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus);
        Ok(())
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        Some((self.number, self.raw & self.mask != 0))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Pl011, Bus) {
        let (mut uart, mut bus) = (Pl011::new(0x4003_4000), Bus::default());
        uart.write(IBRD, 7, &mut bus).unwrap();
        uart.write(LCR_H, LCR_H_FEN | LCR_H_8_BITS, &mut bus).unwrap();
        uart.write(IFLS, 0, &mut bus).unwrap();
        uart.write(CR, CR_UARTEN | CR_TXE | CR_RXE, &mut bus).unwrap();
        (uart, bus)
    }

    #[test]
    fn sends_what_is_written() {
        let (mut uart, mut bus) = started();
        for byte in b"hi" {
            uart.write(DR, u32::from(*byte), &mut bus).unwrap();
        }
        assert_eq!(bus.serial.to_host, b"hi");
        assert_eq!(uart.read(FR, &mut bus).unwrap(), FR_TXFE | FR_RXFE);
    }

    #[test]
    fn a_uart_that_is_not_set_up_says_so() {
        for (offset, value, why) in
            [(CR, CR_TXE, "off"), (IBRD, 0, "IBRD"), (LCR_H, LCR_H_FEN, "not 8 bits")]
        {
            let (mut uart, mut bus) = started();
            uart.write(offset, value, &mut bus).unwrap();
            let refusal = uart.write(DR, 0, &mut bus).unwrap_err();
            assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains(why)), "{why}");
        }
    }

    #[test]
    fn bytes_do_not_pass_pads_that_are_isolated() {
        let (mut uart, mut bus) = started();
        bus.isolated.push(0x4003_4000);
        let refusal = uart.write(DR, 0, &mut bus).unwrap_err();
        assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains("isolated")));
    }

    #[test]
    fn one_byte_interrupts_by_its_timeout_until_it_is_read() {
        let (mut uart, mut bus) = started();
        uart.write(IMSC, RECEIVE | RECEIVE_TIMEOUT, &mut bus).unwrap();
        bus.serial.to_guest.push_back(7);
        uart.poll(&mut bus).unwrap();
        assert_eq!(uart.read(MIS, &mut bus).unwrap(), RECEIVE_TIMEOUT);
        assert_eq!(uart.interrupt(), Some((20, true)));
        assert_eq!(uart.read(DR, &mut bus).unwrap(), 7);
        assert_eq!(uart.interrupt(), Some((20, false)));
        assert!(uart.read(DR, &mut bus).is_err());
    }

    #[test]
    fn the_fifo_fills_interrupts_at_its_level_and_refills() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend(0..40);
        uart.poll(&mut bus).unwrap();
        assert_eq!(bus.serial.to_guest.len(), 8);
        assert_eq!(uart.read(FR, &mut bus).unwrap() & FR_RXFF, FR_RXFF);
        let read: Vec<u32> = (0..37).map(|_| uart.read(DR, &mut bus).unwrap()).collect();
        assert_eq!(read, (0..37).collect::<Vec<u32>>());
        assert_eq!(uart.read(RIS, &mut bus).unwrap(), RECEIVE_TIMEOUT);
        assert!(bus.serial.to_guest.is_empty());
    }

    #[test]
    fn without_fifos_one_byte_is_kept() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend(0..3);
        uart.poll(&mut bus).unwrap();
        uart.write(LCR_H, LCR_H_8_BITS, &mut bus).unwrap();
        assert_eq!(uart.read(DR, &mut bus).unwrap(), 0);
        assert!(uart.read(DR, &mut bus).is_err());
    }
}
