//! `hal.command_buffer.*`: recording.

use arielml_arena::Shared;

use super::Outcome;
use crate::command_buffer::{Range, Recording, Workgroups};
use crate::fault::Fault;
use crate::request::{Request, copy_bytes};
use crate::{Buffer, CommandBuffer, Executable, Object};

/// A mode of a command buffer: executed once, never again.
const ONE_SHOT: u32 = 1 << 0;
/// Dispatch flags that say that workgroup counts lie in a buffer.
const INDIRECT: u64 = 0b11;
/// Dispatch flags for arguments that are not constants and bindings.
const CUSTOM_ARGUMENTS: u64 = 0b11100;

pub(super) fn create(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (is_one_shot, capacity) = (request.word(0) & ONE_SHOT != 0, request.word(1));
    let Ok(capacity) = u16::try_from(capacity) else {
        return Err(request.device.report.with(Fault::Capacity, capacity as usize, 0xFFFF));
    };
    let commands = CommandBuffer::new(request.device, is_one_shot, capacity.into())?;
    request.give(Object::CommandBuffer(commands))
}

pub(super) fn finalize(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.command_buffer(0)?.record()?.finish(request.device)
}

pub(super) fn begin_debug_group(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.command_buffer(0)?.record()?.begin_debug_group();
    Ok(())
}

pub(super) fn end_debug_group(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.command_buffer(0)?.record()?.end_debug_group()
}

/// Whatever the stages, a barrier separates all commands from all.
pub(super) fn barrier(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.command_buffer(0)?.record()?.barrier();
    Ok(())
}

/// Advice about caches, of which there are none to care for.
pub(super) fn advise(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.command_buffer(0)?.record().map(|_| ())
}

pub(super) fn fill(request: &mut Request<'_, '_, '_>) -> Outcome {
    let report = &request.device.report;
    let mut recording = request.command_buffer(0)?.record()?;
    let (offset, length) = (request.word(0), request.word(1));
    let slot = recording.slot(report, request.buffer_or_null(1)?, request.word(2))?;
    let (pattern, pattern_length) = (request.long(3), request.word(5));
    if !matches!(pattern_length, 1 | 2 | 4 | 8) {
        return Err(report.with(Fault::FillPattern, pattern_length as usize, 0));
    }
    let target = Range { slot, offset, length };
    recording.fill(report, target, pattern, pattern_length as u8)
}

/// An update is a copy from a buffer of the command buffer's own, which keeps
/// the data as they are now.
pub(super) fn update(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (device, report) = (request.device, &request.device.report);
    let mut recording = request.command_buffer(0)?.record()?;
    let (source, start) = (request.reference(1)?, request.size(0));
    let (offset, length) = (request.word(1), request.word(2));
    let slot = recording.slot(report, request.buffer_or_null(2)?, request.word(3))?;
    let data = Buffer::new(device, length as usize, false)?;
    copy_bytes(report, source, start, &data, 0, length as usize)?;
    let own = recording.slot(report, Some(&data), 0)?;
    let source = Range { slot: own, offset: 0, length };
    recording.copy(report, source, Range { slot, offset, length })
}

pub(super) fn copy(request: &mut Request<'_, '_, '_>) -> Outcome {
    let report = &request.device.report;
    let mut recording = request.command_buffer(0)?.record()?;
    let length = request.word(4);
    let slot = recording.slot(report, request.buffer_or_null(1)?, request.word(0))?;
    let source = Range { slot, offset: request.word(2), length };
    let slot = recording.slot(report, request.buffer_or_null(2)?, request.word(1))?;
    recording.copy(report, source, Range { slot, offset: request.word(3), length })
}

pub(super) fn dispatch(request: &mut Request<'_, '_, '_>) -> Outcome {
    let groups = Workgroups::Count([request.word(1), request.word(2), request.word(3)]);
    let flags = request.long(4);
    record_dispatch(request, groups, flags, INDIRECT | CUSTOM_ARGUMENTS)
}

pub(super) fn dispatch_indirect(request: &mut Request<'_, '_, '_>) -> Outcome {
    let report = &request.device.report;
    let mut recording = request.command_buffer(0)?.record()?;
    let slot = recording.slot(report, request.buffer_or_null(2)?, request.word(1))?;
    drop(recording);
    let groups = Workgroups::Indirect { slot, offset: request.word(2) };
    let flags = request.long(3);
    record_dispatch(request, groups, flags, CUSTOM_ARGUMENTS)
}

fn record_dispatch(
    request: &mut Request<'_, '_, '_>,
    groups: Workgroups,
    flags: u64,
    refused: u64,
) -> Outcome {
    let report = &request.device.report;
    if flags & refused != 0 {
        return Err(report.with(Fault::DispatchFlags, flags as usize, refused as usize));
    }
    let mut recording = request.command_buffer(0)?.record()?;
    let (executable, function) = (request.executable(1)?, request.size(0));
    let attributes = recording.dispatch(report, executable, function, groups)?;

    let expected = attributes.constant_count;
    for _ in 0..count(request, Fault::DispatchConstants, executable, function, expected)? {
        let constant = request.call.i32()? as u32;
        recording.push(report, &[constant])?;
    }
    let expected = attributes.binding_count;
    for _ in 0..count(request, Fault::DispatchBindings, executable, function, expected)? {
        record_binding(request, &mut recording)?;
    }
    recording.complete_command();
    Ok(())
}

/// The number of constants or bindings, which must be what the function has.
fn count<'a>(
    request: &mut Request<'_, '_, 'a>,
    fault: Fault,
    executable: &Shared<'a, Executable<'a>>,
    function: usize,
    expected: u8,
) -> Result<usize, Fault> {
    let (found, expected) = (request.call.span()?, usize::from(expected));
    if found != expected {
        let report = &request.device.report;
        let fault = report.about(fault, executable.name(function));
        return Err(report.with(fault, found, expected));
    }
    Ok(found)
}

fn record_binding<'a>(request: &mut Request<'_, '_, 'a>, recording: &mut Recording<'a>) -> Outcome {
    let _reserved = request.call.i32()?;
    let slot = request.call.i32()? as u32;
    let buffer = request.next_buffer()?;
    let (offset, length) = (request.next_size(false)?, request.next_size(true)?);
    let report = &request.device.report;
    let slot = recording.slot(report, buffer, slot)?;
    recording.push(report, &[slot, offset, length])
}
