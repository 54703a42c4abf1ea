//! Reads bytecode fields one after the other.

/// The bytecode ended within a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut;

/// A place in a function's bytecode.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    code: &'a [u8],
    rest: &'a [u8],
    /// How much of `code` was left when the current operation began.
    from: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `code`.
    pub fn new(code: &'a [u8]) -> Self {
        Cursor { code, rest: code, from: code.len() }
    }

    /// Offset of the next field.
    pub fn pc(&self) -> u32 {
        (self.code.len() - self.rest.len()) as u32
    }

    /// Offset of the current operation.
    pub fn start(&self) -> u32 {
        (self.code.len() - self.from) as u32
    }

    /// The opcode of the next operation.
    #[inline]
    pub fn opcode(&mut self) -> Result<u8, Cut> {
        self.from = self.rest.len();
        self.u8()
    }

    /// Whether all was read.
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Goes to offset `pc`.
    #[inline]
    pub fn jump(&mut self, pc: u32) -> Result<(), Cut> {
        self.rest = self.code.get(pc as usize..).ok_or(Cut)?;
        Ok(())
    }

    /// The next `N` bytes.
    #[inline(always)]
    pub fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Cut> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Cut)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    pub fn u8(&mut self) -> Result<u8, Cut> {
        self.take().map(|[byte]| *byte)
    }

    #[inline(always)]
    pub fn u16(&mut self) -> Result<u16, Cut> {
        self.take().map(|bytes| u16::from_le_bytes(*bytes))
    }

    #[inline]
    pub fn u32(&mut self) -> Result<u32, Cut> {
        self.take().map(|bytes| u32::from_le_bytes(*bytes))
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, Cut> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// A count and that many elements of `size` bytes, which begin at an even
    /// offset.
    #[inline(never)]
    pub fn list(&mut self, size: usize) -> Result<&'a [u8], Cut> {
        if !self.pc().is_multiple_of(2) {
            self.u8()?;
        }
        let length = usize::from(self.u16()?) * size;
        self.bytes(length)
    }

    /// A length and that many bytes.
    pub fn string(&mut self) -> Result<&'a [u8], Cut> {
        let length = usize::from(self.u16()?);
        self.bytes(length)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Cut> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Cut)?;
        self.rest = rest;
        Ok(bytes)
    }
}

/// The operands of a register list.
pub fn operands(list: &[u8]) -> impl ExactSizeIterator<Item = u16> + '_ {
    list.chunks_exact(2).map(|operand| match operand {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_begin_at_even_offsets() {
        let mut cursor = Cursor::new(&[9, 0xEE, 2, 0, 1, 0, 2, 0x80, 7]);
        assert_eq!(cursor.u8(), Ok(9));
        let list = cursor.list(2).unwrap();
        assert!(operands(list).eq([1, 0x8002]));
        assert_eq!(cursor.pc(), 8);
        assert_eq!(cursor.u16(), Err(Cut));
        assert_eq!(cursor.u8(), Ok(7));
        assert!(cursor.is_at_end());
    }

    #[test]
    fn nothing_is_read_beyond_the_end() {
        let mut cursor = Cursor::new(&[4, 0, 1, 2, 3]);
        assert_eq!(cursor.string(), Err(Cut));
        assert_eq!(cursor.jump(6), Err(Cut));
        assert_eq!(cursor.jump(5), Ok(()));
        assert!(cursor.is_at_end());
    }
}
