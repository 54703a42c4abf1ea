//! UART of Nordic's nRF51, which moves byte by byte.
//!
//! Registers: nRF51 Series Reference Manual, "UART". Bytes move at once: the
//! baud rate costs no time, the receiver never overruns. Flow control, errors,
//! and suspending are not modelled.

use std::collections::VecDeque;

use super::{Peripheral, Refusal, index};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "nrf-uart";

const STARTRX: u32 = 0x000;
const STOPRX: u32 = 0x004;
const STARTTX: u32 = 0x008;
const STOPTX: u32 = 0x00c;
const RXDRDY: u32 = 0x108;
const TXDRDY: u32 = 0x11c;
const INTENSET: u32 = 0x304;
const INTENCLR: u32 = 0x308;
const ENABLE: u32 = 0x500;
const PSEL: u32 = 0x508;
const RXD: u32 = 0x518;
const TXD: u32 = 0x51c;
const BAUDRATE: u32 = 0x524;
const CONFIG: u32 = 0x56c;

const ENABLED: u32 = 4;
const INTERRUPT_RXDRDY: u32 = 1 << 2;
const INTERRUPT_TXDRDY: u32 = 1 << 7;
// Order of PSEL: RTS, TXD, CTS, RXD.
const PIN_TXD: usize = 1;
const PIN_RXD: usize = 3;
const DISCONNECTED: u32 = u32::MAX;
/// Bytes that it keeps, the one in RXD included.
const DEPTH: usize = 6;

/// The peripheral.
#[derive(Debug)]
pub struct NrfUart {
    number: u32,
    received: VecDeque<u8>,
    enable: u32,
    psel: [u32; 4],
    baudrate: u32,
    config: u32,
    interrupts: u32,
    receiving: bool,
    sending: bool,
    received_event: bool,
    sent_event: bool,
}

impl NrfUart {
    /// The instance at `base`; bits 12 to 16 are its interrupt number.
    pub fn new(base: u32) -> NrfUart {
        NrfUart {
            number: base >> 12 & 0x1f,
            received: VecDeque::new(),
            enable: 0,
            psel: [DISCONNECTED; 4],
            baudrate: 0x0400_0000,
            config: 0,
            interrupts: 0,
            receiving: false,
            sending: false,
            received_event: false,
            sent_event: false,
        }
    }

    /// A task needs the UART on and its pin connected, or nothing happens on
    /// silicon and the firmware waits for ever: said at once here.
    fn require(&self, task: &str, pin: usize, pin_name: &str) -> Result<(), Refusal> {
        if self.enable != ENABLED {
            return Err(Refusal::Misuse(format!("{task} while ENABLE is {}, not 4", self.enable)));
        }
        if self.psel.get(pin) == Some(&DISCONNECTED) {
            return Err(Refusal::Misuse(format!("{task} while PSEL{pin_name} is not connected")));
        }
        Ok(())
    }

    /// Takes what the host sent, as far as there is room. The event is that
    /// of a byte that comes to RXD.
    fn receive(&mut self, bus: &mut Bus) {
        while self.receiving && self.received.len() < DEPTH {
            let Some(byte) = bus.serial.to_guest.pop_front() else { break };
            if self.received.is_empty() {
                self.received_event = true;
            }
            self.received.push_back(byte);
        }
    }

    fn take(&mut self, bus: &mut Bus) -> Result<u32, Refusal> {
        let Some(byte) = self.received.pop_front() else {
            return Err(Refusal::Misuse("RXD read while no byte was received".into()));
        };
        if !self.received.is_empty() {
            self.received_event = true;
        }
        self.receive(bus);
        Ok(u32::from(byte))
    }

    fn send(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        self.require("TXD written", PIN_TXD, "TXD")?;
        if !self.sending {
            return Err(Refusal::Misuse("TXD written before STARTTX".into()));
        }
        bus.serial.to_host.push_back(value as u8);
        self.sent_event = true;
        Ok(())
    }
}

