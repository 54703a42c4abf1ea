//! The two functions that are measured. An emulator counts what runs between
//! the entry of one and its return, so they hold the work and nothing else.

use arielml_arena::{Arena, Vector};
use arielml_hal::Object;
use arielml_vm::{Error, Instance, Module, Value};

use crate::Crew;

/// The HAL as images have it.
pub type Hal<'a> = arielml_hal::Hal<'a, &'a mut dyn Crew>;

/// Loads and verifies a module, and runs its initialiser.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) fn arielml_load<'a>(
    module: &'a [u8],
    hal: &mut Hal<'a>,
    arena: &'a Arena<'a>,
) -> Result<Instance<'a, Object<'a>>, Error<'a>> {
    let module = Module::load(module, hal, arena)?;
    Instance::new(module, hal, arena)
}

/// Calls an export.
#[unsafe(no_mangle)]
#[inline(never)]
pub(crate) fn arielml_call<'a>(
    instance: &mut Instance<'a, Object<'a>>,
    hal: &mut Hal<'a>,
    export: &str,
    arguments: &[Value<'a, Object<'a>>],
    results: &mut Vector<'a, Value<'a, Object<'a>>>,
) -> Result<(), Error<'a>> {
    instance.invoke(hal, export, arguments, results)
}
