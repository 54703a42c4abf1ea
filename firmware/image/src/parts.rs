//! The parts of the runtime that an image takes.
//!
//! A part lies at a symbol `arielml_part_...` that nothing in here refers to.
//! The linker defines a symbol `arielml_...` for each: at the part where the
//! module at hand needs it, at 0 where it does not. What is not referred to
//! then, it drops.

use core::hint::black_box;

use arielml_agent::TRACE;
use arielml_hal::{IMPORTS, Import, NAMES, Object, Parts, VmParts};
use arielml_vm::{ImportId, Part};

type VmPart = Part<'static, Object<'static>>;

/// Where a part is, or null.
struct Place<T>(*const T);

// SAFETY: parts are read-only.
unsafe impl<T> Sync for Place<T> {}

impl<T: Copy> Place<T> {
    fn part(&self) -> Option<T> {
        // The compiler takes a symbol's address for never 0.
        let address = black_box(self.0);
        // SAFETY: the linker script gives the address of a part of this type,
        // or 0.
        unsafe { address.as_ref() }.copied()
    }
}

/// The parts of the VM and of the HAL that the image has.
#[inline(always)]
pub(crate) fn parts() -> Parts<'static> {
    let vm = VmParts {
        extensions: EXTENSIONS.part(),
        lists: LISTS.part(),
        buffers: BUFFERS.part(),
        division: DIVISION.part(),
    };
    Parts { vm, import, fuel: None }
}

/// What answers requests that only this image knows, if it has it.
///
/// # Safety
/// `T` is the type of the part that the linker takes: `BoardExtension` of the
/// board that runs this.
pub(crate) unsafe fn extension<T: Copy>() -> Option<T> {
    unsafe extern "C" {
        static arielml_extension: u8;
    }
    Place((&raw const arielml_extension).cast()).part()
}

fn import(id: ImportId) -> Option<Import> {
    PLACES.get(usize::from(id))?.part()
}

/// Defines the parts of the VM: the place, the part, its symbol and the symbol
/// that names it.
macro_rules! vm_parts {
    ($($place:ident $part:expr, $symbol:literal $used:literal;)*) => {$(
        static $place: Place<VmPart> = {
            #[unsafe(export_name = $symbol)]
            static PART: VmPart = $part;
            unsafe extern "C" {
                #[link_name = $used]
                static USED: u8;
            }
            Place((&raw const USED).cast())
        };
    )*};
}

vm_parts! {
    EXTENSIONS Part::EXTENSIONS, "arielml_part_vm_extensions" "arielml_vm_extensions";
    LISTS Part::LISTS, "arielml_part_vm_lists" "arielml_vm_lists";
    BUFFERS Part::BUFFERS, "arielml_part_vm_buffers" "arielml_vm_buffers";
    DIVISION Part::DIVISION, "arielml_part_vm_division" "arielml_vm_division";
}

/// Defines the imports of the HAL likewise, in the order of their numbers.
macro_rules! hal_parts {
    ($($name:literal $kind:ident $(($symbol:literal $used:literal))?,)*) => {
        const ORDER: [&str; NAMES.len()] = [$($name),*];
        static PLACES: [Place<Import>; NAMES.len()] = [$(hal_parts!(@ $name $(($symbol $used))?)),*];
    };
    (@ $name:literal) => {
        Place(core::ptr::null())
    };
    (@ $name:literal ($symbol:literal $used:literal)) => {{
        #[unsafe(export_name = $symbol)]
        static PART: Import = named($name);
        unsafe extern "C" {
            #[link_name = $used]
            static USED: u8;
        }
        Place((&raw const USED).cast())
    }};
}

