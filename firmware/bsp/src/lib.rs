//! Boards: start-up, UART, timer and faults.
//!
//! A board (`board/`) is put together from an architecture (`cortex_m`), a
//! UART (`uart/`) and a timer (`timer/`). Another board is another module in
//! `board/`; drivers know no board and boards know no agent beyond its
//! [`Link`](arielml_agent::Link) and [`Platform`](arielml_agent::Platform).
#![cfg_attr(not(test), no_std)]

mod registers;

pub mod timer;
pub mod uart;

#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod board;
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod cortex_m;
#[cfg(all(target_arch = "arm", target_os = "none", not(architecture = "thumbv6m-none-eabi")))]
mod mpu;
