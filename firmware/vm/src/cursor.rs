//! Reads bytecode fields one after the other.
//!
//! Beyond the end every field reads as zero and the cursor goes on: the
//! verifier found that no operation ends there. That spares each field a
//! failure of its own, in time and in flash.

/// A place in a function's bytecode.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    code: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// At the start of `code`.
    pub fn new(code: &'a [u8]) -> Self {
        Cursor { code, rest: code }
    }

    /// Offset of the next field.
    #[inline(always)]
    pub fn pc(&self) -> u32 {
        (self.code.len() - self.rest.len()) as u32
    }

    /// Goes to offset `pc`; to the end when it is beyond.
    #[inline]
    pub fn jump(&mut self, pc: u32) {
        self.rest = self.code.get(pc as usize..).unwrap_or_default();
    }

    /// The opcode of the next operation; `None` at the end.
    #[inline(always)]
    pub fn opcode(&mut self) -> Option<u8> {
        let (opcode, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*opcode)
    }

    #[inline]
    pub fn u8(&mut self) -> u8 {
        self.opcode().unwrap_or(0)
    }

    #[inline(always)]
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(take(&mut self.rest))
    }

    #[inline]
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(take(&mut self.rest))
    }

    #[inline]
    pub fn u64(&mut self) -> u64 {
        let low = self.u32();
        u64::from(self.u32()) << 32 | u64::from(low)
    }

    /// A count and that many elements of `size` bytes, which begin at an even
    /// offset.
    #[inline(never)]
    pub fn list(&mut self, size: usize) -> &'a [u8] {
        if (self.code.len() ^ self.rest.len()) & 1 != 0 {
            self.u8();
        }
        let length = usize::from(self.u16()) * size;
        self.bytes(length)
    }

    /// A length and that many bytes.
    pub fn string(&mut self) -> &'a [u8] {
        let length = usize::from(self.u16());
        self.bytes(length)
    }

    #[inline]
    fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (bytes, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        bytes
    }
}

/// The first bytes of `rest`, which then begins behind them; zeros when there
/// are not as many.
#[inline(always)]
pub fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    match rest.split_first_chunk() {
        Some((bytes, others)) => {
            *rest = others;
            *bytes
        }
        None => {
            *rest = &[];
            [0; N]
        }
    }
}

/// The operands of a register list.
pub fn operands(list: &[u8]) -> impl ExactSizeIterator<Item = u16> + '_ {
    list.as_chunks().0.iter().map(|operand| u16::from_le_bytes(*operand))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_begin_at_even_offsets() {
        let mut cursor = Cursor::new(&[9, 0xEE, 2, 0, 1, 0, 2, 0x80, 7]);
        assert_eq!(cursor.u8(), 9);
        let list = cursor.list(2);
        assert!(operands(list).eq([1, 0x8002]));
        assert_eq!((cursor.pc(), cursor.u8()), (8, 7));
        assert_eq!(cursor.opcode(), None);
    }

    #[test]
    fn beyond_the_end_there_are_zeros() {
        let mut cursor = Cursor::new(&[4, 0, 1, 2, 3]);
        assert_eq!(cursor.string(), &[]);
        assert_eq!(cursor.opcode(), None);
        cursor.jump(6);
        assert_eq!(cursor.opcode(), None);
        assert_eq!((cursor.u32(), cursor.u64(), cursor.u8()), (0, 0, 0));
        cursor.jump(4);
        assert_eq!(cursor.u16(), 0);
    }
}
