//! Just enough decoding to count: how long an instruction is and what it costs.

pub mod riscv;
pub mod thumb;

use crate::timing::Timing;

/// An instruction set that blocks are decoded as.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Thumb and Thumb-2 of the M profile.
    Thumb = 0,
    /// RISC-V with the compressed extension.
    RiscV = 1,
}

/// What running a straight piece of code costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Instructions, predicated-off ones included.
    pub instructions: u32,
    /// Cycles with no branch taken.
    pub cycles: u32,
    /// Cycles to add when control goes elsewhere after the last instruction.
    pub taken: u32,
    /// Where the first instruction is that needs the floating-point unit.
    pub floating_point: Option<u32>,
    /// It sends an event to every core.
    pub event: bool,
    /// Cores agree by it: an event, an atomic or exclusive access.
    pub ordered: bool,
    /// Its last exclusive access: whether that is a load, which a store ends.
    pub exclusive: Option<bool>,
}

/// Adds up `code`, which begins at an instruction and holds whole ones.
pub fn measure(isa: Isa, code: &[u8], timing: &Timing) -> Cost {
    match isa {
        Isa::Thumb => thumb::measure(code, timing),
        Isa::RiscV => riscv::measure(code),
    }
}

/// Bytes of the instruction that begins with `first`.
pub fn length(isa: Isa, first: u16) -> u32 {
    match isa {
        Isa::Thumb => thumb::length(first) as u32,
        Isa::RiscV => riscv::length(first) as u32,
    }
}

/// The half word at `offset`, little endian; 0 past the end.
fn half(code: &[u8], offset: usize) -> u16 {
    match code.get(offset..offset + 2) {
        Some(&[low, high]) => u16::from_le_bytes([low, high]),
        _ => 0,
    }
}
