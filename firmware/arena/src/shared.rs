use core::alloc::Layout;
use core::cell::Cell;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::{Arena, OutOfMemory};

struct Counted<'a, T> {
    owners: Cell<usize>,
    arena: &'a Arena<'a>,
    value: T,
}

/// A reference-counted value in an [`Arena`]: the device's `Rc`.
///
/// The value is dropped and its memory given back when the last owner goes.
pub struct Shared<'a, T> {
    counted: NonNull<Counted<'a, T>>,
    owns: core::marker::PhantomData<Counted<'a, T>>,
}

impl<'a, T> Shared<'a, T> {
    /// Moves `value` into `arena`; on failure `value` is dropped.
    pub fn new(arena: &'a Arena<'a>, value: T) -> Result<Self, OutOfMemory> {
        let counted = arena.allocate(Layout::new::<Counted<'a, T>>())?.cast();
        // SAFETY: freshly allocated with the layout of `Counted<T>`.
        unsafe { counted.write(Counted { owners: Cell::new(1), arena, value }) };
        Ok(Shared { counted, owns: core::marker::PhantomData })
    }

    /// Whether both name the same value.
    pub fn ptr_eq(a: &Self, b: &Self) -> bool {
        a.counted == b.counted
    }

    /// An address that is the same for all owners of one value.
    pub fn address(this: &Self) -> usize {
        this.counted.as_ptr() as usize
    }

    /// How many owners there are.
    pub fn owners(this: &Self) -> usize {
        this.counted().owners.get()
    }

    fn counted(&self) -> &Counted<'a, T> {
        // SAFETY: the allocation lives while any owner does, and we are one.
        unsafe { self.counted.as_ref() }
    }
}

impl<T> Clone for Shared<'_, T> {
    fn clone(&self) -> Self {
        let owners = &self.counted().owners;
        // Each owner occupies memory, so the count cannot wrap.
        owners.set(owners.get() + 1);
        Shared { counted: self.counted, owns: core::marker::PhantomData }
    }
}

impl<T> Deref for Shared<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Drop for Shared<'_, T> {
    fn drop(&mut self) {
        let owners = self.counted().owners.get() - 1;
        self.counted().owners.set(owners);
        if owners == 0 {
            let arena = self.counted().arena;
            // SAFETY: we were the last owner; the value is dropped in place
            // once and its memory given back with the layout it came with.
            unsafe {
                core::ptr::drop_in_place(self.counted.as_ptr());
                arena.deallocate(self.counted.cast(), Layout::new::<Counted<'_, T>>());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::MaybeUninit;
    use std::rc::Rc;

    #[test]
    fn the_last_owner_drops_the_value_and_returns_the_memory() {
        let mut region = [MaybeUninit::uninit(); 512];
        let arena = Arena::new(&mut region);
        let witness = Rc::new(());
        let first = Shared::new(&arena, witness.clone()).unwrap();
        let second = first.clone();
        assert!(Shared::ptr_eq(&first, &second));
        assert_eq!(Shared::owners(&first), 2);
        drop(first);
        assert_eq!(Rc::strong_count(&witness), 2);
        drop(second);
        assert_eq!(Rc::strong_count(&witness), 1);
        assert_eq!(arena.usage().live, 0);
    }

    #[test]
    fn a_value_that_does_not_fit_is_dropped() {
        let mut region = [MaybeUninit::uninit(); 64];
        let arena = Arena::new(&mut region);
        let witness = Rc::new(());
        assert!(Shared::new(&arena, ([0u8; 256], witness.clone())).is_err());
        assert_eq!(Rc::strong_count(&witness), 1);
    }
}
