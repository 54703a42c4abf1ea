//! The crystal, the PLL on it, and the clocks that are made of them.

use super::Resets;
use crate::registers::Registers;

/// The crystal of the Pico and of the Pico 2.
pub const CRYSTAL_HZ: u32 = 12_000_000;

// RP2040 Datasheet and RP2350 Datasheet: "Clocks", "Crystal Oscillator
// (XOSC)", "PLL".
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
const CLK_SYS_FROM_AUXILIARY: u32 = 1;
/// The auxiliary source is the system PLL.
const CLK_SYS_AUXILIARY_PLL: u32 = 0;
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

/// The clocks of a chip: where their registers are, what the PLL makes.
pub struct Clocks {
    /// Base of the clock generators.
    pub generators: usize,
    /// Base of the crystal oscillator.
    pub crystal: usize,
    /// Base of the system PLL.
    pub pll: usize,
    /// Its bit in the subsystem resets.
    pub reset_pll: u32,
    /// What the crystal's clock is multiplied by.
    pub feedback: u32,
    /// What that is divided by, the larger one first.
    pub dividers: [u32; 2],
}

impl Clocks {
    /// What the cores, the buses and the UART run on.
    pub const fn system_hz(&self) -> u32 {
        let [first, second] = self.dividers;
        CRYSTAL_HZ * self.feedback / (first * second)
    }

    /// Starts crystal and PLL, and puts all clocks on them.
    ///
    /// From whatever ran before, so that an image may be started by a boot
    /// loader or a debugger. Nothing here gives up: without its crystal a board
    /// has no clock that a UART could use.
    ///
    /// # Safety
    /// The addresses are right, and nothing else uses what is there.
    pub unsafe fn start(&self, resets: Resets) {
        // SAFETY: the caller vouches for them.
        let (generators, crystal, pll) = unsafe {
            (Registers::at(self.generators), Registers::at(self.crystal), Registers::at(self.pll))
        };
        crystal.write(XOSC_STARTUP, XOSC_STARTUP_DELAY);
        crystal.write(XOSC_CTRL, XOSC_CTRL_ENABLE_1_15_MHZ);
        crystal.await_set(XOSC_STATUS, XOSC_STATUS_STABLE);

        // Nothing may depend on the PLL while it is set up. Which source is the
        // auxiliary one may change only once it is not taken.
        let auxiliary = generators.read(CLK_SYS_CTRL) & !CLK_SYS_FROM_AUXILIARY;
        generators.write(CLK_SYS_CTRL, auxiliary | CLK_SYS_FROM_REF);
        generators.await_set(CLK_SYS_SELECTED, 1 << CLK_SYS_FROM_REF);
        generators.write(CLK_REF_CTRL, CLK_REF_FROM_XOSC);
        generators.await_set(CLK_REF_SELECTED, 1 << CLK_REF_FROM_XOSC);

        resets.hold(self.reset_pll);
        resets.release(self.reset_pll);
        self.start_pll(pll);
        generators.write(CLK_SYS_CTRL, CLK_SYS_AUXILIARY_PLL);
        generators.write(CLK_SYS_CTRL, CLK_SYS_AUXILIARY_PLL | CLK_SYS_FROM_AUXILIARY);
        generators.await_set(CLK_SYS_SELECTED, 1 << CLK_SYS_FROM_AUXILIARY);
        generators.write(CLK_PERI_CTRL, CLK_PERI_FROM_SYS);
    }

    /// The order is the datasheet's: first the oscillator, then the dividers.
    fn start_pll(&self, pll: Registers) {
        let [first, second] = self.dividers;
        pll.write(PLL_CS, PLL_CS_REFERENCE_DIVIDER);
        pll.write(PLL_FBDIV, self.feedback);
        pll.write(PLL_PWR, PLL_PWR_MODULATOR_OFF | PLL_PWR_DIVIDERS_OFF);
        pll.await_set(PLL_CS, PLL_CS_LOCK);
        pll.write(PLL_PRIM, first << 16 | second << 12);
        pll.write(PLL_PWR, PLL_PWR_MODULATOR_OFF);
    }
}
