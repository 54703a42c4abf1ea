//! RCC of the STM32F405/407, and the flash interface beside it: crystal, PLL,
//! wait states, and the clocks of the peripherals that a firmware of ours uses.
//!
//! Registers: RM0090, "Reset and clock control" and "Embedded Flash memory
//! interface". Oscillators start at once. The core runs at the board's clock
//! from reset on; a switch to a PLL that makes another clock is refused, and
//! one that flash is too slow for.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The clock controller's name.
pub const CLOCKS: &str = "stm32-rcc";
/// The flash interface's name.
pub const FLASH: &str = "stm32-flash";

const CR: u32 = 0x00;
const PLLCFGR: u32 = 0x04;
const CFGR: u32 = 0x08;
const AHB1ENR: u32 = 0x30;
const APB1ENR: u32 = 0x40;

/// The internal oscillator, on and ready.
const CR_RESET: u32 = 0x83;
const CR_HSE: u32 = 1 << 16;
const CR_PLL: u32 = 1 << 24;
const PLLCFGR_RESET: u32 = 0x2400_3010;
const PLLCFGR_FROM_HSE: u32 = 1 << 22;
const CFGR_PLL: u32 = 2;
/// The Discovery's crystal.
const CRYSTAL_HZ: u64 = 8_000_000;
/// One wait state more for each, at 2.7 V and above.
const FLASH_HZ: u64 = 30_000_000;

/// Bit of AHB1ENR, and the base of what it gives a clock.
const ON_AHB1: [(u32, u32); 1] = [(1, 0x4002_0000)];
/// Of APB1ENR: TIM2, USART2.
const ON_APB1: [(u32, u32); 2] = [(1, 0x4000_0000), (1 << 17, 0x4000_4400)];

/// The clock controller.
#[derive(Debug, Default)]
pub struct Clocks {
    control: u32,
    pll: u32,
    configuration: u32,
    ahb1: u32,
    apb1: u32,
}

impl Clocks {
    fn pll_hz(&self) -> u64 {
        let (m, n) = (u64::from(self.pll & 63), u64::from(self.pll >> 6 & 511));
        let p = u64::from((self.pll >> 16 & 3) * 2 + 2);
        let from_crystal = self.pll & PLLCFGR_FROM_HSE != 0 && self.control & CR_HSE != 0;
        if from_crystal { CRYSTAL_HZ * n / (m.max(1) * p) } else { 0 }
    }

    /// Puts the core and the buses on other clocks.
    fn switch(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if value & 3 == CFGR_PLL {
            let hz = self.pll_hz();
            if self.control & CR_PLL == 0 {
                return Err(Refusal::Misuse("the core is put on the PLL, which is off".into()));
            }
            if hz != bus.clock_hz {
                let clock = bus.clock_hz;
                let why = format!("the PLL is set to {hz} Hz, and the board's clock is {clock} Hz");
                return Err(Refusal::Misuse(why));
            }
            let needed = hz.div_ceil(FLASH_HZ) - 1;
            if u64::from(bus.wait_states) < needed {
                let why = format!(
                    "the core is put on {hz} Hz with {} wait states of flash: {needed} are needed",
                    bus.wait_states
                );
                return Err(Refusal::Misuse(why));
            }
        }
        self.configuration = value;
        // Timers get the clock of their bus, or twice that of a divided one.
        let divided = value >> 10 & 7;
        let shift = if divided & 4 == 0 { 0 } else { divided & 3 };
        bus.timer_hz = bus.clock_hz >> shift;
        Ok(())
    }

    fn apply(&self, bus: &mut Bus) {
        let ahb1 = ON_AHB1.iter().map(|&(bit, base)| (self.ahb1 & bit, base));
        let apb1 = ON_APB1.iter().map(|&(bit, base)| (self.apb1 & bit, base));
        let off = ahb1.chain(apb1).filter(|&(on, _)| on == 0);
        bus.unclocked = off.map(|(_, base)| base).collect();
    }
}

