//! The network core: how it is released, and what it shares with the application
//! core (nRF5340 Product Specification 1.3: "SPU", "RESET", "IPC", "MUTEX").
//!
//! It reaches the application core's flash, RAM and peripherals at the same
//! addresses, once the SPU gives its accesses the secure attribute; the other
//! way there is none. An event of one core (SEV) does not reach the other.

use core::arch::asm;
use core::hint::spin_loop;
use core::ops::Range;
use core::sync::atomic::{Ordering, fence};

use arielml_scheduler::{Event, Lock};

use crate::cortex_m::{is_first_core, sleep_until_pending};
use crate::registers::Registers;

const SPU: usize = 0x5000_3000;
const RESET: usize = 0x5000_5000;
const MUTEX: usize = 0x5003_0000;

const SPU_EXTDOMAIN_PERM: usize = 0x440;
const PERM_SECURE: u32 = 1 << 4;
const RESET_NETWORK_FORCEOFF: usize = 0x614;
/// Of no name; Nordic's start-up code writes it for erratum 161.
const RESET_ERRATUM_161: usize = 0x618;
const RELEASE: u32 = 0;
const HOLD: u32 = 1;
const MUTEX_0: usize = 0x400;

const IPC_TASKS_SEND: usize = 0x000;
const IPC_EVENTS_RECEIVE: usize = 0x100;
const IPC_INTENSET: usize = 0x304;
const IPC_SEND_CNF: usize = 0x510;
const IPC_RECEIVE_CNF: usize = 0x590;

/// Turns of a loop of three cycles or more at 128 MHz.
const MICROSECOND: u32 = 43;

/// What differs between the cores. Each has an IPC of its own; channels join them.
struct Side {
    ipc: usize,
    interrupt: u32,
    sends: usize,
    hears: usize,
}

const APPLICATION: Side = Side { ipc: 0x5002_A000, interrupt: 42, sends: 0, hears: 1 };
const NETWORK: Side = Side { ipc: 0x4101_2000, interrupt: 18, sends: 1, hears: 0 };

impl Side {
    fn this() -> &'static Side {
        if is_first_core() { &APPLICATION } else { &NETWORK }
    }

    fn ipc(&self) -> Registers {
        // SAFETY: used here alone, and each by its core.
        unsafe { Registers::at(self.ipc) }
    }

    fn listen(&self) {
        let ipc = self.ipc();
        ipc.write(IPC_SEND_CNF + 4 * self.sends, 1 << self.sends);
        ipc.write(IPC_RECEIVE_CNF + 4 * self.hears, 1 << self.hears);
        ipc.write(IPC_INTENSET, 1 << self.hears);
    }
}

/// The first of the chip's mutexes: reading 0 takes it.
#[derive(Clone, Copy, Debug)]
pub struct Mutex;

impl Mutex {
    fn registers() -> Registers {
        // SAFETY: used here alone; both cores may.
        unsafe { Registers::at(MUTEX) }
    }
}

impl Lock for Mutex {
    fn acquire(&self) {
        while Mutex::registers().read(MUTEX_0) != 0 {
            spin_loop();
        }
        fence(Ordering::Acquire);
    }

    fn release(&self) {
        fence(Ordering::Release);
        Mutex::registers().write(MUTEX_0, 0);
    }
}

/// The IPC's channels, one each way.
#[derive(Clone, Copy, Debug)]
pub struct Channels;

impl Event for Channels {
    fn wake(&self, _: Range<u32>) {
        fence(Ordering::Release);
        let this = Side::this();
        this.ipc().write(IPC_TASKS_SEND + 4 * this.sends, 1);
    }

    fn sleep(&self) {
        let this = Side::this();
        sleep_until_pending(this.interrupt, || {
            let event = IPC_EVENTS_RECEIVE + 4 * this.hears;
            this.ipc().write(event, 0);
            // The interrupt stays asserted until the write has arrived.
            this.ipc().read(event);
        });
    }
}

/// Releases the network core, which begins at the vector table at the start of
/// its flash.
pub(super) fn launch() {
    APPLICATION.listen();
    // SAFETY: both are used here alone.
    let (spu, reset) = unsafe { (Registers::at(SPU), Registers::at(RESET)) };
    spu.write(SPU_EXTDOMAIN_PERM, PERM_SECURE);
    // What it is to find in RAM is there.
    fence(Ordering::Release);
    reset.write(RESET_ERRATUM_161, 1);
    reset.write(RESET_NETWORK_FORCEOFF, RELEASE);
    wait(5 * MICROSECOND);
    reset.write(RESET_NETWORK_FORCEOFF, HOLD);
    wait(MICROSECOND);
    reset.write(RESET_NETWORK_FORCEOFF, RELEASE);
    reset.write(RESET_ERRATUM_161, 0);
}

/// What the network core does first: it runs only once it was released.
pub(super) fn begin() {
    NETWORK.listen();
    fence(Ordering::Acquire);
}

fn wait(turns: u32) {
    // SAFETY: computes.
    unsafe {
        asm!("2: subs {turns}, #1", "bne 2b", turns = inout(reg) turns => _, options(nomem, nostack));
    }
}
