use arielml_arena::Arena;
use arielml_scheduler::Scheduler;
use arielml_vm::{Error, Host, ImportId};

use crate::device::Device;
use crate::fault::name_of;
use crate::imports::{self, Import};
use crate::request::Call;
use crate::{LibraryQuery, Object, object};

/// The parts of the VM that a build has.
pub type VmParts<'a> = arielml_vm::Parts<'a, Object<'a>>;

/// The module `hal`, version 7, for one device in the same process.
///
/// Queue operations are carried out before they return. The device has one
/// memory, the arena, and runs the executables that are linked with it.
pub struct Hal<'a, S> {
    device: Device<'a>,
    scheduler: S,
    parts: Parts<'a>,
}

/// What a build has of what modules may ask for.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// Parts of the VM.
    pub vm: VmParts<'a>,
    /// The import of a number, unless the build has none of it.
    pub import: fn(ImportId) -> Option<Import>,
}

impl Parts<'_> {
    /// All of it.
    pub const ALL: Self = Parts { vm: VmParts::ALL, import: imports::any };
}

/// The version of the module `hal` that this one is.
pub const VERSION: u32 = 7;

impl<'a, S: Scheduler> Hal<'a, S> {
    /// A device that allocates from `arena`, runs the dispatch functions of
    /// `libraries`, and spreads them by `scheduler`.
    ///
    /// # Safety
    /// Each of `libraries` fulfils the contract of [`LibraryQuery`]. Their
    /// functions keep to the bindings, constants and local memory that they
    /// are given, and write only to bindings that the program they were
    /// compiled with takes for mutable.
    pub unsafe fn new(
        arena: &'a Arena<'a>,
        libraries: &'a [LibraryQuery],
        scheduler: S,
        parts: Parts<'a>,
    ) -> Self {
        Hal { device: Device::new(arena, libraries), scheduler, parts }
    }
}

impl<'a, S: Scheduler> Host<'a> for Hal<'a, S> {
    type Object = Object<'a>;

    fn resolve(&self, name: &'a [u8], cconv: &'a [u8]) -> Result<ImportId, Error<'a>> {
        let report = &self.device.report;
        imports::resolve(&self.device, name, cconv, self.parts.import)
            .map_err(|fault| report.error(report.about(fault, name_of(name))))
    }

    fn module_version(&self, name: &[u8]) -> Option<u32> {
        (name == b"hal").then_some(VERSION)
    }

    fn parts(&self) -> VmParts<'a> {
        self.parts.vm
    }

    fn type_id(&self, name: &[u8]) -> Option<u8> {
        object::type_id(name)
    }

    fn call(&mut self, import: ImportId, call: &mut Call<'_, 'a>) -> Result<(), Error<'a>> {
        let import = (self.parts.import)(import);
        imports::call(import, &self.device, &mut self.scheduler, call)
            .map_err(|fault| self.device.report.error(fault))
    }
}
