use arielml_agent::Link;

use crate::output::Output;

/// Says that the device answers no more, and why: what `kind` of fault, what
/// is known about it (`text`, in pieces), and the program counter and link
/// register at that place.
///
/// For fault and panic handlers: it needs nothing but the link, and a little
/// stack.
pub fn report_fault<L: Link>(link: L, kind: &str, text: &[&[u8]], pc: u32, lr: u32) {
    let mut output = Output::new(link);
    // A line may have been begun.
    output.end();
    output.text("e-[fault: ");
    output.text(kind);
    for (piece, before) in text.iter().zip([", "].into_iter().chain(core::iter::repeat(""))) {
        output.text(before);
        output.foreign(piece);
    }
    output.text(", pc 0x");
    output.hexadecimal(pc, 8);
    output.text(", lr 0x");
    output.hexadecimal(lr, 8);
    output.line("]");
}
