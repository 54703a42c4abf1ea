//! Nordic nRF5340 DK: the application core leads, the network core helps.

mod network;

use arielml_agent::Identity;
use arielml_scheduler::Locked;

use super::nrf::{CLOCK, prepare_pins, start_crystal};
use crate::board::{Board, Helpers};
use crate::cortex_m::{HelperStart, Interrupt};
use crate::registers::Registers;
use crate::timer::NrfTimer;
use crate::uart::NrfUarte;

pub use network::{Channels, Mutex};

// nRF5340 Product Specification 1.3: memory map of the application core, by
// secure addresses: it starts secure and stays so. Pins: nRF5340 DK, virtual
// COM port of the application core.
const CACHE: usize = 0x5000_1000;
const UARTE0: usize = 0x5000_8000;
const TIMER0: usize = 0x5000_F000;

const UARTE0_INTERRUPT: u32 = 8;

const TRANSMIT_PIN: u32 = 20;
const RECEIVE_PIN: u32 = 22;

const CLOCK_HFCLKCTRL: usize = 0x558;
/// Out of reset it is half of that.
const HFCLKCTRL_128_MHZ: u32 = 0;

const CACHE_ENABLE: usize = 0x500;

/// Nordic nRF5340 DK: Cortex-M33 at 128 MHz, another at 64 MHz without FPU; console on its virtual COM port.
pub struct Nrf5340;

impl Board for Nrf5340 {
    type Uart = NrfUarte<Interrupt>;
    type Timer = NrfTimer;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "nrf5340", cores: 2, clock_hz: 128_000_000, ticks_hz: 16_000_000 };
    const HEADER: () = ();

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        // SAFETY: what else there is in CLOCK is used after this.
        unsafe { Registers::at(CLOCK) }.write(CLOCK_HFCLKCTRL, HFCLKCTRL_128_MHZ);
        start_crystal();
        // Of flash alone, which nobody writes to.
        // SAFETY: used here alone.
        unsafe { Registers::at(CACHE) }.write(CACHE_ENABLE, 1);
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

impl Helpers for Nrf5340 {
    type Claim = Locked<Mutex>;
    type Event = Channels;

    const CLAIM: Locked<Mutex> = Locked(Mutex);
    const EVENT: Channels = Channels;
    // At twice the clock.
    const LEFT: u32 = 1;

    unsafe fn launch(_: u32, _: HelperStart) {
        network::launch();
    }

    extern "C" fn await_launch() {
        network::begin();
    }
}

/// # Safety
/// As for [`NrfUarte::start`].
unsafe fn uart() -> NrfUarte<Interrupt> {
    let interrupt = Interrupt::enable(UARTE0_INTERRUPT);
    // SAFETY: the caller vouches for UARTE0 being free.
    unsafe { NrfUarte::start(UARTE0, TRANSMIT_PIN, RECEIVE_PIN, interrupt) }
}
