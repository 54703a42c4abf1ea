//! Single-precision floats for cores without an FPU, as LLVM calls them.
//!
//! `compiler_builtins` has all of these too, as weak symbols, for any core
//! and in terms of wide integers. These are for a core with 32-bit registers
//! and a multiplier of 32 by 32 bits, to 64 or (Armv6-M) to 32. Results are the same, bit by bit:
//! round to nearest, ties to even, but for which NaN a NaN is.
//!
//! Addition and multiplication are of normal numbers here; the rare rest
//! (subnormal numbers, infinities, NaN) is left to `compiler_builtins`: on
//! RISC-V, where LLVM calls its functions by their own names, to those for
//! double precision.
#![cfg_attr(not(test), no_std)]

mod arithmetic;
mod select;
#[cfg(any(
    all(target_arch = "arm", target_os = "none", not(target_abi = "eabihf")),
    all(target_arch = "riscv32", target_os = "none", not(target_feature = "f"))
))]
mod symbols;
#[cfg(any(test, all(target_arch = "riscv32", target_os = "none", not(target_feature = "f"))))]
mod wide;

pub use arithmetic::{add, multiply};
pub use select::{maximum, maximum_number, minimum, minimum_number, round, round_even};

/// Bits of a float (IEEE 754 binary32).
const SIGN: u32 = 1 << 31;
const FRACTION: u32 = (1 << 23) - 1;
const INFINITY: u32 = 0xFF << 23;
/// Tells a quiet NaN from a signalling one.
const QUIET: u32 = 1 << 22;

fn exponent(bits: u32) -> u32 {
    bits >> 23 & 0xFF
}
