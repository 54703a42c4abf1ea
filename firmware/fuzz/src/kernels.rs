//! Dispatch functions in the place of compiled ones. They hold the HAL to
//! what the library ABI promises them: bindings that lie in the arena or in
//! the module, constants and local memory that are there.

use core::cell::Cell;
use core::ffi::{c_char, c_int};
use core::ops::Range;
use core::ptr;

use arielml_hal::LibraryQuery;
use arielml_hal::abi::{
    ConstantTable, DispatchAttributes, DispatchFunction, DispatchState, Environment, ExportTable,
    ImportTable, LOCAL_MEMORY_PAGE, Library, LibraryHeader, SourceTable, VERSION, WorkgroupState,
};

/// Workgroups that one run may have: damage can ask for billions, and then
/// the function that runs ends them, as a real one does on a bad argument.
const MOST: u32 = 2000;

/// What a function returns when there were too many.
const TOO_MANY: c_int = 11;

/// The libraries that the modules ask for by name.
pub static LIBRARIES: [LibraryQuery; 2] = [model, lib];

/// Where a binding may lie.
#[derive(Clone, Default)]
pub struct Memory {
    /// What may be written.
    pub arena: Range<usize>,
    /// What may only be read.
    pub module: Range<usize>,
}

std::thread_local! {
    static MEMORY: Cell<Memory> = Cell::default();
    static LEFT: Cell<u32> = const { Cell::new(0) };
}

/// Before a run: where its memory is.
pub fn prepare(memory: Memory) {
    MEMORY.set(memory);
    LEFT.set(MOST);
}

unsafe extern "C" fn model(_: u32, _: *const Environment) -> *const *const LibraryHeader {
    static ATTRIBUTES: [DispatchAttributes; 3] =
        [attributes(0, 3, 0), attributes(0, 3, 1), attributes(2, 3, 0)];
    static FUNCTIONS: [Option<DispatchFunction>; 3] =
        [Some(run::<0>), Some(run::<1>), Some(run::<2>)];
    static NAMES: Names<3> = Names([
        c"layers_dispatch_0_matvec_16x16_i32".as_ptr(),
        c"layers_dispatch_1_matvec_8x16_i32".as_ptr(),
        c"scaled_dispatch_0_elementwise_D_i32".as_ptr(),
    ]);
    static HEADER: Header = header(c"model_linked".as_ptr());
    static LIBRARY: Static = library(&HEADER, &FUNCTIONS, &ATTRIBUTES, &NAMES);
    (&raw const LIBRARY.0).cast()
}

unsafe extern "C" fn lib(_: u32, _: *const Environment) -> *const *const LibraryHeader {
    static ATTRIBUTES: [DispatchAttributes; 2] = [attributes(1, 2, 0), attributes(1, 2, 0)];
    static FUNCTIONS: [Option<DispatchFunction>; 2] = [Some(run::<3>), Some(run::<4>)];
    static NAMES: Names<2> = Names([c"add".as_ptr(), c"fail".as_ptr()]);
    static HEADER: Header = header(c"lib".as_ptr());
    static LIBRARY: Static = library(&HEADER, &FUNCTIONS, &ATTRIBUTES, &NAMES);
    (&raw const LIBRARY.0).cast()
}

struct Names<const N: usize>([*const c_char; N]);
struct Header(LibraryHeader);
struct Static(Library);

// SAFETY: they point to statics that nobody writes.
unsafe impl<const N: usize> Sync for Names<N> {}
// SAFETY: as above.
unsafe impl Sync for Header {}
// SAFETY: as above.
unsafe impl Sync for Static {}

const fn attributes(constants: u8, bindings: u8, local_pages: u16) -> DispatchAttributes {
    DispatchAttributes {
        flags: 0,
        local_memory_pages: local_pages,
        constant_count: constants,
        binding_count: bindings,
        workgroup_size_x: 1,
        workgroup_size_y: 1,
        workgroup_size_z: 1,
        parameter_count: 0,
        reserved: [0; 5],
    }
}

const fn header(name: *const c_char) -> Header {
    Header(LibraryHeader { version: VERSION, name, features: 0, sanitizer: 0 })
}

const fn library<const N: usize>(
    header: &'static Header,
    functions: &'static [Option<DispatchFunction>; N],
    attributes: &'static [DispatchAttributes; N],
    names: &'static Names<N>,
) -> Static {
    Static(Library {
        header: &header.0,
        imports: ImportTable { count: 0, symbols: ptr::null() },
        exports: ExportTable {
            count: N as u32,
            functions: functions.as_ptr(),
            attributes: attributes.as_ptr(),
            parameters: ptr::null(),
            occupancy: ptr::null(),
            names: names.0.as_ptr(),
            tags: ptr::null(),
            parameter_names: ptr::null(),
            source_locations: ptr::null(),
            stage_locations: ptr::null(),
        },
        constants: ConstantTable { count: 0 },
        sources: SourceTable { count: 0, files: ptr::null() },
    })
}

/// Function number `N`: reads all that it is given and writes the last
/// binding; the function `fail` (4) returns a status.
unsafe extern "C" fn run<const N: usize>(
    environment: *const Environment,
    dispatch: *const DispatchState,
    workgroup: *const WorkgroupState,
) -> c_int {
    // SAFETY: the ABI's promise to a dispatch function.
    let (environment, dispatch, workgroup) = unsafe { (&*environment, &*dispatch, &*workgroup) };
    let Some(left) = LEFT.get().checked_sub(1) else { return TOO_MANY };
    LEFT.set(left);
    assert!(environment.import_thunk.is_some());
    assert!(workgroup.id_x < dispatch.workgroup_count_x);
    assert!(workgroup.id_y < dispatch.workgroup_count_y);
    assert!(workgroup.id_z < dispatch.workgroup_count_z);
    let memory = MEMORY.take();
    MEMORY.set(memory.clone());

    let mut sum = N as u8;
    for index in 0..usize::from(dispatch.constant_count) {
        // SAFETY: the ABI promises that many.
        sum = sum.wrapping_add(unsafe { dispatch.constants.add(index).read() } as u8);
    }
    for index in 0..usize::from(dispatch.binding_count) {
        // SAFETY: the ABI promises that many of both.
        let (start, length) = unsafe {
            (dispatch.bindings.add(index).read(), dispatch.binding_lengths.add(index).read())
        };
        let place = start as usize..(start as usize).checked_add(length).expect("it wraps");
        let within = |all: &Range<usize>| all.start <= place.start && place.end <= all.end;
        let writable = within(&memory.arena);
        assert!(writable || within(&memory.module), "binding {index} lies at {place:x?}");
        let last = index + 1 == usize::from(dispatch.binding_count);
        // A slice of the first and last bytes: whole tensors would be slow.
        for at in (0..length.min(4)).chain(length.saturating_sub(4)..length) {
            // SAFETY: within the binding, which was just checked to be there.
            unsafe {
                if last && writable {
                    start.add(at).write(sum);
                } else {
                    sum = sum.wrapping_add(start.add(at).read());
                }
            }
        }
    }
    let size = workgroup.local_memory_size as usize;
    if size > 0 {
        assert_eq!(size % LOCAL_MEMORY_PAGE, 0);
        let start = workgroup.local_memory as usize;
        assert!(memory.arena.start <= start && start + size <= memory.arena.end);
        // SAFETY: the worker's own, and just checked to be there.
        unsafe {
            workgroup.local_memory.write(sum);
            workgroup.local_memory.add(size - 1).write(sum);
        }
    }
    if N == 4 { 3 } else { 0 }
}