impl Peripheral for NrfUart {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        if let Some(pin) = index(offset, PSEL, 4) {
            return self.psel.get(pin).copied().ok_or(Refusal::Unmodelled);
        }
        match offset {
            RXD => self.take(bus),
            RXDRDY => Ok(u32::from(self.received_event)),
            TXDRDY => Ok(u32::from(self.sent_event)),
            INTENSET | INTENCLR => Ok(self.interrupts),
            ENABLE => Ok(self.enable),
            BAUDRATE => Ok(self.baudrate),
            CONFIG => Ok(self.config),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if let Some(pin) = index(offset, PSEL, 4) {
            if self.enable != 0 {
                return Err(Refusal::Misuse("a pin chosen while the UART is on".into()));
            }
            if let Some(psel) = self.psel.get_mut(pin) {
                *psel = value;
            }
            return Ok(());
        }
        let started = value & 1 != 0;
        match offset {
            STARTRX if started => {
                self.require("STARTRX", PIN_RXD, "RXD")?;
                self.receiving = true;
                self.receive(bus);
            }
            STARTTX if started => {
                self.require("STARTTX", PIN_TXD, "TXD")?;
                self.sending = true;
            }
            STOPRX if started => self.receiving = false,
            STOPTX if started => self.sending = false,
            STARTRX | STOPRX | STARTTX | STOPTX => {}
            RXDRDY => self.received_event = started,
            TXDRDY => self.sent_event = started,
            INTENSET if value & !(INTERRUPT_RXDRDY | INTERRUPT_TXDRDY) != 0 => {
                let why = "only the interrupts of RXDRDY and TXDRDY are modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            INTENSET => self.interrupts |= value,
            INTENCLR => self.interrupts &= !value,
            TXD => return self.send(value, bus),
            ENABLE => {
                self.enable = value & 7;
                if self.enable != ENABLED {
                    (self.receiving, self.sending) = (false, false);
                    self.received.clear();
                }
            }
            BAUDRATE => self.baudrate = value,
            CONFIG if value != 0 => {
                let why = "parity and flow control are not modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            CONFIG => self.config = value,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus);
        Ok(())
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        let received = self.received_event && self.interrupts & INTERRUPT_RXDRDY != 0;
        let sent = self.sent_event && self.interrupts & INTERRUPT_TXDRDY != 0;
        Some((self.number, received || sent))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = NrfUart { number: self.number, ..NrfUart::new(0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u32 = 0x4000_2000;

    fn started() -> (NrfUart, Bus) {
        let (mut uart, mut bus) = (NrfUart::new(BASE), Bus::default());
        for (offset, value) in [
            (PSEL + 4, 24),
            (PSEL + 12, 25),
            (ENABLE, ENABLED),
            (INTENSET, INTERRUPT_RXDRDY),
            (STARTTX, 1),
            (STARTRX, 1),
        ] {
            uart.write(offset, value, &mut bus).unwrap();
        }
        (uart, bus)
    }

    #[test]
    fn sends_what_is_written() {
        let (mut uart, mut bus) = started();
        for byte in b"hi" {
            uart.write(TXDRDY, 0, &mut bus).unwrap();
            uart.write(TXD, u32::from(*byte), &mut bus).unwrap();
            assert_eq!(uart.read(TXDRDY, &mut bus).unwrap(), 1);
        }
        assert_eq!(bus.serial.to_host, b"hi");
    }

    #[test]
    fn each_byte_that_comes_to_rxd_has_its_event() {
        let (mut uart, mut bus) = started();
        bus.serial.to_guest.extend(0..8);
        uart.poll(&mut bus).unwrap();
        assert_eq!(bus.serial.to_guest.len(), 2);
        for byte in 0..8 {
            assert_eq!(uart.interrupt(), Some((2, true)));
            uart.write(RXDRDY, 0, &mut bus).unwrap();
            assert_eq!(uart.interrupt(), Some((2, false)));
            assert_eq!(uart.read(RXD, &mut bus).unwrap(), byte);
        }
        assert_eq!(uart.read(RXDRDY, &mut bus).unwrap(), 0);
        assert!(uart.read(RXD, &mut bus).is_err());
    }

    #[test]
    fn a_uart_that_is_not_set_up_says_so() {
        let (mut uart, mut bus) = (NrfUart::new(BASE), Bus::default());
        assert!(uart.write(STARTRX, 1, &mut bus).is_err());
        uart.write(ENABLE, ENABLED, &mut bus).unwrap();
        assert!(uart.write(STARTRX, 1, &mut bus).is_err()); // no pin
        assert!(uart.write(PSEL + 12, 25, &mut bus).is_err()); // too late
        let (mut uart, mut bus) = started();
        uart.write(STOPTX, 1, &mut bus).unwrap();
        assert!(uart.write(TXD, 0, &mut bus).is_err());
    }

    #[test]
    fn nothing_is_received_before_the_start() {
        let (mut uart, mut bus) = (NrfUart::new(BASE), Bus::default());
        bus.serial.to_guest.push_back(7);
        uart.poll(&mut bus).unwrap();
        assert_eq!(uart.read(RXDRDY, &mut bus).unwrap(), 0);
        assert_eq!(bus.serial.to_guest.len(), 1);
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut uart, mut bus) = started();
        assert!(uart.write(CONFIG, 1, &mut bus).is_err());
        assert!(uart.write(INTENSET, 1 << 9, &mut bus).is_err()); // ERROR
        assert!(uart.read(0x480, &mut bus).is_err()); // ERRORSRC
    }
}
