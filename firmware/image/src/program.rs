//! What an image does once its board has started: the linker picks one program
//! of the board's, and drops the others.

use core::hint::black_box;

use arielml_bsp::arch::Fault;

/// A program for a board whose cores are `C`. What is not told of `C` reads
/// `report` alone, so that comes first.
#[repr(C)]
pub(crate) struct Program<C> {
    pub(crate) report: Report,
    /// Runs it: first, and once.
    pub(crate) run: fn(C) -> !,
}

/// Tells the host of a fault and stops: what kind of fault, what is known about
/// it in pieces, the program counter and the link register there.
pub(crate) type Report = fn(kind: &str, text: &[&[u8]], pc: u32, lr: u32) -> !;

/// Where the linker has put the program that it picked.
fn picked<T>() -> *const T {
    unsafe extern "C" {
        static arielml_program: u8;
    }
    black_box((&raw const arielml_program).cast())
}

/// Runs the image's program.
///
/// # Safety
/// Called once, first, on the only core that runs, by the board whose reset
/// handler the image has; `C` are its cores.
pub(crate) unsafe fn start<C>(crew: C) -> ! {
    // SAFETY: the linker picks a program of the board whose reset handler it
    // takes.
    let program = unsafe { &*picked::<Program<C>>() };
    (program.run)(crew)
}

/// Tells the host of a fault, in the way of the image's program.
pub(crate) fn report(kind: &str, text: &[&[u8]], pc: u32, lr: u32) -> ! {
    // SAFETY: every program begins with its report.
    let report = unsafe { *picked::<Report>() };
    report(kind, text, pc, lr)
}

/// Reports a fault of the processor; see `arielml_bsp::arch::entry`.
pub(crate) extern "C" fn fault(exception: u32, pc: u32, lr: u32, overflowed: bool) -> ! {
    let fault = Fault::read(exception, overflowed);
    let text = fault.text.as_bytes();
    match fault.value().map(hexadecimal) {
        Some(value) => report(fault.kind, &[text, b" 0x", &value], pc, lr),
        None => report(fault.kind, &[text], pc, lr),
    }
}

fn hexadecimal(value: u32) -> [u8; 8] {
    let mut digits = [0; 8];
    for (digit, place) in digits.iter_mut().zip((0..8).rev()) {
        let value = (value >> (4 * place) & 15) as u8;
        *digit = if value < 10 { b'0' + value } else { b'a' + value - 10 };
    }
    digits
}
