//! The APB UART of Arm's Cortex-M System Design Kit.
//!
//! Registers: Cortex-M System Design Kit Technical Reference Manual
//! (DDI 0479), APB UART. Bytes move at once: the baud rate costs no time, the
//! transmit buffer is always empty, and the next byte waits outside until the
//! receive buffer, which is of one byte, is read. The transmitter's and the
//! overruns' interrupts and the test mode are not modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "cmsdk-uart";

const DATA: u32 = 0x000;
const STATE: u32 = 0x004;
const CTRL: u32 = 0x008;
const INTSTATUS: u32 = 0x00c;
const BAUDDIV: u32 = 0x010;

const STATE_RECEIVE_FULL: u32 = 1 << 1;
const TRANSMITTER: u32 = 1;
const RECEIVER: u32 = 1 << 1;
const RECEIVE_INTERRUPT: u32 = 1 << 3;
const STATUS_RECEIVE: u32 = 1 << 1;
const LEAST_DIVISOR: u32 = 16;

/// The peripheral.
#[derive(Debug, Default)]
pub struct CmsdkUart {
    number: u32,
    received: Option<u8>,
    control: u32,
    status: u32,
    divisor: u32,
}

impl CmsdkUart {
    /// The instance at `base`: UART0 of an MPS2+ board.
    pub fn new(base: u32) -> CmsdkUart {
        // AN505 numbers the FPGA's interrupts from 32 on; AN385, AN386 and
        // AN500 from 0 on. The receiver of UART0 is the first of them.
        let number = if base == 0x5020_0000 { 32 } else { 0 };
        CmsdkUart { number, ..CmsdkUart::default() }
    }

    /// Takes a byte that the host sent, if there is room.
    fn receive(&mut self, bus: &mut Bus) {
        if self.control & RECEIVER == 0 || self.received.is_some() {
            return;
        }
        self.received = bus.serial.to_guest.pop_front();
        if self.received.is_some() && self.control & RECEIVE_INTERRUPT != 0 {
            self.status |= STATUS_RECEIVE;
        }
    }

    fn take(&mut self, bus: &mut Bus) -> Result<u32, Refusal> {
        let Some(byte) = self.received.take() else {
            return Err(Refusal::Misuse("DATA read while the receive buffer is empty".into()));
        };
        self.receive(bus);
        Ok(u32::from(byte))
    }

    /// A UART that is not set up sends nothing that a host could read: said
    /// at once here.
    fn send(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let reason = if self.control & TRANSMITTER == 0 {
            format!("while CTRL is {:#x}, the transmitter off", self.control)
        } else if self.divisor < LEAST_DIVISOR {
            format!("while BAUDDIV is {}, less than {LEAST_DIVISOR}", self.divisor)
        } else {
            bus.serial.to_host.push_back(value as u8);
            return Ok(());
        };
        Err(Refusal::Misuse(format!("DATA written {reason}")))
    }
}

impl Peripheral for CmsdkUart {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            DATA => self.take(bus),
            STATE => Ok(if self.received.is_some() { STATE_RECEIVE_FULL } else { 0 }),
            CTRL => Ok(self.control),
            INTSTATUS => Ok(self.status),
            BAUDDIV => Ok(self.divisor),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        const MODELLED: u32 = TRANSMITTER | RECEIVER | RECEIVE_INTERRUPT;
        match offset {
            DATA => return self.send(value, bus),
            // Clears overruns, of which there are none.
            STATE => {}
            CTRL if value & !MODELLED != 0 => {
                let why = format!("CTRL written with {value:#x}: only {MODELLED:#x} are modelled");
                return Err(Refusal::Misuse(why));
            }
            CTRL => {
                self.control = value;
                self.receive(bus);
            }
            INTSTATUS => self.status &= !value,
            BAUDDIV => self.divisor = value & 0xf_ffff,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus);
        Ok(())
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        Some((self.number, self.status != 0))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = CmsdkUart { number: self.number, ..CmsdkUart::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> (CmsdkUart, Bus) {
        let (mut uart, mut bus) = (CmsdkUart::new(0x4000_4000), Bus::default());
        uart.write(BAUDDIV, 217, &mut bus).unwrap();
        let on = TRANSMITTER | RECEIVER | RECEIVE_INTERRUPT;
        uart.write(CTRL, on, &mut bus).unwrap();
        (uart, bus)
    }

    #[test]
    fn sends_what_is_written() {
        let (mut uart, mut bus) = started();
        for byte in b"hi" {
            uart.write(DATA, u32::from(*byte), &mut bus).unwrap();
        }
        assert_eq!(bus.serial.to_host, b"hi");
        assert_eq!(uart.read(STATE, &mut bus).unwrap(), 0);
    }

    #[test]
    fn a_uart_that_is_not_set_up_says_so() {
        for (offset, value, why) in [(CTRL, RECEIVER, "transmitter off"), (BAUDDIV, 15, "BAUDDIV")]
        {
            let (mut uart, mut bus) = started();
            uart.write(offset, value, &mut bus).unwrap();
            let refusal = uart.write(DATA, 0, &mut bus).unwrap_err();
            assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains(why)), "{why}");
        }
    }

    #[test]
    fn keeps_one_byte_and_leaves_the_others_outside() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend([7, 8, 9]);
        uart.poll(&mut bus).unwrap();
        uart.poll(&mut bus).unwrap();
        assert_eq!(bus.serial.to_guest.len(), 2);
        let read: Vec<u32> = (0..3).map(|_| uart.read(DATA, &mut bus).unwrap()).collect();
        assert_eq!(read, [7, 8, 9]);
        assert!(uart.read(DATA, &mut bus).is_err());
    }

    #[test]
    fn interrupts_once_a_byte_until_it_is_cleared() {
        let (mut uart, mut bus) = started();
        assert_eq!(uart.interrupt(), Some((0, false)));
        bus.serial.to_guest.push_back(7);
        uart.poll(&mut bus).unwrap();
        assert_eq!(uart.interrupt(), Some((0, true)));
        // The byte's leaving does not clear it.
        uart.read(DATA, &mut bus).unwrap();
        assert_eq!(uart.read(INTSTATUS, &mut bus).unwrap(), STATUS_RECEIVE);
        uart.write(INTSTATUS, STATUS_RECEIVE, &mut bus).unwrap();
        assert_eq!(uart.interrupt(), Some((0, false)));
    }

    #[test]
    fn a_receiver_that_is_off_takes_nothing() {
        let (mut uart, mut bus) = started();
        uart.reset(&mut bus);
        bus.serial.to_guest.push_back(7);
        uart.poll(&mut bus).unwrap();
        assert_eq!(uart.read(STATE, &mut bus).unwrap(), 0);
        uart.write(CTRL, RECEIVER, &mut bus).unwrap();
        assert_eq!(uart.read(STATE, &mut bus).unwrap(), STATE_RECEIVE_FULL);
        // Its interrupt was not asked for.
        assert_eq!(uart.interrupt(), Some((0, false)));
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut uart, mut bus) = started();
        assert!(uart.write(CTRL, 1 << 2, &mut bus).is_err());
        assert!(uart.read(0xfe0, &mut bus).is_err());
        assert_eq!(CmsdkUart::new(0x5020_0000).interrupt(), Some((32, false)));
    }
}
