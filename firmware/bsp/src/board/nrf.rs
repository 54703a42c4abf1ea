//! What Nordic's nRF51, nRF52 and nRF53 have alike.

use crate::registers::Registers;

// nRF52840 Product Specification 1.7: CLOCK (section 5.4), GPIO (6.9); nRF51
// Series Reference Manual 3.0: chapters 13 and 14. nRF5340 Product Specification
// 1.3: CLOCK, and GPIO, whose registers begin at the offset 0x504 here.
/// Where these are on the nRF51 and the nRF52.
#[cfg(not(armv8_m))]
const CLOCK: usize = 0x4000_0000;
#[cfg(not(armv8_m))]
const P0: usize = 0x5000_0000;
/// And, by their secure addresses, for the application core of the nRF5340.
#[cfg(armv8_m)]
pub(super) const CLOCK: usize = 0x5000_5000;
#[cfg(armv8_m)]
const P0: usize = 0x5084_2000;

const CLOCK_TASKS_HFCLKSTART: usize = 0x000;
const CLOCK_EVENTS_HFCLKSTARTED: usize = 0x100;
/// Reads of the event before the crystal is taken for missing: it starts
/// within 0.4 ms (nRF52) or 1 ms (nRF51), about 5,000 of them.
const CRYSTAL_PATIENCE: u32 = 20_000;

const GPIO_OUTSET: usize = 0x508;
const GPIO_DIRSET: usize = 0x518;
const GPIO_PIN_CNF: usize = 0x700;
const PIN_INPUT_PULLED_UP: u32 = 3 << 2;

/// The RC oscillator that runs after reset may be too far off for a UART.
pub(super) fn start_crystal() {
    // SAFETY: CLOCK, used here alone.
    let clock = unsafe { Registers::at(CLOCK) };
    clock.write(CLOCK_TASKS_HFCLKSTART, 1);
    let mut patience = CRYSTAL_PATIENCE;
    while clock.read(CLOCK_EVENTS_HFCLKSTARTED) == 0 && patience > 0 {
        patience -= 1;
    }
}

/// The UART wants its transmit pin to be an output at the idle level, for
/// the times when it is off; the receive pin must not float without a host.
pub(super) fn prepare_pins(transmit: u32, receive: u32) {
    // SAFETY: port 0, used here alone.
    let port = unsafe { Registers::at(P0) };
    port.write(GPIO_OUTSET, 1 << transmit);
    port.write(GPIO_DIRSET, 1 << transmit);
    port.write(GPIO_PIN_CNF + 4 * receive as usize, PIN_INPUT_PULLED_UP);
}
