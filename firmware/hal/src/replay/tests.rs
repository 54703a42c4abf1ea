//! Recording and execution together, with fake dispatch functions.

use core::mem::MaybeUninit;
use std::vec::Vec;

use super::*;
use crate::command_buffer::{Range, Workgroups};
use crate::support::{self, Fake};
use crate::{CommandBuffer, LibraryQuery, function};
use arielml_scheduler::Sequential;
use arielml_vm::{Code, Error};

type Commands<'a> = Shared<'a, CommandBuffer<'a>>;

static LIBRARIES: [LibraryQuery; 1] = [support::query];

/// Binding 1 = binding 0 + constant, element by element, one a workgroup.
fn library() {
    let add = function!("add", 1, 2, 0, |call| {
        let index = call.workgroup.id_x as usize;
        let value = call.binding::<u32>(0)[index];
        call.binding::<u32>(1)[index] = value + call.constants()[0];
        0
    });
    let sum = function!("sum", 0, 2, 2, |call| {
        let scratch = call.workgroup.local_memory.cast::<u32>();
        let total = call.binding::<u32>(0).iter().sum();
        // SAFETY: the function asks for two pages of local memory.
        unsafe { scratch.add(2047).write(total) };
        // SAFETY: as above.
        call.binding::<u32>(1)[0] = unsafe { scratch.add(2047).read() };
        0
    });
    let fails = function!("fails", 1, 0, 0, |call| {
        if call.workgroup.id_x == call.constants()[0] { 9 } else { 0 }
    });
    Fake::new("lib", &[add, sum, fails]).install();
}

const ADD: usize = 0;
const SUM: usize = 1;
const FAILS: usize = 2;

fn executable<'a>(device: &Device<'a>) -> Shared<'a, Executable<'a>> {
    library();
    // SAFETY: fake libraries keep the contract.
    unsafe { Executable::create(device, b"lib", &[]) }.unwrap()
}

fn at(slot: u32, offset: u32, length: u32) -> Range {
    Range { slot, offset, length }
}

fn dispatch<'a>(
    device: &Device<'a>,
    commands: &Commands<'a>,
    executable: &Shared<'a, Executable<'a>>,
    function: usize,
    groups: Workgroups,
    constants: &[u32],
    bindings: &[Range],
) -> Result<(), Fault> {
    let report = &device.report;
    let mut recording = commands.record()?;
    recording.dispatch(report, executable, function, groups)?;
    recording.push(report, constants)?;
    for &Range { slot, offset, length } in bindings {
        recording.push(report, &[slot, offset, length])?;
    }
    recording.complete_command();
    Ok(())
}

fn execute<'a>(
    device: &Device<'a>,
    commands: &Commands<'a>,
    table: &[&Shared<'a, Buffer<'a>>],
) -> Result<(), Error<'a>> {
    let run = || {
        let mut execution = commands.execution()?;
        for buffer in table {
            execution.bind(&device.report, Some(buffer), 0, WHOLE)?;
        }
        execution.run(device, &mut Sequential)
    };
    run().map_err(|fault| device.report.error(fault))
}

fn words<const N: usize>(buffer: &Buffer<'_>) -> [u32; N] {
    let mut bytes = [[0; 4]; N];
    buffer.read(0, bytes.as_flattened_mut()).unwrap();
    bytes.map(u32::from_le_bytes)
}

fn x(count: u32) -> Workgroups {
    Workgroups::Count([count, 1, 1])
}

