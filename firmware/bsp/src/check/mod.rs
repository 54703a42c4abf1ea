//! What tells whether a board is what its description says: memory, floats,
//! access to odd addresses, atomics, sleep, stack.
//!
//! Each check gives what it measured, for the host to judge: see the table in
//! `docs/wire.md`. What takes instructions of its own lies in a module an
//! architecture: `cortex_m`, `riscv`. Linked into images without a model only.

#[cfg(all(target_arch = "arm", target_os = "none"))]
mod cortex_m;
#[cfg(target_os = "none")]
mod device;
#[cfg(all(target_arch = "riscv32", target_os = "none"))]
mod riscv;
#[cfg(any(test, target_os = "none"))]
mod walk;

#[cfg(target_os = "none")]
pub use device::run;
