//! What is linked into an image beside the model: everything, for every board
//! of the architecture. The linker keeps what the chosen board's reset
//! handler reaches.
//!
//! Kernels also find the C math library here: `compiler_builtins` brings it
//! along (`expf`, `tanhf`, `roundf`, ...), as weak symbols. For cores without
//! an FPU `arielml_float` has faster ones of those that kernels call most.
#![cfg_attr(target_os = "none", no_std)]

#[cfg(any(
    all(target_arch = "arm", target_os = "none", not(target_abi = "eabihf")),
    all(target_arch = "riscv32", target_os = "none", not(target_feature = "f"))
))]
extern crate arielml_float;

#[cfg(target_os = "none")]
mod boards;
#[cfg(target_os = "none")]
#[allow(dead_code, reason = "an architecture may have no board with several cores")]
mod crew;
#[cfg(target_os = "none")]
mod layout;
#[cfg(target_os = "none")]
mod panic;
#[cfg(target_os = "none")]
mod parts;
#[cfg(target_os = "none")]
mod place;
#[cfg(target_os = "none")]
mod program;
#[cfg(target_os = "none")]
mod run;
#[cfg(target_os = "none")]
mod tiny;