impl Peripheral for Clocks {
    fn name(&self) -> &'static str {
        CLOCKS
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            // What is on is ready, a bit above.
            CR => Ok(self.control | (self.control & (CR_HSE | CR_PLL)) << 1),
            PLLCFGR => Ok(self.pll),
            CFGR => Ok(self.configuration | (self.configuration & 3) << 2),
            AHB1ENR => Ok(self.ahb1),
            APB1ENR => Ok(self.apb1),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CR => self.control = value & (CR_RESET | CR_HSE | CR_PLL),
            PLLCFGR if self.control & CR_PLL != 0 => {
                return Err(Refusal::Misuse("PLLCFGR written while the PLL is on".into()));
            }
            PLLCFGR => self.pll = value,
            CFGR => return self.switch(value & !(3 << 2), bus),
            AHB1ENR => self.ahb1 = value,
            APB1ENR => self.apb1 = value,
            _ => return Err(Refusal::Unmodelled),
        }
        self.apply(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Clocks { control: CR_RESET, pll: PLLCFGR_RESET, ..Clocks::default() };
        bus.timer_hz = bus.clock_hz;
        self.apply(bus);
    }
}

const ACR: u32 = 0x00;
const ACR_LATENCY: u32 = 7;

/// The flash interface.
#[derive(Debug, Default)]
pub struct Flash {
    access: u32,
}

impl Peripheral for Flash {
    fn name(&self) -> &'static str {
        FLASH
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if offset == ACR { Ok(self.access) } else { Err(Refusal::Unmodelled) }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if offset != ACR {
            return Err(Refusal::Unmodelled);
        }
        self.access = value;
        bus.wait_states = value & ACR_LATENCY;
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.access = 0;
        bus.wait_states = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLL_168_MHZ: u32 = 7 << 24 | PLLCFGR_FROM_HSE | 336 << 6 | 8;
    const BUSES: u32 = 0b101 << 10 | 0b100 << 13;

    fn reset() -> (Clocks, Flash, Bus) {
        let mut bus = Bus { clock_hz: 168_000_000, ..Bus::default() };
        let (mut clocks, mut flash) = (Clocks::default(), Flash::default());
        clocks.reset(&mut bus);
        flash.reset(&mut bus);
        (clocks, flash, bus)
    }

    #[test]
    fn the_way_to_168_mhz() {
        let (mut clocks, mut flash, mut bus) = reset();
        clocks.write(CR, CR_RESET | CR_HSE, &mut bus).unwrap();
        assert_eq!(clocks.read(CR, &mut bus).unwrap() & 3 << 16, 3 << 16);
        clocks.write(PLLCFGR, PLL_168_MHZ, &mut bus).unwrap();
        clocks.write(CR, CR_RESET | CR_HSE | CR_PLL, &mut bus).unwrap();
        assert_eq!(clocks.read(CR, &mut bus).unwrap() >> 24 & 3, 3);
        flash.write(ACR, 0x705, &mut bus).unwrap();
        clocks.write(CFGR, BUSES | CFGR_PLL, &mut bus).unwrap();
        assert_eq!(clocks.read(CFGR, &mut bus).unwrap() & 15, CFGR_PLL << 2 | CFGR_PLL);
        assert_eq!(bus.timer_hz, 84_000_000);
    }

    #[test]
    fn what_would_fail_on_the_chip_is_refused() {
        let pll_on = CR_RESET | CR_HSE | CR_PLL;
        for (control, pll, wait_states, why) in [
            (CR_RESET | CR_HSE, PLL_168_MHZ, 5, "off"),
            (pll_on, PLL_168_MHZ, 4, "5 are needed"),
            (pll_on, PLL_168_MHZ - (1 << 6), 5, "167500000 Hz"),
            (pll_on, PLL_168_MHZ & !PLLCFGR_FROM_HSE, 5, "set to 0 Hz"),
        ] {
            let (mut clocks, mut flash, mut bus) = reset();
            clocks.write(PLLCFGR, pll, &mut bus).unwrap();
            clocks.write(CR, control, &mut bus).unwrap();
            flash.write(ACR, wait_states, &mut bus).unwrap();
            let refusal = clocks.write(CFGR, CFGR_PLL, &mut bus).unwrap_err();
            assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains(why)), "{why}");
        }
    }

    #[test]
    fn peripherals_have_no_clock_before_they_get_one() {
        let (mut clocks, _, mut bus) = reset();
        assert_eq!(bus.unclocked, [0x4002_0000, 0x4000_0000, 0x4000_4400]);
        clocks.write(AHB1ENR, 1, &mut bus).unwrap();
        clocks.write(APB1ENR, 1 << 17, &mut bus).unwrap();
        assert_eq!(bus.unclocked, [0x4000_0000]);
        assert!(clocks.read(0x44, &mut bus).is_err()); // APB2ENR
    }
}
