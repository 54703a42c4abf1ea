//! IREE's HAL for one device in the same process.
//!
//! [`Hal`] is the module `hal` that compiled models import: buffers in an
//! arena, executables that are linked with the firmware ([`abi`]), command
//! buffers that are recorded once and replayed at each call, and queue
//! operations that are done when they return.
//!
//! Every argument of an import is taken for hostile: ranges, types, counts
//! and states are checked, and each refusal is an `Error` that says what was
//! found and what was expected. Imports that one device has no use for
//! (channels, collectives) are refused by name when a module is loaded.
#![no_std]

// The tests' fake library names this crate as integration tests do.
#[cfg(test)]
extern crate self as arielml_hal;
#[cfg(test)]
extern crate std;

pub mod abi;
mod buffer;
mod command_buffer;
mod device;
mod executable;
mod fault;
mod fence;
mod file;
mod imports;
mod module;
mod object;
mod observer;
mod recording;
mod region;
mod replay;
mod request;
mod trace;
mod view;

#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;

pub use abi::LibraryQuery;
pub use buffer::Buffer;
pub use command_buffer::CommandBuffer;
pub use executable::Executable;
pub use fence::{Fence, State as FenceState};
pub use file::File;
pub use imports::{IMPORTS, Import, NAMES};
pub use module::{Hal, Parts, VERSION, VmParts};
pub use object::Object;
pub use observer::{Observer, Share};
pub use trace::{Sink, Tracer};
pub use view::{DENSE_ROW_MAJOR, View, dense_length};
