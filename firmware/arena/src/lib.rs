//! One bounded region of RAM, and the containers that live in it.
//!
//! Everything that the runtime allocates comes from an [`Arena`]: a fixed
//! region handed over at start. Every allocation can fail and says so by
//! [`OutOfMemory`]; there is no global allocator and no hidden growth.
//!
//! - [`Shared`]: a reference-counted value, the device's `Rc`;
//! - [`Vector`]: a growable array whose growth is fallible;
//! - [`Block`]: a run of bytes at a stated alignment, for tensors.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg(test)]
extern crate std;

mod arena;
mod block;
mod shared;
mod vector;

pub use arena::{Arena, OutOfMemory, Shortage, Usage};
pub use block::Block;
pub use shared::Shared;
pub use vector::Vector;
