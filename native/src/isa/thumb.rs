//! Thumb and Thumb-2: the class of an instruction and the registers that
//! its timing depends on. Encodings: Armv7-M Architecture Reference Manual
//! (DDI 0403), chapters A5 and A7.

use super::{Cost, half};
use crate::timing::{Pipeline, Timing};

/// What an instruction is, as far as its cycles depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Moves, arithmetic, logic, shifts, bit fields, SIMD, saturation, IT, CPS, hints.
    Alu,
    /// MUL and the other multiplies to one register.
    Multiply,
    /// MLA, MLS and the other multiplies that add to one register.
    MultiplyAccumulate,
    /// SMULL, UMULL.
    MultiplyLong,
    /// SMLAL, UMLAL, UMAAL and the like.
    MultiplyLongAccumulate,
    /// SDIV, UDIV.
    Divide,
    /// LDR of any width to one register.
    Load,
    /// LDR to the PC.
    LoadPc,
    /// STR of any width, immediate offset.
    Store,
    /// STR of any width, register offset.
    StoreIndexed,
    /// LDM, POP, LDRD: so many words.
    LoadMultiple(u8),
    /// LDM, POP with the PC among so many words.
    LoadMultiplePc(u8),
    /// STM, PUSH, STRD: so many words.
    StoreMultiple(u8),
    /// B, BX, BLX register, CBZ, and data processing to the PC.
    Branch,
    /// BL.
    BranchLink,
    /// TBB, TBH.
    TableBranch,
    /// MRS, MSR.
    Special,
    /// DMB, DSB, ISB.
    Barrier,
    /// Single-precision arithmetic, conversion, moves within the FPU, VMRS.
    Float,
    /// VMLA, VFMA and their kin.
    FloatMultiplyAccumulate,
    /// VDIV, VSQRT.
    FloatDivide,
    /// VMOV between one or two core registers and as many single-precision ones.
    FloatTransfer,
    /// VLDR, VLDM, VSTR, VSTM: so many words.
    FloatMemory(u8),
}

impl Class {
    /// It computes a core register from core registers.
    pub fn is_data_processing(self) -> bool {
        matches!(
            self,
            Class::Alu
                | Class::Multiply
                | Class::MultiplyAccumulate
                | Class::MultiplyLong
                | Class::MultiplyLongAccumulate
                | Class::Divide
        )
    }

    /// It needs the floating-point unit.
    pub fn is_floating_point(self) -> bool {
        matches!(
            self,
            Class::Float
                | Class::FloatMultiplyAccumulate
                | Class::FloatDivide
                | Class::FloatTransfer
                | Class::FloatMemory(_)
        )
    }
}

/// One decoded instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// What it is.
    pub class: Class,
    /// Bit n set: it computes an address from core register n.
    pub address: u16,
    /// Bit n set: it writes core register n.
    pub writes: u16,
}

/// Bytes of the instruction that begins with `first`.
pub fn length(first: u16) -> usize {
    if first >= 0xe800 { 4 } else { 2 }
}

/// Adds up a piece of code.
pub fn measure(code: &[u8], timing: &Timing) -> Cost {
    let mut cost = Cost::default();
    let mut pipeline = Pipeline::default();
    let mut offset = 0;
    while offset < code.len() {
        let first = half(code, offset);
        let instruction = match length(first) {
            2 => decode16(first),
            _ => decode32(first, half(code, offset + 2)),
        };
        if cost.floating_point.is_none() && instruction.class.is_floating_point() {
            cost.floating_point = Some(offset as u32);
        }
        match length(first) {
            2 => cost.event |= first == SEV,
            _ => note_wide(first, half(code, offset + 2), &mut cost),
        }
        cost.ordered = cost.event || cost.exclusive.is_some();
        offset += length(first);
        cost.instructions += 1;
        cost.cycles += timing.cycles(&instruction, &mut pipeline);
        cost.taken = timing.taken(instruction.class);
    }
    cost
}

const SEV: u16 = 0xbf40;

/// Notes what else a 32-bit instruction does: SEV, exclusive accesses (A7.7,
/// and Armv8-M's acquiring and releasing ones).
fn note_wide(first: u16, second: u16, cost: &mut Cost) {
    // Byte, half word and double word, and the same with order.
    let sized = matches!(second & 0xf0, 0x40 | 0x50 | 0x70 | 0xc0..=0xf0);
    match first {
        0xf3af if second == 0x8004 => cost.event = true,
        0xf3bf if second & 0xfff0 == 0x8f20 => cost.exclusive = Some(false),
        _ => match first & 0xfff0 {
            0xe850 => cost.exclusive = Some(true),
            0xe840 => cost.exclusive = Some(false),
            0xe8d0 if sized => cost.exclusive = Some(true),
            0xe8c0 if sized => cost.exclusive = Some(false),
            _ => {}
        },
    }
}

