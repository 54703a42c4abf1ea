//! How operands name registers (`iree/vm/bytecode/isa/isa.h`).

/// Set in the operand of a reference register.
pub const REF: u16 = 0x8000;
/// Set in the operand of a reference register that gives its share away.
pub const MOVE: u16 = 0x4000;
/// The ordinal in the operand of a reference register.
pub const ORDINAL: u16 = 0x3FFF;

/// The 64 bits in value registers `register` (low) and `register + 1`; zero
/// when they are not there.
#[inline]
pub fn pair(values: &[u32], register: usize) -> u64 {
    match values.get(register..).unwrap_or_default() {
        [low, high, ..] => u64::from(*high) << 32 | u64::from(*low),
        _ => 0,
    }
}

/// Sets what [`pair`] reads.
#[inline]
pub fn set_pair(values: &mut [u32], register: usize, value: u64) {
    if let [low, high, ..] = values.get_mut(register..).unwrap_or_default() {
        (*low, *high) = (value as u32, (value >> 32) as u32);
    }
}
