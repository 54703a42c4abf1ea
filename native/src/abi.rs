//! The C interface. Functions that can fail give 0 or a negative number;
//! what a number means is written where it is made. No panic crosses.
//!
//! Order of calls: `create`, `wait_for`, `map`, `guard`, `attach`, `watch`, `reset`, then
//! `run`, `send` and `receive` at will. The engines are closed before `destroy`.

mod memory_model;
mod records;
mod reports;

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::hooks::{self, Port};
use crate::isa::Isa;
use crate::machine::{self, Core, Description, Machine, Registers};
use crate::unicorn::{self, Engine};
use crate::{peripherals, timing};

pub use records::{Configuration, FaultRecord, Totals};

/// Rises with every change of this interface; Python checks it.
pub const VERSION: u32 = 4;

/// A call panicked: a defect of this library.
pub const PANICKED: i32 = -1;
/// A name is not known here.
pub const UNKNOWN: i32 = -2;
/// There can be no such thing.
pub const IMPOSSIBLE: i32 = -3;
/// Unicorn refused; its code is subtracted.
pub const ENGINE: i32 = -100;

/// A machine and what must live at a fixed place beside it.
pub struct Board {
    machine: Machine,
    #[expect(clippy::vec_box, reason = "Unicorn holds their addresses")]
    ports: Vec<Box<Port>>,
}

fn caught(body: impl FnOnce() -> i32) -> i32 {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(PANICKED)
}

fn checked(error: i32) -> i32 {
    if error == unicorn::OK { 0 } else { ENGINE - error }
}

/// The version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn arielml_emu_version() -> u32 {
    VERSION
}

/// Makes a core of what Python says.
///
/// # Safety
/// As for [`arielml_emu_create`].
unsafe fn make_core(number: usize, given: &Configuration) -> Core {
    // SAFETY: by this function's contract.
    let (registers, name) = unsafe {
        let count = given.register_count as usize;
        let registers = std::slice::from_raw_parts(given.registers, count);
        (registers.to_vec(), CStr::from_ptr(given.core))
    };
    let description = Description {
        isa: if given.isa == Isa::Thumb as u32 { Isa::Thumb } else { Isa::RiscV },
        timing: timing::table(&name.to_string_lossy()),
        clock_hz: given.clock_hz,
        registers: Registers {
            pc: given.pc,
            sp: given.sp,
            lr: given.lr,
            mask: given.mask,
            status: given.status,
            all: registers,
        },
        fpu: given.fpu != 0,
        cpuid: peripherals::cortex_m_scs::cpuid(&name.to_string_lossy()),
        reset_address: given.reset_address,
        starts: given.starts != 0,
    };
    // SAFETY: by this function's contract.
    Core::new(number, unsafe { Engine::new(given.engine, given.functions) }, description)
}

/// Makes a board around open engines, one a core; null when Unicorn refuses
/// a hook.
///
/// # Safety
/// `cores` points to `count` configurations, which with what they point to are
/// valid during the call; the engines stay open until just before
/// `arielml_emu_destroy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_create(cores: *const Configuration, count: u32) -> *mut Board {
    let made = catch_unwind(|| {
        // SAFETY: by this function's contract.
        let given = unsafe { std::slice::from_raw_parts(cores, count as usize) };
        // SAFETY: as above.
        let mut cores =
            given.iter().enumerate().map(|(number, one)| unsafe { make_core(number, one) });
        let Some(first) = cores.next() else { return std::ptr::null_mut() };
        let machine = Machine::new(first, cores.collect());
        let board = Box::into_raw(Box::new(Board { machine, ports: Vec::new() }));
        // SAFETY: the board stays where it is until `destroy`.
        let error = unsafe { hooks::install(&raw mut (*board).machine) };
        if error == unicorn::OK {
            return board;
        }
        // SAFETY: made above. A hook that was added is not called again:
        // Python closes an engine that has no board.
        drop(unsafe { Box::from_raw(board) });
        std::ptr::null_mut()
    });
    made.unwrap_or(std::ptr::null_mut())
}

/// Sets how the cores take turns: each is `length` instructions on average, and
/// `seed` says how long they are one by one, and which of two cores begins.
///
/// # Safety
/// `board` is alive, and nothing ran on it yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_interleave(board: *mut Board, length: u64, seed: u64) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        unsafe { &mut (*board).machine }.interleave(length, seed);
        0
    })
}

/// Frees a board.
///
/// # Safety
/// `board` is from `create`, its engine is closed, and it is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_destroy(board: *mut Board) {
    if !board.is_null() {
        // SAFETY: by this function's contract.
        let board = AssertUnwindSafe(unsafe { Box::from_raw(board) });
        let _ = catch_unwind(move || drop(board));
    }
}

/// `arielml_emu_map`: the guest may write.
pub const WRITABLE: u32 = 1;
/// `arielml_emu_map`: the guest may execute.
pub const EXECUTABLE: u32 = 2;
/// `arielml_emu_map`: the guest may not read.
pub const UNREADABLE: u32 = 4;

