//! The imports of the module `hal` (`iree/modules/hal/exports.inl`) by name
//! and calling convention.

mod buffers;
mod commands;
mod device;
mod fences;
mod queue;
mod views;

use arielml_scheduler::Scheduler;
use arielml_vm::{ImportId, hash_of};

use crate::device::Device;
use crate::fault::Fault;
use crate::request::{Call, Request};
use crate::trace::{Tracer, Untraced};

type Outcome = Result<(), Fault>;

/// What an import does.
#[derive(Clone, Copy)]
pub struct Import(fn(&mut Request<'_, '_, '_>) -> Outcome);

impl Import {
    /// `hal.buffer_view.trace` that hands each tensor to `T`, in place of the
    /// one in [`IMPORTS`], which drops them.
    pub const fn tracing<T: Tracer>() -> Self {
        Import(views::trace::<T>)
    }
}

/// Names and calling conventions are kept as hashes: the texts would take
/// more flash than all they are for.
macro_rules! imports {
    ($($name:literal $cconv:literal $function:expr,)*) => {
        /// Names, without `hal.`, in the order of their numbers.
        pub const NAMES: &[&str] = &[$($name,)*];
        /// `None` for what one device has no use for.
        pub const IMPORTS: [Option<Import>; NAMES.len()] = [$($function,)*];
        static HASHES: &[u32] = &[$(hash_of($name.as_bytes()),)*];
        static CCONVS: &[u32] = &[$(hash_of($cconv.as_bytes()),)*];
        #[cfg(test)]
        static TEXTS: &[&str] = &[$($cconv,)*];
    };
}

// In the order of `hal.imports.mlir`, in which modules have them: the search
// for one begins behind the last.
imports! {
    "ex.file.from_memory" "0rIirIIi_r" Some(Import(buffers::file)),
    "allocator.select" "0iiICrID_rI" Some(Import(device::select)),
    "allocator.allocate" "0rIiiI_r" Some(Import(buffers::allocate)),
    "allocator.import" "0riIiirII_r" Some(Import(buffers::import)),
    "buffer.assert" "0rrrIii_v" Some(Import(buffers::assert)),
    "buffer.allocation.preserve" "0r_v" Some(Import(buffers::preserve)),
    "buffer.allocation.discard" "0r_i" Some(Import(buffers::discard)),
    "buffer.allocation.is_terminal" "0r_i" Some(Import(buffers::is_terminal)),
    "buffer.subspan" "0rII_r" Some(Import(buffers::subspan)),
    "buffer.length" "0r_I" Some(Import(buffers::length)),
    "buffer.load" "0rIi_i" Some(Import(buffers::load)),
    "buffer.store" "0irIi_v" Some(Import(buffers::store)),
    "buffer_view.create" "0rIIiiCID_r" Some(Import(views::create)),
    "buffer_view.assert" "0rriiCID_v" Some(Import(views::assert)),
    "buffer_view.buffer" "0r_r" Some(Import(views::buffer)),
    "buffer_view.element_type" "0r_i" Some(Import(views::element_type)),
    "buffer_view.encoding_type" "0r_i" Some(Import(views::encoding_type)),
    "buffer_view.rank" "0r_i" Some(Import(views::rank)),
    "buffer_view.dim" "0ri_I" Some(Import(views::dim)),
    "buffer_view.trace" "0rCrD_v" Some(Import::tracing::<Untraced>()),
    "channel.create" "0rIIrrii_r" None,
    "channel.split" "0riiI_r" None,
    "channel.rank_and_count" "0r_ii" None,
    "command_buffer.create" "0riiIi_r" Some(Import(commands::create)),
    "command_buffer.finalize" "0r_v" Some(Import(commands::finalize)),
    "command_buffer.begin_debug_group" "0rr_v" Some(Import(commands::begin_debug_group)),
    "command_buffer.end_debug_group" "0r_v" Some(Import(commands::end_debug_group)),
    "command_buffer.execution_barrier" "0riiI_v" Some(Import(commands::barrier)),
    "command_buffer.advise_buffer" "0rrIIIi_v" Some(Import(commands::advise)),
    "command_buffer.fill_buffer" "0rrIIiIiI_v" Some(Import(commands::fill)),
    "command_buffer.update_buffer" "0rrIrIIiI_v" Some(Import(commands::update)),
    "command_buffer.copy_buffer" "0riirIrIII_v" Some(Import(commands::copy)),
    "command_buffer.collective" "0rriiiirrIIIII_v" None,
    "command_buffer.dispatch" "0rrIiiiICiDCiirIID_v" Some(Import(commands::dispatch)),
    "command_buffer.dispatch.indirect" "0rrIirIICiDCiirIID_v" Some(Import(commands::dispatch_indirect)),
    "device.allocator" "0r_r" Some(Import(device::allocator)),
    "device.query.i64" "0rrr_iI" Some(Import(device::query)),
    "device.queue.alloca" "0rIrrIiiII_r" Some(Import(queue::allocate)),
    "device.queue.dealloca" "0rIrrrI_v" Some(Import(queue::deallocate)),
    "device.queue.fill" "0rIrrrIIIiI_v" Some(Import(queue::fill)),
    "device.queue.update" "0rIrrrIrIII_v" Some(Import(queue::update)),
    "device.queue.copy" "0rIrrrIrIII_v" Some(Import(queue::copy)),
    "device.queue.read" "0rIrrrIrIII_v" Some(Import(queue::read)),
    "device.queue.write" "0rIrrrIrIII_v" Some(Import(queue::write)),
    "device.queue.barrier" "0rIrrI_v" Some(Import(queue::barrier)),
    "device.queue.execute" "0rIrrrI_v" Some(Import(queue::execute)),
    "device.queue.execute.indirect" "0rIrrrICrIID_v" Some(Import(queue::execute_indirect)),
    "device.queue.flush" "0rI_v" Some(Import(queue::flush)),
    "devices.count" "0v_i" Some(Import(device::count)),
    "devices.get" "0i_r" Some(Import(device::get)),
    "executable.create" "0rIrrr_r" Some(Import(device::create_executable)),
    "executable.lookup.function" "0rr_I" Some(Import(device::lookup_function)),
    "fence.create" "0rI_r" Some(Import(fences::create)),
    "fence.join" "0ICrD_r" Some(Import(fences::join)),
    "fence.query" "0r_i" Some(Import(fences::query)),
    "fence.signal" "0r_v" Some(Import(fences::signal)),
    "fence.fail" "0ri_v" Some(Import(fences::fail)),
    "fence.await" "0iICrD_i" Some(Import(fences::wait)),
}

/// Finds an import by its full name and checks its calling convention.
pub(crate) fn resolve(
    device: &Device<'_>,
    name: &[u8],
    cconv: &[u8],
    import: fn(ImportId) -> Option<Import>,
) -> Result<ImportId, Fault> {
    let name = name.strip_prefix(b"hal.").ok_or(Fault::UnknownImport)?;
    let wanted = hash_of(name);
    let mut index = device.last_import.get();
    for _ in 0..HASHES.len() {
        index += 1;
        if index >= HASHES.len() {
            index = 0;
        }
        if HASHES.get(index) == Some(&wanted) {
            device.last_import.set(index);
            let id = index as ImportId;
            return if CCONVS.get(index) != Some(&hash_of(cconv)) {
                Err(Fault::OtherConvention)
            } else if import(id).is_none() {
                Err(Fault::LeftOut)
            } else {
                Ok(id)
            };
        }
    }
    Err(Fault::UnknownImport)
}

/// The import numbered `import`.
pub(crate) fn any(import: ImportId) -> Option<Import> {
    static ALL: &[Option<Import>] = &IMPORTS;
    ALL.get(usize::from(import)).copied().flatten()
}

/// Runs an import.
pub(crate) fn call<'a>(
    import: Option<Import>,
    device: &Device<'a>,
    scheduler: &mut dyn Scheduler,
    call: &mut Call<'_, 'a>,
) -> Outcome {
    let Import(function) = import.ok_or(Fault::LeftOut)?;
    function(&mut Request { device, scheduler, call })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arielml_arena::Arena;
    use core::mem::MaybeUninit;

    fn resolve_on_a_device(name: &str, cconv: &str) -> Result<ImportId, Fault> {
        let mut region = [MaybeUninit::uninit(); 64];
        let arena = Arena::new(&mut region);
        resolve(&Device::new(&arena, &[]), name.as_bytes(), cconv.as_bytes(), any)
    }

    #[test]
    fn every_import_resolves_to_itself() {
        assert_eq!(NAMES.len(), 58);
        for (index, (name, cconv)) in NAMES.iter().zip(TEXTS).enumerate() {
            let id = index as ImportId;
            let expected = any(id).map(|_| id).ok_or(Fault::LeftOut);
            assert_eq!(resolve_on_a_device(&std::format!("hal.{name}"), cconv), expected, "{name}");
        }
    }

    #[test]
    fn four_imports_are_refused() {
        let count = IMPORTS.iter().filter(|import| import.is_none()).count();
        assert_eq!(count, 4);
    }

    #[test]
    fn strangers_are_refused() {
        for (name, cconv, fault) in [
            ("hal.fence.await", "0iICrD_v", Fault::OtherConvention),
            ("hal.fence.await", "0iICrD_", Fault::OtherConvention),
            ("hal.fence.query", "0f_i", Fault::OtherConvention),
            ("hal.fence", "0iICrD_i", Fault::UnknownImport),
            ("fence.await", "0iICrD_i", Fault::UnknownImport),
            ("hal_inline.buffer.length", "0r_I", Fault::UnknownImport),
            ("hal.", "", Fault::UnknownImport),
        ] {
            assert_eq!(resolve_on_a_device(name, cconv), Err(fault), "{name} {cconv}");
        }
    }
}
