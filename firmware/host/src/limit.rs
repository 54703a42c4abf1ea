//! How long a device may run before its bytecode is ended: a loop that never
//! ends must not take the process with it.
//!
//! The virtual machine asks after each [`SLICE`] of branches and calls. Time
//! in a kernel cannot be cut short.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Branches and calls between two looks at the clock.
const SLICE: u32 = 256;

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Does `work` with a limit on its bytecode; a time beyond reckoning is none.
pub(crate) fn within<R>(time: Duration, work: impl FnOnce() -> R) -> R {
    struct Lifted;

    impl Drop for Lifted {
        fn drop(&mut self) {
            END.set(None);
        }
    }

    END.set(Instant::now().checked_add(time));
    let _lifted = Lifted;
    work()
}

/// What the virtual machine may use up until it asks again.
pub(crate) fn fuel() -> Option<u32> {
    let over = END.get().is_some_and(|end| Instant::now() >= end);
    Some(if over { 0 } else { SLICE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_fuel_until_time_is_over() {
        assert_eq!(fuel(), Some(SLICE));
        within(Duration::MAX, || assert_eq!(fuel(), Some(SLICE)));
        within(Duration::ZERO, || assert_eq!(fuel(), Some(0)));
        assert_eq!(fuel(), Some(SLICE));
    }
}
