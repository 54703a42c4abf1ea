//! What the linker script lays out.

use core::hint::black_box;
use core::mem::MaybeUninit;
use core::slice;

use arielml_agent::Record;
use arielml_hal::LibraryQuery;

unsafe extern "C" {
    static __arena_start: u8;
    static __arena_end: u8;
    static arielml_module_start: u8;
    static arielml_module_end: u8;
    static arielml_image_id: [u8; 8];
    static arielml_library_query: u8;
    static arielml_description_start: u8;
    static arielml_description_end: u8;
    static __records_start: u8;
    static __records_end: u8;
}

/// The RAM that nothing else has.
///
/// # Safety
/// Called once.
pub(crate) unsafe fn arena() -> &'static mut [MaybeUninit<u8>] {
    let start = (&raw const __arena_start).cast_mut();
    let length = &raw const __arena_end as usize - start as usize;
    // SAFETY: the linker script reserves it, and there is one caller.
    unsafe { slice::from_raw_parts_mut(start.cast(), length) }
}

/// Where records of dispatches go, in an image that has any.
///
/// # Safety
/// Called once.
pub(crate) unsafe fn records() -> &'static mut [MaybeUninit<Record>] {
    let start = (&raw const __records_start).cast_mut();
    let length = &raw const __records_end as usize - start as usize;
    // SAFETY: the linker script reserves it, and there is one caller.
    unsafe { slice::from_raw_parts_mut(start.cast(), length / size_of::<Record>()) }
}

/// The compiled module.
pub(crate) fn module() -> &'static [u8] {
    let start = &raw const arielml_module_start;
    let length = &raw const arielml_module_end as usize - start as usize;
    // SAFETY: in flash, between the script's two symbols.
    unsafe { slice::from_raw_parts(start, length) }
}

/// What an image that speaks another protocol says of its model; others have
/// nothing there.
pub(crate) fn description() -> &'static [u8] {
    let start = &raw const arielml_description_start;
    let length = &raw const arielml_description_end as usize - start as usize;
    // SAFETY: in flash, between the script's two symbols.
    unsafe { slice::from_raw_parts(start, length) }
}

/// What tells this image from others.
pub(crate) fn image_id() -> &'static [u8; 8] {
    // SAFETY: in flash.
    unsafe { &arielml_image_id }
}

/// How to find the kernels; a model without dispatches has none, and its
/// symbol is at address 0.
pub(crate) fn library() -> Option<LibraryQuery> {
    // The compiler takes a symbol's address for never 0.
    let address = black_box(&raw const arielml_library_query);
    // SAFETY: either null, for which `Option` has a place, or the model's
    // query function.
    unsafe { core::mem::transmute::<*const u8, Option<LibraryQuery>>(address) }
}
