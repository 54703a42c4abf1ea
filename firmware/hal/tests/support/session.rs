//! A compiled module on a device of its own.

use std::boxed::Box;
use std::mem::MaybeUninit;
use std::vec::Vec;

use arielml_arena::{Arena, Vector};
use arielml_hal::{Hal, LibraryQuery, Object, Parts};
use arielml_scheduler::Sequential;
use arielml_vm::{Error, Instance, Module, Ref, Value};

use super::query;

/// Bytes aligned as the firmware aligns a module.
#[repr(align(64))]
pub struct Aligned<T: ?Sized>(pub T);

/// A module's bytes, aligned; the path is relative to the caller's file.
#[macro_export]
macro_rules! module {
    ($path:literal) => {{
        static BYTES: &$crate::support::session::Aligned<[u8]> =
            &$crate::support::session::Aligned(*include_bytes!($path));
        &BYTES.0
    }};
}

pub type Argument = Value<'static, Object<'static>>;
pub type Reference = Ref<'static, Object<'static>>;
pub type Failure = Error<'static>;

static LIBRARIES: [LibraryQuery; 1] = [query];

/// What it leaks is gone with the test.
pub struct Session {
    pub arena: &'static Arena<'static>,
    pub hal: Hal<'static, Sequential>,
    pub instance: Instance<'static, Object<'static>>,
}

/// An arena of `size` bytes.
pub fn arena(size: usize) -> &'static Arena<'static> {
    let region = std::vec![MaybeUninit::new(0xAA); size].leak();
    Box::leak(Box::new(Arena::new(region)))
}

impl Session {
    /// Loads `module`; its libraries are the one that this thread installed.
    pub fn new(arena: &'static Arena<'static>, module: &'static [u8]) -> Result<Self, Failure> {
        // SAFETY: fake libraries keep the contract.
        let mut hal = unsafe { Hal::new(arena, &LIBRARIES, Sequential, Parts::ALL) };
        let module = Module::load(module, &hal, arena)?;
        let instance = Instance::new(module, &mut hal, arena)?;
        Ok(Session { arena, hal, instance })
    }

    pub fn call(&mut self, export: &str, arguments: &[Argument]) -> Result<Vec<Argument>, Failure> {
        let mut results = Vector::new(self.arena);
        self.instance.invoke(&mut self.hal, export, arguments, &mut results)?;
        Ok(results.iter().cloned().collect())
    }
}
