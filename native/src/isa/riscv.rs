//! RISC-V: lengths only. No maker's table is modelled, so a cycle is an
//! instruction (`timing::UNIT`).

use super::{Cost, half};

/// Bytes of the instruction that begins with `first` (the unprivileged
/// specification, "Base Instruction-Length Encoding").
pub fn length(first: u16) -> usize {
    if first & 3 == 3 { 4 } else { 2 }
}

/// Adds up a piece of code.
pub fn measure(code: &[u8]) -> Cost {
    let mut cost = Cost::default();
    let mut offset = 0;
    while offset < code.len() {
        offset += length(half(code, offset));
        cost.instructions += 1;
    }
    cost.cycles = cost.instructions;
    cost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixes_compressed_and_full_instructions() {
        // c.li a0, 1; addi a0, a0, 2; c.jr ra
        let code = [0x05, 0x45, 0x13, 0x05, 0x25, 0x00, 0x82, 0x80];
        let cost = measure(&code);
        assert_eq!((cost.instructions, cost.cycles, cost.taken), (3, 3, 0));
    }
}
