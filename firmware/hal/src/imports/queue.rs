//! `hal.device.queue.*`: what happens between an operation's fences. The first
//! three references are the device and the fences.

use super::{Outcome, buffers};
use crate::buffer;
use crate::fault::Fault;
use crate::request::{Request, copy_bytes};

pub(super) fn allocate(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (pool, memory_types, length) = (request.long(0), request.word(2), request.size(3));
    if pool != 0 {
        return Err(request.device.report.with(Fault::Pool, pool as usize, 0));
    }
    buffers::give_new(request, memory_types, length)
}

pub(super) fn deallocate(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.buffer(3)?.release();
    Ok(())
}

pub(super) fn fill(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (target, offset) = (request.buffer(3)?, request.size(0));
    let length = request.length(1, offset, target.len());
    let (pattern, pattern_length) = (request.long(2), request.size(4));
    target.fill(&request.device.report, offset, length, pattern, pattern_length)
}

pub(super) fn update(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (source, source_offset) = (request.reference(3)?, request.size(0));
    let (target, offset, length) = (request.buffer(4)?, request.size(1), request.size(2));
    copy_bytes(&request.device.report, source, source_offset, target, offset, length)
}

pub(super) fn copy(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (length, report) = (request.size(2), &request.device.report);
    let source = request.buffer(3)?.range(report, request.size(0), length)?;
    let target = request.buffer(4)?.writable(report, request.size(1), length)?;
    // SAFETY: the buffers vouch for the ranges.
    unsafe { buffer::copy(source, target, length) }
}

pub(super) fn read(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (source, source_offset) = (request.file(3)?, request.size(0));
    let (target, offset, length) = (request.buffer(4)?, request.size(1), request.size(2));
    source.read(&request.device.report, source_offset, target, offset, length)
}

pub(super) fn write(_: &mut Request<'_, '_, '_>) -> Outcome {
    Err(Fault::ReadOnlyFile)
}

pub(super) fn barrier(_: &mut Request<'_, '_, '_>) -> Outcome {
    Ok(())
}

pub(super) fn execute(request: &mut Request<'_, '_, '_>) -> Outcome {
    let execution = request.command_buffer(3)?.execution()?;
    execution.run(request.device, request.scheduler)
}

pub(super) fn execute_indirect(request: &mut Request<'_, '_, '_>) -> Outcome {
    let mut execution = request.command_buffer(3)?.execution()?;
    for _ in 0..request.call.span()? {
        let buffer = request.next_buffer()?;
        let (offset, length) = (request.next_size(false)?, request.next_size(true)?);
        execution.bind(&request.device.report, buffer.map(|buffer| &**buffer), offset, length)?;
    }
    execution.run(request.device, request.scheduler)
}

pub(super) fn flush(_: &mut Request<'_, '_, '_>) -> Outcome {
    Ok(())
}
