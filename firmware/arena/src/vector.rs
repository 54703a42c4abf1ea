use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::{Arena, OutOfMemory};

/// A growable array in an [`Arena`] whose growth can fail.
pub struct Vector<'a, T> {
    arena: &'a Arena<'a>,
    elements: NonNull<T>,
    length: usize,
    capacity: usize,
    owns: core::marker::PhantomData<T>,
}

impl<'a, T> Vector<'a, T> {
    /// An empty vector; nothing is allocated before the first element.
    pub const fn new(arena: &'a Arena<'a>) -> Self {
        Vector {
            arena,
            elements: NonNull::dangling(),
            length: 0,
            capacity: 0,
            owns: core::marker::PhantomData,
        }
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
        for index in 0..length {
            // SAFETY: `length` slots are reserved, and this one is vacant.
            unsafe { vector.elements.add(index).write(make(index)) };
            vector.length = index + 1;
        }
        Ok(vector)
    }

    /// Makes room for `additional` more elements and for no others.
    pub fn reserve_exact(&mut self, additional: usize) -> Result<(), OutOfMemory> {
        match self.length.checked_add(additional) {
            Some(wanted) if wanted <= self.capacity => Ok(()),
            Some(wanted) => self.grow(wanted),
            None => Err(self.too_large()),
        }
    }

    /// Appends `value`; when there is no room it is dropped and the vector
    /// stays as it was.
    pub fn push(&mut self, value: T) -> Result<(), OutOfMemory> {
        if self.length == self.capacity {
            let doubled = self.capacity.checked_mul(2).ok_or_else(|| self.too_large())?;
            self.grow(doubled.max(4))?;
        }
        // SAFETY: `length < capacity`, so the slot is ours and vacant.
        unsafe { self.elements.add(self.length).write(value) };
        self.length += 1;
        Ok(())
    }

    /// Appends up to `count` elements made by `make`, as many as there is room
    /// for.
    pub fn fill_up(&mut self, count: usize, mut make: impl FnMut() -> T) {
        let end = self.length.saturating_add(count).min(self.capacity);
        while self.length < end {
            // SAFETY: `length < capacity`, so the slot is ours and vacant.
            unsafe { self.elements.add(self.length).write(make()) };
            self.length += 1;
        }
    }

    /// Removes and gives the last element.
    pub fn pop(&mut self) -> Option<T> {
        self.length = self.length.checked_sub(1)?;
        // SAFETY: the slot was initialised and is now outside `length`.
        Some(unsafe { self.elements.add(self.length).read() })
    }

    /// Drops every element beyond `length`.
    pub fn truncate(&mut self, length: usize) {
        while self.length > length {
            self.pop();
        }
    }

    fn grow(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        let element = Layout::new::<T>();
        let held = (self.elements.cast(), self.length, self.capacity);
        // SAFETY: `elements` holds `length` elements of this layout in an
        // allocation for `capacity` of them.
        let elements = unsafe { regrown(self.arena, element, held, capacity)? };
        self.elements = elements.cast();
        self.capacity = capacity;
        Ok(())
    }

    /// Gives the memory back; the elements must be gone already.
    fn release(&mut self) {
        if let Ok(layout) = Layout::array::<T>(self.capacity)
            && layout.size() > 0
        {
            // SAFETY: `elements` came from this arena with this layout.
            unsafe { self.arena.deallocate(self.elements.cast(), layout) };
        }
    }

    fn too_large(&self) -> OutOfMemory {
        OutOfMemory { requested: usize::MAX, available: self.arena.usage().capacity }
    }
}

/// Moves `length` elements from an allocation for `held` capacity into one for
/// `capacity`, and releases the first. One routine for elements of all types,
/// since each copy of it would cost flash.
///
/// # Safety
/// The first of `held` points at `length` elements of layout `element`, in an
/// allocation of `arena` for as many as its third says.
#[inline(never)]
unsafe fn regrown(
    arena: &Arena<'_>,
    element: Layout,
    (old, length, held): (NonNull<u8>, usize, usize),
    capacity: usize,
) -> Result<NonNull<u8>, OutOfMemory> {
    let run = |count: usize| {
        let size = element.size().checked_mul(count)?;
        Layout::from_size_align(size, element.align()).ok()
    };
    let too_large = OutOfMemory { requested: usize::MAX, available: arena.usage().capacity };
    let layout = run(capacity).ok_or(too_large)?;
    // Nothing is read through the pointer to elements without size.
    let elements = if layout.size() == 0 { old } else { arena.allocate(layout)? };
    // SAFETY: both runs hold at least `length` elements and do not overlap;
    // the old one is then released without dropping what moved.
    unsafe {
        old.copy_to_nonoverlapping(elements, length * element.size());
        if let Some(layout) = run(held)
            && layout.size() > 0
        {
            arena.deallocate(old, layout);
        }
    }
    Ok(elements)
}

impl<T> Deref for Vector<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the first `length` elements are initialised.
        unsafe { core::slice::from_raw_parts(self.elements.as_ptr(), self.length) }
    }
}

impl<T> DerefMut for Vector<'_, T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as in `deref`, and `self` is borrowed mutably.
        unsafe { core::slice::from_raw_parts_mut(self.elements.as_ptr(), self.length) }
    }
}

impl<T> Drop for Vector<'_, T> {
    fn drop(&mut self) {
        self.truncate(0);
        self.release();
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
