//! The interface as a program in another language uses it.

use std::ptr;

use super::*;

#[repr(align(64))]
struct Aligned<const N: usize>([u8; N]);

const SOURCE: &[u8] = include_bytes!("../../../agent/tests/modules/model.vmfb");
static MODULE: Aligned<{ SOURCE.len() }> = {
    let mut bytes = [0; SOURCE.len()];
    bytes.copy_from_slice(SOURCE);
    Aligned(bytes)
};

// Frames of requests 1 to 5: bodies as `wire/messages.py` makes them.
const ECHO: &[u8] = &[0x00, 0x0B, 0x83, 0x01, 0x0A, 0x42, 0x68, 0x69, 0xFC, 0x6F, 0x6F, 0x91, 0x00];
const LOAD: &[u8] = &[0x00, 0x05, 0x84, 0x02, 0x02, 0x01, 0x05, 0xEB, 0xCC, 0xD2, 0x32, 0x00];
const CALL_MAIN: &[u8] =
    &[0x00, 0x0D, 0x83, 0x03, 0x05, 0x64, 0x6D, 0x61, 0x69, 0x6E, 0x8B, 0x15, 0x6D, 0x2B, 0x00];
const RESET: &[u8] = &[0x00, 0x08, 0x82, 0x04, 0x0B, 0x70, 0x0A, 0x4E, 0xEE, 0x00];

fn configuration(arena: usize) -> Configuration {
    Configuration {
        module: MODULE.0.as_ptr(),
        module_length: SOURCE.len(),
        library: None,
        arena,
        id: *b"identity",
    }
}

struct Made(*mut Device<'static>);

impl Made {
    fn new() -> Self {
        // SAFETY: the module is static, and there are no kernels.
        let device = unsafe { arielml_host_create(&configuration(1 << 16)) };
        assert!(!device.is_null());
        Made(device)
    }

    fn feed(&self, bytes: &[u8]) -> Vec<u8> {
        // SAFETY: the device is there until `self` is dropped.
        unsafe { arielml_host_feed(self.0, bytes.as_ptr(), bytes.len(), 10.0) };
        self.take()
    }

    fn take(&self) -> Vec<u8> {
        let mut taken = Vec::new();
        loop {
            // An odd size, so that what is there comes in parts.
            let mut part = [0; 13];
            // SAFETY: as above.
            match unsafe { arielml_host_take(self.0, part.as_mut_ptr(), part.len()) } {
                0 => return taken,
                count => taken.extend_from_slice(&part[..count]),
            }
        }
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // SAFETY: nothing uses it any more.
        unsafe { arielml_host_destroy(self.0) };
    }
}

fn contains(sent: &[u8], wanted: &[u8]) -> bool {
    sent.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn a_device_greets_answers_loads_and_starts_anew() {
    let device = Made::new();
    let greeting = device.take();
    assert!(contains(&greeting, b"identity") && contains(&greeting, b"host"));
    assert!(contains(&device.feed(ECHO), b"hi"));
    assert!(contains(&device.feed(LOAD), b"main"));
    assert!(contains(&device.feed(CALL_MAIN), b"arguments"));
    // The answer first, then the greeting.
    let reset = device.feed(RESET);
    assert!(contains(&reset[..reset.len() / 2], &[0x83 - 1, 0x04]));
    assert!(contains(&reset, b"identity"));
    assert!(contains(&device.feed(CALL_MAIN), b"no model is loaded"));
}

#[test]
fn devices_are_apart() {
    let (one, other) = (Made::new(), Made::new());
    one.take();
    one.feed(LOAD);
    assert!(contains(&other.feed(CALL_MAIN), b"no model is loaded"));
    drop(one);
    assert!(contains(&other.feed(ECHO), b"hi"));
}

#[test]
fn a_panic_is_reported_and_ends_the_device() {
    let device = Made::new();
    device.take();
    // SAFETY: the device is there, and no one else uses it.
    unsafe { &mut *device.0 }.fail("a defect");
    assert!(contains(&device.take(), b"a defect"));
    assert!(device.feed(ECHO).is_empty());
}

#[test]
fn what_cannot_be_used_gives_no_device() {
    let refused = |configuration: &Configuration| {
        // SAFETY: what it points to is there.
        unsafe { arielml_host_create(configuration) }.is_null()
    };
    assert!(refused(&Configuration { module: ptr::null(), ..configuration(1 << 16) }));
    let moved = MODULE.0.as_ptr().wrapping_add(1);
    let short = SOURCE.len() - 1;
    let crooked = Configuration { module: moved, module_length: short, ..configuration(1 << 16) };
    assert!(refused(&crooked));
    assert!(refused(&configuration(1 << 32)));
    // SAFETY: null is allowed everywhere.
    unsafe {
        assert!(arielml_host_create(ptr::null()).is_null());
        arielml_host_feed(ptr::null_mut(), ECHO.as_ptr(), ECHO.len(), 1.0);
        assert_eq!(arielml_host_take(ptr::null_mut(), ptr::null_mut(), 0), 0);
        arielml_host_destroy(ptr::null_mut());
    }
    assert_eq!(arielml_host_version(), VERSION);
}
