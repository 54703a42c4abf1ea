use arielml_arena::Arena;
use arielml_vm::{Code, Error, text};

use crate::cbor::{Malformed, Reader};
use crate::frame::Sender;
use crate::reply::{self, OK};
use crate::{Link, Platform, Session};

/// Does check number `.0` with its arguments, zero where the host gave none; the
/// values that it measured. It leaves the arena as it was.
pub type Check = for<'a> fn(&Arena<'a>, u32, &[u32; CHECK_ARGUMENTS]) -> Checked;

/// What a check measured, or why it could not.
pub type Checked = Result<&'static [u32], Error<'static>>;

/// Arguments that a check takes at most.
pub const CHECK_ARGUMENTS: usize = 4;

const OP: u32 = 12;

/// An [`Extension`](crate::Extension) that does `run` when `body` is a CHECK.
pub fn answer_check<L: Link, P: Platform>(
    run: Check,
    session: &mut Session<'_, P>,
    body: &[u8],
    mut sender: Sender<'_, L>,
    id: u32,
    error: &Error<'_>,
) {
    let wrong = Error::new(Code::InvalidArgument, text!("wrong arguments: op")).with(OP, 0);
    let (check, arguments) = match parse(body) {
        Ok(Some(asked)) => asked,
        Ok(None) => return reply::send(sender, id, Err(*error)),
        Err(Malformed) => return reply::send(sender, id, Err(wrong)),
    };
    let start = session.platform.ticks();
    let values = match run(session.arena, check, &arguments) {
        Ok(values) => values,
        Err(error) => return reply::send(sender, id, Err(error)),
    };
    let ticks = session.platform.ticks().wrapping_sub(start);
    reply::begin(&mut sender, 2 + values.len() as u32, id, OK);
    for &value in [start, ticks].iter().chain(values) {
        sender.unsigned(value);
    }
    sender.finish();
}

/// The check and its arguments; `None` when it is no CHECK.
fn parse(body: &[u8]) -> Result<Option<(u32, [u32; CHECK_ARGUMENTS])>, Malformed> {
    let mut reader = Reader::new(body);
    let items = reader.array()?;
    let _id = reader.unsigned()?;
    if reader.unsigned()? != OP {
        return Ok(None);
    }
    let check = reader.unsigned()?;
    let mut arguments = [0; CHECK_ARGUMENTS];
    let count = (items as usize).checked_sub(3).ok_or(Malformed)?;
    for argument in arguments.get_mut(..count).ok_or(Malformed)? {
        *argument = reader.unsigned()?;
    }
    reader.finish()?;
    Ok(Some((check, arguments)))
}
