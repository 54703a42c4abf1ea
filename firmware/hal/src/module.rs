use core::mem;
use core::ptr::NonNull;

use arielml_arena::Arena;
use arielml_scheduler::Scheduler;
use arielml_vm::{Error, Host, ImportId};

use crate::device::Device;
use crate::fault::name_of;
use crate::imports::{self, Import};
use crate::observer::Watch;
use crate::request::Call;
use crate::{LibraryQuery, Object, Observer, Sink, object};

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
    /// See [`Host::fuel`]; nothing limits an invocation where it is `None`.
    /// On a device nothing does in any case: there the host has a limit.
    pub fuel: Option<fn() -> Option<u32>>,
}

impl Parts<'_> {
    /// All of it.
    pub const ALL: Self = Parts { vm: VmParts::ALL, import: imports::any, fuel: None };
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

    /// What spreads its dispatches.
    pub fn scheduler(&self) -> &S {
        &self.scheduler
    }

    /// What spreads its dispatches, to be changed between invocations.
    pub fn scheduler_mut(&mut self) -> &mut S {
        &mut self.scheduler
    }

    /// Tells `observer`, or nobody, of the dispatches from now on; they are
    /// counted from 0.
    pub fn observe(&mut self, observer: Option<&'a dyn Observer>) {
        self.device.watch.set(observer.map(Watch::new));
        self.device.dispatches.set(0);
    }

    /// Does `work`; what a module traces meanwhile goes to `sink`.
    pub fn tracing_to<R>(
        &mut self,
        sink: &mut (dyn Sink + '_),
        work: impl FnOnce(&mut Self) -> R,
    ) -> R {
        let sink: NonNull<dyn Sink + '_> = NonNull::from(sink);
        // SAFETY: only the lifetime changes. `Traced` takes it away again
        // before it ends.
        let sink = unsafe { mem::transmute::<NonNull<dyn Sink + '_>, NonNull<dyn Sink>>(sink) };
        self.device.sink.set(Some(sink));
        let traced = Traced(self);
        work(traced.0)
    }
}

/// A HAL whose module is traced: no longer when this goes, be it by a panic.
struct Traced<'h, 'a, S>(&'h mut Hal<'a, S>);

impl<S> Drop for Traced<'_, '_, S> {
    fn drop(&mut self) {
        self.0.device.sink.set(None);
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

    const LIMITS: bool = cfg!(not(target_os = "none"));

    fn fuel(&mut self) -> Option<u32> {
        self.parts.fuel.and_then(|fuel| fuel())
    }

    fn call(&mut self, import: ImportId, call: &mut Call<'_, 'a>) -> Result<(), Error<'a>> {
        let import = (self.parts.import)(import);
        imports::call(import, &self.device, &mut self.scheduler, call)
            .map_err(|fault| self.device.report.error(fault))
    }
}
