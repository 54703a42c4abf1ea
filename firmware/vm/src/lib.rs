//! IREE VM bytecode 17.0: module loader, verifier and interpreter.
//!
//! [`Module::load`] reads a compiled module in place, resolves its imports
//! and verifies every function; [`Instance::new`] gives it state and runs its
//! initialiser; [`Instance::invoke`] calls an export. What a module imports
//! is a [`Host`], such as the HAL.
//!
//! What a module may do without ([`Parts`]) is part of a build only where
//! [`Host::parts`] names it: the float extensions bring f64 arithmetic in
//! software with them.
//!
//! All memory comes from one arena. Native stack use does not depend on how
//! deep the bytecode calls. Nothing panics on any input: bytes that are not a
//! module, or not one that this runtime knows, give an [`Error`].
#![no_std]

#[cfg(test)]
extern crate std;

mod archive;
mod buffer;
mod call;
mod cursor;
mod error;
mod flatbuffer;
mod hash;
mod host;
mod instance;
mod interpreter;
mod isa;
mod list;
mod loader;
mod module;
mod reference;
mod signature;
#[cfg(test)]
mod testing;
mod text;
mod value;
mod verifier;

pub use buffer::Buffer;
pub use call::Call;
pub use error::{At, Code, Error};
pub use hash::hash_of;
pub use host::{Host, ImportId, Object};
pub use instance::Instance;
pub use interpreter::{Part, Parts};
pub use list::List;
pub use module::Module;
pub use reference::{Bytes, Ref};
#[doc(hidden)]
#[cfg(target_os = "none")]
pub use text::terminated;
pub use text::{Message, Text};
pub use value::{Type, Value};
