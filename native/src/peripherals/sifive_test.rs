//! The finisher that SiFive's and QEMU's machines have for tests: one word
//! says how the machine is to go on. Only the reset is modelled.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name.
pub const NAME: &str = "sifive-test";

const FINISH: u32 = 0x0;
const RESET: u32 = 0x7777;

/// The peripheral.
#[derive(Debug)]
pub struct Finisher;

impl Peripheral for Finisher {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if offset == FINISH { Ok(0) } else { Err(Refusal::Unmodelled) }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match (offset, value) {
            (FINISH, RESET) => bus.reset_requested = true,
            (FINISH, _) => {
                let why = format!("{value:#x} written: only {RESET:#x}, the reset, is modelled");
                return Err(Refusal::Misuse(why));
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_resets_and_others_are_refused() {
        let mut bus = Bus::default();
        assert!(Finisher.write(FINISH, 0x5555, &mut bus).is_err());
        assert!(!bus.reset_requested);
        Finisher.write(FINISH, RESET, &mut bus).unwrap();
        assert!(bus.reset_requested);
    }
}
