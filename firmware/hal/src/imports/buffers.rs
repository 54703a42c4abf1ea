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
    let (memory_types, length) = (request.word(0), request.size(1));
    give_new(request, memory_types, length)
}

/// Gives a new buffer.
pub(super) fn give_new(
    request: &mut Request<'_, '_, '_>,
    memory_types: u32,
    length: usize,
) -> Outcome {
    let is_zeroed = memory_types & HOST_VISIBLE != 0;
    let buffer = Buffer::new(request.device, length, is_zeroed)?;
    request.give(Object::Buffer(buffer))
}

/// Uses constants of the module in place. Data that cannot be used so (not
/// aligned for kernels, or not constant) is left for the program to copy.
pub(super) fn import(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (is_try, usage, offset) = (request.word(0) != 0, request.word(1), request.size(2));
    let source = request.reference(1)?;
    let available = bytes_of(source)?.len();
    let end = offset.saturating_add(request.length(3, offset, available));
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
    let (length, minimum) = (request.buffer(0)?.len(), request.size(0));
    if length < minimum {
        let report = &request.device.report;
        let fault = report.about(Fault::BufferLength, subject(request.name(1)?));
        return Err(report.with(fault, length, minimum));
    }
    Ok(())
}

pub(super) fn preserve(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.buffer(0)?.preserve();
    Ok(())
}

pub(super) fn discard(request: &mut Request<'_, '_, '_>) -> Outcome {
    let was_last = request.buffer(0)?.discard();
    request.give_i32(was_last.into())
}

pub(super) fn is_terminal(request: &mut Request<'_, '_, '_>) -> Outcome {
    let is_terminal = request.buffer(0)?.is_terminal();
    request.give_i32(is_terminal.into())
}

pub(super) fn subspan(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (source, offset) = (request.buffer(0)?, request.size(0));
    let length = request.length(1, offset, source.len());
    let span = Buffer::span(request.device, source, offset, length)?;
    request.give(Object::Buffer(span))
}

pub(super) fn length(request: &mut Request<'_, '_, '_>) -> Outcome {
    let length = request.buffer(0)?.len();
    request.give_i64(length as i64)
}

pub(super) fn load(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (offset, length, report) = (request.size(0), request.size(1), &request.device.report);
    let mut bytes = [0; 4];
    let target = bytes.get_mut(..length).ok_or_else(|| report.with(Fault::Word, length, 4))?;
    request.buffer(0)?.copy_to(report, offset, target)?;
    request.give_i32(i32::from_le_bytes(bytes))
}

pub(super) fn store(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (offset, length, report) = (request.size(1), request.size(2), &request.device.report);
    let bytes = request.word(0).to_le_bytes();
    let source = bytes.get(..length).ok_or_else(|| report.with(Fault::Word, length, 4))?;
    request.buffer(0)?.copy_from(report, offset, source)
}

pub(super) fn file(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (access, offset, length) = (request.word(0), request.size(1), request.size(2));
    if access & !ACCESS_READ != 0 {
        return Err(Fault::ReadOnlyFile);
    }
    let file = File::new(request.device, request.reference(1)?, offset, length)?;
    request.give(Object::File(file))
}
