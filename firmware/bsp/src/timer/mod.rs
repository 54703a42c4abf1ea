//! Timers that count the ticks of a call.

mod clint;
mod cmsdk_timer;
mod nrf_timer;
mod rp2040_timer;
mod stm32_timer;

pub use clint::Clint;
pub use cmsdk_timer::CmsdkTimer;
pub use nrf_timer::NrfTimer;
pub use rp2040_timer::Rp2040Timer;
pub use stm32_timer::Stm32Timer;

/// A free-running 32-bit counter.
pub trait Timer {
    /// Counts a second.
    const HERTZ: u32;

    /// The count now; it wraps.
    fn ticks(&mut self) -> u32;
}
