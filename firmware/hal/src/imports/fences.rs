//! `hal.fence.*`.

use arielml_vm::Code;

use super::Outcome;
use crate::Object;
use crate::fault::Fault;
use crate::fence::{self, Fence, State};
use crate::request::Request;

pub(super) fn create(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.device()?;
    let fence = Fence::new(request.device)?;
    request.give(Object::Fence(fence))
}

/// Null stands for a fence that is reached, as argument and as result.
pub(super) fn join(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.skip(1); // flags
    let mut joined = None;
    for _ in 0..request.call.span() {
        if let Some(fence) = request.fence_or_null()? {
            joined = match joined {
                None => Some(fence.clone()),
                Some(joined) => Some(Fence::join(request.device, joined, fence)?),
            };
        }
    }
    match joined {
        Some(fence) if fence.state() != State::Reached => request.give(Object::Fence(fence)),
        _ => request.give_null(),
    }
}

pub(super) fn query(request: &mut Request<'_, '_, '_>) -> Outcome {
    let code = match request.fence()?.state() {
        State::Reached => 0,
        State::Pending => Code::Deferred as i32,
        State::Failed(code) => code as i32,
    };
    request.give_i32(code)
}

pub(super) fn signal(request: &mut Request<'_, '_, '_>) -> Outcome {
    let fence = request.fence()?;
    fence.signal();
    match fence.state() {
        State::Failed(code) => Err(request.device.report.coded(Fault::FenceSignal, code)),
        _ => Ok(()),
    }
}

pub(super) fn fail(request: &mut Request<'_, '_, '_>) -> Outcome {
    let fence = request.fence()?;
    fence.fail(Code::from_number(request.word()));
    Ok(())
}

/// Gives 0, or `DeadlineExceeded` when the time that was given is up: at once,
/// for nothing will signal a fence while its waiter waits. A wait without end
/// on such a fence is an error.
pub(super) fn wait(request: &mut Request<'_, '_, '_>) -> Outcome {
    let is_endless = request.word() == u32::MAX;
    request.skip(1); // flags
    let mut status = 0;
    for _ in 0..request.call.span() {
        let fence = request.fence_or_null()?;
        match fence::check_reached(&request.device.report, fence) {
            Err(Fault::FencePending) if !is_endless => status = Code::DeadlineExceeded as i32,
            result => result?,
        }
    }
    request.give_i32(status)
}
