//! Values that live as long as a device and are borrowed by each other.

use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// A value on the heap that stays where it is until this is dropped. Unlike a
/// `Box` it may be moved while it is borrowed.
pub(crate) struct Pinned<T: ?Sized>(NonNull<T>);

impl<T> Pinned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::from(Box::new(value))
    }
}

impl Pinned<[MaybeUninit<u8>]> {
    /// `length` bytes that nobody has set; memory is taken as it is touched.
    pub(crate) fn bytes(length: usize) -> Self {
        Self::from(Box::new_uninit_slice(length))
    }
}

impl<T: ?Sized> Pinned<T> {
    fn from(value: Box<T>) -> Self {
        Pinned(NonNull::from(Box::leak(value)))
    }

    /// The value, for as long as the caller likes.
    ///
    /// # Safety
    /// The reference is not used after `self` is dropped, nor while the value
    /// is borrowed exclusively.
    pub(crate) unsafe fn get<'a>(&self) -> &'a T {
        // SAFETY: it is there until `self` is dropped; the caller vouches for
        // the rest.
        unsafe { self.0.as_ref() }
    }

    /// The value exclusively, for as long as the caller likes.
    ///
    /// # Safety
    /// As for [`Pinned::get`], and no other reference is used meanwhile.
    pub(crate) unsafe fn get_mut<'a>(&mut self) -> &'a mut T {
        // SAFETY: as above.
        unsafe { self.0.as_mut() }
    }
}

impl<T: ?Sized> Drop for Pinned<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and whoever borrowed it is done.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
