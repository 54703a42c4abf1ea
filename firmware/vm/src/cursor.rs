//! Reads bytecode fields one after the other.
//!
//! Beyond the end every field reads as zero and the cursor goes on: whoever
//! must know asks [`Cursor::is_cut`] once an operation is read. That spares
//! each field a test of its own, in time and in flash.

/// A place in a function's bytecode.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    code: &'a [u8],
    pc: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `code`.
    pub fn new(code: &'a [u8]) -> Self {
        Cursor { code, pc: 0 }
    }

    /// Offset of the next field.
    #[inline]
    pub fn pc(&self) -> u32 {
        self.pc as u32
    }

    /// Whether all was read.
    #[inline]
    pub fn is_at_end(&self) -> bool {
        self.pc >= self.code.len()
    }

    /// Whether more was read than there is.
    #[inline]
    pub fn is_cut(&self) -> bool {
        self.pc > self.code.len()
    }

    /// Goes to offset `pc`.
    #[inline]
    pub fn jump(&mut self, pc: u32) {
        self.pc = pc as usize;
    }

    /// Passes over `length` bytes.
    #[inline]
    pub fn skip(&mut self, length: usize) {
        self.pc = self.pc.wrapping_add(length);
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let rest = self.code.get(self.pc..).unwrap_or_default();
        self.pc = self.pc.wrapping_add(N);
        rest.first_chunk().copied().unwrap_or([0; N])
    }

    #[inline]
    pub fn u8(&mut self) -> u8 {
        let byte = self.code.get(self.pc).copied().unwrap_or(0);
        self.pc = self.pc.wrapping_add(1);
        byte
    }

    #[inline(always)]
    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    #[inline]
    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
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
        self.pc = self.pc.wrapping_add(self.pc & 1);
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
        let start = self.pc;
        self.pc = start.wrapping_add(length);
        self.code.get(start..self.pc).unwrap_or_default()
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
        assert!(cursor.is_at_end() && !cursor.is_cut());
    }

    #[test]
    fn beyond_the_end_there_are_zeros_and_it_shows() {
        let mut cursor = Cursor::new(&[4, 0, 1, 2, 3]);
        assert_eq!(cursor.string(), &[]);
        assert!(cursor.is_cut());
        cursor.jump(5);
        assert!(cursor.is_at_end() && !cursor.is_cut());
        assert_eq!((cursor.u32(), cursor.u64(), cursor.u8()), (0, 0, 0));
        cursor.jump(4);
        assert_eq!(cursor.u16(), 0);
        assert!(cursor.is_cut());
    }
}
