//! 16550A, the UART of the PC and of many others, with registers of a byte.
//!
//! Registers: National Semiconductor PC16550D data sheet, section 8. Bytes
//! move at once: the baud rate costs no time, the transmitter is always idle,
//! the receiver never overruns. Modem lines, errors and interrupts but that
//! of a received byte are not modelled.

use std::collections::VecDeque;

use super::{Peripheral, Refusal};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "ns16550";

const RBR_THR: u32 = 0;
const IER: u32 = 1;
const IIR_FCR: u32 = 2;
const LCR: u32 = 3;
const LSR: u32 = 5;

const IER_RECEIVED: u32 = 1;
const FCR_FIFO: u32 = 1;
const FCR_CLEAR_RECEIVED: u32 = 1 << 1;
const FCR_TRIGGER: u32 = 0b11 << 6;
const LCR_8_BITS: u32 = 0b11;
const LCR_DIVISOR: u32 = 1 << 7;
const LSR_RECEIVED: u32 = 1;
/// The transmitter and its FIFO are empty.
const LSR_IDLE: u32 = 0b11 << 5;

/// Source of the PLIC on QEMU's `virt` machine.
const NUMBER: u32 = 10;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Ns16550 {
    received: VecDeque<u8>,
    divisor: u32,
    interrupts: u32,
    fifo: bool,
    line_control: u32,
}

impl Ns16550 {
    fn capacity(&self) -> usize {
        if self.fifo { 16 } else { 1 }
    }

    fn receive(&mut self, bus: &mut Bus) {
        while self.received.len() < self.capacity()
            && let Some(byte) = bus.serial.to_guest.pop_front()
        {
            self.received.push_back(byte);
        }
    }

    fn take(&mut self, bus: &mut Bus) -> Result<u32, Refusal> {
        let Some(byte) = self.received.pop_front() else {
            return Err(Refusal::Misuse("RBR read while no byte was received".into()));
        };
        self.receive(bus);
        Ok(u32::from(byte))
    }

    /// A UART that is not set up sends nothing that a host could read: said
    /// at once here.
    fn send(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let reason = if self.divisor == 0 {
            "while the divisor is 0".into()
        } else if self.line_control != LCR_8_BITS {
            format!("while LCR is {:#x}, not 8N1", self.line_control)
        } else {
            bus.serial.to_host.push_back(value as u8);
            return Ok(());
        };
        Err(Refusal::Misuse(format!("THR written {reason}")))
    }
}

impl Peripheral for Ns16550 {
    fn name(&self) -> &'static str {
        NAME
    }

    fn width(&self) -> u32 {
        1
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        let divisor = self.line_control & LCR_DIVISOR != 0;
        match offset {
            RBR_THR if divisor => Ok(self.divisor & 0xff),
            IER if divisor => Ok(self.divisor >> 8),
            RBR_THR => self.take(bus),
            IER => Ok(self.interrupts),
            LCR => Ok(self.line_control),
            LSR if self.received.is_empty() => Ok(LSR_IDLE),
            LSR => Ok(LSR_IDLE | LSR_RECEIVED),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let divisor = self.line_control & LCR_DIVISOR != 0;
        match offset {
            RBR_THR if divisor => self.divisor = self.divisor & 0xff00 | value & 0xff,
            IER if divisor => self.divisor = self.divisor & 0xff | (value & 0xff) << 8,
            RBR_THR => return self.send(value, bus),
            IER if value & !IER_RECEIVED != 0 => {
                let why = "of the interrupts only that of a received byte is modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            IER => self.interrupts = value,
            IIR_FCR if value & FCR_TRIGGER != 0 => {
                let why = "an interrupt before the FIFO fills, at 1 byte, is all that is modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            IIR_FCR => {
                let fifo = value & FCR_FIFO != 0;
                // A change of mode empties the FIFOs too.
                if value & FCR_CLEAR_RECEIVED != 0 || fifo != self.fifo {
                    self.received.clear();
                }
                self.fifo = fifo;
                self.receive(bus);
            }
            LCR => self.line_control = value & 0xff,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus);
        Ok(())
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        let wanted = self.interrupts & IER_RECEIVED != 0;
        Some((NUMBER, wanted && !self.received.is_empty()))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Ns16550::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (Ns16550, Bus) {
        let (mut uart, mut bus) = (Ns16550::default(), Bus::default());
        for (offset, value) in
            [(LCR, 0x83), (RBR_THR, 1), (IER, 0), (LCR, 3), (IIR_FCR, 7), (IER, IER_RECEIVED)]
        {
            uart.write(offset, value, &mut bus).unwrap();
        }
        (uart, bus)
    }

    #[test]
    fn sends_what_is_written() {
        let (mut uart, mut bus) = started();
        for byte in b"hi" {
            uart.write(RBR_THR, u32::from(*byte), &mut bus).unwrap();
        }
        assert_eq!(bus.serial.to_host, b"hi");
        assert_eq!(uart.read(LSR, &mut bus).unwrap(), LSR_IDLE);
    }

    #[test]
    fn a_uart_that_is_not_set_up_says_so() {
        let (mut uart, mut bus) = (Ns16550::default(), Bus::default());
        uart.write(LCR, LCR_8_BITS, &mut bus).unwrap();
        let refusal = uart.write(RBR_THR, 0, &mut bus).unwrap_err();
        assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains("divisor")));
        let (mut uart, mut bus) = started();
        uart.write(LCR, 2, &mut bus).unwrap();
        let refusal = uart.write(RBR_THR, 0, &mut bus).unwrap_err();
        assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains("not 8N1")));
    }

    #[test]
    fn received_bytes_interrupt_until_all_are_read() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend(0..20);
        uart.poll(&mut bus).unwrap();
        assert_eq!(bus.serial.to_guest.len(), 4);
        for byte in 0..20 {
            assert_eq!(uart.interrupt(), Some((NUMBER, true)));
            assert_eq!(uart.read(LSR, &mut bus).unwrap(), LSR_IDLE | LSR_RECEIVED);
            assert_eq!(uart.read(RBR_THR, &mut bus).unwrap(), byte);
        }
        assert_eq!(uart.interrupt(), Some((NUMBER, false)));
        assert!(uart.read(RBR_THR, &mut bus).is_err());
    }

    #[test]
    fn the_divisor_hides_behind_a_bit() {
        let (mut uart, mut bus) = started();
        uart.write(LCR, LCR_DIVISOR, &mut bus).unwrap();
        uart.write(RBR_THR, 0x34, &mut bus).unwrap();
        uart.write(IER, 0x12, &mut bus).unwrap();
        assert_eq!(uart.read(RBR_THR, &mut bus).unwrap(), 0x34);
        assert_eq!(uart.read(IER, &mut bus).unwrap(), 0x12);
        uart.write(LCR, LCR_8_BITS, &mut bus).unwrap();
        assert_eq!(uart.read(IER, &mut bus).unwrap(), IER_RECEIVED);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut uart, mut bus) = started();
        assert!(uart.write(IER, 2, &mut bus).is_err()); // the transmitter's interrupt
        assert!(uart.write(IIR_FCR, 0xc1, &mut bus).is_err()); // 14 bytes
        assert!(uart.read(4, &mut bus).is_err()); // MCR
    }
}
