use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::needs_drop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::{Arena, OutOfMemory};

/// A growable array in an [`Arena`] whose growth can fail.
pub struct Vector<'a, T> {
    raw: Raw<'a>,
    owns: PhantomData<T>,
}

/// What vectors of all types share, as each copy of it would cost flash. The
/// layout of an element is told by the caller, always the same.
struct Raw<'a> {
    arena: &'a Arena<'a>,
    elements: NonNull<u8>,
    length: usize,
    capacity: usize,
}

impl Raw<'_> {
    /// Makes room for `additional` more elements and for no others.
    ///
    /// # Safety
    /// `element` is the layout that this was always called with.
    #[inline(never)]
    unsafe fn reserve(&mut self, additional: usize, element: Layout) -> Result<(), OutOfMemory> {
        match self.length.checked_add(additional) {
            Some(wanted) if wanted <= self.capacity => Ok(()),
            // SAFETY: as the caller vouches.
            Some(wanted) => unsafe { self.grow(wanted, element) },
            None => Err(self.arena.exhausted(usize::MAX)),
        }
    }

    /// Makes room for one more element, and for as many again as there are.
    ///
    /// # Safety
    /// As for [`Raw::reserve`].
    #[inline(never)]
    unsafe fn double(&mut self, element: Layout) -> Result<(), OutOfMemory> {
        // SAFETY: as the caller vouches.
        unsafe { self.grow(self.capacity.saturating_mul(2).max(4), element) }
    }

    /// Moves the elements into an allocation for `capacity` of them.
    ///
    /// # Safety
    /// As for [`Raw::reserve`]; `capacity` is not below the length.
    unsafe fn grow(&mut self, capacity: usize, element: Layout) -> Result<(), OutOfMemory> {
        let size = element.size().checked_mul(capacity);
        let layout = size.and_then(|size| Layout::from_size_align(size, element.align()).ok());
        let layout = layout.ok_or_else(|| self.arena.exhausted(usize::MAX))?;
        if layout.size() > 0 {
            let elements = self.arena.allocate(layout)?;
            // SAFETY: both runs hold at least `length` elements and do not
            // overlap; the old one is released without dropping what moved.
            unsafe {
                self.elements.copy_to_nonoverlapping(elements, self.length * element.size());
                self.release(element);
            }
            self.elements = elements;
        }
        self.capacity = capacity;
        Ok(())
    }

    /// Gives the memory back; the elements must be gone already.
    ///
    /// # Safety
    /// As for [`Raw::reserve`]; the memory is not used again.
    #[inline(never)]
    unsafe fn release(&mut self, element: Layout) {
        let size = element.size() * self.capacity;
        if size > 0 {
            // SAFETY: this size and alignment were a layout when they were
            // allocated.
            unsafe {
                let layout = Layout::from_size_align_unchecked(size, element.align());
                self.arena.deallocate(self.elements, layout);
            }
        }
    }
}

impl<'a, T> Vector<'a, T> {
    /// An empty vector; nothing is allocated before the first element.
    pub const fn new(arena: &'a Arena<'a>) -> Self {
        let elements = NonNull::<T>::dangling().cast();
        Vector { raw: Raw { arena, elements, length: 0, capacity: 0 }, owns: PhantomData }
    }

    /// `length` elements made by `make(index)`, in an allocation of just
    /// that size.
    pub fn from_fn(
        arena: &'a Arena<'a>,
        length: usize,
        mut make: impl FnMut(usize) -> T,
    ) -> Result<Self, OutOfMemory> {
        let mut vector = Self::new(arena);
        vector.reserve_exact(length)?;
        let mut index = 0;
        vector.fill_up(length, || {
            index += 1;
            make(index - 1)
        });
        Ok(vector)
    }

    /// Makes room for `additional` more elements and for no others.
    pub fn reserve_exact(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        // SAFETY: always this layout.
        unsafe { self.raw.reserve(additional, Layout::new::<T>()) }
    }

    /// Appends `value`; when there is no room it is dropped and the vector
    /// stays as it was.
    pub fn push(&mut self, value: T) -> Result<(), OutOfMemory> {
        if self.raw.length == self.raw.capacity {
            // SAFETY: always this layout.
            unsafe { self.raw.double(Layout::new::<T>())? };
        }
        // SAFETY: `length < capacity`, so the slot is ours and vacant.
        unsafe { self.elements().add(self.raw.length).write(value) };
        self.raw.length += 1;
        Ok(())
    }

