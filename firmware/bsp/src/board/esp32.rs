//! What the ESP32-C3 and the ESP32-C6 have in common.

use crate::registers::Registers;

/// The crystal of the modules.
pub const CRYSTAL_HZ: u32 = 40_000_000;
/// A bit of the console, in periods of the crystal.
pub const DIVISOR: u32 = CRYSTAL_HZ / BAUD;

const BAUD: u32 = 1_000_000;

// ESP32-C3 and C6 Technical Reference Manuals: "Timer Group (TIMG)".
const TIMG_WDTCONFIG0: usize = 0x48;
const TIMG_WDTWPROTECT: usize = 0x64;
/// Off; the change takes effect.
const TIMG_WDT_OFF: u32 = 1 << 22;

/// Opens the registers of a watchdog for writing; any other value closes them.
pub const KEY: u32 = 0x50D8_3AA1;

/// Stops a timer group's watchdog, which the chip's ROM starts for the time
/// that it boots from flash.
///
/// # Safety
/// `base` is that of a timer group, which nothing else uses.
pub unsafe fn stop_group_watchdog(base: usize) {
    // SAFETY: the caller vouches for the peripheral.
    let group = unsafe { Registers::at(base) };
    group.write(TIMG_WDTWPROTECT, KEY);
    group.write(TIMG_WDTCONFIG0, TIMG_WDT_OFF);
    group.write(TIMG_WDTWPROTECT, 0);
}

// IO_MUX, a pad's register.
/// The pad's first function, a UART's; input on, pulled up: no noise without a host.
const PAD_RECEIVE: u32 = 1 << 9 | 1 << 8 | 2 << 10;
/// Likewise, an output of 20 mA.
const PAD_SEND: u32 = 2 << 10;

/// Leads UART0 to the pads that it has without the GPIO matrix.
///
/// # Safety
/// `io_mux` is that peripheral's base, which nothing else uses.
pub unsafe fn prepare_pins(io_mux: usize, receive: usize, send: usize) {
    // SAFETY: the caller vouches for the peripheral.
    let pads = unsafe { Registers::at(io_mux) };
    pads.write(4 + 4 * receive, PAD_RECEIVE);
    pads.write(4 + 4 * send, PAD_SEND);
}
