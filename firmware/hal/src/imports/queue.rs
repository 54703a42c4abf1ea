//! `hal.device.queue.*`: operations between fences, carried out at once, as
//! everything before them is done.

use super::{Outcome, buffers};
use crate::buffer;
use crate::fault::Fault;
use crate::fence;
use crate::request::{Request, copy_bytes};

/// Runs `operation` between the fences that come first. Whether it fails or
/// what it waits for did, its fence fails too.
#[inline(never)]
fn enqueue(
    request: &mut Request<'_, '_, '_>,
    operation: fn(&mut Request<'_, '_, '_>) -> Outcome,
) -> Outcome {
    request.device()?;
    request.skip(1); // affinity
    let (wait, signal) = (request.fence_or_null()?, request.fence_or_null()?);
    let report = &request.device.report;
    let result = match fence::check_reached(report, wait) {
        Ok(()) => operation(request),
        Err(fault) => Err(fault),
    };
    if let Some(signal) = signal {
        match result {
            Ok(()) => signal.signal(),
            Err(fault) => signal.fail(report.code(fault)),
        }
    }
    result
}

pub(super) fn allocate(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let (pool, memory_types) = (request.long(), request.word());
        if pool != 0 {
            return Err(request.device.report.with(Fault::Pool, pool as usize, 0));
        }
        request.skip(1); // usage
        buffers::give_new(request, memory_types)
    })
}

pub(super) fn deallocate(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        request.buffer()?.release();
        Ok(())
    })
}

pub(super) fn fill(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let (target, offset) = (request.buffer()?, request.size()?);
        let length = request.length(offset, target.len())?;
        let (pattern, pattern_length) = (request.long(), request.word() as usize);
        target.fill(&request.device.report, offset, length, pattern, pattern_length)
    })
}

pub(super) fn update(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let (source, source_offset) = (request.reference(), request.size()?);
        let (target, offset, length) = (request.buffer()?, request.size()?, request.size()?);
        copy_bytes(&request.device.report, source, source_offset, target, offset, length)
    })
}

pub(super) fn copy(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let (source, source_offset) = (request.buffer()?, request.size()?);
        let (target, offset, length) = (request.buffer()?, request.size()?, request.size()?);
        let report = &request.device.report;
        let source = source.range(report, source_offset, length)?;
        let target = target.writable(report, offset, length)?;
        // SAFETY: the buffers vouch for the ranges.
        unsafe { buffer::copy(source, target, length) }
    })
}

pub(super) fn read(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let (source, source_offset) = (request.file()?, request.size()?);
        let (target, offset, length) = (request.buffer()?, request.size()?, request.size()?);
        source.read(&request.device.report, source_offset, target, offset, length)
    })
}

pub(super) fn write(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |_| Err(Fault::ReadOnlyFile))
}

pub(super) fn barrier(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |_| Ok(()))
}

pub(super) fn execute(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let execution = request.command_buffer()?.execution()?;
        execution.run(request.device, request.scheduler)
    })
}

pub(super) fn execute_indirect(request: &mut Request<'_, '_, '_>) -> Outcome {
    enqueue(request, |request| {
        let mut execution = request.command_buffer()?.execution()?;
        request.skip(1); // flags
        for _ in 0..request.call.span() {
            let buffer = request.buffer_or_null()?;
            let (offset, length) = (request.length_word(false)?, request.length_word(true)?);
            let buffer = buffer.map(|buffer| &**buffer);
            execution.bind(&request.device.report, buffer, offset, length)?;
        }
        execution.run(request.device, request.scheduler)
    })
}

pub(super) fn flush(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.device()
}
