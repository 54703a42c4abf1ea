//! Interrupts of the ESP32-C3 and the ESP32-C6: a matrix leads sources to the
//! 31 lines of the core, whose controller has a priority for each.
//!
//! Registers: ESP32-C3 Technical Reference Manual, "ESP-RISC-V CPU" and
//! "Interrupt Matrix"; ESP32-C6 Technical Reference Manual, "High-Performance
//! CPU" and "Interrupt Matrix". Lines by edge are not modelled. On the ESP32-C6
//! a line has a bit in `mie`; the one that is modelled is line 11, `mie.MEIE`.

use super::{Peripheral, Refusal, index};
use crate::bus::{Bus, Interrupts};

/// The model's name: matrix and controller of the ESP32-C3.
pub const C3: &str = "esp32c3-interrupts";
/// The model's name: the matrix of the ESP32-C6.
pub const C6_MATRIX: &str = "esp32c6-intmtx";
/// The model's name: the controller of the ESP32-C6.
pub const C6_CONTROLLER: &str = "esp32c6-plic";

const SOURCES: usize = 77;
const LINES: usize = 32;

/// Where sources are led to, and which lines are let through.
#[derive(Debug)]
pub struct Routing {
    line_of: [u8; SOURCES],
    enabled: u32,
    priorities: [u8; LINES],
    threshold: u32,
}

impl Default for Routing {
    fn default() -> Routing {
        Routing { line_of: [0; SOURCES], enabled: 0, priorities: [0; LINES], threshold: 0 }
    }
}

impl Routing {
    /// Whether a source would interrupt: line 0 is none.
    fn lets_through(&self, source: usize) -> bool {
        let line = usize::from(self.line_of.get(source).copied().unwrap_or(0));
        let priority = u32::from(self.priorities.get(line).copied().unwrap_or(0));
        let enabled = self.enabled >> line & 1 != 0;
        line != 0 && enabled && priority != 0 && priority >= self.threshold
    }

    fn apply(bus: &mut Bus) {
        let mut words = [0_u32; Interrupts::WORDS];
        for source in (0..SOURCES).filter(|&source| bus.routing.lets_through(source)) {
            if let Some(word) = words.get_mut(source / 32) {
                *word |= 1 << (source % 32);
            }
        }
        for (index, word) in words.into_iter().enumerate() {
            if let Some(enabled) = bus.interrupts.enabled(index) {
                *enabled = word;
            }
        }
    }
}

/// Offsets of the controller's registers.
#[derive(Debug)]
struct Places {
    enable: u32,
    kind: u32,
    priorities: u32,
    threshold: u32,
}

const C3_PLACES: Places =
    Places { enable: 0x104, kind: 0x108, priorities: 0x114, threshold: 0x194 };
const C6_PLACES: Places = Places { enable: 0x00, kind: 0x04, priorities: 0x10, threshold: 0x90 };

/// The matrix, the controller, or both.
#[derive(Debug)]
pub struct EspInterrupts {
    name: &'static str,
    /// Sources that it leads.
    sources: u32,
    controller: Option<&'static Places>,
    /// The one line that may be used, if not all.
    only: Option<u32>,
}

impl EspInterrupts {
    /// Matrix and controller of the ESP32-C3.
    pub const fn c3() -> EspInterrupts {
        EspInterrupts { name: C3, sources: 62, controller: Some(&C3_PLACES), only: None }
    }

    /// The matrix of the ESP32-C6.
    pub const fn c6_matrix() -> EspInterrupts {
        let only = Some(11);
        EspInterrupts { name: C6_MATRIX, sources: SOURCES as u32, controller: None, only }
    }

    /// The controller of the ESP32-C6.
    pub const fn c6_controller() -> EspInterrupts {
        let controller = Some(&C6_PLACES);
        EspInterrupts { name: C6_CONTROLLER, sources: 0, controller, only: None }
    }
}