    /// Appends copies of `values`, as many as there is room for.
    pub fn extend(&mut self, values: &[T])
    where
        T: Copy,
    {
        let count = values.len().min(self.spare());
        for value in values.iter().take(count) {
            // SAFETY: below the capacity, so the slot is ours and vacant.
            unsafe { self.elements().add(self.raw.length).write(*value) };
            self.raw.length += 1;
        }
    }

    /// For how many more elements there is room.
    pub fn spare(&self) -> usize {
        self.raw.capacity - self.raw.length
    }

    /// Appends up to `count` elements made by `make`, as many as there is room
    /// for.
    #[inline]
    pub fn fill_up(&mut self, count: usize, mut make: impl FnMut() -> T) {
        let room = self.raw.capacity - self.raw.length;
        for _ in 0..count.min(room) {
            // SAFETY: `length < capacity`, so the slot is ours and vacant.
            unsafe { self.elements().add(self.raw.length).write(make()) };
            self.raw.length += 1;
        }
    }

    /// Removes and gives the last element.
    pub fn pop(&mut self) -> Option<T> {
        self.raw.length = self.raw.length.checked_sub(1)?;
        // SAFETY: the slot was initialised and is now outside `length`.
        Some(unsafe { self.elements().add(self.raw.length).read() })
    }

    /// Drops every element beyond `length`.
    pub fn truncate(&mut self, length: usize) {
        if !needs_drop::<T>() {
            self.raw.length = self.raw.length.min(length);
        }
        while self.raw.length > length {
            self.raw.length -= 1;
            // SAFETY: the slot was initialised and is now outside `length`.
            unsafe { self.elements().add(self.raw.length).drop_in_place() };
        }
    }

    #[inline(always)]
    fn elements(&self) -> NonNull<T> {
        self.raw.elements.cast()
    }
}

impl<T> Deref for Vector<'_, T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: the first `length` elements are initialised.
        unsafe { core::slice::from_raw_parts(self.elements().as_ptr(), self.raw.length) }
    }
}

impl<T> DerefMut for Vector<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `self` is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.elements().as_ptr(), self.raw.length) }
    }
}

impl<T> Drop for Vector<'_, T> {
    fn drop(&mut self) {
        self.truncate(0);
        // SAFETY: always this layout, and nothing uses the memory any more.
        unsafe { self.raw.release(Layout::new::<T>()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;
    use std::rc::Rc;

    #[test]
    fn grows_drops_and_returns_its_memory() {
        let mut region = [MaybeUninit::uninit(); 2048];
        let arena = Arena::new(&mut region);
        let witness = Rc::new(());
        let mut vector = Vector::new(&arena);
        for _ in 0..33 {
            vector.push(witness.clone()).unwrap();
        }
        assert_eq!(vector.len(), 33);
        vector.truncate(10);
        assert_eq!(Rc::strong_count(&witness), 11);
        drop(vector);
        assert_eq!(Rc::strong_count(&witness), 1);
        assert_eq!(arena.usage().live, 0);
    }

    #[test]
    fn a_failed_push_leaves_the_vector_as_it_was() {
        let mut region = [MaybeUninit::uninit(); 128];
        let arena = Arena::new(&mut region);
        let mut vector = Vector::new(&arena);
        let mut pushed = 0u64;
        while vector.push(pushed).is_ok() {
            pushed += 1;
        }
        assert!(pushed >= 4);
        assert!(vector.iter().copied().eq(0..pushed));
    }

    #[test]
    fn filling_up_keeps_to_the_room_there_is() {
        let mut region = [MaybeUninit::uninit(); 512];
        let arena = Arena::new(&mut region);
        let mut vector = Vector::from_fn(&arena, 1, |_| 7).unwrap();
        vector.reserve_exact(3).unwrap();
        vector.fill_up(2, || 8);
        assert_eq!(vector[..], [7, 8, 8]);
        vector.fill_up(usize::MAX, || 9);
        assert_eq!(vector[..], [7, 8, 8, 9]);
    }

    #[test]
    fn elements_without_size_take_no_memory() {
        let mut region = [MaybeUninit::uninit(); 64];
        let arena = Arena::new(&mut region);
        let vector = Vector::from_fn(&arena, 1000, |_| ()).unwrap();
        assert_eq!(vector.len(), 1000);
        assert_eq!(arena.usage().live, 0);
    }
}