#[test]
fn a_reusable_command_buffer_runs_in_order_with_each_table() {
    let mut region = [MaybeUninit::uninit(); 8192];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 2).unwrap();
    let own = Buffer::allocate(&arena, 16).unwrap();
    let slot = commands.record().unwrap().slot(&device.report, Some(&own), 0).unwrap();
    assert_eq!(slot, 2);
    let bindings = [at(0, 0, 16), at(slot, 0, WHOLE)];
    dispatch(&device, &commands, &executable, ADD, x(4), &[10], &bindings).unwrap();
    commands.record().unwrap().barrier();
    commands.record().unwrap().barrier();
    dispatch(&device, &commands, &executable, ADD, x(2), &[100], &[at(slot, 8, 8), at(1, 0, 8)])
        .unwrap();
    commands.record().unwrap().finish(&device, 1).unwrap();

    let input = Buffer::allocate(&arena, 16).unwrap();
    input.fill(&device.report, 0, 16, 5, 4).unwrap();
    for round in 0..3 {
        let output = Buffer::allocate(&arena, 16).unwrap();
        execute(&device, &commands, &[&input, &output]).unwrap();
        assert_eq!(words(&output), [115, 115, 0, 0], "round {round}");
        let ran = support::ran();
        assert_eq!(ran.len(), 6);
        assert_eq!(
            (&ran[3].constants[..], ran[3].id, ran[3].count),
            (&[10][..], [3, 0, 0], [4, 1, 1])
        );
        assert_eq!((&ran[4].constants[..], ran[4].local_memory), (&[100][..], (0, 0)));
        assert_eq!(ran[5].bindings[0].1, 8);
    }
    assert_eq!(words(&own), [15; 4]);
    drop((executable, commands, own, input));
    assert_eq!(arena.usage().live, 0);
}

#[test]
fn transfers_and_dispatches_keep_to_the_barriers() {
    static CONSTANTS: [u8; 4] = 7u32.to_le_bytes();
    let mut region = [MaybeUninit::uninit(); 32768];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 1).unwrap();
    let mut recording = commands.record().unwrap();
    recording.fill(&device.report, at(0, 0, 16), 1, 4).unwrap();
    recording.barrier();
    let constants = Buffer::import(&device, &CONSTANTS).unwrap();
    let slot = recording.slot(&device.report, Some(&constants), 0).unwrap();
    recording.copy(&device.report, at(slot, 0, 4), at(0, 4, 4)).unwrap();
    recording.barrier();
    drop(recording);
    dispatch(&device, &commands, &executable, SUM, x(1), &[], &[at(0, 0, 8), at(0, 12, 4)])
        .unwrap();
    commands.record().unwrap().finish(&device, 1).unwrap();

    let buffer = Buffer::allocate(&arena, 16).unwrap();
    let live = arena.usage().live;
    execute(&device, &commands, &[&buffer]).unwrap();
    assert_eq!(words(&buffer), [1, 7, 1, 8]);
    let ran = support::ran();
    assert_eq!((ran[0].local_memory.1, ran[0].local_memory.0 % ALIGNMENT), (8192, 0));
    assert_eq!(arena.usage().live, live, "local memory came back");
}

#[test]
fn local_memory_that_does_not_fit_is_an_error() {
    let mut region = [MaybeUninit::uninit(); 4096];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 1).unwrap();
    dispatch(&device, &commands, &executable, SUM, x(1), &[], &[at(0, 0, 8), at(0, 12, 4)])
        .unwrap();
    commands.record().unwrap().finish(&device, 1).unwrap();
    let buffer = Buffer::allocate(&arena, 16).unwrap();
    let error = execute(&device, &commands, &[&buffer]).unwrap_err();
    assert_eq!((error.code, error.values[0]), (Code::ResourceExhausted, 8192));
    assert_eq!(support::ran(), []);
}

#[test]
fn the_number_of_workgroups_may_lie_in_a_buffer() {
    let mut region = [MaybeUninit::uninit(); 8192];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 1).unwrap();
    commands.record().unwrap().fill(&device.report, at(0, 4, 12), 2, 4).unwrap();
    commands.record().unwrap().barrier();
    let groups = Workgroups::Indirect { slot: 0, offset: 4 };
    dispatch(&device, &commands, &executable, FAILS, groups, &[99], &[]).unwrap();
    commands.record().unwrap().finish(&device, 1).unwrap();
    let buffer = Buffer::allocate(&arena, 16).unwrap();
    execute(&device, &commands, &[&buffer]).unwrap();
    assert_eq!(support::ran().len(), 8);
    let short = Buffer::allocate(&arena, 12).unwrap();
    assert_eq!(execute(&device, &commands, &[&short]).unwrap_err().code, Code::OutOfRange);
}

