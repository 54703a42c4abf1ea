//! UART drivers: blocking, byte by byte in, buffer by buffer out.

mod cmsdk_uart;
mod esp_uart;
mod nrf_uart;
mod nrf_uarte;
mod ns16550;
mod pl011;
mod stm32_usart;
mod stm32h7_usart;

pub use cmsdk_uart::CmsdkUart;
pub use esp_uart::{EspUart, Variant};
pub use nrf_uart::NrfUart;
pub use nrf_uarte::NrfUarte;
pub use ns16550::Ns16550;
pub use pl011::{Divisors, Pl011};
pub use stm32_usart::Stm32Usart;
pub use stm32h7_usart::Stm32h7Usart;

/// How a core sleeps until the UART's interrupt is pending.
pub trait Wait {
    /// Sleeps until the interrupt is pending; may return early.
    fn wait(&mut self);

    /// Makes the interrupt pending no longer.
    fn acknowledge(&mut self);
}
