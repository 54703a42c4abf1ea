use core::cell::{Ref, RefCell, RefMut};

use arielml_arena::{Arena, Block, OutOfMemory};

/// Bytes that a module allocated (`!vm.buffer`).
pub struct Buffer<'a> {
    bytes: RefCell<Block<'a>>,
    length: usize,
}

impl<'a> Buffer<'a> {
    /// `length` zero bytes at `alignment`, a power of two.
    pub fn zeroed(
        arena: &'a Arena<'a>,
        length: usize,
        alignment: usize,
    ) -> Result<Self, OutOfMemory> {
        Ok(Buffer { bytes: RefCell::new(Block::zeroed(arena, length, alignment)?), length })
    }

    /// The number of bytes.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes, to read while the result lives; `None` while they are being
    /// written.
    pub fn read(&self) -> Option<Ref<'_, Block<'a>>> {
        self.bytes.try_borrow().ok()
    }

    /// The bytes, to write while the result lives; `None` while they are being
    /// read or written.
    pub fn write(&self) -> Option<RefMut<'_, Block<'a>>> {
        self.bytes.try_borrow_mut().ok()
    }
}
