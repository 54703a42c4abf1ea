use core::ops::Range;

/// How cores wake each other.
///
/// A wake that comes before the sleep ends that sleep at once: an event
/// register (Cortex-M), a pending software interrupt (RISC-V).
pub trait Event {
    /// Wakes the cores of `workers`, and others if that is simpler. What this
    /// core wrote before is seen by a core that the wake ends the sleep of.
    fn wake(&self, workers: Range<u32>);

    /// Sleeps until another core wakes this one, if none has since this core
    /// slept last; may return early.
    fn sleep(&self);
}

impl<E: Event + ?Sized> Event for &E {
    fn wake(&self, workers: Range<u32>) {
        (**self).wake(workers);
    }

    fn sleep(&self) {
        (**self).sleep();
    }
}
