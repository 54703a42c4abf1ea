//! Nordic nRF52840 DK.

use arielml_agent::Identity;

use super::nrf::{prepare_pins, start_crystal};
use crate::board::Board;
use crate::cortex_m::Interrupt;
use crate::timer::NrfTimer;
use crate::uart::NrfUarte;

// nRF52840 Product Specification 1.7: memory map (section 4.2). Pins: nRF52840
// DK User Guide, virtual COM port.
const UARTE0: usize = 0x4000_2000;
const TIMER0: usize = 0x4000_8000;

const UARTE0_INTERRUPT: u32 = 2;

const TRANSMIT_PIN: u32 = 6;
const RECEIVE_PIN: u32 = 8;

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
/// As for [`NrfUarte::start`].
unsafe fn uart() -> NrfUarte<Interrupt> {
    let interrupt = Interrupt::enable(UARTE0_INTERRUPT);
    // SAFETY: the caller vouches for UARTE0 being free.
    unsafe { NrfUarte::start(UARTE0, TRANSMIT_PIN, RECEIVE_PIN, interrupt) }
}
