//! Timers that count the ticks of a call.

mod clint;
mod cmsdk_timer;
mod esp_systimer;
mod nrf_timer;
mod raspberry_timer;
mod stm32_timer;

pub use clint::Clint;
pub use cmsdk_timer::CmsdkTimer;
pub use esp_systimer::EspSystimer;
pub use nrf_timer::NrfTimer;
pub use raspberry_timer::RaspberryTimer;
pub use stm32_timer::Stm32Timer;

/// A free-running 32-bit counter.
pub trait Timer: Copy + Sync {
    /// Counts a second.
    const HERTZ: u32;

    /// The count now, read by core `core`; it wraps. Other cores may read it
    /// at the same time.
    fn ticks(&self, core: u32) -> u32;
}
