//! What Unicorn calls while the guest runs.
//!
//! Each callback gets the machine as its data and makes the only reference
//! to it; a panic becomes a fault of the guest. One engine runs at a time, that
//! of the machine's running core.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fault::{Fault, Kind};
use crate::isa::{Isa, riscv};
use crate::machine::Machine;
use crate::unicorn::{self, Handle};

/// The data of the callbacks for a range of peripherals' addresses.
pub(crate) struct Port {
    pub machine: *mut Machine,
    pub base: u32,
    pub length: u32,
    /// The core that the peripherals are part of.
    pub core: Option<usize>,
}

/// To Unicorn, a range that ends before it begins.
const EVERYWHERE: (u32, u32) = (1, 0);

/// `mcause` of RISC-V.
const STORE_ACCESS_FAULT: u32 = 7;

const WFE: u16 = 0xbf20;
const YIELD: u16 = 0xbf10;

/// Runs `body` on the machine behind `data`.
///
/// # Safety
/// `data` is the machine, and no other reference to it is alive.
unsafe fn guarded<T: Default>(data: *mut Machine, body: impl FnOnce(&mut Machine) -> T) -> T {
    // SAFETY: by this function's contract.
    let machine = unsafe { &mut *data };
    match catch_unwind(AssertUnwindSafe(|| body(machine))) {
        Ok(value) => value,
        Err(_) => {
            machine.fail(Fault::at(Kind::Internal, 0, "the emulator's own code panicked"));
            T::default()
        }
    }
}

/// Adds the hooks of execution to every core's engine; gives Unicorn's error code.
///
/// # Safety
/// `machine` stays valid until the engines are closed.
pub(crate) unsafe fn install(machine: *mut Machine) -> i32 {
    let hooks = [
        (unicorn::hook::BLOCK, on_block as *mut c_void),
        (unicorn::hook::INTR, on_exception as *mut c_void),
        (unicorn::hook::INSN_INVALID, on_bad_instruction as *mut c_void),
    ];
    // SAFETY: by this function's contract; hooks run later.
    let cores = unsafe { &*machine }.cores();
    for core in cores {
        for (kind, callback) in hooks {
            // SAFETY: the callbacks below have the signatures of their kinds.
            let error = unsafe { core.engine.add_hook(kind, callback, machine.cast(), EVERYWHERE) };
            if error != unicorn::OK {
                return error;
            }
        }
    }
    unicorn::OK
}

/// Adds the hooks of bad accesses, outside RAM: where one covers RAM, every
/// store goes Unicorn's slow way. Gives Unicorn's error code.
///
/// # Safety
/// As for [`install`].
pub(crate) unsafe fn guard(machine: *mut Machine) -> i32 {
    // SAFETY: by this function's contract; hooks run later.
    let (cores, memories) = unsafe { ((*machine).cores(), &(*machine).bus.memories) };
    for core in cores {
        for range in memories.outside_ram() {
            let callback = on_bad_access as *mut c_void;
            let kind = unicorn::hook::MEM_INVALID;
            // SAFETY: the callback has the signature of its kind.
            let error = unsafe { core.engine.add_hook(kind, callback, machine.cast(), range) };
            if error != unicorn::OK {
                return error;
            }
        }
    }
    unicorn::OK
}

/// Adds the hooks that make cores wait for memories, whose rules the machine has.
/// They cost time at each access: without them there is no such model. Gives
/// Unicorn's error code.
///
/// # Safety
/// As for [`install`], which was called before.
pub(crate) unsafe fn wait(machine: *mut Machine) -> i32 {
    let mut hooks = vec![(unicorn::hook::BLOCK, on_fetch as *mut c_void, EVERYWHERE)];
    // SAFETY: by this function's contract; hooks run later.
    let (waits, cores) = unsafe { ((*machine).waits.as_ref(), (*machine).cores()) };
    let Some(waits) = waits else { return unicorn::OK };
    let loads = waits.watched(false).map(|range| (unicorn::hook::MEM_READ, on_load as _, range));
    hooks.extend(loads);
    let stores = waits.watched(true).map(|range| (unicorn::hook::MEM_WRITE, on_store as _, range));
    hooks.extend(stores);
    for core in cores {
        for &(kind, callback, range) in &hooks {
            // SAFETY: the callbacks below have the signatures of their kinds.
            let error = unsafe { core.engine.add_hook(kind, callback, machine.cast(), range) };
            if error != unicorn::OK {
                return error;
            }
        }
    }
    unicorn::OK
}

/// Called after `on_block`, which says whether the block runs.
unsafe extern "C" fn on_fetch(_: Handle, _: u64, _: u32, data: *mut c_void) {
    // SAFETY: as in `on_block`.
    unsafe { guarded(data.cast(), Machine::fetch) }
}

unsafe extern "C" fn on_load(
    _: Handle,
    _: i32,
    address: u64,
    size: i32,
    _: i64,
    data: *mut c_void,
) {
    // SAFETY: as in `on_block`.
    unsafe { guarded(data.cast(), |machine| machine.transfer(address as u32, size as u32, false)) }
}

