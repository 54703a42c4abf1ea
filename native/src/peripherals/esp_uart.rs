//! UART0 of the ESP32-C3 and the ESP32-C6.
//!
//! Registers: ESP32-C3 and ESP32-C6 Technical Reference Manuals, "UART
//! Controller (UART)". Bytes move at once: the baud rate costs no time, the
//! transmitter is always idle, the receiver never overruns. Of the interrupts
//! those of received bytes are modelled, of the settings 8N1.

use std::collections::VecDeque;

use super::{Peripheral, Refusal};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name: that of the ESP32-C3.
pub const C3: &str = "esp32c3-uart";
/// The model's name: that of the ESP32-C6.
pub const C6: &str = "esp32c6-uart";

const FIFO: u32 = 0x00;
const INT_RAW: u32 = 0x04;
const INT_ST: u32 = 0x08;
const INT_ENA: u32 = 0x0c;
const INT_CLR: u32 = 0x10;
const CLKDIV: u32 = 0x14;
const STATUS: u32 = 0x1c;
const CONF0: u32 = 0x20;
const CONF1: u32 = 0x24;

const INT_FULL: u32 = 1 << 0;
const INT_TIMEOUT: u32 = 1 << 8;
const CONF0_8N1: u32 = 0b11 << 2 | 0b01 << 4;
const CONF1_THRESHOLD: u32 = 0xff;
/// Lines of modem signals that nothing drives.
const STATUS_IDLE: u32 = 0xe000_c000;
const DEPTH: usize = 128;

/// What differs from chip to chip.
#[derive(Debug)]
struct Variant {
    name: &'static str,
    /// The number of its interrupt.
    source: u32,
    /// CLK_CONF: its place, and what of it is compared with what.
    clock: (u32, u32, u32),
    /// CONF0: the FIFOs' memory has its clock; both are emptied.
    memory_clock: u32,
    empty: u32,
    /// Where and by which bit the receiver's timeout is on.
    timeout: (u32, u32),
    /// Thresholds, which are left as they are out of reset.
    thresholds: (u32, u32),
    state: u32,
    update: (u32, u32),
}

static VARIANT_C3: Variant = Variant {
    name: C3,
    source: 21,
    // The three gates on; crystal, undivided.
    clock: (0x78, 0x037f_ffff, 0x0370_0000),
    memory_clock: 1 << 28,
    empty: 1 << 18 | 1 << 17,
    timeout: (CONF1, 1 << 21),
    thresholds: (0x60, 0x000a_0012),
    state: 0x6c,
    update: (0x80, 1 << 31),
};

static VARIANT_C6: Variant = Variant {
    name: C6,
    source: 43,
    // The two gates on; the rest is the PCR's.
    clock: (0x88, 0x0300_0000, 0x0300_0000),
    memory_clock: 1 << 20,
    empty: 1 << 23 | 1 << 22,
    timeout: (0x64, 1),
    thresholds: (0x60, 0),
    state: 0x70,
    update: (0x98, 1),
};

/// The peripheral.
#[derive(Debug)]
pub struct EspUart {
    variant: &'static Variant,
    received: VecDeque<u8>,
    interrupts: u32,
    divisor: u32,
    settings: u32,
    threshold: u32,
    timeout: u32,
    clock: u32,
    /// A setting was written, and not taken over yet.
    stale: bool,
}

impl EspUart {
    /// That of the ESP32-C3.
    pub fn c3() -> EspUart {
        EspUart::new(&VARIANT_C3)
    }

    /// That of the ESP32-C6.
    pub fn c6() -> EspUart {
        EspUart::new(&VARIANT_C6)
    }

    fn new(variant: &'static Variant) -> EspUart {
        EspUart {
            variant,
            received: VecDeque::new(),
            interrupts: 0,
            divisor: 0x2b6,
            settings: 0x1c,
            threshold: 0x60,
            timeout: 0,
            clock: 0x0370_1000,
            stale: false,
        }
    }

    fn receive(&mut self, bus: &mut Bus) {
        while self.received.len() < DEPTH
            && let Some(byte) = bus.serial.to_guest.pop_front()
        {
            self.received.push_back(byte);
        }
    }

