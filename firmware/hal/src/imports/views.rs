//! `hal.buffer_view.*`.

use arielml_arena::Vector;

use super::Outcome;
use crate::fault::{Fault, OrFull};
use crate::request::{Request, subject};
use crate::trace::Tracer;
use crate::view::is_compatible;
use crate::{Object, View};

pub(super) fn create(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (device, buffer, offset) = (request.device, request.buffer()?, request.size()?);
    let length = request.length(offset, buffer.len())?;
    let (element_type, encoding) = (request.word(), request.word());
    let rank = request.call.span();
    let mut dims = Vector::new(device.arena);
    dims.reserve_exact(rank).or_full(&device.report)?;
    for _ in 0..rank {
        let dim = request.size()?;
        dims.push(dim).or_full(&device.report)?;
    }
    let view = View { buffer: buffer.clone(), offset, length, element_type, encoding, dims };
    request.give(Object::View(view.share(device)?))
}

/// Refuses a view of another encoding, element type or shape than expected;
/// a view that says nothing about its encoding or elements passes for any.
pub(super) fn assert(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (view, name) = (request.view()?, request.name()?);
    let (element_type, encoding) = (request.word(), request.word());
    let rank = request.call.span();
    let mut mismatch = None;
    if view.encoding != 0 && view.encoding != encoding {
        mismatch = Some((Fault::Encoding, view.encoding as usize, encoding as usize));
    } else if !is_compatible(view.element_type, element_type) {
        let (found, expected) = (view.element_type as usize, element_type as usize);
        mismatch = Some((Fault::ElementType, found, expected));
    } else if view.dims.len() != rank {
        mismatch = Some((Fault::Rank, view.dims.len(), rank));
    } else {
        for &dim in view.dims.iter() {
            let expected = request.size()?;
            if dim != expected {
                mismatch = Some((Fault::Dimension, dim, expected));
                break;
            }
        }
    }
    match mismatch {
        None => Ok(()),
        Some((fault, found, expected)) => {
            let report = &request.device.report;
            let fault = report.about(fault, subject(name));
            Err(report.with(fault, found, expected))
        }
    }
}

pub(super) fn buffer(request: &mut Request<'_, '_, '_>) -> Outcome {
    let buffer = request.view()?.as_buffer(request.device)?;
    request.give(Object::Buffer(buffer))
}

pub(super) fn element_type(request: &mut Request<'_, '_, '_>) -> Outcome {
    let element_type = request.view()?.element_type;
    request.give_i32(element_type as i32)
}

pub(super) fn encoding_type(request: &mut Request<'_, '_, '_>) -> Outcome {
    let encoding = request.view()?.encoding;
    request.give_i32(encoding as i32)
}

pub(super) fn rank(request: &mut Request<'_, '_, '_>) -> Outcome {
    let rank = request.view()?.dims.len();
    request.give_i32(rank as i32)
}

pub(super) fn dim(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (view, index) = (request.view()?, request.word() as usize);
    match view.dims.get(index) {
        Some(&dim) => request.give_i64(dim as i64),
        None => Err(request.device.report.with(Fault::DimensionIndex, index, view.dims.len())),
    }
}

pub(super) fn trace<T: Tracer>(request: &mut Request<'_, '_, '_>) -> Outcome {
    let key = request.name()?;
    for index in 0..request.call.span() {
        let view = request.view()?;
        if let Some(mut sink) = request.device.sink.get() {
            // SAFETY: `Hal::tracing_to` borrows it for as long as it is there,
            // and nothing else uses it meanwhile.
            T::trace(unsafe { sink.as_mut() }, key, index as u32, view);
        }
    }
    Ok(())
}
