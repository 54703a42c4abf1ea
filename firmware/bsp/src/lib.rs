//! Boards: start-up, UART, timer and faults.
//!
//! A board (`board/`) is put together from an architecture ([`arch`]), a
//! UART (`uart/`) and a timer (`timer/`). Another board is another module in
//! `board/`; drivers know no board and boards know no agent beyond its
//! [`Link`](arielml_agent::Link) and [`Platform`](arielml_agent::Platform).
#![cfg_attr(not(test), no_std)]

pub mod check;
mod registers;

pub mod timer;
pub mod uart;

#[cfg(target_os = "none")]
pub mod board;
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub mod cortex_m;
#[cfg(all(target_arch = "arm", target_os = "none", not(architecture = "thumbv6m-none-eabi")))]
mod mpu;
#[cfg(target_os = "none")]
mod processor;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
pub mod riscv;
#[cfg(target_os = "none")]
pub mod stack;

/// The architecture that this is built for: `Fault`, `stop`, `entry!`, the way
/// into an image, and `helper_start!`, that of the other cores.
#[cfg(all(target_arch = "arm", target_os = "none"))]
pub use cortex_m as arch;
#[cfg(target_os = "none")]
pub use processor::Processor;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
pub use riscv as arch;