/// Maps `length` bytes of host memory at `base`. RAM that is not executable
/// is the faster one: no store into it can change code.
///
/// # Safety
/// `board` is alive; `host` points to `length` bytes that outlive it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_map(
    board: *mut Board,
    base: u32,
    length: u32,
    host: *mut u8,
    uses: u32,
) -> i32 {
    use unicorn::protection;
    caught(|| {
        let writable = uses & WRITABLE != 0;
        let mut allowed = if uses & UNREADABLE != 0 { 0 } else { protection::READ };
        if writable {
            allowed |= protection::WRITE;
        }
        if uses & EXECUTABLE != 0 {
            allowed |= protection::EXECUTE;
        }
        // SAFETY: by this function's contract.
        unsafe {
            let machine = &mut (*board).machine;
            machine.bus.memories.add(base, length, host, writable);
            let refused = machine
                .cores()
                .map(|core| core.engine.map(base, length, allowed, host))
                .find(|&error| error != unicorn::OK);
            checked(refused.unwrap_or(unicorn::OK))
        }
    })
}

/// Watches for accesses outside the memories, once all are mapped.
///
/// # Safety
/// `board` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_guard(board: *mut Board) -> i32 {
    // SAFETY: by this function's contract; the board stays where it is.
    caught(|| checked(unsafe { hooks::guard(&raw mut (*board).machine) }))
}

/// `arielml_emu_attach`: the peripheral is not part of a core.
pub const SHARED: u32 = u32::MAX;

/// Puts the peripheral `model` at `base`, for `core` alone or for all
/// ([`SHARED`]), where no other is. One that is longer than a page does not
/// begin in the page of another.
///
/// # Safety
/// `board` is alive; `model` is a zero-ended string.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_attach(
    board: *mut Board,
    model: *const c_char,
    base: u32,
    core: u32,
) -> i32 {
    const PAGE: u32 = 0x1000;
    caught(|| {
        // SAFETY: by this function's contract.
        let (name, whole) = unsafe { (CStr::from_ptr(model), &mut *board) };
        let name = name.to_string_lossy();
        let Some(peripheral) = peripherals::create(&name, base) else { return UNKNOWN };
        let length = peripheral.length();
        let owner = (core != SHARED).then_some(core as usize);
        if !whole.machine.add(base, owner, peripheral) {
            return checked(unicorn::MAP);
        }
        // Peripherals may share a page, which is mapped once.
        let first = base & !(PAGE - 1);
        let length = (base - first + length).next_multiple_of(PAGE);
        let maps = |port: &Port| first.wrapping_sub(port.base) < port.length && port.core == owner;
        if let Some(port) = whole.ports.iter().find(|port| maps(port)) {
            let fits = first - port.base + length <= port.length;
            return checked(if fits { unicorn::OK } else { unicorn::MAP });
        }
        // SAFETY: the machine has the board's fixed place.
        let machine = unsafe { &raw mut (*board).machine };
        let mut port = Box::new(Port { machine, base: first, length, core: owner });
        let data = (&raw mut *port).cast();
        whole.ports.push(port);
        let users = whole.machine.cores().filter(|core| owner.is_none_or(|it| it == core.number));
        for core in users {
            let (read, write) = (hooks::on_read, hooks::on_write);
            // SAFETY: the port lives in the board until after the engine is closed.
            let error = unsafe { core.engine.map_registers(first, length, read, write, data) };
            if error != unicorn::OK {
                return checked(error);
            }
        }
        0
    })
}

/// Counts the calls of the function at `address`; gives its index.
///
/// # Safety
/// `board` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_watch(board: *mut Board, address: u32) -> i32 {
    // SAFETY: by this function's contract.
    caught(|| unsafe { (*board).machine.watch(address) as i32 })
}

/// Resets the cores and the peripherals.
///
/// # Safety
/// `board` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_reset(board: *mut Board) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        unsafe { (*board).machine.reset() };
        0
    })
}

/// Runs for at most `instructions` and about `seconds`; gives a `State`.
///
/// # Safety
/// `board` is alive.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_run(
    board: *mut Board,
    instructions: u64,
    seconds: f64,
) -> i32 {
    // SAFETY: by this function's contract; no reference is made here.
    caught(|| unsafe { machine::run(&raw mut (*board).machine, instructions, seconds) as i32 })
}

/// Queues bytes for the guest's UART.
///
/// # Safety
/// `board` is alive; `bytes` points to `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_send(
    board: *mut Board,
    bytes: *const u8,
    length: usize,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let bytes = unsafe { std::slice::from_raw_parts(bytes, length) };
        // SAFETY: as above.
        unsafe { &mut (*board).machine }.bus.serial.to_guest.extend(bytes);
        0
    })
}

/// Takes up to `capacity` bytes the guest sent; gives how many.
///
/// # Safety
/// `board` is alive; `target` has room for `capacity` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arielml_emu_receive(
    board: *mut Board,
    target: *mut u8,
    capacity: usize,
) -> i32 {
    caught(|| {
        // SAFETY: by this function's contract.
        let (target, serial) = unsafe {
            let target = std::slice::from_raw_parts_mut(target, capacity);
            (target, &mut (*board).machine.bus.serial)
        };
        let length = capacity.min(serial.to_host.len());
        for (slot, byte) in target.iter_mut().zip(serial.to_host.drain(..length)) {
            *slot = byte;
        }
        length as i32
    })
}
