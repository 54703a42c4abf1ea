//! Cortex-M's Data Watchpoint and Trace unit: the cycle counter alone
//! (Armv7-M Architecture Reference Manual, C1.8).
//!
//! The cycles are estimated ones, from the core's table (`timing`).

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "cortex-m-dwt";

const CTRL: u32 = 0x000;
const CYCCNT: u32 = 0x004;
/// The Cortex-M7's lock: any value is taken.
const LAR: u32 = 0xfb0;
const CYCCNTENA: u32 = 1;

/// The peripheral.
#[derive(Debug, Default)]
pub struct Watchpoint {
    control: u32,
    /// The bus's cycles at which the counter would have been 0.
    zero: u64,
    /// The count while it stands still.
    held: u32,
}

impl Watchpoint {
    fn count(&self, bus: &Bus) -> u32 {
        if self.control & CYCCNTENA != 0 {
            bus.cycles.wrapping_sub(self.zero) as u32
        } else {
            self.held
        }
    }

    fn set(&mut self, count: u32, bus: &Bus) {
        self.zero = bus.cycles.wrapping_sub(u64::from(count));
        self.held = count;
    }
}

impl Peripheral for Watchpoint {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CTRL => Ok(self.control),
            CYCCNT => Ok(self.count(bus)),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CTRL => {
                let count = self.count(bus);
                self.control = value & CYCCNTENA;
                self.set(count, bus);
            }
            CYCCNT => self.set(value, bus),
            LAR => {}
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Watchpoint::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_while_enabled() {
        let at = |cycles| Bus { cycles, ..Bus::default() };
        let mut dwt = Watchpoint::default();
        assert_eq!(dwt.read(CYCCNT, &mut at(500)).unwrap(), 0);
        dwt.write(CTRL, 1, &mut at(1000)).unwrap();
        assert_eq!(dwt.read(CYCCNT, &mut at(1500)).unwrap(), 500);
        dwt.write(CYCCNT, 7, &mut at(2000)).unwrap();
        assert_eq!(dwt.read(CYCCNT, &mut at(2010)).unwrap(), 17);
        dwt.write(CTRL, 0, &mut at(2010)).unwrap();
        assert_eq!(dwt.read(CYCCNT, &mut at(9999)).unwrap(), 17);
        assert!(dwt.read(0x020, &mut at(0)).is_err());
    }
}
