//! The device, its executables, and what a program asks about them.

use super::Outcome;
use crate::fault::Fault;
use crate::request::{Request, bytes_of, subject};
use crate::{Executable, Object};

/// What the device answers to `hal.device.id`.
const DEVICE_ID: &[u8] = b"local";
/// The executable format that the device runs: linked with the firmware.
const FORMAT: &[u8] = b"static";

pub(super) fn count(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.give_i32(1)
}

/// Null for any device but the first.
pub(super) fn get(request: &mut Request<'_, '_, '_>) -> Outcome {
    if request.word() == 0 { request.give(Object::Device) } else { request.give_null() }
}

pub(super) fn allocator(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.device()?;
    request.give(Object::Allocator)
}

/// Chooses the first of the devices that are offered: one memory serves for
/// all uses.
pub(super) fn select(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.skip(3); // memory types, usage, flags
    let mut first = None;
    for _ in 0..request.call.span() {
        request.device()?;
        let affinity = request.call.i64();
        first = first.or(Some(affinity));
    }
    let affinity = first.ok_or(Fault::NoDevice)?;
    request.give(Object::Device)?;
    request.give_i64(affinity)
}

/// Gives whether the device knows the key, and its value.
pub(super) fn query(request: &mut Request<'_, '_, '_>) -> Outcome {
    request.device()?;
    let (category, key) = (request.name()?, request.name()?);
    let categories: [&[u8]; 4] =
        [b"hal.device.id", b"hal.executable.format", b"hal.device", b"hal.dispatch"];
    let value = match categories.iter().position(|known| *known == category) {
        Some(0) => Some(matches_pattern(DEVICE_ID, key).into()),
        Some(1) => Some((key == FORMAT).into()),
        Some(_) if key == b"concurrency" => Some(request.scheduler.workers()),
        _ => None,
    };
    request.give_i32(value.is_some().into())?;
    request.give_i64(value.unwrap_or(0).into())
}

/// Whether `value` matches `pattern`, in which `?` stands for one character
/// and `*` for any number of them.
fn matches_pattern(mut value: &[u8], mut pattern: &[u8]) -> bool {
    // What is left after the last `*`, and where to try it next.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, value) {
            ([b'*', rest @ ..], _) => {
                retry = Some((rest, value));
                pattern = rest;
            }
            ([wanted, rest @ ..], [found, others @ ..]) if wanted == found || *wanted == b'?' => {
                (pattern, value) = (rest, others);
            }
            ([], []) => return true,
            _ => match retry {
                Some((rest, [_, others @ ..])) => {
                    retry = Some((rest, others));
                    (pattern, value) = (rest, others);
                }
                _ => return false,
            },
        }
    }
}

pub(super) fn create_executable(request: &mut Request<'_, '_, '_>) -> Outcome {
    let report = &request.device.report;
    request.device()?;
    request.skip(1); // affinity
    let (format, name, constants) = (request.name()?, request.name()?, request.reference());
    if format != FORMAT {
        return Err(report.about(Fault::Format, subject(format)));
    }
    let constants = if constants.is_null() { None } else { Some(bytes_of(constants)?) };
    let constants = constants.as_deref().unwrap_or_default();
    // SAFETY: whoever made the `Hal` vouched for the libraries.
    let executable = unsafe { Executable::create(request.device, name, constants) };
    match executable {
        Ok(executable) => request.give(Object::Executable(executable)),
        Err(Fault::LibraryImport) => Err(Fault::LibraryImport),
        Err(fault) => Err(report.about(fault, subject(name))),
    }
}

pub(super) fn lookup_function(request: &mut Request<'_, '_, '_>) -> Outcome {
    let (executable, name) = (request.executable()?, request.name()?);
    match executable.lookup(name) {
        Ok(function) => request.give_i64(function as i64),
        Err(fault) => Err(request.device.report.about(fault, subject(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, expected) in [
            ("local", true),
            ("local*", true),
            ("*", true),
            ("l?c*l", true),
            ("*?*?*a?", true),
            ("lo", false),
            ("local?", false),
            ("*x", false),
            ("??????", false),
            ("", false),
        ] {
            assert_eq!(matches_pattern(b"local", pattern.as_bytes()), expected, "{pattern}");
        }
        assert!(matches_pattern(b"", b"**"));
    }
}
