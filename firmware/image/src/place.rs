use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

/// Static memory for a value that is made once, when the image starts.
pub(crate) struct Place<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: `fill`'s caller sees to it that there is one user.
unsafe impl<T> Sync for Place<T> {}

impl<T> Place<T> {
    pub(crate) const fn new() -> Self {
        Place(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Puts `value` there.
    ///
    /// # Safety
    /// Called once.
    #[allow(clippy::mut_from_ref)] // once, so it is the only one
    pub(crate) unsafe fn fill(&'static self, value: T) -> &'static mut T {
        // SAFETY: the only call, so the only reference.
        unsafe { (*self.0.get()).write(value) }
    }
}
