//! Raspberry Pi Pico: RP2040.

mod boot;
mod spinlock;

use arielml_agent::Identity;
use arielml_scheduler::Locked;

use crate::board::raspberry::{self, CRYSTAL_HZ, Clocks, Resets};
use crate::board::{Board, Helpers};
use crate::cortex_m::{EventRegister, HelperStart, Interrupt};
use crate::registers::Registers;
use crate::timer::RaspberryTimer;
use crate::uart::{Divisors, Pl011};

pub use boot::BootBlock;
pub use spinlock::Spinlock;

// RP2040 Datasheet: "Address Map", "Interrupts", "Subsystem Resets", "GPIO",
// "Power-On State Machine", "Watchdog".
const RESETS: usize = 0x4000_C000;
const PSM: usize = 0x4001_0000;
const IO_BANK0: usize = 0x4001_4000;
const PADS_BANK0: usize = 0x4001_C000;
const UART0: usize = 0x4003_4000;
const TIMER: usize = 0x4005_4000;
const WATCHDOG: usize = 0x4005_8000;

const UART0_INTERRUPT: u32 = 20;

/// 125 MHz.
const CLOCKS: Clocks = Clocks {
    generators: 0x4000_8000,
    crystal: 0x4002_4000,
    pll: 0x4002_8000,
    reset_pll: 1 << 12,
    feedback: 125,
    dividers: [6, 2],
};

const RESET_IO_BANK0: u32 = 1 << 5;
const RESET_PADS_BANK0: u32 = 1 << 8;
const RESET_TIMER: u32 = 1 << 21;
const RESET_UART0: u32 = 1 << 22;

/// GPIO 0 sends and GPIO 1 receives: pins 1 and 2 of the board.
const IO_BANK0_GPIO0_CTRL: usize = 0x04;
const IO_BANK0_GPIO1_CTRL: usize = 0x0C;
const FUNCTION_UART: u32 = 2;
const PADS_BANK0_GPIO1: usize = 0x08;
/// Input enabled, pulled up, Schmitt trigger: no noise without a host.
const PAD_INPUT_PULLED_UP: u32 = 1 << 6 | 1 << 3 | 1 << 1;

const PSM_WDSEL: usize = 0x8;
/// All that the power-on state machine resets but the two oscillators.
const PSM_BUT_OSCILLATORS: u32 = 0x0001_FFFC;
const WATCHDOG_CTRL: usize = 0x00;
const WATCHDOG_CTRL_TRIGGER: u32 = 1 << 31;
const WATCHDOG_TICK: usize = 0x2C;
const WATCHDOG_TICK_ENABLE: u32 = 1 << 9;
/// A microsecond, in periods of the reference clock.
const TICK_PERIOD: u32 = CRYSTAL_HZ / 1_000_000;

const BAUD: u32 = 1_000_000;

/// Raspberry Pi Pico: the two Cortex-M0+ of the RP2040 at 125 MHz, console on
/// UART0. Core 1 sleeps in the chip's ROM until it is launched.
pub struct Rp2040;

impl Board for Rp2040 {
    type Uart = Pl011<Interrupt>;
    type Timer = RaspberryTimer;
    type Header = BootBlock;

    const IDENTITY: Identity =
        Identity { board: "rp2040", cores: 2, clock_hz: CLOCKS.system_hz(), ticks_hz: 1_000_000 };
    const HEADER: BootBlock = boot::BLOCK;

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        // SAFETY: the one core that runs uses them from here alone.
        unsafe {
            let resets = Resets::at(RESETS);
            CLOCKS.start(resets);
            resets.release(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_TIMER | RESET_UART0);
        }
        // The timer counts the watchdog's ticks, one a microsecond.
        // SAFETY: used here and in `reset` alone.
        let watchdog = unsafe { Registers::at(WATCHDOG) };
        watchdog.write(WATCHDOG_TICK, WATCHDOG_TICK_ENABLE | TICK_PERIOD);
        prepare_pins();
        // SAFETY: nothing else uses the timer; the caller is the only one to
        // start the UART, and the first.
        unsafe { (uart(), RaspberryTimer::at(TIMER)) }
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        prepare_pins();
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }

    /// The watchdog's reset: that of the core alone would leave clocks and
    /// peripherals as they are.
    fn reset() {
        // SAFETY: used here alone, and what runs on is `reset`'s caller.
        let (machine, watchdog) = unsafe { (Registers::at(PSM), Registers::at(WATCHDOG)) };
        machine.write(PSM_WDSEL, PSM_BUT_OSCILLATORS);
        watchdog.write(WATCHDOG_CTRL, WATCHDOG_CTRL_TRIGGER);
    }
}

impl Helpers for Rp2040 {
    type Claim = Locked<Spinlock>;
    type Event = EventRegister;

    const CLAIM: Locked<Spinlock> = Locked(Spinlock);
    const EVENT: EventRegister = EventRegister;

    unsafe fn launch(_: u32, start: HelperStart) {
        // SAFETY: nobody launched it before, as the caller vouches.
        unsafe { raspberry::launch(start) };
    }
}

/// # Safety
/// As for [`Pl011::start`].
unsafe fn uart() -> Pl011<Interrupt> {
    const DIVISORS: Divisors = Divisors::of(CLOCKS.system_hz(), BAUD);
    let interrupt = Interrupt::enable(UART0_INTERRUPT);
    // SAFETY: the caller vouches for UART0 being free.
    unsafe { Pl011::start(UART0, DIVISORS, interrupt) }
}

fn prepare_pins() {
    // SAFETY: bank 0, used here alone.
    let (pins, pads) = unsafe { (Registers::at(IO_BANK0), Registers::at(PADS_BANK0)) };
    pads.write(PADS_BANK0_GPIO1, PAD_INPUT_PULLED_UP);
    pins.write(IO_BANK0_GPIO0_CTRL, FUNCTION_UART);
    pins.write(IO_BANK0_GPIO1_CTRL, FUNCTION_UART);
}

const _: () = assert!(CLOCKS.system_hz() == 125_000_000);
