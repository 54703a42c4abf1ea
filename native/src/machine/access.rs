//! An access of the guest to a peripheral's register.

use super::{Machine, Slot};
use crate::bus::Bus;
use crate::fault::{Fault, Kind};
use crate::peripherals::Peripheral;

impl Machine {
    /// The peripheral whose registers the running core has at `address`.
    fn slot_at(&self, address: u32) -> Option<usize> {
        self.slots.iter().position(|slot| {
            address.wrapping_sub(slot.base) < slot.model.length()
                && slot.core.is_none_or(|core| core == self.core.number)
        })
    }

    /// One access to a peripheral's register.
    pub(crate) fn access(&mut self, address: u32, size: u32, value: Option<u32>) -> u32 {
        let Some(slot) = self.slot_at(address) else {
            let kind = if value.is_some() { Kind::WriteUnmapped } else { Kind::ReadUnmapped };
            self.fail(Fault { size, ..Fault::at(kind, address, "") });
            return 0;
        };
        let waits = self.must_wait();
        let Some(Slot { base, core, model }) = self.slots.get_mut(slot) else { return 0 };
        let offset = address.wrapping_sub(*base);
        if core.is_some() {
            self.bus.cycles = self.core.counter.elapsed();
            self.bus.clock_hz = self.core.description.clock_hz;
            self.bus.cpuid = self.core.description.cpuid;
        } else {
            if model.is_ordered(offset) && waits {
                // The engine begins this access anew when it goes on.
                self.end_turn();
                return 0;
            }
            self.cycles = self.cycles.max(self.core.time_of(self.clock_hz));
            self.bus.cycles = self.cycles;
            self.bus.clock_hz = self.clock_hz;
        }
        let verb = if value.is_some() { "write" } else { "read" };
        let idle = if self.bus.held_in_reset.contains(base) {
            Some("which is held in reset")
        } else if self.bus.unclocked.contains(base) {
            Some("whose clock is off")
        } else {
            None
        };
        if let Some(why) = idle {
            let message = format!("{verb} of the {}, {why}", model.name());
            self.fail(Fault { size, ..Fault::at(Kind::Peripheral, address, message) });
            return 0;
        }
        let width = model.width();
        let whole = size == width && offset % width == 0;
        let result = if whole {
            match value {
                Some(value) => model.write(offset, value, &mut self.bus).map(|()| 0),
                None => model.read(offset, &mut self.bus),
            }
        } else if model.has_bytes(offset) {
            partial(model.as_mut(), offset, size, value, &mut self.bus)
        } else {
            let message = format!("{}-byte {verb} of a {} register", size, model.name());
            self.fail(Fault { size, ..Fault::at(Kind::Peripheral, address, message) });
            return 0;
        };
        if let Some((number, high)) = model.interrupt() {
            self.bus.drive(number, high);
        }
        if self.bus.stirred {
            self.core.counter.check_at = 0;
        }
        match result {
            Ok(read) => {
                if self.bus.reset_requested {
                    self.core.counter.check_at = 0;
                    self.core.engine.stop();
                }
                read
            }
            Err(refusal) => {
                let fault = refusal.into_fault(model.name(), verb, address, offset);
                self.fail(fault);
                0
            }
        }
    }
}

/// An access to part of a word, by reading and writing the whole.
fn partial(
    model: &mut dyn Peripheral,
    offset: u32,
    size: u32,
    value: Option<u32>,
    bus: &mut Bus,
) -> Result<u32, crate::peripherals::Refusal> {
    let shift = offset % 4 * 8;
    let mask = if size >= 4 { u32::MAX } else { (1 << (size * 8)) - 1 };
    let word = model.read(offset & !3, bus)?;
    match value {
        None => Ok(word >> shift & mask),
        Some(value) => {
            let changed = word & !(mask << shift) | (value & mask) << shift;
            model.write(offset & !3, changed, bus).map(|()| 0)
        }
    }
}