const PC: u16 = 15;

fn bit(register: u16) -> u16 {
    1 << (register & 15)
}

fn plain(class: Class) -> Instruction {
    Instruction { class, address: 0, writes: 0 }
}

/// Data processing into a register; into the PC it is a branch.
fn alu(register: u16) -> Instruction {
    let class = if register == PC { Class::Branch } else { Class::Alu };
    Instruction { class, address: 0, writes: bit(register) & !bit(PC) }
}

fn memory(load: bool, target: u16, address: u16, indexed: bool) -> Instruction {
    let class = match (load, target == PC, indexed) {
        (true, true, _) => Class::LoadPc,
        (true, false, _) => Class::Load,
        (false, _, true) => Class::StoreIndexed,
        (false, _, false) => Class::Store,
    };
    let writes = if load { bit(target) } else { 0 };
    // The PC as a base is known early: it never makes a load wait.
    Instruction { class, address: address & !bit(PC), writes }
}

fn multiple(load: bool, base: u16, list: u16) -> Instruction {
    let words = list.count_ones() as u8;
    let class = match (load, list & bit(PC) != 0) {
        (true, true) => Class::LoadMultiplePc(words),
        (true, false) => Class::LoadMultiple(words),
        (false, _) => Class::StoreMultiple(words),
    };
    Instruction { class, address: bit(base), writes: if load { list } else { 0 } }
}

/// Decodes a 16-bit instruction (DDI 0403, A5.2).
pub fn decode16(op: u16) -> Instruction {
    let low = op & 7;
    let middle = (op >> 3) & 7;
    let high = (op >> 8) & 7;
    match op >> 11 {
        // CMP immediate writes nothing.
        0b00101 => plain(Class::Alu),
        0b00100 | 0b00110 | 0b00111 => alu(high),
        0b00000..=0b00011 => alu(low),
        0b01000 if op & 0x0400 == 0 => match (op >> 6) & 15 {
            0b1000 | 0b1010 | 0b1011 => plain(Class::Alu),
            0b1101 => Instruction { class: Class::Multiply, address: 0, writes: bit(low) },
            _ => alu(low),
        },
        0b01000 => match (op >> 8) & 3 {
            0b01 => plain(Class::Alu),
            0b11 => plain(Class::Branch),
            _ => alu(low | (op >> 4) & 8),
        },
        0b01001 => memory(true, high, 0, false),
        0b01010 | 0b01011 => {
            let load = (op >> 9) & 7 >= 3;
            memory(load, low, bit(middle) | bit((op >> 6) & 7), true)
        }
        0b01100..=0b10001 => memory(op & 0x0800 != 0, low, bit(middle), false),
        0b10010 | 0b10011 => memory(op & 0x0800 != 0, high, bit(13), false),
        0b10100 | 0b10101 => alu(high),
        0b10110 | 0b10111 => miscellaneous16(op),
        0b11000 | 0b11001 => multiple(op & 0x0800 != 0, high, op & 0xff),
        // Conditional branches; UDF and SVC never come back to be counted.
        0b11010..=0b11100 => plain(Class::Branch),
        _ => plain(Class::Alu),
    }
}

fn miscellaneous16(op: u16) -> Instruction {
    match (op >> 8) & 15 {
        0x0 => alu(13),
        0x1 | 0x3 | 0x9 | 0xb => plain(Class::Branch),
        0x2 | 0xa => alu(op & 7),
        0x4 | 0x5 => multiple(false, 13, op & 0xff | (op & 0x100) << 6),
        0xc | 0xd => multiple(true, 13, op & 0xff | (op & 0x100) << 7),
        _ => plain(Class::Alu),
    }
}

/// Decodes a 32-bit instruction (DDI 0403, A5.3).
pub fn decode32(first: u16, second: u16) -> Instruction {
    let destination = (second >> 8) & 15;
    match first >> 8 {
        0xe8 | 0xe9 if first & 0x40 == 0 => multiple(first & 0x10 != 0, first & 15, second),
        0xe8 | 0xe9 => dual_or_exclusive(first, second),
        0xec..=0xef => coprocessor(first, second),
        // Added by the M33's FPU: VSEL, VMAXNM, VRINT and the like.
        0xfc..=0xff => plain(Class::Float),
        0xf0..=0xf7 if second & 0x8000 != 0 => branch_or_control(first, second),
        0xf8 | 0xf9 => single(first, second),
        0xfb => multiply(first, second),
        // Comparisons name the PC as their destination: nothing is written.
        _ if destination == PC => plain(Class::Alu),
        _ => alu(destination),
    }
}