unsafe extern "C" fn on_store(
    _: Handle,
    _: i32,
    address: u64,
    size: i32,
    _: i64,
    data: *mut c_void,
) {
    // SAFETY: as in `on_block`.
    unsafe { guarded(data.cast(), |machine| machine.transfer(address as u32, size as u32, true)) }
}

unsafe extern "C" fn on_block(_: Handle, address: u64, size: u32, data: *mut c_void) {
    // SAFETY: `install` gave the machine; Unicorn calls one hook at a time.
    unsafe {
        guarded(data.cast(), |machine| {
            let address = address as u32;
            let counter = &mut machine.core.counter;
            counter.finish_block(address);
            if counter.instructions >= counter.check_at && !machine.may_continue() {
                return;
            }
            let block = match machine.core.counter.cached(address, size) {
                Some(block) => block,
                None => machine.decode(address, size),
            };
            if machine.core.counter.is_marked(&block) && !machine.mark(&block) {
                return;
            }
            machine.core.counter.begin_block(block);
        });
    }
}

unsafe extern "C" fn on_exception(_: Handle, number: u32, data: *mut c_void) {
    // SAFETY: as in `on_block`.
    unsafe {
        guarded(data.cast(), |machine| {
            let core = &machine.core;
            if core.description.isa == Isa::RiscV {
                // Unicorn moves the PC on by 4 before it calls this.
                core.engine.set_register(core.description.registers.pc, core.pc().wrapping_sub(4));
            }
            // Unicorn reports its end address, 0 here, as a prefetch abort.
            let fault = match core.pc() {
                0 => Fault::at(Kind::NullBranch, 0, ""),
                _ => protected_store(machine, number)
                    .unwrap_or_else(|| Fault::numbered(Kind::Exception, number)),
            };
            machine.fail(fault);
        });
    }
}

/// The fault of a store that the core's own memory protection stopped: where
/// it went is not told, but the instruction says it.
fn protected_store(machine: &Machine, number: u32) -> Option<Fault> {
    if machine.core.description.isa != Isa::RiscV || number != STORE_ACCESS_FAULT {
        return None;
    }
    let pc = machine.core.pc();
    let memories = &machine.bus.memories;
    let (code, _) = memories.code(pc, 4).or_else(|| memories.code(pc, 2))?;
    let store = riscv::store(code)?;
    let base = machine.core.numbered_register(store.base);
    let address = base.wrapping_add_signed(store.offset);
    let kind = match memories.writable(address) {
        Some(false) => Kind::WriteProtected,
        Some(true) => return None,
        None => Kind::WriteUnmapped,
    };
    Some(Fault { size: store.size, ..Fault::at(kind, address, "") })
}

unsafe extern "C" fn on_bad_access(
    _: Handle,
    kind: i32,
    address: u64,
    size: i32,
    _: i64,
    data: *mut c_void,
) -> bool {
    // `uc_mem_type` of unicorn.h.
    let kind = match kind {
        19 => Kind::ReadUnmapped,
        20 => Kind::WriteUnmapped,
        21 => Kind::FetchUnmapped,
        22 => Kind::WriteProtected,
        23 => Kind::ReadProtected,
        _ => Kind::FetchProtected,
    };
    // SAFETY: as in `on_block`.
    unsafe {
        guarded(data.cast(), |machine| {
            machine.fail(Fault { size: size as u32, ..Fault::at(kind, address as u32, "") });
            false
        })
    }
}

/// Unicorn reports WFE and YIELD here too, with the PC behind them.
unsafe extern "C" fn on_bad_instruction(_: Handle, data: *mut c_void) -> bool {
    // SAFETY: as in `on_block`.
    unsafe {
        guarded(data.cast(), |machine| {
            let core = &machine.core;
            let pc = core.pc();
            // One that is invalid lies in the running block; these end it.
            let thumb = core.description.isa == Isa::Thumb;
            let ended = thumb && core.counter.left_inside(pc).is_none();
            match machine.half(pc.wrapping_sub(2)) {
                Some(WFE) if ended => machine.wait_for_event(pc),
                Some(YIELD) if ended => {}
                _ => {
                    machine.fail(Fault::at(Kind::InvalidInstruction, pc, ""));
                    return false;
                }
            }
            true
        })
    }
}

/// Reads a register of a peripheral.
pub(crate) unsafe extern "C" fn on_read(
    _: Handle,
    offset: u64,
    size: u32,
    data: *mut c_void,
) -> u64 {
    // SAFETY: `data` is the port made with the mapping; it lives as long.
    unsafe {
        let port = &*data.cast::<Port>();
        u64::from(guarded(port.machine, |m| {
            m.access(port.base.wrapping_add(offset as u32), size, None)
        }))
    }
}

/// Writes a register of a peripheral.
pub(crate) unsafe extern "C" fn on_write(
    _: Handle,
    offset: u64,
    size: u32,
    value: u64,
    data: *mut c_void,
) {
    // SAFETY: as in `on_read`.
    unsafe {
        let port = &*data.cast::<Port>();
        let value = Some(value as u32);
        guarded(port.machine, |m| m.access(port.base.wrapping_add(offset as u32), size, value));
    }
}
