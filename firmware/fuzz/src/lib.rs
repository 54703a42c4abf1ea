//! What is fuzzed: the module loader, the virtual machine with the HAL as its
//! host, and the device's end of the wire and of MLPerf Tiny's protocol.
//!
//! Each target takes any bytes and panics when the runtime does what it must
//! never do: panic, leave an allocation behind, write outside its arena,
//! change a module, or fall silent on a request. libFuzzer and the replay
//! test call the same functions.

mod edits;
mod input;
mod kernels;
mod modules;
mod requests;
mod runtime;
mod tiny;

use crate::edits::Edited;
use crate::input::Input;
use crate::modules::MODULES;
use crate::runtime::{Limits, Sides};

/// Loads and verifies `data` as a module file, without running it.
pub fn module(data: &[u8]) {
    runtime::load(data);
}

/// Changes one of the modules of the tests as `data` says, and calls all of
/// its exports with arguments from `data`.
///
/// The first byte chooses the module, the second how much memory there is;
/// then come the [edits](edits) and, after them, what arguments are made of.
pub fn vm(data: &[u8]) {
    let mut input = Input::new(data);
    let module = MODULES[usize::from(input.u8()) % MODULES.len()];
    let limits = Limits::read(&mut input);
    let edited = Edited::new(module.without_initialiser(), &mut input);
    runtime::run(&edited, limits, &mut input);
}

/// Feeds an agent with what `data` says: raw bytes, and frames of requests.
pub fn wire(data: &[u8]) {
    let mut input = Input::new(data);
    let sides = Sides::read(&mut input);
    let script = requests::script(&mut input);
    runtime::serve(sides, &script);
}

/// Feeds a device that speaks the MLPerf Tiny runner's protocol, with a
/// description that may be damaged.
pub fn tiny(data: &[u8]) {
    let mut input = Input::new(data);
    let limits = Limits::read(&mut input);
    let script = tiny::script(&mut input);
    runtime::answer(limits, &script);
}

#[doc(hidden)]
pub mod seeds {
    //! Inputs to begin with, for the `seeds` example.
    pub use crate::modules::{MODULES, Seed};
    pub use crate::requests::seeds as wire;
    pub use crate::tiny::seeds as tiny;
}
