use arielml_arena::Arena;
use arielml_scheduler::Scheduler;
use arielml_vm::{Error, Floats, Host, ImportId};

use crate::device::Device;
use crate::fault::name_of;
use crate::request::Call;
use crate::{LibraryQuery, Object, imports, object};

/// The module `hal`, version 7, for one device in the same process.
///
/// Queue operations are carried out before they return. The device has one
/// memory, the arena, and runs the executables that are linked with it.
pub struct Hal<'a, S> {
    device: Device<'a>,
    scheduler: S,
    floats: Option<Floats>,
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
    pub unsafe fn new(arena: &'a Arena<'a>, libraries: &'a [LibraryQuery], scheduler: S) -> Self {
        Hal { device: Device::new(arena, libraries), scheduler, floats: None }
    }

    /// The same device for modules that compute with floats in the VM.
    pub fn with_floats(mut self, floats: Option<Floats>) -> Self {
        self.floats = floats;
        self
    }
}

impl<'a, S: Scheduler> Host<'a> for Hal<'a, S> {
    type Object = Object<'a>;

    fn resolve(&self, name: &'a [u8], cconv: &'a [u8]) -> Result<ImportId, Error<'a>> {
        let report = &self.device.report;
        imports::resolve(&self.device, name, cconv)
            .map_err(|fault| report.error(report.about(fault, name_of(name))))
    }

    fn module_version(&self, name: &[u8]) -> Option<u32> {
        (name == b"hal").then_some(VERSION)
    }

    fn floats(&self) -> Option<Floats> {
        self.floats
    }

    fn type_id(&self, name: &[u8]) -> Option<u8> {
        object::type_id(name)
    }

    fn call(&mut self, import: ImportId, call: &mut Call<'_, 'a>) -> Result<(), Error<'a>> {
        imports::call(import, &self.device, &mut self.scheduler, call)
            .map_err(|fault| self.device.report.error(fault))
    }
}
