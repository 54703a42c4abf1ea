//! UART drivers: blocking, byte by byte in, buffer by buffer out.

mod nrf_uarte;

pub use nrf_uarte::{NrfUarte, Wait};
