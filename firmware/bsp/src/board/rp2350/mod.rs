//! Raspberry Pi Pico 2: RP2350.

mod block;

use arielml_agent::Identity;
use arielml_scheduler::Atomic;

use crate::board::raspberry::{self, CRYSTAL_HZ, Clocks, Resets};
use crate::board::{Board, Helpers};
use crate::cortex_m::{EventRegister, HelperStart, Interrupt};
use crate::registers::Registers;
use crate::timer::RaspberryTimer;
use crate::uart::{Divisors, Pl011};

pub use block::ImageDefinition;

// RP2350 Datasheet: "Address Map", "Interrupts", "Subsystem Resets", "GPIO",
// "Power-On State Machine", "Watchdog", "Tick Generators".
const PSM: usize = 0x4001_8000;
const RESETS: usize = 0x4002_0000;
const IO_BANK0: usize = 0x4002_8000;
const PADS_BANK0: usize = 0x4003_8000;
const UART0: usize = 0x4007_0000;
const TIMER0: usize = 0x400B_0000;
const WATCHDOG: usize = 0x400D_8000;
const TICKS: usize = 0x4010_8000;

const UART0_INTERRUPT: u32 = 33;

const RESET_IO_BANK0: u32 = 1 << 6;
const RESET_PADS_BANK0: u32 = 1 << 9;
const RESET_TIMER0: u32 = 1 << 23;
const RESET_UART0: u32 = 1 << 26;

/// 150 MHz.
const CLOCKS: Clocks = Clocks {
    generators: 0x4001_0000,
    crystal: 0x4004_8000,
    pll: 0x4005_0000,
    reset_pll: 1 << 14,
    feedback: 125,
    dividers: [5, 2],
};

/// GPIO 0 sends and GPIO 1 receives: pins 1 and 2 of the board.
const IO_BANK0_GPIO0_CTRL: usize = 0x04;
const IO_BANK0_GPIO1_CTRL: usize = 0x0C;
const FUNCTION_UART: u32 = 2;
const PADS_BANK0_GPIO0: usize = 0x04;
const PADS_BANK0_GPIO1: usize = 0x08;
// Out of reset a pad is isolated from the chip (ISO, bit 8), which these undo.
/// 4 mA, Schmitt trigger.
const PAD_OUTPUT: u32 = 1 << 4 | 1 << 1;
/// Input enabled, pulled up, Schmitt trigger: no noise without a host.
const PAD_INPUT_PULLED_UP: u32 = 1 << 6 | 1 << 3 | 1 << 1;

const PSM_WDSEL: usize = 0x8;
/// All that the power-on state machine resets but the two oscillators.
const PSM_BUT_OSCILLATORS: u32 = 0x01FF_FFF3;
const WATCHDOG_CTRL: usize = 0x00;
const WATCHDOG_CTRL_TRIGGER: u32 = 1 << 31;
const TICKS_TIMER0_CTRL: usize = 0x18;
const TICKS_TIMER0_CYCLES: usize = 0x1C;
const TICKS_ENABLE: u32 = 1;
/// A microsecond, in periods of the reference clock.
const TICK_PERIOD: u32 = CRYSTAL_HZ / 1_000_000;

const BAUD: u32 = 1_000_000;

/// Raspberry Pi Pico 2: the two Cortex-M33 of the RP2350 at 150 MHz, secure,
/// console on UART0. Core 1 sleeps in the chip's ROM until it is launched.
pub struct Rp2350;

impl Board for Rp2350 {
    type Uart = Pl011<Interrupt>;
    type Timer = RaspberryTimer;
    type Header = ImageDefinition;

    const IDENTITY: Identity =
        Identity { board: "rp2350", cores: 2, clock_hz: CLOCKS.system_hz(), ticks_hz: 1_000_000 };
    const HEADER: ImageDefinition = block::BLOCK;

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        // SAFETY: the one core that runs uses them from here alone.
        let ticks = unsafe {
            let resets = Resets::at(RESETS);
            CLOCKS.start(resets);
            resets.release(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_TIMER0 | RESET_UART0);
            Registers::at(TICKS)
        };
        // The length of a tick may change only while there are none.
        ticks.write(TICKS_TIMER0_CTRL, 0);
        ticks.write(TICKS_TIMER0_CYCLES, TICK_PERIOD);
        ticks.write(TICKS_TIMER0_CTRL, TICKS_ENABLE);
        prepare_pins();
        // SAFETY: nothing else uses the timer; the caller is the only one to
        // start the UART, and the first.
        unsafe { (uart(), RaspberryTimer::at(TIMER0)) }
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

impl Helpers for Rp2350 {
    type Claim = Atomic;
    type Event = EventRegister;

    const CLAIM: Atomic = Atomic;
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
    pins.write(IO_BANK0_GPIO0_CTRL, FUNCTION_UART);
    pins.write(IO_BANK0_GPIO1_CTRL, FUNCTION_UART);
    pads.write(PADS_BANK0_GPIO0, PAD_OUTPUT);
    pads.write(PADS_BANK0_GPIO1, PAD_INPUT_PULLED_UP);
}

const _: () = assert!(CLOCKS.system_hz() == 150_000_000);
