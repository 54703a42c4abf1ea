//! BBC micro:bit, version 1: Nordic nRF51822.

use arielml_agent::Identity;

use super::nrf::{prepare_pins, start_crystal};
use crate::board::Board;
use crate::cortex_m::Interrupt;
use crate::timer::NrfTimer;
use crate::uart::NrfUart;

// nRF51 Series Reference Manual 3.0, "Instantiation". Pins: micro:bit
// schematics, interface chip.
const UART0: usize = 0x4000_2000;
const TIMER0: usize = 0x4000_8000;

const UART0_INTERRUPT: u32 = 2;

const TRANSMIT_PIN: u32 = 24;
const RECEIVE_PIN: u32 = 25;

/// BBC micro:bit: Cortex-M0 at 16 MHz, console on its interface chip.
pub struct Microbit;

impl Board for Microbit {
    type Uart = NrfUart<Interrupt>;
    type Timer = NrfTimer;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "microbit", cores: 1, clock_hz: 16_000_000, ticks_hz: 16_000_000 };
    const HEADER: () = ();

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        start_crystal();
        prepare_pins(TRANSMIT_PIN, RECEIVE_PIN);
        // SAFETY: nothing else uses TIMER0.
        let timer = unsafe { NrfTimer::start(TIMER0) };
        // SAFETY: the caller is the only one, and the first.
        (unsafe { uart() }, timer)
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        prepare_pins(TRANSMIT_PIN, RECEIVE_PIN);
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }
}

/// # Safety
/// As for [`NrfUart::start`].
unsafe fn uart() -> NrfUart<Interrupt> {
    let interrupt = Interrupt::enable(UART0_INTERRUPT);
    // SAFETY: the caller vouches for UART0 being free.
    unsafe { NrfUart::start(UART0, TRANSMIT_PIN, RECEIVE_PIN, interrupt) }
}
