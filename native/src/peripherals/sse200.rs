//! What the two cores of Arm's SSE-200 use to agree: the system control block
//! that lets core 1 start, which core one is, and a message handling unit.
//!
//! Registers: Arm CoreLink SSE-200 Subsystem for Embedded Technical Reference
//! Manual (101104), "System control registers", "CPU identity" and "Message
//! Handling Unit".

use super::{Peripheral, Refusal};
use crate::bus::{Bus, Command, Start};

/// The model's name: system control.
pub const CONTROL: &str = "sse200-control";
/// The model's name: which core one is.
pub const IDENTITY: &str = "sse200-cpu-identity";
/// The model's name: a message handling unit.
pub const MHU: &str = "sse200-mhu";

const INITSVTOR0: u32 = 0x110;
const INITSVTOR1: u32 = 0x114;
const CPUWAIT: u32 = 0x118;
const WAIT_CORE_1: u32 = 1 << 1;
/// Where both would find their vectors.
const VECTORS: u32 = 0x1000_0000;
/// The lower bits of an address of vectors read as 0.
const ALIGNED: u32 = !0x7f;

/// System control: where cores have their vectors, and whether they wait.
#[derive(Debug)]
pub struct Control {
    vectors: [u32; 2],
    waits: u32,
}

impl Default for Control {
    fn default() -> Control {
        Control { vectors: [VECTORS; 2], waits: WAIT_CORE_1 }
    }
}

impl Control {
    /// Core 1 stops waiting, for good: a core that runs is not held again.
    fn release(&mut self, waits: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let released = self.waits & !waits;
        self.waits = waits & 0b11;
        if released & WAIT_CORE_1 == 0 {
            return Ok(());
        }
        let [_, vectors] = self.vectors;
        let word = |offset| bus.memories.word(vectors.wrapping_add(offset));
        let (Some(stack), Some(entry)) = (word(0), word(4)) else {
            let why = format!("core 1 was released with vectors at {vectors:#010x}, not in memory");
            return Err(Refusal::Misuse(why));
        };
        bus.command(Command::Start(1, Start { vectors, stack, entry }));
        Ok(())
    }
}

impl Peripheral for Control {
    fn name(&self) -> &'static str {
        CONTROL
    }

    fn is_ordered(&self, offset: u32) -> bool {
        offset == CPUWAIT
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        let [first, second] = self.vectors;
        match offset {
            INITSVTOR0 => Ok(first),
            INITSVTOR1 => Ok(second),
            CPUWAIT => Ok(self.waits),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let [first, second] = &mut self.vectors;
        match offset {
            INITSVTOR0 => *first = value & ALIGNED,
            INITSVTOR1 => *second = value & ALIGNED,
            CPUWAIT => self.release(value, bus)?,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Control::default();
    }
}

/// Which core one is: each reads its own number.
#[derive(Debug, Default)]
pub struct Identity;

impl Peripheral for Identity {
    fn name(&self) -> &'static str {
        IDENTITY
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            0 => Ok(bus.core as u32),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, _offset: u32, _value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        Err(Refusal::Unmodelled)
    }

    fn reset(&mut self, _bus: &mut Bus) {}
}

const STAT: u32 = 0x0;
const SET: u32 = 0x4;
const CLR: u32 = 0x8;
/// From a register of core 0 to that of core 1.
const CORE: u32 = 0x10;
const CORES: u32 = 2;
/// That of unit 0, of each core's own.
const INTERRUPT: u32 = 6;

/// A message handling unit: what is set for a core interrupts it.
#[derive(Debug, Default)]
pub struct Mhu {
    set: [u32; CORES as usize],
}

impl Mhu {
    fn word(&mut self, offset: u32) -> Option<(usize, &mut u32)> {
        let core = (offset / CORE) as usize;
        Some((core, self.set.get_mut(core)?))
    }
}

