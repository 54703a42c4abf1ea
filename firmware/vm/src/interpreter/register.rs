//! How operands name registers (`iree/vm/bytecode/isa/isa.h`).

/// Set in the operand of a reference register.
pub const REF: u16 = 0x8000;
/// Set in the operand of a reference register that gives its share away.
pub const MOVE: u16 = 0x4000;
/// The ordinal in the operand of a reference register.
pub const ORDINAL: u16 = 0x3FFF;

/// The 64 bits in value registers `register` (low) and `register + 1`.
#[inline]
pub fn pair(values: &[u32], register: usize) -> Option<u64> {
    let [low, high] = values.get(register..)?.first_chunk::<2>()?;
    Some(u64::from(*high) << 32 | u64::from(*low))
}

/// Sets what [`pair`] reads.
#[inline]
pub fn set_pair(values: &mut [u32], register: usize, value: u64) -> Option<()> {
    let slots = values.get_mut(register..)?.first_chunk_mut::<2>()?;
    *slots = [value as u32, (value >> 32) as u32];
    Some(())
}