#[test]
fn after_a_failing_workgroup_nothing_runs() {
    let mut region = [MaybeUninit::uninit(); 8192];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 1).unwrap();
    dispatch(&device, &commands, &executable, FAILS, x(2), &[5], &[]).unwrap();
    dispatch(&device, &commands, &executable, FAILS, x(4), &[2], &[]).unwrap();
    commands.record().unwrap().barrier();
    commands.record().unwrap().fill(&device.report, at(0, 0, 4), 1, 4).unwrap();
    commands.record().unwrap().finish(&device, 1).unwrap();
    let buffer = Buffer::allocate(&arena, 4).unwrap();
    let error = execute(&device, &commands, &[&buffer]).unwrap_err();
    assert_eq!((error.code, error.subject, error.values), (Code::Internal, "fails", [9, 2]));
    assert_eq!(support::ran().len(), 5);
    assert_eq!(words(&buffer), [0]);
}

#[test]
fn no_dispatch_runs_with_a_binding_outside_its_buffer() {
    type Prepare = fn(&Buffer<'_>);
    let cases: [(&str, Code, Prepare, [Range; 2]); 4] = [
        ("beyond the slot", Code::OutOfRange, |_| {}, [at(0, 0, 16), at(0, 4, 13)]),
        ("offset beyond", Code::OutOfRange, |_| {}, [at(0, 17, WHOLE), at(0, 0, 4)]),
        ("unbound slot", Code::InvalidArgument, |_| {}, [at(0, 0, 4), at(1, 0, 0)]),
        ("deallocated", Code::FailedPrecondition, |buffer| buffer.release(), [at(0, 0, 4); 2]),
    ];
    for (name, code, prepare, bindings) in cases {
        let mut region = [MaybeUninit::uninit(); 8192];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &LIBRARIES);
        let executable = executable(&device);
        let commands = CommandBuffer::new(&device, false, 2).unwrap();
        dispatch(&device, &commands, &executable, ADD, x(1), &[1], &bindings).unwrap();
        commands.record().unwrap().finish(&device, 1).unwrap();
        let buffer = Buffer::allocate(&arena, 16).unwrap();
        prepare(&buffer);
        assert_eq!(execute(&device, &commands, &[&buffer]).unwrap_err().code, code, "{name}");
        assert_eq!(support::ran(), [], "{name}");
    }
}

#[test]
fn transfers_are_checked_at_each_execution() {
    static CONSTANTS: [u8; 16] = [0; 16];
    type Record = fn(&mut Recording<'_>, &Report<'_>) -> Result<(), Fault>;
    let cases: [(&str, Code, Record); 5] = [
        ("fill beyond", Code::OutOfRange, |r, to| r.fill(to, at(0, 8, 12), 0, 4)),
        ("unaligned fill", Code::InvalidArgument, |r, to| r.fill(to, at(0, 2, 4), 0, 4)),
        ("fill of constants", Code::PermissionDenied, |r, to| r.fill(to, at(1, 0, 4), 0, 4)),
        ("overlapping copy", Code::InvalidArgument, |r, to| r.copy(to, at(0, 0, 8), at(0, 4, 8))),
        ("copy to constants", Code::PermissionDenied, |r, to| r.copy(to, at(0, 0, 4), at(1, 0, 4))),
    ];
    for (name, code, record) in cases {
        let mut region = [MaybeUninit::uninit(); 8192];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &LIBRARIES);
        let commands = CommandBuffer::new(&device, false, 2).unwrap();
        record(&mut commands.record().unwrap(), &device.report).unwrap();
        commands.record().unwrap().finish(&device, 1).unwrap();
        let buffer = Buffer::allocate(&arena, 16).unwrap();
        let constants = Buffer::import(&device, &CONSTANTS).unwrap();
        let error = execute(&device, &commands, &[&buffer, &constants]).unwrap_err();
        assert_eq!(error.code, code, "{name}");
    }
}

