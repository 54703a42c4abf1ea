//! The executable library ABI, version 0.6: what compiled dispatch functions
//! and the runtime exchange.
//!
//! Layouts follow `iree/hal/local/executable_library.h`; the 32-bit sizes and
//! offsets are checked at compile time against figures measured from that
//! header.
#![allow(missing_docs)] // Field names are the header's own.

use core::ffi::{c_char, c_int, c_void};

/// The ABI version that this runtime asks for and accepts.
pub const VERSION: u32 = 6;
/// The unit of [`DispatchAttributes::local_memory_pages`], in bytes.
pub const LOCAL_MEMORY_PAGE: usize = 4096;
/// The most 32-bit constants that one dispatch can have.
pub const MAX_CONSTANTS: usize = 64;
/// The most bindings that one dispatch can have.
pub const MAX_BINDINGS: usize = 64;

/// Asks a library for its header.
///
/// # Safety
/// The environment is valid for the call. The answer is null (the library
/// does not speak the version asked for) or points to the first field of a
/// [`Library`] that never changes and lives as long as the image.
pub type LibraryQuery =
    unsafe extern "C" fn(u32, *const Environment) -> *const *const LibraryHeader;

/// A dispatch function: runs one workgroup, returns zero when all is well.
pub type DispatchFunction =
    unsafe extern "C" fn(*const Environment, *const DispatchState, *const WorkgroupState) -> c_int;

/// A function that a library imports.
pub type ImportFunction = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void) -> c_int;

/// Through what a library calls its imports.
pub type ImportThunk =
    unsafe extern "C" fn(Option<ImportFunction>, *mut c_void, *mut c_void, *mut c_void) -> c_int;

#[repr(C)]
pub struct LibraryHeader {
    pub version: u32,
    pub name: *const c_char,
    pub features: u32,
    pub sanitizer: u32,
}

#[repr(C)]
pub struct Library {
    pub header: *const LibraryHeader,
    pub imports: ImportTable,
    pub exports: ExportTable,
    pub constants: ConstantTable,
    pub sources: SourceTable,
}

#[repr(C)]
pub struct ImportTable {
    pub count: u32,
    /// Names; a leading `?` marks an import that may be missing.
    pub symbols: *const *const c_char,
}

#[repr(C)]
pub struct ExportTable {
    pub count: u32,
    pub functions: *const Option<DispatchFunction>,
    pub attributes: *const DispatchAttributes,
    pub parameters: *const c_void,
    pub occupancy: *const c_void,
    pub names: *const *const c_char,
    pub tags: *const c_void,
    pub parameter_names: *const c_void,
    pub source_locations: *const c_void,
    pub stage_locations: *const c_void,
}

#[repr(C)]
pub struct ConstantTable {
    pub count: u32,
}

#[repr(C)]
pub struct SourceTable {
    pub count: u32,
    pub files: *const c_void,
}

#[repr(C)]
pub struct DispatchAttributes {
    pub flags: u64,
    pub local_memory_pages: u16,
    pub constant_count: u8,
    pub binding_count: u8,
    pub workgroup_size_x: u32,
    pub workgroup_size_y: u32,
    pub workgroup_size_z: u16,
    pub parameter_count: u16,
    pub reserved: [u64; 5],
}

#[repr(C)]
pub struct Environment {
    pub constants: *const u32,
    pub import_thunk: Option<ImportThunk>,
    pub import_functions: *const Option<ImportFunction>,
    pub import_contexts: *const *const c_void,
    /// What the processor can do; zeros say that nothing is known.
    pub processor: [u64; 8],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DispatchState {
    pub workgroup_size_x: u32,
    pub workgroup_size_y: u32,
    pub workgroup_size_z: u16,
    pub constant_count: u16,
    pub workgroup_count_x: u32,
    pub workgroup_count_y: u32,
    pub workgroup_count_z: u16,
    pub max_concurrency: u8,
    pub binding_count: u8,
    pub constants: *const u32,
    pub bindings: *const *mut u8,
    pub binding_lengths: *const usize,
}

#[repr(C)]
pub struct WorkgroupState {
    pub id_x: u32,
    pub id_y: u32,
    pub id_z: u16,
    pub reserved: u16,
    pub processor_id: u32,
    pub local_memory: *mut u8,
    pub local_memory_size: u32,
}

#[cfg(target_pointer_width = "32")]
const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<LibraryHeader>() == 16 && offset_of!(LibraryHeader, sanitizer) == 12);
    assert!(size_of::<Library>() == 64);
    assert!(offset_of!(Library, imports) == 4 && offset_of!(Library, exports) == 12);
    assert!(offset_of!(Library, constants) == 52 && offset_of!(Library, sources) == 56);
    assert!(size_of::<ImportTable>() == 8 && size_of::<ExportTable>() == 40);
    assert!(offset_of!(ExportTable, functions) == 4 && offset_of!(ExportTable, attributes) == 8);
    assert!(offset_of!(ExportTable, names) == 20 && offset_of!(ExportTable, stage_locations) == 36);
    assert!(size_of::<DispatchAttributes>() == 64);
    assert!(offset_of!(DispatchAttributes, local_memory_pages) == 8);
    assert!(offset_of!(DispatchAttributes, constant_count) == 10);
    assert!(offset_of!(DispatchAttributes, binding_count) == 11);
    assert!(offset_of!(DispatchAttributes, workgroup_size_x) == 12);
    assert!(offset_of!(DispatchAttributes, workgroup_size_z) == 20);
    assert!(offset_of!(DispatchAttributes, reserved) == 24);
    assert!(size_of::<Environment>() == 80 && offset_of!(Environment, processor) == 16);
    assert!(size_of::<DispatchState>() == 36);
    assert!(offset_of!(DispatchState, constant_count) == 10);
    assert!(offset_of!(DispatchState, workgroup_count_x) == 12);
    assert!(offset_of!(DispatchState, workgroup_count_z) == 20);
    assert!(offset_of!(DispatchState, max_concurrency) == 22);
    assert!(offset_of!(DispatchState, binding_count) == 23);
    assert!(offset_of!(DispatchState, constants) == 24);
    assert!(offset_of!(DispatchState, binding_lengths) == 32);
    assert!(size_of::<WorkgroupState>() == 24);
    assert!(offset_of!(WorkgroupState, processor_id) == 12);
    assert!(offset_of!(WorkgroupState, local_memory_size) == 20);
};
