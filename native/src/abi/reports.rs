//! What Python asks about a run: counts, the fault, where cycles are from.

use std::ffi::{CStr, c_char};

use super::{Board, FaultRecord, Totals, UNKNOWN, caught};
use crate::spans::Span;
use crate::timing;

/// The counts of `core` so far.
///
/// # Safety
/// `board` is alive; `totals` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_counters(
    board: *mut Board,
    core: u32,
    totals: *mut Totals,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let (machine, totals) = unsafe { (&(*board).machine, &mut *totals) };
        let Some(core) = machine.core(core as usize) else { return UNKNOWN };
        *totals = Totals {
            instructions: core.counter.instructions,
            cycles: core.counter.cycles,
            idle: machine.idle(core),
            resets: machine.resets(),
            missed: core.counter.spans.missed(),
        };
        0
    })
}

/// The finished calls that `core` made of the watched function `index`.
///
/// # Safety
/// `board` is alive; `span` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_span(
    board: *mut Board,
    core: u32,
    index: u32,
    span: *mut Span,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let (machine, span) = unsafe { (&(*board).machine, &mut *span) };
        let Some(core) = machine.core(core as usize) else { return UNKNOWN };
        let Some(found) = core.counter.spans.get(index as usize) else { return UNKNOWN };
        *span = found;
        0
    })
}

/// The fault that ended the run: 1 when there is one, else 0.
///
/// # Safety
/// `board` is alive; `record` can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_fault(board: *mut Board, record: *mut FaultRecord) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let (machine, record) = unsafe { (&(*board).machine, &mut *record) };
        let Some((fault, core, registers)) = machine.fault() else { return 0 };
        record.kind = fault.kind as u32;
        record.address = fault.address;
        record.size = fault.size;
        record.number = fault.number;
        record.core = core as u32;
        // One place is kept for the zero at the end.
        let last = record.message.len() - 1;
        record.message.fill(0);
        for (slot, byte) in record.message.iter_mut().take(last).zip(fault.message.bytes()) {
            *slot = byte as c_char;
        }
        record.registers.fill(0);
        for (slot, value) in record.registers.iter_mut().zip(registers) {
            *slot = *value;
        }
        1
    })
}

/// Where the cycles of the core `name` are from, zero ended.
///
/// # Safety
/// `name` is a zero-ended string; `target` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_timing_source(
    name: *const c_char,
    target: *mut c_char,
    capacity: usize,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let (name, target) =
            unsafe { (CStr::from_ptr(name), std::slice::from_raw_parts_mut(target, capacity)) };
        let source = timing::table(&name.to_string_lossy()).source;
        target.fill(0);
        let room = capacity.saturating_sub(1);
        for (slot, byte) in target.iter_mut().take(room).zip(source.bytes()) {
            *slot = byte as c_char;
        }
        0
    })
}