#[test]
fn states_follow_each_other() {
    let mut region = [MaybeUninit::uninit(); 8192];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let commands = CommandBuffer::new(&device, true, 0).unwrap();
    let refused = |result: Result<(), Error<'_>>| {
        assert_eq!(result.unwrap_err().code, Code::FailedPrecondition);
    };
    let faulty = |result: Result<(), Fault>, expected| assert_eq!(result, Err(expected));
    refused(execute(&device, &commands, &[]));
    commands.record().unwrap().begin_debug_group();
    faulty(commands.record().unwrap().finish(&device, 1), Fault::DebugGroups);
    commands.record().unwrap().end_debug_group().unwrap();
    faulty(commands.record().unwrap().end_debug_group(), Fault::DebugGroups);
    commands.record().unwrap().finish(&device, 1).unwrap();
    faulty(commands.record().map(drop), Fault::Finished);
    execute(&device, &commands, &[]).unwrap();
    refused(execute(&device, &commands, &[]));
}

#[test]
fn recording_refuses_what_can_never_run() {
    let mut region = [MaybeUninit::uninit(); 8192];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 2).unwrap();
    let mut recording = commands.record().unwrap();
    let error = |fault| device.report.error(fault);
    let fault = recording.slot(&device.report, None, 2).unwrap_err();
    assert_eq!(error(fault).values, [2, 2]);
    assert_eq!(recording.slot(&device.report, None, u32::MAX), Err(Fault::Slot));
    let huge = Workgroups::Count([1 << 16, 1 << 16, 1]);
    let fault = recording.dispatch(&device.report, &executable, ADD, huge).err().unwrap();
    let error = device.report.error(fault);
    assert_eq!((error.code, error.subject), (Code::OutOfRange, "add"));
    let fault = recording.dispatch(&device.report, &executable, 3, x(1)).err().unwrap();
    let error = device.report.error(fault);
    assert_eq!((error.code, error.values), (Code::OutOfRange, [3, 3]));
}

#[test]
fn a_command_cut_short_by_an_error_is_not_executed() {
    let mut region = [MaybeUninit::uninit(); 8192];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    let executable = executable(&device);
    let commands = CommandBuffer::new(&device, false, 1).unwrap();
    let mut recording = commands.record().unwrap();
    recording.fill(&device.report, at(0, 0, 4), 3, 4).unwrap();
    recording.barrier();
    recording.dispatch(&device.report, &executable, ADD, x(1)).unwrap();
    recording.fill(&device.report, at(0, 4, 4), 4, 4).unwrap();
    recording.dispatch(&device.report, &executable, ADD, x(1)).unwrap();
    recording.finish(&device, 1).unwrap();
    drop(recording);
    let buffer = Buffer::allocate(&arena, 8).unwrap();
    execute(&device, &commands, &[&buffer]).unwrap();
    assert_eq!((words(&buffer), support::ran()), ([3, 4], Vec::new()));
}

#[test]
fn every_allocation_may_fail() {
    let mut region = [MaybeUninit::uninit(); 32768];
    let arena = Arena::new(&mut region);
    let device = Device::new(&arena, &LIBRARIES);
    library();
    let mut failures = 0;
    for allowed in 0.. {
        arena.fail_after(Some(allowed));
        let result = everything(&device);
        assert_eq!(arena.usage().live, 0, "after {allowed} allocations");
        match result {
            Ok(sum) => {
                assert_eq!(sum, [8]);
                break;
            }
            Err(fault) => assert_eq!(fault, Fault::ArenaFull),
        }
        failures += 1;
    }
    assert!(failures > 10);
}

/// Creates, records and executes, and gives what the dispatches computed.
fn everything(device: &Device<'_>) -> Result<[u32; 1], Fault> {
    // SAFETY: fake libraries keep the contract.
    let executable = unsafe { Executable::create(device, b"lib", &[])? };
    let commands = CommandBuffer::new(device, false, 1)?;
    let own = Buffer::new(device, 16, true)?;
    let slot = commands.record()?.slot(&device.report, Some(&own), 0)?;
    for _ in 0..9 {
        let bindings = [at(0, 0, 16), at(slot, 0, 16)];
        dispatch(device, &commands, &executable, SUM, x(1), &[], &bindings)?;
        commands.record()?.barrier();
    }
    commands.record()?.finish(device, 1)?;
    let input = Buffer::new(device, 16, false)?;
    input.fill(&device.report, 0, 16, 2, 4)?;
    let mut execution = commands.execution()?;
    execution.bind(&device.report, Some(&input), 0, 16)?;
    execution.run(device, &mut Sequential)?;
    Ok(words(&own))
}
