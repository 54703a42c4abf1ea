//! The imports of the module `hal` (`iree/modules/hal/exports.inl`) by name
//! and signature ([`crate::request`]).

mod buffers;
mod commands;
mod device;
mod fences;
mod queue;
mod views;

use arielml_scheduler::Scheduler;
use arielml_vm::ImportId;

use crate::device::Device;
use crate::fault::Fault;
use crate::fence;
use crate::request::{Call, Request, cconv_letter};

type Outcome = Result<(), Fault>;
type Function = fn(&mut Request<'_, '_, '_>) -> Outcome;

/// Where an import's name lies in the table's text; its signature follows.
#[derive(Clone, Copy)]
struct Import {
    start: u16,
    name: u8,
    signature: u8,
}

/// Lays the table out for flash: the names and signatures end to end in one
/// string, where each begins, and the functions.
macro_rules! imports {
    (
        call { $($call:literal $call_signature:literal $call_function:path,)* }
        queue { $($queue:literal $queue_signature:literal $queue_function:path,)* }
        refused { $($refused:literal $refused_signature:literal,)* }
    ) => {
        static TEXT: &[u8] = concat!(
            $($call, $call_signature,)*
            $($queue, $queue_signature,)*
            $($refused, $refused_signature,)*
        )
        .as_bytes();
        static IMPORTS: &[Import] = &place([
            $([$call.len(), $call_signature.len()],)*
            $([$queue.len(), $queue_signature.len()],)*
            $([$refused.len(), $refused_signature.len()],)*
        ]);
        /// A byte of each name's hash: most names that differ are told apart
        /// by it alone.
        static HASHES: &[u8] = &[$(hash($call.as_bytes()),)* $(hash($queue.as_bytes()),)*
            $(hash($refused.as_bytes()),)*];
        static FUNCTIONS: &[Function] = &[$($call_function,)* $($queue_function,)*];
        /// Imports from here on wait for a fence and signal another.
        const FIRST_QUEUE: usize = [$($call),*].len();
    };
}

/// Where names and signatures of these lengths lie.
#[allow(clippy::indexing_slicing)] // Only the compiler runs it.
const fn place<const N: usize>(lengths: [[usize; 2]; N]) -> [Import; N] {
    let mut imports = [Import { start: 0, name: 0, signature: 0 }; N];
    let (mut index, mut start) = (0, 0);
    while index < N {
        let [name, signature] = lengths[index];
        assert!(start <= u16::MAX as usize && name <= 255 && signature <= 255);
        imports[index] =
            Import { start: start as u16, name: name as u8, signature: signature as u8 };
        start += name + signature;
        index += 1;
    }
    imports
}

const fn hash(name: &[u8]) -> u8 {
    let (mut rest, mut hash) = (name, 0u8);
    while let [byte, tail @ ..] = rest {
        hash = hash.wrapping_mul(31).wrapping_add(*byte);
        rest = tail;
    }
    hash
}

impl Import {
    fn name(self) -> &'static [u8] {
        text(self.start.into(), self.name)
    }

    fn signature(self) -> &'static [u8] {
        text(usize::from(self.start) + usize::from(self.name), self.signature)
    }
}

fn text(start: usize, length: u8) -> &'static [u8] {
    TEXT.get(start..start + usize::from(length)).unwrap_or_default()
}

