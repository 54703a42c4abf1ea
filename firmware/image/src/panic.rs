//! A panic is a defect of this program. It is reported like a fault.

use core::cell::Cell;
use core::panic::PanicInfo;

use arielml_bsp::arch::stop;

type Report = fn(kind: &str, text: &[&[u8]], pc: u32, lr: u32) -> !;

struct Reporter(Cell<Option<Report>>);

// SAFETY: set once, before anything can panic, by the only core.
unsafe impl Sync for Reporter {}

static REPORTER: Reporter = Reporter(Cell::new(None));

/// Panics from now on go to `report`: the handler cannot know the board.
pub(crate) fn report_with(report: Report) {
    REPORTER.0.set(Some(report));
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // Taken, so that a panic on the way to the report ends here.
    let Some(report) = REPORTER.0.take() else { stop() };
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
