//! The machine `virt` of QEMU, with 32-bit cores.

use arielml_agent::Identity;
use arielml_scheduler::Atomic;

use crate::board::{Board, Helpers};
use crate::registers::Registers;
use crate::riscv::{HelperStart, Interrupt, SoftwareInterrupts};
use crate::timer::Clint;
use crate::uart::Ns16550;

// QEMU, "'virt' Generic Virtual Platform", and the device tree that it makes
// (`-machine dumpdtb=`).
const TEST: usize = 0x0010_0000;
const CLINT: usize = 0x0200_0000;
const PLIC: usize = 0x0C00_0000;
const UART0: usize = 0x1000_0000;

const UART0_INTERRUPT: u32 = 10;
/// Of the UART's clock of 3.6864 MHz: 230,400 baud, which is its most.
const DIVISOR: u16 = 1;

/// The word that resets the machine.
const TEST_RESET: u32 = 0x7777;

/// QEMU's `virt` machine: eight RV32 harts with an FPU, console on its UART.
/// QEMU has no clock for it: 100 MHz is what the host is told, and an emulator
/// with a count of instructions takes.
pub struct RiscvVirt;

impl Board for RiscvVirt {
    type Uart = Ns16550<Interrupt>;
    type Timer = Clint;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "riscv-virt", cores: 8, clock_hz: 100_000_000, ticks_hz: 10_000_000 };
    const HEADER: () = ();
    const SOFTWARE_INTERRUPTS: usize = CLINT;

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        // SAFETY: the caller is the only one to start the UART, and the first;
        // the time of the CLINT is only read.
        unsafe { (uart(), Clint::at(CLINT)) }
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }

    fn reset() {
        // SAFETY: used here alone.
        unsafe { Registers::at(TEST) }.write(0, TEST_RESET);
    }
}

impl Helpers for RiscvVirt {
    type Claim = Atomic;
    type Event = SoftwareInterrupts;

    const CLAIM: Atomic = Atomic;
    // SAFETY: QEMU has eight harts at most, each with its word.
    const EVENT: SoftwareInterrupts = unsafe { SoftwareInterrupts::at(CLINT) };

    unsafe fn launch(core: u32, start: HelperStart) {
        // SAFETY: the caller vouches for the hart; all of them get `start`.
        unsafe { Self::EVENT.launch(core, start) };
    }
}

/// # Safety
/// As for [`Ns16550::start`].
unsafe fn uart() -> Ns16550<Interrupt> {
    // SAFETY: the PLIC and its context of this hart are used through this
    // alone; the caller vouches for UART0 being free.
    unsafe { Ns16550::start(UART0, DIVISOR, Interrupt::enable(PLIC, UART0_INTERRUPT)) }
}
