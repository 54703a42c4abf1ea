//! The boards of this architecture.

use arielml_agent::{Identity, Link};

use crate::timer::Timer;

pub mod nrf52840;

/// What an image needs of a board.
pub trait Board {
    /// The board's UART.
    type Uart: Link;
    /// The board's source of ticks.
    type Timer: Timer;

    /// Name, cores and clocks, as the host's description of the board has them.
    const IDENTITY: Identity;

    /// Starts clocks, pins, timer and UART.
    ///
    /// # Safety
    /// Called once, before anything else uses the peripherals.
    unsafe fn start() -> (Self::Uart, Self::Timer);

    /// Starts the UART afresh to report a fault, in whatever state the board is.
    ///
    /// # Safety
    /// Nothing that ran before runs on.
    unsafe fn uart_after_fault() -> Self::Uart;
}