    /// Interrupts whose cause is there: a byte that waits is either above the
    /// threshold, or the line has been silent for longer than the timeout.
    fn raw(&self) -> u32 {
        let full = !self.received.is_empty() && self.received.len() >= self.threshold as usize;
        let late = !self.received.is_empty() && self.timeout != 0;
        let bit = |set: bool, bit: u32| if set { bit } else { 0 };
        bit(full, INT_FULL) | bit(late, INT_TIMEOUT)
    }

    /// What keeps it from sending what a host could read.
    fn trouble(&self, bus: &Bus) -> Option<String> {
        let (_, mask, clock) = self.variant.clock;
        let settings = CONF0_8N1 | self.variant.memory_clock;
        if self.clock & mask != clock {
            Some(format!("while CLK_CONF is {:#x}: not the crystal, undivided", self.clock))
        } else if self.settings != settings {
            Some(format!("while CONF0 is {:#x}, not 8N1 ({settings:#x})", self.settings))
        } else if self.stale {
            Some("before the settings were taken over (REG_UPDATE)".into())
        } else if self.divisor == 0 {
            Some("while CLKDIV is 0".into())
        } else if bus.watchdogs != 0 {
            Some("while a watchdog runs, which would reset the chip".into())
        } else if !bus.pll {
            Some("while the core still runs on the crystal, not at its board's clock".into())
        } else {
            None
        }
    }
}

