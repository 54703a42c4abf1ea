//! Nordic nRF52840 DK.

use arielml_agent::Identity;

use crate::board::Board;
use crate::cortex_m::Interrupt;
use crate::registers::Registers;
use crate::timer::NrfTimer;
use crate::uart::NrfUarte;

// nRF52840 Product Specification 1.7: memory map (section 4.2), CLOCK (5.4),
// GPIO (6.9). Pins: nRF52840 DK User Guide, virtual COM port.
const CLOCK: usize = 0x4000_0000;
const UARTE0: usize = 0x4000_2000;
const TIMER0: usize = 0x4000_8000;
const P0: usize = 0x5000_0000;

const UARTE0_INTERRUPT: u32 = 2;

const TRANSMIT_PIN: u32 = 6;
const RECEIVE_PIN: u32 = 8;

const CLOCK_TASKS_HFCLKSTART: usize = 0x000;
const CLOCK_EVENTS_HFCLKSTARTED: usize = 0x100;
/// Reads of the event before the crystal is taken for missing; it starts
/// within 0.4 ms, about 5,000 of them.
const CRYSTAL_PATIENCE: u32 = 20_000;

const GPIO_OUTSET: usize = 0x508;
const GPIO_DIRSET: usize = 0x518;
const GPIO_PIN_CNF: usize = 0x700;
const PIN_INPUT_PULLED_UP: u32 = 3 << 2;

/// Nordic nRF52840 DK: Cortex-M4F at 64 MHz, console on its virtual COM port.
pub struct Nrf52840;

impl Board for Nrf52840 {
    type Uart = NrfUarte<Interrupt>;
    type Timer = NrfTimer;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "nrf52840", cores: 1, clock_hz: 64_000_000, ticks_hz: 16_000_000 };
    const HEADER: () = ();

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        start_crystal();
        prepare_pins();
        // SAFETY: nothing else uses TIMER0.
        let timer = unsafe { NrfTimer::start(TIMER0) };
        // SAFETY: the caller is the only one, and the first.
        (unsafe { uart() }, timer)
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        prepare_pins();
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }
}

/// # Safety
/// As for [`NrfUarte::start`].
unsafe fn uart() -> NrfUarte<Interrupt> {
    let interrupt = Interrupt::enable(UARTE0_INTERRUPT);
    // SAFETY: the caller vouches for UARTE0 being free.
    unsafe { NrfUarte::start(UARTE0, TRANSMIT_PIN, RECEIVE_PIN, interrupt) }
}

/// The RC oscillator that runs after reset may be too far off for a UART.
fn start_crystal() {
    // SAFETY: CLOCK, used here alone.
    let clock = unsafe { Registers::at(CLOCK) };
    clock.write(CLOCK_TASKS_HFCLKSTART, 1);
    let mut patience = CRYSTAL_PATIENCE;
    while clock.read(CLOCK_EVENTS_HFCLKSTARTED) == 0 && patience > 0 {
        patience -= 1;
    }
}

/// The UARTE wants its transmit pin to be an output at the idle level, for
/// the times when it is off; the receive pin must not float without a host.
fn prepare_pins() {
    // SAFETY: port 0, used here alone.
    let port = unsafe { Registers::at(P0) };
    port.write(GPIO_OUTSET, 1 << TRANSMIT_PIN);
    port.write(GPIO_DIRSET, 1 << TRANSMIT_PIN);
    port.write(GPIO_PIN_CNF + 4 * RECEIVE_PIN as usize, PIN_INPUT_PULLED_UP);
}
