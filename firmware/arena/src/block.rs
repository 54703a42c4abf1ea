use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::{Arena, OutOfMemory};

/// A run of bytes at a stated alignment.
pub struct Block<'a> {
    arena: &'a Arena<'a>,
    bytes: NonNull<u8>,
    layout: Layout,
}

impl<'a> Block<'a> {
    /// `length` zero bytes at `alignment` (a power of two).
    pub fn zeroed(
        arena: &'a Arena<'a>,
        length: usize,
        alignment: usize,
    ) -> Result<Self, OutOfMemory> {
        let block = Self::allocate(arena, length, alignment)?;
        // SAFETY: freshly allocated, `length` bytes long.
        unsafe { block.bytes.write_bytes(0, length) };
        Ok(block)
    }

    /// As [`Block::zeroed`], but the bytes are whatever the memory held
    /// before: for tensors that are written before they are read, where
    /// zeroing would cost an instruction for every few bytes.
    pub fn stale(
        arena: &'a Arena<'a>,
        length: usize,
        alignment: usize,
    ) -> Result<Self, OutOfMemory> {
        if cfg!(miri) {
            return Self::zeroed(arena, length, alignment);
        }
        let block = Self::allocate(arena, length, alignment)?;
        // SAFETY: no instruction is emitted. The compiler must assume that
        // the block writes through the pointer, which turns bytes that the
        // language calls uninitialised into unknown but fixed ones.
        unsafe { core::arch::asm!("/* {0} */", in(reg) block.bytes.as_ptr(), options(nostack)) };
        Ok(block)
    }

    fn allocate(
        arena: &'a Arena<'a>,
        length: usize,
        alignment: usize,
    ) -> Result<Self, OutOfMemory> {
        let layout =
            Layout::from_size_align(length, alignment).map_err(|_| arena.exhausted(length))?;
        let bytes = arena.allocate(layout)?;
        Ok(Block { arena, bytes, layout })
    }

    /// Where the bytes begin.
    pub fn as_ptr(&self) -> *mut u8 {
        self.bytes.as_ptr()
    }
}

impl Deref for Block<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: initialised at birth, and ours while `self` lives.
        unsafe { core::slice::from_raw_parts(self.bytes.as_ptr(), self.layout.size()) }
    }
}

impl DerefMut for Block<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and `self` is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.bytes.as_ptr(), self.layout.size()) }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        // SAFETY: `bytes` came from this arena with this layout.
        unsafe { self.arena.deallocate(self.bytes, self.layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;

    #[test]
    fn bytes_are_zero_and_aligned() {
        let mut region = [MaybeUninit::new(0xAAu8); 512];
        let arena = Arena::new(&mut region);
        let mut block = Block::zeroed(&arena, 100, 64).unwrap();
        assert_eq!(block.as_ptr() as usize % 64, 0);
        assert!(block.iter().all(|&byte| byte == 0));
        block[99] = 1;
        drop(block);
        assert_eq!(arena.usage().live, 0);
    }

    #[test]
    fn stale_bytes_are_what_was_there() {
        let mut region = [MaybeUninit::new(0xAAu8); 512];
        let arena = Arena::new(&mut region);
        let block = Block::stale(&arena, 256, 64).unwrap();
        assert_eq!(block.len(), 256);
        assert!(block.iter().all(|byte| byte.count_ones() <= 8));
    }

    #[test]
    fn a_length_no_layout_can_hold_is_refused() {
        let mut region = [MaybeUninit::uninit(); 64];
        let arena = Arena::new(&mut region);
        assert!(Block::zeroed(&arena, usize::MAX, 64).is_err());
    }
}