imports! {
    call {
        "allocator.allocate" "0aXixs_r" buffers::allocate,
        "allocator.import" "0aiXxirsl_r" buffers::import,
        "allocator.select" "0xxXCrID_rI" device::select,
        "buffer.allocation.discard" "0b_i" buffers::discard,
        "buffer.allocation.is_terminal" "0b_i" buffers::is_terminal,
        "buffer.allocation.preserve" "0b_v" buffers::preserve,
        "buffer.assert" "0bnasxx_v" buffers::assert,
        "buffer.length" "0b_I" buffers::length,
        "buffer.load" "0bsi_i" buffers::load,
        "buffer.store" "0ibsi_v" buffers::store,
        "buffer.subspan" "0bsl_r" buffers::subspan,
        "buffer_view.assert" "0tniiCID_v" views::assert,
        "buffer_view.buffer" "0t_r" views::buffer,
        "buffer_view.create" "0bsliiCID_r" views::create,
        "buffer_view.dim" "0ti_I" views::dim,
        "buffer_view.element_type" "0t_i" views::element_type,
        "buffer_view.encoding_type" "0t_i" views::encoding_type,
        "buffer_view.rank" "0t_i" views::rank,
        "buffer_view.trace" "0nCrD_v" views::trace,
        "command_buffer.advise_buffer" "0cBXXXx_v" commands::advise,
        "command_buffer.begin_debug_group" "0cr_v" commands::begin_debug_group,
        "command_buffer.copy_buffer" "0ciiBsBslX_v" commands::copy,
        "command_buffer.create" "0dixXi_r" commands::create,
        "command_buffer.dispatch" "0cesiiiICiDCiirIID_v" commands::dispatch,
        "command_buffer.dispatch.indirect" "0cesiBsICiDCiirIID_v" commands::dispatch_indirect,
        "command_buffer.end_debug_group" "0c_v" commands::end_debug_group,
        "command_buffer.execution_barrier" "0cxxX_v" commands::barrier,
        "command_buffer.fill_buffer" "0cBsliIiX_v" commands::fill,
        "command_buffer.finalize" "0c_v" commands::finalize,
        "command_buffer.update_buffer" "0crsBssiX_v" commands::update,
        "device.allocator" "0d_r" device::allocator,
        "device.query.i64" "0dnn_iI" device::query,
        "device.queue.flush" "0dX_v" queue::flush,
        "devices.count" "0v_i" device::count,
        "devices.get" "0i_r" device::get,
        "ex.file.from_memory" "0dXirssx_r" buffers::file,
        "executable.create" "0dXnnr_r" device::create_executable,
        "executable.lookup.function" "0en_I" device::lookup_function,
        "fence.await" "0iXCrD_i" fences::wait,
        "fence.create" "0dX_r" fences::create,
        "fence.fail" "0fi_v" fences::fail,
        "fence.join" "0XCrD_r" fences::join,
        "fence.query" "0f_i" fences::query,
        "fence.signal" "0f_v" fences::signal,
    }
    queue {
        "device.queue.alloca" "0dXFFIixsX_r" queue::allocate,
        "device.queue.barrier" "0dXFFX_v" queue::barrier,
        "device.queue.copy" "0dXFFbsbssX_v" queue::copy,
        "device.queue.dealloca" "0dXFFbX_v" queue::deallocate,
        "device.queue.execute" "0dXFFcX_v" queue::execute,
        "device.queue.execute.indirect" "0dXFFcXCrIID_v" queue::execute_indirect,
        "device.queue.fill" "0dXFFbslIiX_v" queue::fill,
        "device.queue.read" "0dXFFmsbssX_v" queue::read,
        "device.queue.update" "0dXFFrsbssX_v" queue::update,
        "device.queue.write" "0dXFFbsmssX_v" queue::write,
    }
    refused {
        "channel.create" "0rIIrrii_r",
        "channel.rank_and_count" "0r_ii",
        "channel.split" "0riiI_r",
        "command_buffer.collective" "0rriiiirrIIIII_v",
    }
}

/// Finds an import by its full name and checks its calling convention.
pub(crate) fn resolve(name: &str, cconv: &str) -> Result<ImportId, Fault> {
    let name = name.strip_prefix("hal.").ok_or(Fault::UnknownImport)?.as_bytes();
    let wanted = hash(name);
    let mut candidates = IMPORTS.iter().zip(HASHES);
    let index = candidates.position(|(import, &hash)| hash == wanted && import.name() == name);
    let index = index.ok_or(Fault::UnknownImport)?;
    let import = IMPORTS.get(index).ok_or(Fault::UnknownImport)?;
    if index >= FUNCTIONS.len() {
        Err(Fault::OneDevice)
    } else if !is_called_by(import.signature(), cconv.as_bytes()) {
        Err(Fault::OtherConvention)
    } else {
        Ok(index as ImportId)
    }
}

/// Whether `cconv` is the calling convention that belongs to `signature`.
fn is_called_by(signature: &[u8], cconv: &[u8]) -> bool {
    signature.len() == cconv.len()
        && signature.iter().zip(cconv).all(|(&letter, &wanted)| cconv_letter(letter) == wanted)
}

/// Runs the import numbered `import`.
pub(crate) fn call<'a>(
    import: ImportId,
    device: &Device<'a>,
    scheduler: &mut dyn Scheduler,
    call: &mut Call<'_, 'a>,
) -> Outcome {
    let index = usize::from(import);
    let (Some(import), Some(function)) = (IMPORTS.get(index), FUNCTIONS.get(index)) else {
        return Err(Fault::UnknownImport);
    };
    let mut request = Request::new(device, scheduler, call);
    request.read(import.signature())?;
    if index < FIRST_QUEUE { function(&mut request) } else { enqueue(*function, &mut request) }
}

/// Runs a queue operation between its fences: at once, as everything before it
/// is done. Whether it fails or what it waits for did, its fence fails too.
fn enqueue(operation: Function, request: &mut Request<'_, '_, '_>) -> Outcome {
    let (wait, signal) = (request.fence_or_null(1)?, request.fence_or_null(2)?);
    let report = &request.device.report;
    let result = match fence::check_reached(report, wait) {
        Ok(()) => operation(request),
        Err(fault) => Err(fault),
    };
    if let Some(signal) = signal {
        match result {
            Ok(()) => signal.signal(),
            Err(fault) => signal.fail(report.code(fault)),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::str;
    use std::string::String;

    #[test]
    fn every_import_resolves_to_itself() {
        assert_eq!(IMPORTS.len(), 58);
        for (index, import) in IMPORTS.iter().enumerate() {
            let name = std::format!("hal.{}", str::from_utf8(import.name()).unwrap());
            let cconv = import.signature().iter().map(|&letter| cconv_letter(letter) as char);
            let resolved = resolve(&name, &cconv.collect::<String>());
            let expected =
                if index < FUNCTIONS.len() { Ok(index as ImportId) } else { Err(Fault::OneDevice) };
            assert_eq!(resolved, expected, "{name}");
        }
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
            assert_eq!(resolve(name, cconv), Err(fault), "{name} {cconv}");
        }
    }
}
