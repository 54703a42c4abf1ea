//! What is linked into an image beside the model: everything, for every board
//! of the architecture. The linker keeps what the chosen board's reset
//! handler reaches.
//!
//! Kernels also find the C math library here: `compiler_builtins` brings it
//! along (`expf`, `tanhf`, `roundf`, ...), as weak symbols.
#![cfg_attr(target_os = "none", no_std)]

#[cfg(target_os = "none")]
mod boards;
#[cfg(target_os = "none")]
mod layout;
#[cfg(target_os = "none")]
mod panic;
#[cfg(target_os = "none")]
mod parts;
#[cfg(target_os = "none")]
mod place;
#[cfg(target_os = "none")]
mod run;