/// The import called `name`.
#[allow(clippy::indexing_slicing, clippy::panic, reason = "evaluated by the compiler alone")]
const fn named(name: &str) -> Import {
    if same(name.as_bytes(), b"buffer_view.trace") {
        return TRACE;
    }
    let mut index = 0;
    while index < NAMES.len() {
        if same(NAMES[index].as_bytes(), name.as_bytes()) {
            match IMPORTS[index] {
                Some(import) => return import,
                None => panic!("an import that the HAL refuses"),
            }
        }
        index += 1;
    }
    panic!("no such import")
}

#[allow(clippy::indexing_slicing, reason = "evaluated by the compiler alone")]
const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() && left[index] == right[index] {
        index += 1;
    }
    index == left.len() && index == right.len()
}

hal_parts! {
    "ex.file.from_memory" Some("arielml_part_hal_ex_file_from_memory" "arielml_hal_ex_file_from_memory"),
    "allocator.select" Some("arielml_part_hal_allocator_select" "arielml_hal_allocator_select"),
    "allocator.allocate" Some("arielml_part_hal_allocator_allocate" "arielml_hal_allocator_allocate"),
    "allocator.import" Some("arielml_part_hal_allocator_import" "arielml_hal_allocator_import"),
    "buffer.assert" Some("arielml_part_hal_buffer_assert" "arielml_hal_buffer_assert"),
    "buffer.allocation.preserve" Some("arielml_part_hal_buffer_allocation_preserve" "arielml_hal_buffer_allocation_preserve"),
    "buffer.allocation.discard" Some("arielml_part_hal_buffer_allocation_discard" "arielml_hal_buffer_allocation_discard"),
    "buffer.allocation.is_terminal" Some("arielml_part_hal_buffer_allocation_is_terminal" "arielml_hal_buffer_allocation_is_terminal"),
    "buffer.subspan" Some("arielml_part_hal_buffer_subspan" "arielml_hal_buffer_subspan"),
    "buffer.length" Some("arielml_part_hal_buffer_length" "arielml_hal_buffer_length"),
    "buffer.load" Some("arielml_part_hal_buffer_load" "arielml_hal_buffer_load"),
    "buffer.store" Some("arielml_part_hal_buffer_store" "arielml_hal_buffer_store"),
    "buffer_view.create" Some("arielml_part_hal_buffer_view_create" "arielml_hal_buffer_view_create"),
    "buffer_view.assert" Some("arielml_part_hal_buffer_view_assert" "arielml_hal_buffer_view_assert"),
    "buffer_view.buffer" Some("arielml_part_hal_buffer_view_buffer" "arielml_hal_buffer_view_buffer"),
    "buffer_view.element_type" Some("arielml_part_hal_buffer_view_element_type" "arielml_hal_buffer_view_element_type"),
    "buffer_view.encoding_type" Some("arielml_part_hal_buffer_view_encoding_type" "arielml_hal_buffer_view_encoding_type"),
    "buffer_view.rank" Some("arielml_part_hal_buffer_view_rank" "arielml_hal_buffer_view_rank"),
    "buffer_view.dim" Some("arielml_part_hal_buffer_view_dim" "arielml_hal_buffer_view_dim"),
    "buffer_view.trace" Some("arielml_part_hal_buffer_view_trace" "arielml_hal_buffer_view_trace"),
    "channel.create" None,
    "channel.split" None,
    "channel.rank_and_count" None,
    "command_buffer.create" Some("arielml_part_hal_command_buffer_create" "arielml_hal_command_buffer_create"),
    "command_buffer.finalize" Some("arielml_part_hal_command_buffer_finalize" "arielml_hal_command_buffer_finalize"),
    "command_buffer.begin_debug_group" Some("arielml_part_hal_command_buffer_begin_debug_group" "arielml_hal_command_buffer_begin_debug_group"),
    "command_buffer.end_debug_group" Some("arielml_part_hal_command_buffer_end_debug_group" "arielml_hal_command_buffer_end_debug_group"),
    "command_buffer.execution_barrier" Some("arielml_part_hal_command_buffer_execution_barrier" "arielml_hal_command_buffer_execution_barrier"),
    "command_buffer.advise_buffer" Some("arielml_part_hal_command_buffer_advise_buffer" "arielml_hal_command_buffer_advise_buffer"),
    "command_buffer.fill_buffer" Some("arielml_part_hal_command_buffer_fill_buffer" "arielml_hal_command_buffer_fill_buffer"),
    "command_buffer.update_buffer" Some("arielml_part_hal_command_buffer_update_buffer" "arielml_hal_command_buffer_update_buffer"),
    "command_buffer.copy_buffer" Some("arielml_part_hal_command_buffer_copy_buffer" "arielml_hal_command_buffer_copy_buffer"),
    "command_buffer.collective" None,
    "command_buffer.dispatch" Some("arielml_part_hal_command_buffer_dispatch" "arielml_hal_command_buffer_dispatch"),
    "command_buffer.dispatch.indirect" Some("arielml_part_hal_command_buffer_dispatch_indirect" "arielml_hal_command_buffer_dispatch_indirect"),
    "device.allocator" Some("arielml_part_hal_device_allocator" "arielml_hal_device_allocator"),
    "device.query.i64" Some("arielml_part_hal_device_query_i64" "arielml_hal_device_query_i64"),
    "device.queue.alloca" Some("arielml_part_hal_device_queue_alloca" "arielml_hal_device_queue_alloca"),
    "device.queue.dealloca" Some("arielml_part_hal_device_queue_dealloca" "arielml_hal_device_queue_dealloca"),
    "device.queue.fill" Some("arielml_part_hal_device_queue_fill" "arielml_hal_device_queue_fill"),
    "device.queue.update" Some("arielml_part_hal_device_queue_update" "arielml_hal_device_queue_update"),
    "device.queue.copy" Some("arielml_part_hal_device_queue_copy" "arielml_hal_device_queue_copy"),
    "device.queue.read" Some("arielml_part_hal_device_queue_read" "arielml_hal_device_queue_read"),
    "device.queue.write" Some("arielml_part_hal_device_queue_write" "arielml_hal_device_queue_write"),
    "device.queue.barrier" Some("arielml_part_hal_device_queue_barrier" "arielml_hal_device_queue_barrier"),
    "device.queue.execute" Some("arielml_part_hal_device_queue_execute" "arielml_hal_device_queue_execute"),
    "device.queue.execute.indirect" Some("arielml_part_hal_device_queue_execute_indirect" "arielml_hal_device_queue_execute_indirect"),
    "device.queue.flush" Some("arielml_part_hal_device_queue_flush" "arielml_hal_device_queue_flush"),
    "devices.count" Some("arielml_part_hal_devices_count" "arielml_hal_devices_count"),
    "devices.get" Some("arielml_part_hal_devices_get" "arielml_hal_devices_get"),
    "executable.create" Some("arielml_part_hal_executable_create" "arielml_hal_executable_create"),
    "executable.lookup.function" Some("arielml_part_hal_executable_lookup_function" "arielml_hal_executable_lookup_function"),
    "fence.create" Some("arielml_part_hal_fence_create" "arielml_hal_fence_create"),
    "fence.join" Some("arielml_part_hal_fence_join" "arielml_hal_fence_join"),
    "fence.query" Some("arielml_part_hal_fence_query" "arielml_hal_fence_query"),
    "fence.signal" Some("arielml_part_hal_fence_signal" "arielml_hal_fence_signal"),
    "fence.fail" Some("arielml_part_hal_fence_fail" "arielml_hal_fence_fail"),
    "fence.await" Some("arielml_part_hal_fence_await" "arielml_hal_fence_await"),
}

// Whatever was written above: the numbers are the HAL's.
const _: () = {
    let mut index = 0;
    while index < NAMES.len() {
        assert!(same(NAMES[index].as_bytes(), ORDER[index].as_bytes()));
        index += 1;
    }
};
