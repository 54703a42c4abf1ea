use core::cell::Cell;
use core::ptr::{self, NonNull};

use arielml_arena::{Arena, Block, Shared};
use arielml_vm::Error;

use crate::device::Device;
use crate::fault::{Fault, OrFull, Report};

/// Where kernels may expect a buffer to begin, and imported data must.
pub(crate) const ALIGNMENT: usize = 64;

/// Bytes that kernels and queue operations work on: an allocation, a read-only
/// view of the module's own data, or a span of another buffer.
pub struct Buffer<'a> {
    /// The first byte, or `None` once the storage was given back. Unused in a
    /// span, which asks its root.
    start: Cell<Option<NonNull<u8>>>,
    length: usize,
    preserved: Cell<u32>,
    storage: Storage<'a>,
}

enum Storage<'a> {
    /// An allocation; gone after [`Buffer::release`].
    Block(Cell<Option<Block<'a>>>),
    /// Memory of the image, most likely flash.
    ReadOnly,
    /// Part of `root`, which is never itself a span.
    Span { root: Shared<'a, Buffer<'a>>, offset: usize },
}

impl<'a> Buffer<'a> {
    /// `length` zero bytes, aligned to 64 bytes.
    ///
    /// Errors: `ResourceExhausted`.
    pub fn allocate(
        arena: &'a Arena<'a>,
        length: usize,
    ) -> Result<Shared<'a, Buffer<'a>>, Error<'a>> {
        let device = Device::new(arena, &[]);
        Self::new(&device, length, true).map_err(|fault| device.report.error(fault))
    }

    /// `length` bytes, zero or whatever the memory held.
    pub(crate) fn new(
        device: &Device<'a>,
        length: usize,
        zeroed: bool,
    ) -> Result<Shared<'a, Buffer<'a>>, Fault> {
        let allocate = if zeroed { Block::zeroed } else { Block::stale };
        let block = allocate(device.arena, length, ALIGNMENT).or_full(&device.report)?;
        let start = NonNull::new(block.as_ptr());
        Self::with(device, start, length, Storage::Block(Cell::new(Some(block))))
    }

    /// `bytes` in place, read-only.
    pub(crate) fn import(
        device: &Device<'a>,
        bytes: &'a [u8],
    ) -> Result<Shared<'a, Buffer<'a>>, Fault> {
        let start = NonNull::from(bytes).cast();
        Self::with(device, Some(start), bytes.len(), Storage::ReadOnly)
    }

    /// `length` bytes from `offset` on of `source`, whose storage it shares.
    pub(crate) fn span(
        device: &Device<'a>,
        source: &Shared<'a, Buffer<'a>>,
        offset: usize,
        length: usize,
    ) -> Result<Shared<'a, Buffer<'a>>, Fault> {
        source.range(&device.report, offset, length)?;
        let storage = match &source.storage {
            Storage::Span { root, offset: base } => {
                Storage::Span { root: root.clone(), offset: base + offset }
            }
            _ => Storage::Span { root: source.clone(), offset },
        };
        Self::with(device, None, length, storage)
    }

    #[inline(never)]
    fn with(
        device: &Device<'a>,
        start: Option<NonNull<u8>>,
        length: usize,
        storage: Storage<'a>,
    ) -> Result<Shared<'a, Buffer<'a>>, Fault> {
        let buffer = Buffer { start: Cell::new(start), length, preserved: Cell::new(1), storage };
        Shared::new(device.arena, buffer).or_full(&device.report)
    }

    /// Length in bytes; a deallocated buffer keeps it.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Copies the bytes from `offset` on into `target`.
    ///
    /// Errors: `OutOfRange`; `FailedPrecondition` after deallocation.
    pub fn read(&self, offset: usize, target: &mut [u8]) -> Result<(), Error<'a>> {
        let report = Report::default();
        self.copy_to(&report, offset, target).map_err(|fault| report.error(fault))
    }

    /// Copies `source` over the bytes from `offset` on.
    ///
    /// Errors: `OutOfRange`; `PermissionDenied` for a read-only buffer;
    /// `FailedPrecondition` after deallocation.
    pub fn write(&self, offset: usize, source: &[u8]) -> Result<(), Error<'a>> {
        let report = Report::default();
        self.copy_from(&report, offset, source).map_err(|fault| report.error(fault))
    }

    /// As [`Buffer::read`].
    pub(crate) fn copy_to(
        &self,
        report: &Report<'_>,
        offset: usize,
        target: &mut [u8],
    ) -> Result<(), Fault> {
        let source = self.range(report, offset, target.len())?;
        // SAFETY: `range` vouches for `target.len()` bytes, and an exclusive
        // slice cannot overlap them: nothing hands out slices of a buffer.
        unsafe { ptr::copy_nonoverlapping(source, target.as_mut_ptr(), target.len()) };
        Ok(())
    }

    /// As [`Buffer::write`].
    pub(crate) fn copy_from(
        &self,
        report: &Report<'_>,
        offset: usize,
        source: &[u8],
    ) -> Result<(), Fault> {
        let target = self.writable(report, offset, source.len())?;
        // SAFETY: `writable` vouches for the bytes; `source` cannot overlap
        // them, because nothing hands out slices of a writable buffer.
        unsafe { ptr::copy_nonoverlapping(source.as_ptr(), target, source.len()) };
        Ok(())
    }

    /// Fills `length` bytes from `offset` on with the low `pattern_length`
    /// (1, 2, 4 or 8) bytes of `pattern`, little endian.
    pub(crate) fn fill(
        &self,
        report: &Report<'_>,
        offset: usize,
        length: usize,
        pattern: u64,
        pattern_length: usize,
    ) -> Result<(), Fault> {
        let target = self.writable(report, offset, length)?;
        // SAFETY: `writable` vouches for the bytes.
        unsafe { fill(report, target, offset, length, pattern, pattern_length) }
    }

    /// Where `length` bytes from `offset` on begin. Kernels may write through
    /// it only where the compiler knows the buffer to be mutable.
    pub(crate) fn range(
        &self,
        report: &Report<'_>,
        offset: usize,
        length: usize,
    ) -> Result<*mut u8, Fault> {
        if offset > self.length || length > self.length - offset {
            return Err(report.with(Fault::Range, offset.saturating_add(length), self.length));
        }
        let (start, base) = match &self.storage {
            Storage::Span { root, offset } => (root.start.get(), *offset),
            _ => (self.start.get(), 0),
        };
        match start {
            // SAFETY: within the storage: `offset` within this buffer was just
            // checked, this span within its root when it was made.
            Some(start) => Ok(unsafe { start.as_ptr().add(base + offset) }),
            None => Err(Fault::Deallocated),
        }
    }

    /// As [`Buffer::range`], for bytes that are to be written.
    pub(crate) fn writable(
        &self,
        report: &Report<'_>,
        offset: usize,
        length: usize,
    ) -> Result<*mut u8, Fault> {
        if self.is_read_only() {
            return Err(Fault::ReadOnly);
        }
        self.range(report, offset, length)
    }

    pub(crate) fn is_read_only(&self) -> bool {
        matches!(self.root().storage, Storage::ReadOnly)
    }

    /// Gives the storage of an allocation back; later use of it is refused.
    /// Of anything else it does nothing: spans and imports own no storage.
    pub(crate) fn release(&self) {
        if let Storage::Block(block) = &self.storage {
            self.start.set(None);
            block.set(None);
        }
    }

    /// One more logical owner of the allocation.
    pub(crate) fn preserve(&self) {
        let preserved = &self.root().preserved;
        preserved.set(preserved.get().saturating_add(1));
    }

    /// One logical owner fewer; whether it was the last, who may deallocate.
    pub(crate) fn discard(&self) -> bool {
        let terminal = self.is_terminal();
        let preserved = &self.root().preserved;
        preserved.set(preserved.get().saturating_sub(1));
        terminal
    }

    /// Whether there is just one logical owner.
    pub(crate) fn is_terminal(&self) -> bool {
        self.root().preserved.get() == 1
    }

    fn root(&self) -> &Buffer<'a> {
        match &self.storage {
            Storage::Span { root, .. } => root,
            _ => self,
        }
    }
}

