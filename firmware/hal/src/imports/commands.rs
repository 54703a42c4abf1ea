//! `hal.command_buffer.*`: recording.

use core::cell::RefMut;

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
    request.device()?;
    let is_one_shot = request.word() & ONE_SHOT != 0;
    request.skip(2); // categories, affinity
    let capacity = request.word();
    let Ok(capacity) = u16::try_from(capacity) else {
        return Err(request.device.report.with(Fault::Capacity, capacity as usize, 0xFFFF));
    };
    let commands = CommandBuffer::new(request.device, is_one_shot, capacity.into())?;
    request.give(Object::CommandBuffer(commands))
}

/// The command buffer that comes next, to record into.
fn recorded<'c, 'a>(request: &mut Request<'_, 'c, 'a>) -> Result<RefMut<'c, Recording<'a>>, Fault> {
    request.command_buffer()?.record()
}

pub(super) fn finalize(request: &mut Request<'_, '_, '_>) -> Outcome {
    let workers = request.scheduler.workers();
    recorded(request)?.finish(request.device, workers)
}

pub(super) fn begin_debug_group(request: &mut Request<'_, '_, '_>) -> Outcome {
    recorded(request)?.begin_debug_group();
    Ok(())
}

pub(super) fn end_debug_group(request: &mut Request<'_, '_, '_>) -> Outcome {
    recorded(request)?.end_debug_group()
}

/// Whatever the stages, a barrier separates all commands from all.
pub(super) fn barrier(request: &mut Request<'_, '_, '_>) -> Outcome {
    recorded(request)?.barrier();
    Ok(())
}

/// Advice about caches, of which there are none to care for.
pub(super) fn advise(request: &mut Request<'_, '_, '_>) -> Outcome {
    recorded(request)?;
    request.buffer_or_null().map(|_| ())
}

pub(super) fn fill(request: &mut Request<'_, '_, '_>) -> Outcome {
    let mut recording = recorded(request)?;
    let buffer = request.buffer_or_null()?;
    let (offset, length) = (request.length_word(false)?, request.length_word(true)?);
    let report = &request.device.report;
    let slot = recording.slot(report, buffer, request.word())?;
    let (pattern, pattern_length) = (request.long(), request.word());
    if !matches!(pattern_length, 1 | 2 | 4 | 8) {
        return Err(report.with(Fault::FillPattern, pattern_length as usize, 0));
    }
    let target = Range { slot, offset, length };
    recording.fill(report, target, pattern, pattern_length as u8)
}

/// An update is a copy from a buffer of the command buffer's own, which keeps
/// the data as they are now.
pub(super) fn update(request: &mut Request<'_, '_, '_>) -> Outcome {
    let mut recording = recorded(request)?;
    let (source, start) = (request.reference(), request.size()?);
    let buffer = request.buffer_or_null()?;
    let (offset, length) = (request.length_word(false)?, request.length_word(false)?);
    let (device, report) = (request.device, &request.device.report);
    let slot = recording.slot(report, buffer, request.word())?;
    let data = Buffer::new(device, length as usize, false)?;
    copy_bytes(report, source, start, &data, 0, length as usize)?;
    let own = recording.slot(report, Some(&data), 0)?;
    let source = Range { slot: own, offset: 0, length };
    recording.copy(report, source, Range { slot, offset, length })
}

pub(super) fn copy(request: &mut Request<'_, '_, '_>) -> Outcome {
    let mut recording = recorded(request)?;
    let (source_slot, target_slot) = (request.word(), request.word());
    let (source, source_offset) = (request.buffer_or_null()?, request.length_word(false)?);
    let (target, offset) = (request.buffer_or_null()?, request.length_word(false)?);
    let length = request.length_word(true)?;
    let report = &request.device.report;
    let slot = recording.slot(report, source, source_slot)?;
    let source = Range { slot, offset: source_offset, length };
    let slot = recording.slot(report, target, target_slot)?;
    recording.copy(report, source, Range { slot, offset, length })
}

pub(super) fn dispatch(request: &mut Request<'_, '_, '_>) -> Outcome {
    let recording = recorded(request)?;
    let (executable, function) = (request.executable()?, request.size()?);
    let groups = Workgroups::Count([request.word(), request.word(), request.word()]);
    record_dispatch(request, recording, executable, function, groups, INDIRECT | CUSTOM_ARGUMENTS)
}

pub(super) fn dispatch_indirect(request: &mut Request<'_, '_, '_>) -> Outcome {
    let mut recording = recorded(request)?;
    let (executable, function) = (request.executable()?, request.size()?);
    let (slot, buffer) = (request.word(), request.buffer_or_null()?);
    let offset = request.length_word(false)?;
    let slot = recording.slot(&request.device.report, buffer, slot)?;
    let groups = Workgroups::Indirect { slot, offset };
    record_dispatch(request, recording, executable, function, groups, CUSTOM_ARGUMENTS)
}

/// What both dispatches end with: flags, constants and bindings.
fn record_dispatch<'a>(
    request: &mut Request<'_, '_, 'a>,
    mut recording: RefMut<'_, Recording<'a>>,
    executable: &Shared<'a, Executable<'a>>,
    function: usize,
    groups: Workgroups,
    refused: u64,
) -> Outcome {
    let (report, flags) = (&request.device.report, request.long());
    if flags & refused != 0 {
        return Err(report.with(Fault::DispatchFlags, flags as usize, refused as usize));
    }
    let attributes = recording.dispatch(report, executable, function, groups)?;

    let expected = attributes.constant_count;
    for _ in 0..count(request, Fault::DispatchConstants, executable, function, expected)? {
        recording.push(report, &[request.word()])?;
    }
    let expected = attributes.binding_count;
    for _ in 0..count(request, Fault::DispatchBindings, executable, function, expected)? {
        request.skip(1); // reserved
        let (slot, buffer) = (request.word(), request.buffer_or_null()?);
        let (offset, length) = (request.length_word(false)?, request.length_word(true)?);
        let slot = recording.slot(report, buffer, slot)?;
        recording.push(report, &[slot, offset, length])?;
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
    let (found, expected) = (request.call.span(), usize::from(expected));
    if found != expected {
        let report = &request.device.report;
        let fault = report.about(fault, executable.name(function));
        return Err(report.with(fault, found, expected));
    }
    Ok(found)
}
