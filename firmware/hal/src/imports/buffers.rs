//! `hal.allocator.*`, `hal.buffer.*` and files.

use arielml_vm::Ref;

use super::Outcome;
use crate::buffer::ALIGNMENT;
use crate::fault::Fault;
use crate::request::{Request, bytes_of, subject};
use crate::{Buffer, File, Object};

/// A memory type that the host sees (`iree/hal/buffer.h`). All memory is
/// visible to both sides; what the bit decides is whether the bytes of a new
/// buffer are zero.
const HOST_VISIBLE: u32 = 1 << 1;
/// A buffer usage: nobody writes to it.
const SHARING_IMMUTABLE: u32 = 1 << 19;
/// A memory access: reading.
const ACCESS_READ: u32 = 1 << 0;

pub(super) fn allocate(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.allocator()?;
    request.skip(1); // affinity
    let memory_types = request.word();
    request.skip(1); // usage
    give_new(request, memory_types)
}

/// Gives a new buffer of the length that comes next.
pub(super) fn give_new(request: &mut Request<'_, '_, '_>, memory_types: u32) -> Outcome {
    let is_zeroed = memory_types & HOST_VISIBLE != 0;
    let buffer = Buffer::new(request.device, request.size()?, is_zeroed)?;
    request.give(Object::Buffer(buffer))
}

/// Uses constants of the module in place. Data that cannot be used so (not
/// aligned for kernels, or not constant) is left for the program to copy.
pub(super) fn import(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.allocator()?;
    let is_try = request.word() != 0;
    request.skip(2); // affinity, memory types
    let usage = request.word();
    let source = request.reference();
    let available = bytes_of(source)?.len();
    let offset = request.size()?;
    let end = offset.saturating_add(request.length(offset, available)?);
    if end > available {
        return Err(request.device.report.with(Fault::Range, end, available));
    }
    let constant = match source {
        Ref::Rodata(bytes) => bytes.get(offset..end),
        _ => None,
    };
    match constant {
        Some(_) if usage & SHARING_IMMUTABLE == 0 => Err(Fault::ImportUsage),
        Some(bytes) if (bytes.as_ptr() as usize).is_multiple_of(ALIGNMENT) => {
            let buffer = Buffer::import(request.device, bytes)?;
            request.give(Object::Buffer(buffer))
        }
        _ if is_try => request.give_null(),
        _ => Err(Fault::ImportCopy),
    }
}

/// Any memory serves for any use here, so that only the length is asserted.
pub(super) fn assert(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (length, name) = (request.buffer()?.len(), request.name()?);
    request.allocator()?;
    let minimum = request.size()?;
    if length < minimum {
        let report = &request.device.report;
        let fault = report.about(Fault::BufferLength, subject(name));
        return Err(report.with(fault, length, minimum));
    }
    Ok(())
}

pub(super) fn preserve(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.buffer()?.preserve();
    Ok(())
}

pub(super) fn discard(request: &mut Request<'_, '_, '_>) -> Outcome {
    let was_last = request.buffer()?.discard();
    request.give_i32(was_last.into())
}

pub(super) fn is_terminal(request: &mut Request<'_, '_, '_>) -> Outcome {
    let is_terminal = request.buffer()?.is_terminal();
    request.give_i32(is_terminal.into())
}

pub(super) fn subspan(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (source, offset) = (request.buffer()?, request.size()?);
    let length = request.length(offset, source.len())?;
    let span = Buffer::span(request.device, source, offset, length)?;
    request.give(Object::Buffer(span))
}

pub(super) fn length(request: &mut Request<'_, '_, '_>) -> Outcome {
    let length = request.buffer()?.len();
    request.give_i64(length as i64)
}

pub(super) fn load(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (buffer, offset, length) = (request.buffer()?, request.size()?, request.word() as usize);
    let report = &request.device.report;
    let mut bytes = [0; 4];
    let target = bytes.get_mut(..length).ok_or_else(|| report.with(Fault::Word, length, 4))?;
    buffer.copy_to(report, offset, target)?;
    request.give_i32(i32::from_le_bytes(bytes))
}

pub(super) fn store(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (bytes, buffer) = (request.word().to_le_bytes(), request.buffer()?);
    let (offset, length) = (request.size()?, request.word() as usize);
    let report = &request.device.report;
    let source = bytes.get(..length).ok_or_else(|| report.with(Fault::Word, length, 4))?;
    buffer.copy_from(report, offset, source)
}

pub(super) fn file(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.device()?;
    request.skip(1); // affinity
    if request.word() & !ACCESS_READ != 0 {
        return Err(Fault::ReadOnlyFile);
    }
    let source = request.reference();
    let file = File::new(request.device, source, request.size()?, request.size()?)?;
    request.give(Object::File(file))
}
