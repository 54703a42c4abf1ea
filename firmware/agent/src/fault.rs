use crate::Link;
use crate::frame::{Sender, Staging};
use crate::reply::{FAULT, begin};

/// Sends a fault frame: what `kind` of fault, what is known about it (`text`,
/// in pieces), and the program counter and link register at that place.
///
/// For fault and panic handlers: it needs nothing but the link, and a little
/// stack.
pub fn report_fault<L: Link>(
    link: &mut L,
    staging: &mut Staging,
    kind: &str,
    text: &[&[u8]],
    pc: u32,
    lr: u32,
) {
    let mut sender = Sender::new(link, staging);
    begin(&mut sender, 4, 0, FAULT);
    sender.text(kind);
    sender.begin_text(text.iter().map(|piece| piece.len()).sum());
    for piece in text {
        sender.put_all(piece);
    }
    sender.unsigned(pc);
    sender.unsigned(lr);
    sender.finish();
}
