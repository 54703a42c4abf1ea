//! The device runtime for the machine itself, in the process of its user.
//!
//! A [`Device`] is what a board with an image is: the agent with the HAL and
//! the virtual machine over an arena of its own. Bytes of the wire are given
//! to it and taken from it; it runs while it is given some, on the caller's
//! thread, and starts none. Devices know nothing of each other.
//!
//! [`abi`] is its C interface.

pub mod abi;
mod device;
mod limit;
mod memory;
mod platform;

pub use device::{Device, Image};