impl Peripheral for EspUart {
    fn name(&self) -> &'static str {
        self.variant.name
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            FIFO => {
                let Some(byte) = self.received.pop_front() else {
                    return Err(Refusal::Misuse("FIFO read while no byte was received".into()));
                };
                self.receive(bus);
                Ok(u32::from(byte))
            }
            INT_RAW => Ok(self.raw()),
            INT_ST => Ok(self.raw() & self.interrupts),
            INT_ENA => Ok(self.interrupts),
            CLKDIV => Ok(self.divisor),
            STATUS => Ok(STATUS_IDLE | self.received.len() as u32),
            CONF0 => Ok(self.settings),
            CONF1 => Ok(self.threshold),
            _ if offset == self.variant.clock.0 => Ok(self.clock),
            // What was asked for is done at once.
            _ if offset == self.variant.update.0 => Ok(0),
            _ if offset == self.variant.state => Ok(0),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let variant = self.variant;
        match offset {
            FIFO => {
                if let Some(trouble) = self.trouble(bus) {
                    return Err(Refusal::Misuse(format!("FIFO written {trouble}")));
                }
                bus.serial.to_host.push_back(value as u8);
                return Ok(());
            }
            INT_ENA if value & !(INT_FULL | INT_TIMEOUT) != 0 => {
                let why = "of the interrupts only those of received bytes are modelled";
                return Err(Refusal::Misuse(why.into()));
            }
            INT_ENA => self.interrupts = value,
            // What waits is pending again at once.
            INT_CLR => {}
            CLKDIV => self.divisor = value & 0xfff,
            CONF0 => {
                if value & variant.empty == variant.empty {
                    self.received.clear();
                }
                self.settings = value;
            }
            CONF1 => self.threshold = value & CONF1_THRESHOLD,
            _ if offset == variant.clock.0 => self.clock = value,
            _ if offset == variant.update.0 && value & variant.update.1 != 0 => {
                self.stale = false;
                self.receive(bus);
                return Ok(());
            }
            _ if offset == variant.timeout.0 => {}
            _ if offset == variant.thresholds.0 && value == variant.thresholds.1 => {}
            _ => return Err(Refusal::Unmodelled),
        }
        if offset == variant.timeout.0 {
            self.timeout = value & variant.timeout.1;
        }
        self.stale |= !matches!(offset, INT_ENA | INT_CLR);
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus);
        Ok(())
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        Some((self.variant.source, self.raw() & self.interrupts != 0))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = EspUart::new(self.variant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(name: &str) -> (EspUart, Bus) {
        let mut bus = Bus { pll: true, ..Bus::default() };
        let mut uart = if name == C3 { EspUart::c3() } else { EspUart::c6() };
        let (clock, timeout) = match name {
            C3 => ((0x78, 0x0370_0000), (0x60, 0x000a_0012)),
            _ => ((0x88, 0x0300_0000), (0x64, 0x29)),
        };
        let variant = uart.variant;
        let settings = CONF0_8N1 | variant.memory_clock;
        for (offset, value) in [
            clock,
            (CLKDIV, 40),
            (CONF0, settings | variant.empty),
            (CONF0, settings),
            timeout,
            (CONF1, 1 | 1 << 21),
            variant.update,
            (INT_CLR, u32::MAX),
            (INT_ENA, INT_FULL | INT_TIMEOUT),
        ] {
            uart.write(offset, value, &mut bus).unwrap();
        }
        (uart, bus)
    }

    fn refusal(uart: &mut EspUart, bus: &mut Bus) -> String {
        match uart.write(FIFO, 0, bus).unwrap_err() {
            Refusal::Misuse(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sends_what_is_written() {
        for name in [C3, C6] {
            let (mut uart, mut bus) = started(name);
            for byte in b"hi" {
                uart.write(FIFO, u32::from(*byte), &mut bus).unwrap();
            }
            assert_eq!(bus.serial.to_host, b"hi");
            assert_eq!(uart.read(STATUS, &mut bus).unwrap() & 0x00ff_00ff, 0);
        }
    }

    #[test]
    fn what_would_not_reach_a_host_is_said() {
        for name in [C3, C6] {
            let (mut uart, mut bus) = started(name);
            bus.watchdogs = 1;
            assert!(refusal(&mut uart, &mut bus).contains("watchdog"));
            (bus.watchdogs, bus.pll) = (0, false);
            assert!(refusal(&mut uart, &mut bus).contains("crystal"));
            bus.pll = true;
            uart.write(CLKDIV, 0, &mut bus).unwrap();
            assert!(refusal(&mut uart, &mut bus).contains("taken over"));
            uart.write(uart.variant.update.0, uart.variant.update.1, &mut bus).unwrap();
            assert!(refusal(&mut uart, &mut bus).contains("CLKDIV"));
            uart.write(CONF0, 0x1c, &mut bus).unwrap();
            assert!(refusal(&mut uart, &mut bus).contains("8N1"));
            uart.write(uart.variant.clock.0, 0x0050_0000, &mut bus).unwrap();
            assert!(refusal(&mut uart, &mut bus).contains("CLK_CONF"));
        }
    }

    #[test]
    fn received_bytes_interrupt_until_all_are_read() {
        for (name, source) in [(C3, 21), (C6, 43)] {
            let (mut uart, mut bus) = started(name);
            bus.serial.to_guest.extend((0..200).map(|byte| byte as u8));
            uart.poll(&mut bus).unwrap();
            assert_eq!(bus.serial.to_guest.len(), 200 - DEPTH);
            assert_eq!(uart.read(STATUS, &mut bus).unwrap() & 0xff, DEPTH as u32);
            for byte in 0..200 {
                assert_eq!(uart.interrupt(), Some((source, true)));
                uart.write(INT_CLR, u32::MAX, &mut bus).unwrap();
                assert_eq!(uart.read(FIFO, &mut bus).unwrap(), byte);
            }
            assert_eq!(uart.interrupt(), Some((source, false)));
            assert!(uart.read(FIFO, &mut bus).is_err());
        }
    }

    #[test]
    fn a_byte_below_the_threshold_waits_for_the_timeout() {
        for name in [C3, C6] {
            let (mut uart, mut bus) = started(name);
            bus.serial.to_guest.push_back(7);
            uart.poll(&mut bus).unwrap();
            let timeout = uart.variant.timeout.0;
            uart.write(CONF1, 2 | 1 << 21, &mut bus).unwrap();
            assert_eq!(uart.read(INT_RAW, &mut bus).unwrap(), INT_TIMEOUT);
            uart.write(timeout, 2, &mut bus).unwrap();
            assert_eq!(uart.read(INT_RAW, &mut bus).unwrap(), 0);
        }
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut uart, mut bus) = started(C3);
        assert!(uart.write(INT_ENA, 2, &mut bus).is_err()); // the transmitter's
        assert!(uart.write(0x60, 0x000a_0014, &mut bus).is_err()); // a FIFO of 256 bytes
        assert!(uart.read(0x34, &mut bus).is_err()); // FLOW_CONF
    }
}
