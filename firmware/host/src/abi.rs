//! The C interface. Every function takes a device that [`arielml_host_create`]
//! gave, from one thread at a time.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::time::Duration;

use arielml_hal::LibraryQuery;

use crate::{Device, Image};

/// The version of this interface.
const VERSION: u32 = 1;
/// What kernels may expect of the module's data.
const ALIGNMENT: usize = 64;

/// What `arielml_host_create` needs.
#[repr(C)]
pub struct Configuration {
    /// The compiled module, aligned to 64 bytes, and its length in bytes.
    pub module: *const u8,
    /// See `module`.
    pub module_length: usize,
    /// The query function of the kernels; null when there are none.
    pub library: Option<LibraryQuery>,
    /// Bytes of the arena, below 4 GiB.
    pub arena: usize,
    /// What tells the image from others.
    pub id: [u8; 8],
}

/// The version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn arielml_host_version() -> u32 {
    VERSION
}

/// A device with an image, which has greeted; null when the configuration
/// cannot be used.
///
/// # Safety
/// `configuration` is valid. Module and kernels stay until the device is
/// destroyed, and the kernels are those of IREE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_host_create(
    configuration: *const Configuration,
) -> *mut Device<'static> {
    // SAFETY: the caller vouches for it.
    let Some(given) = (unsafe { configuration.as_ref() }) else { return std::ptr::null_mut() };
    if given.module.is_null()
        || !given.module.addr().is_multiple_of(ALIGNMENT)
        || u32::try_from(given.arena).is_err()
    {
        return std::ptr::null_mut();
    }
    // SAFETY: as above.
    let module = unsafe { slice::from_raw_parts(given.module, given.module_length) };
    let image = Image { module, library: given.library, id: given.id, arena: given.arena };
    // SAFETY: the caller vouches for the kernels.
    let device = catch_unwind(|| Box::new(unsafe { Device::new(image) }));
    device.map_or(std::ptr::null_mut(), Box::into_raw)
}

/// Gives the device bytes and lets it answer; bytecode that runs for longer
/// than `seconds` is ended.
///
/// # Safety
/// `bytes` are `length`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_host_feed(
    device: *mut Device<'static>,
    bytes: *const u8,
    length: usize,
    seconds: f64,
) {
    // SAFETY: it came from `create`, and is used by one thread at a time.
    let Some(device) = (unsafe { device.as_mut() }) else { return };
    if length == 0 {
        return;
    }
    // SAFETY: the caller vouches for them.
    let bytes = unsafe { slice::from_raw_parts(bytes, length) };
    let time = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    // After a panic the device is only told to fail, and dropped.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| device.feed(bytes, time))) {
        device.fail(said(&*panic));
    }
}

/// Moves what the device sent to `target`, at most `length` bytes; how many.
///
/// # Safety
/// `target` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_host_take(
    device: *mut Device<'static>,
    target: *mut u8,
    length: usize,
) -> usize {
    // SAFETY: as in `feed`.
    let Some(device) = (unsafe { device.as_mut() }) else { return 0 };
    if length == 0 {
        return 0;
    }
    // SAFETY: the caller vouches for it; bytes have no wrong value.
    device.take(unsafe { slice::from_raw_parts_mut(target, length) })
}

/// Frees the device and all of its memory.
///
/// # Safety
/// It is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_host_destroy(device: *mut Device<'static>) {
    if !device.is_null() {
        // SAFETY: it came from `create`, and nobody uses it again.
        drop(unsafe { Box::from_raw(device) });
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<String>() {
        Some(text) => text,
        None => panic.downcast_ref::<&str>().copied().unwrap_or("without a word"),
    }
}

#[cfg(test)]
mod tests;
