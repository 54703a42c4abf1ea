//! SYSTIMER of the ESP32-C3 and the ESP32-C6, unit 0: a count of 16 MHz in 52
//! bits, here derived from the core's cycles.
//!
//! Registers: ESP32-C3 and ESP32-C6 Technical Reference Manuals, "System Timer
//! (SYSTIMER)". Alarms, unit 1 and stalling are not modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name: that of the ESP32-C3.
pub const C3: &str = "esp32c3-systimer";
/// The model's name: that of the ESP32-C6.
pub const C6: &str = "esp32c6-systimer";

const CONF: u32 = 0x00;
const UNIT0_OP: u32 = 0x04;
const UNIT0_LOAD_HI: u32 = 0x0c;
const UNIT0_LOAD_LO: u32 = 0x10;
const UNIT0_VALUE_HI: u32 = 0x40;
const UNIT0_VALUE_LO: u32 = 0x44;
const UNIT0_LOAD: u32 = 0x5c;

const CONF_COUNTS: u32 = 1 << 30;
const CONF_STALLS: u32 = 1 << 27 | 1 << 28;
const OP_VALID: u32 = 1 << 29;
const OP_UPDATE: u32 = 1 << 30;
const HZ: u128 = 16_000_000;
const MASK: u64 = (1 << 52) - 1;

/// The peripheral.
#[derive(Debug)]
pub struct EspSystimer {
    name: &'static str,
    control: u32,
    /// What is loaded next, high and low.
    load: (u32, u32),
    /// The count at `since`, in cycles of the bus.
    count: u64,
    since: u64,
    /// What was copied for reading, if anything.
    value: Option<u64>,
}

impl EspSystimer {
    /// The model called `name`.
    pub fn new(name: &'static str) -> EspSystimer {
        EspSystimer { name, control: 0x4600_0000, load: (0, 0), count: 0, since: 0, value: None }
    }

    fn now(&self, bus: &Bus) -> u64 {
        if self.control & CONF_COUNTS == 0 {
            return self.count;
        }
        let cycles = u128::from(bus.cycles - self.since);
        let ticks = cycles * HZ / u128::from(bus.clock_hz.max(1));
        self.count.wrapping_add(ticks as u64) & MASK
    }
}

impl Peripheral for EspSystimer {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CONF => Ok(self.control),
            UNIT0_OP => Ok(if self.value.is_some() { OP_VALID } else { 0 }),
            UNIT0_LOAD_HI => Ok(self.load.0),
            UNIT0_LOAD_LO => Ok(self.load.1),
            UNIT0_VALUE_HI | UNIT0_VALUE_LO => {
                let Some(value) = self.value else {
                    let why = "UNIT0_VALUE read before UNIT0_OP asked for a copy of the count";
                    return Err(Refusal::Misuse(why.into()));
                };
                Ok(if offset == UNIT0_VALUE_LO { value as u32 } else { (value >> 32) as u32 })
            }
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match (offset, value) {
            (CONF, _) if value & CONF_STALLS != 0 => {
                let why = format!("CONF written with {value:#x}: a stalled unit 0 is not modelled");
                return Err(Refusal::Misuse(why));
            }
            (CONF, _) => {
                self.count = self.now(bus);
                self.since = bus.cycles;
                self.control = value;
            }
            (UNIT0_OP, OP_UPDATE) => self.value = Some(self.now(bus)),
            (UNIT0_LOAD_HI, _) => self.load.0 = value,
            (UNIT0_LOAD_LO, _) => self.load.1 = value,
            (UNIT0_LOAD, 1) => {
                self.count = (u64::from(self.load.0) << 32 | u64::from(self.load.1)) & MASK;
                self.since = bus.cycles;
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = EspSystimer { since: bus.cycles, ..EspSystimer::new(self.name) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(cycles: u64) -> Bus {
        Bus { cycles, clock_hz: 160_000_000, ..Bus::default() }
    }

    fn read(timer: &mut EspSystimer, cycles: u64) -> u64 {
        let mut bus = bus(cycles);
        timer.write(UNIT0_OP, OP_UPDATE, &mut bus).unwrap();
        assert_eq!(timer.read(UNIT0_OP, &mut bus).unwrap(), OP_VALID);
        let high = timer.read(UNIT0_VALUE_HI, &mut bus).unwrap();
        u64::from(high) << 32 | u64::from(timer.read(UNIT0_VALUE_LO, &mut bus).unwrap())
    }

    #[test]
    fn counts_16_mhz_of_a_160_mhz_core_from_what_is_loaded() {
        let mut timer = EspSystimer::new(C3);
        timer.reset(&mut bus(1000));
        assert_eq!(read(&mut timer, 1009), 0);
        assert_eq!(read(&mut timer, 1010), 1);
        timer.write(UNIT0_LOAD_HI, 2, &mut bus(0)).unwrap();
        timer.write(UNIT0_LOAD_LO, 7, &mut bus(0)).unwrap();
        assert_eq!(read(&mut timer, 1020), 2);
        timer.write(UNIT0_LOAD, 1, &mut bus(2000)).unwrap();
        assert_eq!(read(&mut timer, 2050), (2 << 32) + 12);
    }

    #[test]
    fn it_stands_still_when_it_is_off() {
        let mut timer = EspSystimer::new(C6);
        timer.reset(&mut bus(0));
        timer.write(CONF, 1 << 31, &mut bus(100)).unwrap();
        assert_eq!(read(&mut timer, 500), 10);
        timer.write(CONF, 1 << 31 | CONF_COUNTS, &mut bus(500)).unwrap();
        assert_eq!(read(&mut timer, 510), 11);
    }

    #[test]
    fn misuse_is_refused() {
        let mut timer = EspSystimer::new(C3);
        assert!(timer.read(UNIT0_VALUE_LO, &mut bus(0)).is_err()); // nothing was copied
        assert!(timer.write(CONF, CONF_COUNTS | CONF_STALLS, &mut bus(0)).is_err());
        assert!(timer.write(0x1c, 0, &mut bus(0)).is_err()); // TARGET0_HI
    }
}
