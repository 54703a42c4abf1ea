//! Requests: `[id, op, arguments...]`.

use arielml_scheduler::Policy;
use arielml_vm::{Code, Error, text};

use crate::cbor::{Malformed, Reader};
use crate::frame::Reason;

/// Ids that a host may use; 0 marks what the device says unasked.
const MAX_ID: u32 = 1 << 31;

/// What the host asks for.
pub(crate) enum Request<'b> {
    Hello,
    Load { workers: u32, policy: Policy },
    Input { index: u32, element_type: u32, dims: Dims<'b> },
    Write { index: u32, offset: u32, bytes: &'b [u8] },
    Call { export: &'b [u8] },
    Output { index: u32 },
    Read { index: u32, offset: u32, length: u32 },
    Release,
    Stats,
    Echo { bytes: &'b [u8] },
    Reset,
}

/// A shape, still in its encoding, known to be well-formed.
#[derive(Clone)]
pub(crate) struct Dims<'b> {
    pub(crate) rank: u32,
    items: Reader<'b>,
}

impl<'b> Dims<'b> {
    fn read(reader: &mut Reader<'b>) -> Result<Self, Malformed> {
        let rank = reader.array()?;
        let items = reader.clone();
        for _ in 0..rank {
            reader.unsigned()?;
        }
        Ok(Dims { rank, items })
    }

    /// The next dimension, outermost first.
    pub(crate) fn next(&mut self) -> u32 {
        self.items.unsigned().unwrap_or(0)
    }
}

/// A body that carries no request.
pub(crate) enum Unusable {
    /// Not even an id: the host is to send it again.
    Body(Reason),
    /// Request `id` is not one that the agent knows, or its arguments are not.
    Request { id: u32, error: Error<'static> },
}

/// Reads a body.
pub(crate) fn parse(body: &[u8]) -> Result<(u32, Request<'_>), Unusable> {
    let mut reader = Reader::new(body);
    let (items, id, op) = head(&mut reader).map_err(|Malformed| Unusable::Body("not a request"))?;
    if !(1..=MAX_ID).contains(&id) {
        return Err(Unusable::Body("id out of range"));
    }
    let refused = |code, message| {
        let error = Error::new(code, message).with(op, items.saturating_sub(2));
        Err(Unusable::Request { id, error })
    };
    match arguments(op, items.saturating_sub(2), &mut reader) {
        Ok(Some(request)) => Ok((id, request)),
        Ok(None) => refused(Code::Unimplemented, text!("unknown op: op, arguments")),
        Err(Malformed) => refused(Code::InvalidArgument, text!("wrong arguments: op, arguments")),
    }
}

fn head(reader: &mut Reader<'_>) -> Result<(u32, u32, u32), Malformed> {
    Ok((reader.array()?, reader.unsigned()?, reader.unsigned()?))
}

fn arguments<'b>(
    op: u32,
    count: u32,
    reader: &mut Reader<'b>,
) -> Result<Option<Request<'b>>, Malformed> {
    const TAKES: [u32; 12] = [0, 0, 2, 3, 3, 1, 1, 3, 0, 0, 1, 0];
    if TAKES.get(op as usize).is_some_and(|&takes| op > 0 && takes != count) {
        return Err(Malformed);
    }
    let request = match op {
        1 => Request::Hello,
        2 => Request::Load { workers: reader.unsigned()?, policy: policy(reader.unsigned()?)? },
        3 => Request::Input {
            index: reader.unsigned()?,
            element_type: reader.unsigned()?,
            dims: Dims::read(reader)?,
        },
        4 => Request::Write {
            index: reader.unsigned()?,
            offset: reader.unsigned()?,
            bytes: reader.bytes()?,
        },
        5 => Request::Call { export: reader.text()? },
        6 => Request::Output { index: reader.unsigned()? },
        7 => Request::Read {
            index: reader.unsigned()?,
            offset: reader.unsigned()?,
            length: reader.unsigned()?,
        },
        8 => Request::Release,
        9 => Request::Stats,
        10 => Request::Echo { bytes: reader.bytes()? },
        11 => Request::Reset,
        _ => return Ok(None),
    };
    reader.finish()?;
    Ok(Some(request))
}

/// Numbers of the wire.
fn policy(number: u32) -> Result<Policy, Malformed> {
    match number {
        0 => Ok(Policy::Greedy),
        1 => Ok(Policy::RoundRobin),
        _ => Err(Malformed),
    }
}
