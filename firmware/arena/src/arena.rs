use core::alloc::Layout;
use core::cell::{Cell, UnsafeCell};
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use linked_list_allocator::Heap;

/// An allocation did not fit; [`Arena::shortage`] says by how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// The latest allocation that did not fit, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortage {
    /// Asked for.
    pub requested: usize,
    /// Free in all; they may lie in several pieces.
    pub available: usize,
}

/// What an arena holds, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Size of the region.
    pub capacity: usize,
    /// Bytes allocated now.
    pub used: usize,
    /// The highest end of any allocation since the last
    /// [`Arena::restart_peak`], counted from the start of the region: the
    /// size that a region needs to serve the same requests.
    pub peak: usize,
    /// Allocations alive now.
    pub live: usize,
}

/// A bounded region of memory with a first-fit allocator over it.
///
/// It is for one core: `Arena` is neither `Send` nor `Sync`.
pub struct Arena<'a> {
    heap: UnsafeCell<Heap>,
    start: usize,
    peak: Cell<usize>,
    live: Cell<usize>,
    fail_after: Cell<Option<usize>>,
    shortage: Cell<Shortage>,
    region: core::marker::PhantomData<&'a mut [MaybeUninit<u8>]>,
}

impl<'a> Arena<'a> {
    /// Takes over `region` whole; a region too small to hold anything gives
    /// an arena whose every allocation fails.
    pub fn new(region: &'a mut [MaybeUninit<u8>]) -> Self {
        let start = region.as_ptr() as usize;
        let heap = if region.len() < 4 * size_of::<usize>() {
            Heap::empty()
        } else {
            Heap::from_slice(as_static(region))
        };
        Arena {
            heap: UnsafeCell::new(heap),
            start,
            peak: Cell::new(0),
            live: Cell::new(0),
            fail_after: Cell::new(None),
            shortage: Cell::new(Shortage { requested: 0, available: 0 }),
            region: core::marker::PhantomData,
        }
    }

    /// Allocates `layout`, first fit.
    pub fn allocate(&self, layout: Layout) -> Result<NonNull<u8>, OutOfMemory> {
        if let Some(left) = self.fail_after.get() {
            if left == 0 {
                return Err(self.exhausted(layout.size()));
            }
            self.fail_after.set(Some(left - 1));
        }
        // A zero-sized request would make the heap hand out a whole hole.
        let layout = Self::at_least_one_byte(layout);
        // SAFETY: `Arena` is not `Sync` and no reference into the heap
        // outlives a method of ours, so this is the only one.
        let heap = unsafe { &mut *self.heap.get() };
        match heap.allocate_first_fit(layout) {
            Ok(pointer) => {
                let end = (pointer.as_ptr() as usize - self.start) + layout.size();
                self.peak.set(self.peak.get().max(end));
                self.live.set(self.live.get() + 1);
                Ok(pointer)
            }
            Err(()) => Err(self.exhausted(layout.size())),
        }
    }

    /// Gives back what [`Arena::allocate`] handed out.
    ///
    /// # Safety
    /// `pointer` came from this arena's `allocate` with the same `layout` and
    /// is not used again.
    pub unsafe fn deallocate(&self, pointer: NonNull<u8>, layout: Layout) {
        let layout = Self::at_least_one_byte(layout);
        // SAFETY: exclusive as in `allocate`; the caller vouches for the pair.
        unsafe { (*self.heap.get()).deallocate(pointer, layout) };
        self.live.set(self.live.get().saturating_sub(1));
    }

    /// What the arena holds now and held at most.
    pub fn usage(&self) -> Usage {
        // SAFETY: no `&mut Heap` is alive outside `allocate`/`deallocate`.
        let heap = unsafe { &*self.heap.get() };
        Usage {
            capacity: heap.size(),
            used: heap.used(),
            peak: self.peak.get(),
            live: self.live.get(),
        }
    }

    /// Forgets the high-water mark; the next allocation starts a new one.
    pub fn restart_peak(&self) {
        self.peak.set(0);
    }

    /// Makes every allocation after the next `n` fail, or none again with
    /// `None`. Tests use it to visit every out-of-memory path.
    pub fn fail_after(&self, n: Option<usize>) {
        self.fail_after.set(n);
    }

    /// What the latest failed allocation asked for, and what there was.
    pub fn shortage(&self) -> Shortage {
        self.shortage.get()
    }

    /// Notes that `requested` bytes did not fit.
    #[cold]
    #[inline(never)]
    pub(crate) fn exhausted(&self, requested: usize) -> OutOfMemory {
        // SAFETY: as in `usage`.
        let available = unsafe { (*self.heap.get()).free() };
        self.shortage.set(Shortage { requested, available });
        OutOfMemory
    }

    fn at_least_one_byte(layout: Layout) -> Layout {
        if layout.size() == 0 {
            Layout::from_size_align(1, layout.align()).unwrap_or(layout)
        } else {
            layout
        }
    }
}

/// The heap wants a `'static` region because it cannot name ours.
fn as_static(region: &mut [MaybeUninit<u8>]) -> &'static mut [MaybeUninit<u8>] {
    // SAFETY: the heap lives inside an `Arena<'a>`, whose `PhantomData` keeps
    // the region borrowed for `'a`; nothing hands the slice out.
    unsafe { core::slice::from_raw_parts_mut(region.as_mut_ptr(), region.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let mut region = [MaybeUninit::uninit(); 1024];
        let arena = Arena::new(&mut region);
        let layout = Layout::from_size_align(100, 64).unwrap();
        let a = arena.allocate(layout).unwrap();
        let b = arena.allocate(layout).unwrap();
        assert_eq!(a.as_ptr() as usize % 64, 0);
        assert_eq!(arena.usage().live, 2);
        assert!(arena.usage().peak >= 200);
        // SAFETY: both came from this arena with this layout.
        unsafe {
            arena.deallocate(a, layout);
            arena.deallocate(b, layout);
        }
        assert_eq!(arena.usage().used, 0);
        assert_eq!(arena.usage().live, 0);
    }

    #[test]
    fn a_full_arena_says_what_was_asked_and_what_is_left() {
        let mut region = [MaybeUninit::uninit(); 256];
        let arena = Arena::new(&mut region);
        assert!(arena.allocate(Layout::from_size_align(4096, 8).unwrap()).is_err());
        let Shortage { requested, available } = arena.shortage();
        assert_eq!(requested, 4096);
        assert!(available <= 256 && available > 0);
    }

    #[test]
    fn a_region_too_small_for_anything_fails_cleanly() {
        let mut region = [MaybeUninit::uninit(); 3];
        let arena = Arena::new(&mut region);
        assert!(arena.allocate(Layout::new::<u8>()).is_err());
    }

    #[test]
    fn injected_failures_begin_after_the_stated_count() {
        let mut region = [MaybeUninit::uninit(); 1024];
        let arena = Arena::new(&mut region);
        arena.fail_after(Some(1));
        assert!(arena.allocate(Layout::new::<u64>()).is_ok());
        assert!(arena.allocate(Layout::new::<u64>()).is_err());
        arena.fail_after(None);
        assert!(arena.allocate(Layout::new::<u64>()).is_ok());
    }
}