impl Peripheral for Mhu {
    fn name(&self) -> &'static str {
        MHU
    }

    fn is_ordered(&self, offset: u32) -> bool {
        offset < CORES * CORE
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        let (_, set) = self.word(offset).ok_or(Refusal::Unmodelled)?;
        match offset % CORE {
            STAT => Ok(*set),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let (core, set) = self.word(offset).ok_or(Refusal::Unmodelled)?;
        match offset % CORE {
            SET => *set |= value,
            CLR => *set &= !value,
            _ => return Err(Refusal::Unmodelled),
        }
        let high = *set != 0;
        bus.drive_one(core, INTERRUPT, high);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Mhu::default();
        for core in 0..CORES as usize {
            bus.drive_one(core, INTERRUPT, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_1_starts_once_it_need_not_wait() {
        let mut flash = [0_u8; 0x108];
        flash[0x80..0x88].copy_from_slice(&[0x00, 0x40, 0x00, 0x38, 0x01, 0x02, 0x00, 0x10]);
        let (mut control, mut bus) = (Control::default(), Bus::default());
        // SAFETY: the array outlives the bus and is used through it only.
        unsafe { bus.memories.add(VECTORS, 0x108, flash.as_mut_ptr(), false) };
        assert_eq!(control.read(CPUWAIT, &mut bus).unwrap(), 2);
        control.write(INITSVTOR1, VECTORS + 0x80, &mut bus).unwrap();
        control.write(CPUWAIT, 2, &mut bus).unwrap();
        assert!(bus.commands.is_empty());
        control.write(CPUWAIT, 0, &mut bus).unwrap();
        let start = Start { vectors: VECTORS + 0x80, stack: 0x3800_4000, entry: 0x1000_0201 };
        assert_eq!(bus.commands, [Command::Start(1, start)]);
        control.write(CPUWAIT, 0, &mut bus).unwrap();
        assert_eq!(bus.commands.len(), 1, "it runs already");
    }

    #[test]
    fn vectors_must_be_there() {
        let (mut control, mut bus) = (Control::default(), Bus::default());
        control.write(INITSVTOR1, 0x2000_0044, &mut bus).unwrap();
        assert_eq!(control.read(INITSVTOR1, &mut bus).unwrap(), 0x2000_0000);
        assert!(control.write(CPUWAIT, 0, &mut bus).is_err());
    }

    #[test]
    fn a_message_interrupts_its_core_until_it_is_cleared() {
        let (mut mhu, mut bus) = (Mhu::default(), Bus::default());
        bus.add_core();
        bus.add_core();
        for core in [0, 1] {
            *bus.interrupts_of(core).enabled(0).unwrap() = 1 << INTERRUPT;
        }
        mhu.write(CORE + SET, 1, &mut bus).unwrap();
        assert!(bus.stirred);
        assert_eq!(mhu.read(CORE + STAT, &mut bus).unwrap(), 1);
        assert_eq!(mhu.read(STAT, &mut bus).unwrap(), 0);
        assert_eq!(bus.interrupts_of(0).ready(), None);
        bus.interrupts_of(1).change_pending(0, 0, 1 << INTERRUPT);
        assert_eq!(bus.interrupts_of(1).ready(), Some(INTERRUPT), "its line is high");
        mhu.write(CORE + CLR, 1, &mut bus).unwrap();
        bus.interrupts_of(1).change_pending(0, 0, 1 << INTERRUPT);
        assert_eq!(bus.interrupts_of(1).ready(), None);
        for missing in [SET, CLR, 0xc, 0x20] {
            assert!(mhu.read(missing, &mut bus).is_err(), "{missing:#x}");
        }
    }

    #[test]
    fn each_core_reads_its_number() {
        for core in [0, 1] {
            let mut bus = Bus { core, ..Bus::default() };
            assert_eq!(Identity.read(0, &mut bus).unwrap(), core as u32);
        }
    }
}