fn dual_or_exclusive(first: u16, second: u16) -> Instruction {
    let base = first & 15;
    let load = first & 0x10 != 0;
    // P or W set: LDRD, STRD. Else exclusives, acquire-release, table branch.
    if first & 0x0120 != 0 {
        let pair = bit(second >> 12) | bit((second >> 8) & 15);
        let class = if load { Class::LoadMultiple(2) } else { Class::StoreMultiple(2) };
        return Instruction { class, address: bit(base), writes: if load { pair } else { 0 } };
    }
    if first & 0xfff0 == 0xe8d0 && second & 0x00e0 == 0 {
        return plain(Class::TableBranch);
    }
    // The manual times LDREX and STREX as an LDR.
    memory(true, (second >> 12).min(14), bit(base), false)
}

fn single(first: u16, second: u16) -> Instruction {
    let base = first & 15;
    let target = second >> 12;
    let indexed = first & 0x80 == 0 && second & 0x0fc0 == 0 && base != PC;
    let address = bit(base) | if indexed { bit(second & 15) } else { 0 };
    let load = first & 0x10 != 0;
    let word = first & 0x60 == 0x40;
    if load && target == PC && !word {
        return plain(Class::Alu); // PLD, PLI
    }
    memory(load, target, address, indexed)
}

fn branch_or_control(first: u16, second: u16) -> Instruction {
    match second & 0x5000 {
        0x5000 => plain(Class::BranchLink),
        0x1000 => plain(Class::Branch),
        0x0000 if first & 0x0380 != 0x0380 => plain(Class::Branch),
        0x0000 => match (first >> 4) & 0x7f {
            0x3b => plain(Class::Barrier),
            0x38 | 0x39 => plain(Class::Special),
            0x3e | 0x3f => {
                Instruction { class: Class::Special, address: 0, writes: bit(second >> 8) }
            }
            _ => plain(Class::Alu), // hints
        },
        _ => plain(Class::Alu),
    }
}

fn multiply(first: u16, second: u16) -> Instruction {
    let destination = (second >> 8) & 15;
    if first & 0x80 == 0 {
        let class = match second >> 12 {
            15 => Class::Multiply,
            _ => Class::MultiplyAccumulate,
        };
        return Instruction { class, address: 0, writes: bit(destination) };
    }
    let (class, writes) = match (first >> 4) & 7 {
        0 | 2 => (Class::MultiplyLong, bit(destination) | bit(second >> 12)),
        1 | 3 => (Class::Divide, bit(destination)),
        _ => (Class::MultiplyLongAccumulate, bit(destination) | bit(second >> 12)),
    };
    Instruction { class, address: 0, writes }
}

/// Coprocessors 10 and 11 are the FPU (DDI 0403, A5.3.18 and A6.4 on).
fn coprocessor(first: u16, second: u16) -> Instruction {
    if second & 0x0e00 != 0x0a00 {
        return plain(Class::Special);
    }
    if first & 0xff00 == 0xee00 {
        return plain(match ((first >> 4) & 0b1011, second & 0x10 != 0) {
            // To or from a core register: a single, a half of a double, or a status register.
            (_, true) if first & 0xe0 == 0 && second & 0x0100 == 0 => Class::FloatTransfer,
            (_, true) => Class::Float,
            (0b0000 | 0b0001 | 0b1001 | 0b1010, _) => Class::FloatMultiplyAccumulate,
            (0b1000, _) => Class::FloatDivide,
            (0b1011, _) if first & 15 == 1 && second & 0xc0 == 0xc0 => Class::FloatDivide,
            _ => Class::Float,
        });
    }
    if first & 0xffe0 == 0xec40 {
        return plain(Class::FloatTransfer);
    }
    // P set and W clear: VLDR or VSTR of one register.
    let words = match (first & 0x0120 == 0x0100, second & 0x0100 != 0) {
        (true, double) => 1 + u8::from(double),
        (false, _) => (second & 0xff) as u8,
    };
    let base = first & 15;
    Instruction { class: Class::FloatMemory(words), address: bit(base) & !bit(PC), writes: 0 }
}

#[cfg(test)]
mod tests;
