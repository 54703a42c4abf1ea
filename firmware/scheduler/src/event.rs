/// How cores wake each other.
///
/// A wake that comes before the sleep ends that sleep at once: an event
/// register (Cortex-M), a pending software interrupt (RISC-V).
pub trait Event {
    /// Wakes every other core. What this core wrote before is seen by a core
    /// that the wake ends the sleep of.
    fn wake(&self);

    /// Sleeps until another core wakes this one, if none has since this core
    /// slept last; may return early.
    fn sleep(&self);
}

impl<E: Event + ?Sized> Event for &E {
    fn wake(&self) {
        (**self).wake();
    }

    fn sleep(&self) {
        (**self).sleep();
    }
}
