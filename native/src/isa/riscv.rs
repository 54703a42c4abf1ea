//! RISC-V: lengths, where stores go, and by what cores agree. No maker's table is
//! modelled, so a cycle is an instruction (`timing::UNIT`).

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
        let first = half(code, offset);
        // Major opcode AMO; funct5 tells LR from SC.
        if first & 0x7f == 0x2f {
            cost.ordered = true;
            match half(code, offset + 2) >> 11 {
                0b00010 => cost.exclusive = Some(true),
                0b00011 => cost.exclusive = Some(false),
                _ => {}
            }
        }
        offset += length(first);
        cost.instructions += 1;
    }
    cost.cycles = cost.instructions;
    cost
}

/// Where a store goes: the number of a register, what is added to it, and how
/// many bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// Number of the register with the base address.
    pub base: u32,
    /// Added to it.
    pub offset: i32,
    /// Bytes.
    pub size: u32,
}

/// The store that `code` begins with, if it is one (the unprivileged
/// specification, "RV32/64G Instruction Set Listings" and chapter "C").
pub fn store(code: &[u8]) -> Option<Store> {
    let first = u32::from(half(code, 0));
    if length(first as u16) == 2 {
        return compressed_store(first);
    }
    let word = u32::from(half(code, 2)) << 16 | first;
    let base = word >> 15 & 31;
    let size = 1 << (word >> 12 & 3);
    match word & 0x7f {
        // STORE and STORE-FP.
        0x23 | 0x27 => {
            let offset = (word as i32 >> 25) << 5 | (word >> 7 & 31) as i32;
            Some(Store { base, offset, size })
        }
        // AMO.
        0x2f => Some(Store { base, offset: 0, size }),
        _ => None,
    }
}

fn compressed_store(half: u32) -> Option<Store> {
    let (base, offset) = match (half & 3, half >> 13) {
        // C.SW and C.FSW; C.SWSP and C.FSWSP.
        (0, 6 | 7) => (
            8 + (half >> 7 & 7),
            (half >> 10 & 7) << 3 | (half >> 6 & 1) << 2 | (half >> 5 & 1) << 6,
        ),
        (2, 6 | 7) => (2, (half >> 9 & 15) << 2 | (half >> 7 & 3) << 6),
        _ => return None,
    };
    Some(Store { base, offset: offset as i32, size: 4 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_say_where_they_go() {
        // As llvm-mc assembles them for rv32imafc.
        let cases: [(&[u8], u32, i32, u32); 8] = [
            (&[0x23, 0xae, 0xa5, 0xfe], 11, -4, 4),   // sw a0, -4(a1)
            (&[0x23, 0x01, 0xa1, 0x00], 2, 2, 1),     // sb a0, 2(sp)
            (&[0x23, 0x10, 0xac, 0x7e], 24, 2016, 2), // sh a0, 2016(s8)
            (&[0x27, 0x20, 0xa1, 0x00], 2, 0, 4),     // fsw fa0, 0(sp), not compressed
            (&[0xaf, 0x2f, 0xb5, 0x08], 10, 0, 4),    // amoswap.w t6, a1, (a0)
            (&[0xe8, 0xdd], 11, 124, 4),              // c.sw a0, 124(a1)
            (&[0xaa, 0xdf], 2, 252, 4),               // c.swsp a0, 252(sp)
            (&[0x2a, 0xe2], 2, 4, 4),                 // c.fswsp fa0, 4(sp)
        ];
        for (code, base, offset, size) in cases {
            assert_eq!(store(code), Some(Store { base, offset, size }), "{code:x?}");
        }
        assert_eq!(store(&[0x05, 0x45]), None); // c.li a0, 1
        assert_eq!(store(&[0x83, 0xa5, 0x05, 0x00]), None); // lw a1, 0(a1)
    }

    #[test]
    fn mixes_compressed_and_full_instructions() {
        // c.li a0, 1; addi a0, a0, 2; c.jr ra
        let code = [0x05, 0x45, 0x13, 0x05, 0x25, 0x00, 0x82, 0x80];
        let cost = measure(&code);
        assert_eq!((cost.instructions, cost.cycles, cost.taken), (3, 3, 0));
    }

    #[test]
    fn reservations_open_and_close() {
        let lr_w = 0x1005_252f_u32.to_le_bytes(); // lr.w a0, (a0)
        let sc_w = 0x18b5_252f_u32.to_le_bytes(); // sc.w a0, a1, (a0)
        let amoadd_w = 0x00b5_252f_u32.to_le_bytes();
        assert_eq!(measure(&lr_w).exclusive, Some(true));
        assert_eq!(measure(&[lr_w, sc_w].concat()).exclusive, Some(false));
        assert_eq!(measure(&amoadd_w).exclusive, None);
        assert!(measure(&amoadd_w).ordered && measure(&lr_w).ordered);
    }
}