impl Peripheral for EspInterrupts {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        let routing = &bus.routing;
        if let Some(source) = index(offset, 0, self.sources) {
            return Ok(u32::from(routing.line_of.get(source).copied().unwrap_or(0)));
        }
        let Some(places) = self.controller else { return Err(Refusal::Unmodelled) };
        if let Some(line) = index(offset, places.priorities, LINES as u32) {
            return Ok(u32::from(routing.priorities.get(line).copied().unwrap_or(0)));
        }
        match offset {
            _ if offset == places.enable => Ok(routing.enabled),
            _ if offset == places.kind => Ok(0),
            _ if offset == places.threshold => Ok(routing.threshold),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let routing = &mut bus.routing;
        if let Some(line_of) =
            index(offset, 0, self.sources).and_then(|source| routing.line_of.get_mut(source))
        {
            if let Some(only) = self.only.filter(|&only| value != 0 && value != only) {
                let why = format!("a source led to line {value}: only line {only} is modelled");
                return Err(Refusal::Misuse(why));
            }
            *line_of = (value & 31) as u8;
        } else {
            let Some(places) = self.controller else { return Err(Refusal::Unmodelled) };
            let priorities = index(offset, places.priorities, LINES as u32);
            if let Some(priority) = priorities.and_then(|line| routing.priorities.get_mut(line)) {
                *priority = (value & 15) as u8;
            } else if offset == places.enable {
                routing.enabled = value;
            } else if offset == places.threshold {
                routing.threshold = value & 0xff;
            } else if offset != places.kind {
                return Err(Refusal::Unmodelled);
            } else if value != 0 {
                return Err(Refusal::Misuse("lines by edge are not modelled".into()));
            }
        }
        Routing::apply(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        bus.routing = Routing::default();
        bus.interrupts.follow_levels();
        Routing::apply(bus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// UART0 of the ESP32-C3 on line 11.
    const SET_UP: [(u32, u32); 5] =
        [(0x54, 11), (0x108, 0), (0x140, 1), (0x194, 1), (0x104, 1 << 11)];

    fn set_up(change: Option<(u32, u32)>) -> Bus {
        let (mut both, mut bus) = (EspInterrupts::c3(), Bus::default());
        both.reset(&mut bus);
        for (offset, value) in SET_UP.into_iter().chain(change) {
            both.write(offset, value, &mut bus).unwrap();
            assert_eq!(both.read(offset, &mut bus).unwrap(), value);
        }
        bus.drive(21, true);
        bus
    }

    #[test]
    fn a_source_reaches_the_core_by_its_line() {
        assert_eq!(set_up(None).interrupts.ready(), Some(21));
        for change in [(0x54, 0), (0x54, 12), (0x140, 0), (0x194, 2), (0x104, 0)] {
            assert_eq!(set_up(Some(change)).interrupts.ready(), None, "{change:?}");
        }
    }

    #[test]
    fn the_esp32c6_has_matrix_and_controller_apart() {
        let mut bus = Bus::default();
        let (mut matrix, mut controller) =
            (EspInterrupts::c6_matrix(), EspInterrupts::c6_controller());
        matrix.write(0xac, 11, &mut bus).unwrap();
        for (offset, value) in [(0x04, 0), (0x3c, 1), (0x90, 1), (0x00, 1 << 11)] {
            controller.write(offset, value, &mut bus).unwrap();
        }
        bus.drive(43, true);
        assert_eq!(bus.interrupts.ready(), Some(43));
        assert!(matrix.write(0xac, 12, &mut bus).is_err()); // its bit of mie is not looked at
        assert!(matrix.write(0x134, 1, &mut bus).is_err());
    }

    #[test]
    fn the_unmodelled_is_refused() {
        let (mut both, mut bus) = (EspInterrupts::c3(), Bus::default());
        assert!(both.write(0x108, 1 << 11, &mut bus).is_err()); // by edge
        assert!(both.read(0x110, &mut bus).is_err()); // CPU_INT_EIP_STATUS
    }
}
