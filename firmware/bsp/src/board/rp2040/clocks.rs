//! The crystal, the PLL on it, and the clocks that are made of them.

use super::{RESET_PLL_SYS, RESETS_RESET, release, resets};
use crate::registers::Registers;

// RP2040 Datasheet: "Clocks", "Crystal Oscillator (XOSC)", "PLL".
const CLOCKS: usize = 0x4000_8000;
const XOSC: usize = 0x4002_4000;
const PLL_SYS: usize = 0x4002_8000;

/// The Pico's crystal.
pub const CRYSTAL_HZ: u32 = 12_000_000;
/// What the cores, the buses and the UART run on.
pub const SYSTEM_HZ: u32 = CRYSTAL_HZ * PLL_FEEDBACK / (PLL_DIVIDER_1 * PLL_DIVIDER_2);

const PLL_FEEDBACK: u32 = 125;
const PLL_DIVIDER_1: u32 = 6;
const PLL_DIVIDER_2: u32 = 2;

const XOSC_CTRL: usize = 0x00;
const XOSC_STATUS: usize = 0x04;
const XOSC_STARTUP: usize = 0x0C;
const XOSC_CTRL_ENABLE_1_15_MHZ: u32 = 0xFAB << 12 | 0xAA0;
const XOSC_STATUS_STABLE: u32 = 1 << 31;
/// 6 ms, in 256 periods: six times what the crystal of the Pico needs.
const XOSC_STARTUP_DELAY: u32 = CRYSTAL_HZ / 1000 * 6 / 256;

const CLK_REF_CTRL: usize = 0x30;
const CLK_REF_SELECTED: usize = 0x38;
const CLK_REF_FROM_XOSC: u32 = 2;
const CLK_SYS_CTRL: usize = 0x3C;
const CLK_SYS_SELECTED: usize = 0x44;
const CLK_SYS_FROM_REF: u32 = 0;
/// The auxiliary source, which is the system PLL unless it is changed.
const CLK_SYS_FROM_PLL: u32 = 1;
const CLK_PERI_CTRL: usize = 0x48;
const CLK_PERI_FROM_SYS: u32 = 1 << 11;

const PLL_CS: usize = 0x0;
const PLL_PWR: usize = 0x4;
const PLL_FBDIV: usize = 0x8;
const PLL_PRIM: usize = 0xC;
/// The reference is the crystal's clock divided by 1.
const PLL_CS_REFERENCE_DIVIDER: u32 = 1;
const PLL_CS_LOCK: u32 = 1 << 31;
// Bits of PWR switch parts off; out of reset all are set.
const PLL_PWR_DIVIDERS_OFF: u32 = 1 << 3;
/// The modulator is for fractions only.
const PLL_PWR_MODULATOR_OFF: u32 = 1 << 2;

/// Starts crystal and PLL, and puts all clocks on them.
///
/// From whatever ran before, so that an image may be started by a boot loader
/// or a debugger. Nothing here gives up: without its crystal a board has no
/// clock that a UART could use.
pub fn start() {
    // SAFETY: clocks, oscillator and PLL are used here alone.
    let (clocks, crystal, pll) =
        unsafe { (Registers::at(CLOCKS), Registers::at(XOSC), Registers::at(PLL_SYS)) };
    crystal.write(XOSC_STARTUP, XOSC_STARTUP_DELAY);
    crystal.write(XOSC_CTRL, XOSC_CTRL_ENABLE_1_15_MHZ);
    crystal.await_set(XOSC_STATUS, XOSC_STATUS_STABLE);

    // Nothing may depend on the PLL while it is set up.
    clocks.write(CLK_SYS_CTRL, CLK_SYS_FROM_REF);
    clocks.await_set(CLK_SYS_SELECTED, 1 << CLK_SYS_FROM_REF);
    clocks.write(CLK_REF_CTRL, CLK_REF_FROM_XOSC);
    clocks.await_set(CLK_REF_SELECTED, 1 << CLK_REF_FROM_XOSC);

    start_pll(pll);
    clocks.write(CLK_SYS_CTRL, CLK_SYS_FROM_PLL);
    clocks.await_set(CLK_SYS_SELECTED, 1 << CLK_SYS_FROM_PLL);
    clocks.write(CLK_PERI_CTRL, CLK_PERI_FROM_SYS);
}

/// The order is the datasheet's: first the oscillator, then the dividers.
fn start_pll(pll: Registers) {
    let resets = resets();
    resets.write(RESETS_RESET, resets.read(RESETS_RESET) | RESET_PLL_SYS);
    release(RESET_PLL_SYS);
    pll.write(PLL_CS, PLL_CS_REFERENCE_DIVIDER);
    pll.write(PLL_FBDIV, PLL_FEEDBACK);
    pll.write(PLL_PWR, PLL_PWR_MODULATOR_OFF | PLL_PWR_DIVIDERS_OFF);
    pll.await_set(PLL_CS, PLL_CS_LOCK);
    pll.write(PLL_PRIM, PLL_DIVIDER_1 << 16 | PLL_DIVIDER_2 << 12);
    pll.write(PLL_PWR, PLL_PWR_MODULATOR_OFF);
}

const _: () = assert!(SYSTEM_HZ == 125_000_000);