/// Fills `length` bytes at `target`, which begin `offset` bytes into their
/// buffer.
///
/// # Safety
/// The bytes are there, and nothing else refers to them.
pub(crate) unsafe fn fill(
    report: &Report<'_>,
    target: *mut u8,
    offset: usize,
    length: usize,
    pattern: u64,
    pattern_length: usize,
) -> Result<(), Fault> {
    if !matches!(pattern_length, 1 | 2 | 4 | 8) {
        return Err(report.with(Fault::FillPattern, pattern_length, 0));
    }
    if (offset | length) & (pattern_length - 1) != 0 {
        return Err(report.with(Fault::FillAlignment, offset, length));
    }
    let pattern = pattern.to_le_bytes();
    let mut filled = pattern_length.min(length);
    // SAFETY: the caller vouches for `length` bytes. Each copy takes bytes
    // already filled to the bytes after them, so the two never overlap.
    unsafe {
        ptr::copy_nonoverlapping(pattern.as_ptr(), target, filled);
        while filled < length {
            let step = filled.min(length - filled);
            ptr::copy_nonoverlapping(target, target.add(filled), step);
            filled += step;
        }
    }
    Ok(())
}

/// Copies `length` bytes; ranges that overlap are refused.
///
/// # Safety
/// Both runs of bytes are there, and nothing else refers to the target's.
pub(crate) unsafe fn copy(source: *const u8, target: *mut u8, length: usize) -> Result<(), Fault> {
    if (source as usize).abs_diff(target as usize) < length {
        return Err(Fault::Overlap);
    }
    // SAFETY: the caller vouches for the bytes; they do not overlap.
    unsafe { ptr::copy_nonoverlapping(source, target, length) };
    Ok(())
}

#[cfg(test)]
mod tests;
