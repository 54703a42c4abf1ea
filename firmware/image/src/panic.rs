//! A panic is a defect of this program. It is reported like a fault.

use core::cell::Cell;
use core::panic::PanicInfo;

use arielml_bsp::arch::stop;

use crate::program::report;

struct Panicked(Cell<bool>);

// SAFETY: one core panics first; should another one do so at the same time,
// both report.
unsafe impl Sync for Panicked {}

static PANICKED: Panicked = Panicked(Cell::new(false));

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // A panic on the way to the report ends here.
    if PANICKED.0.replace(true) {
        stop()
    }
    let Some(place) = info.location() else { report("panic", &[], 0, 0) };
    let mut digits = [0; 10];
    let line = decimal(place.line(), &mut digits);
    report("panic", &[place.file().as_bytes(), b":", line], 0, 0)
}

/// `value` in decimal, at the end of `digits`.
fn decimal(mut value: u32, digits: &mut [u8; 10]) -> &[u8] {
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    digits.get(digits.len() - used..).unwrap_or_default()
}
