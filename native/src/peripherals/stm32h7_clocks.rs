//! RCC of the STM32H745 and what goes with it: the power controller, the bit of
//! the system configuration controller that raises the core voltage further, and
//! the flash interface.
//!
//! Registers: RM0399, "Reset and clock control", "Power control", "System
//! configuration controller", "Embedded flash memory". Oscillators start and
//! voltages rise at once. The core runs at the board's clock from reset on; a
//! switch to a PLL that makes another clock is refused, and one that the core
//! voltage or flash is too low or too slow for. Out of reset the Cortex-M4 starts
//! too, where the option bytes say as they come from the factory.

use super::{Peripheral, Refusal, Signal};
use crate::bus::{Bus, Command, Start};

/// The clock controller's name.
pub const CLOCKS: &str = "stm32h7-rcc";
/// The power controller's name.
pub const POWER: &str = "stm32h7-pwr";
/// The system configuration controller's name.
pub const SYSTEM: &str = "stm32h7-syscfg";
/// The flash interface's name.
pub const FLASH: &str = "stm32h7-flash";

const CR: u32 = 0x00;
const CFGR: u32 = 0x10;
const D1CFGR: u32 = 0x18;
const PLLCKSELR: u32 = 0x28;
const PLLCFGR: u32 = 0x2c;
const PLL1DIVR: u32 = 0x30;
const AHB3ENR: u32 = 0xd4;
const AHB4ENR: u32 = 0xe0;
const APB1LENR: u32 = 0xe8;
const APB4ENR: u32 = 0xf4;

/// The internal oscillator, on and ready.
const CR_RESET: u32 = 0x25;
const CR_HSE: u32 = 1 << 16;
const CR_BYPASS: u32 = 1 << 18;
const CR_PLL: u32 = 1 << 24;
const CFGR_PLL: u32 = 3;
const FROM_HSE: u32 = 2;
/// Of PLLCFGR: whether the output that the core takes is on.
const OUTPUT_P: u32 = 1 << 16;
/// The lowest input of each range that PLLCFGR can be set to, in Hz.
const INPUT_RANGES: [u64; 4] = [1_000_000, 2_000_000, 4_000_000, 8_000_000];
/// What the Nucleo's debugger gives.
const INPUT_HZ: u64 = 8_000_000;
/// The core's highest clock by scale of the core voltage, and that of the buses.
const SCALES: [u64; 4] = [480_000_000, 400_000_000, 300_000_000, 200_000_000];

/// Register, bit, and the base of what it gives a clock.
const GATES: [(u32, u32, u32); 5] = [
    (AHB4ENR, 1 << 3, 0x5802_0c00),   // GPIOD
    (AHB4ENR, 1 << 25, 0x5802_6400),  // HSEM
    (APB1LENR, 1, 0x4000_0000),       // TIM2
    (APB1LENR, 1 << 18, 0x4000_4800), // USART3
    (APB4ENR, 1 << 1, 0x5800_0400),   // SYSCFG
];

/// The clock controller.
#[derive(Debug, Default)]
pub struct Clocks {
    control: u32,
    source: u32,
    /// D1CFGR, D2CFGR, D3CFGR.
    domains: [u32; 3],
    pll_source: u32,
    pll: u32,
    dividers: u32,
    /// AHB3ENR, AHB4ENR, APB1LENR, APB4ENR, as each core has them.
    enabled: [[u32; 4]; CORES],
}

const CORES: usize = 2;
/// The vector table of the Cortex-M4.
const SECOND: u32 = 0x0810_0000;

/// Where `enabled` has a register.
fn gate(offset: u32) -> Option<usize> {
    [AHB3ENR, AHB4ENR, APB1LENR, APB4ENR].iter().position(|&register| register == offset)
}

/// The divisor that a field of four bits with an upper bit "divided" stands for.
fn hpre(field: u32) -> u64 {
    match field & 15 {
        8..=11 => 2 << (field & 3),
        12..=15 => 64 << (field & 3),
        _ => 1,
    }
}

impl Clocks {
    /// What the PLL makes, or why it makes nothing of use.
    fn pll_hz(&self) -> Result<u64, String> {
        let divisor = u64::from(self.pll_source >> 4 & 63);
        if self.control & CR_PLL == 0 {
            return Err("the core is put on the PLL, which is off".into());
        }
        if self.pll_source & 3 != FROM_HSE || self.control & CR_HSE == 0 || divisor == 0 {
            return Err("the PLL has no input: only the external clock is modelled".into());
        }
        if self.control & CR_BYPASS == 0 {
            return Err("the external clock is taken for a crystal: HSEBYP is 0".into());
        }
        let input = INPUT_HZ / divisor;
        let range = (self.pll >> 2 & 3) as usize;
        let (least, most) = (INPUT_RANGES.get(range), INPUT_RANGES.get(range + 1));
        if least.is_none_or(|&least| input < least) || most.is_some_and(|&most| input > most) {
            return Err(format!("PLL1RGE is {range}, and the PLL's input is {input} Hz"));
        }
        if self.pll & OUTPUT_P == 0 || self.pll & 1 != 0 {
            return Err("the PLL's output P must be on, and its fraction off".into());
        }
        let (n, p) = (u64::from(self.dividers & 511) + 1, u64::from(self.dividers >> 9 & 127) + 1);
        Ok(input * n / p)
    }

    /// Puts the core on another clock.
    fn switch(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if value & 7 == CFGR_PLL {
            let hz = self.pll_hz().map_err(Refusal::Misuse)?;
            if hz != bus.clock_hz {
                let clock = bus.clock_hz;
                let why = format!("the PLL is set to {hz} Hz, and the board's clock is {clock} Hz");
                return Err(Refusal::Misuse(why));
            }
            let most = SCALES.get(bus.voltage.scale as usize).copied().unwrap_or(0);
            let buses = hz / self.bus_divisor();
            if hz > most || 2 * buses > most {
                let scale = bus.voltage.scale;
                let why = format!(
                    "{hz} Hz for the core and {buses} Hz for the buses at voltage scale {scale}: \
                     {most} and half of that are the most"
                );
                return Err(Refusal::Misuse(why));
            }
            let needed = wait_states(buses);
            if bus.wait_states < needed {
                let why = format!(
                    "the buses are put on {buses} Hz with {} wait states of flash: {needed} are needed",
                    bus.wait_states
                );
                return Err(Refusal::Misuse(why));
            }
        }
        self.source = value;
        self.divide(bus);
        Ok(())
    }

    fn bus_divisor(&self) -> u64 {
        let [first, ..] = self.domains;
        hpre(first)
    }

    /// Timers get the clock of their bus, or twice that of a divided one.
    fn divide(&self, bus: &mut Bus) {
        let [_, second, _] = self.domains;
        let divided = second >> 4 & 7;
        let shift = if divided & 4 == 0 { 0 } else { divided & 3 };
        bus.timer_hz = (bus.clock_hz / self.bus_divisor()) >> shift;
    }

    fn apply(&self, bus: &mut Bus) {
        let is_off = |&&(register, bit, _): &&(u32, u32, u32)| {
            let of = |core: &[u32; 4]| gate(register).and_then(|index| core.get(index).copied());
            !self.enabled.iter().filter_map(of).any(|enabled| enabled & bit != 0)
        };
        bus.unclocked = GATES.iter().filter(is_off).map(|&(_, _, base)| base).collect();
    }

    fn enabled(&mut self, offset: u32, bus: &Bus) -> Option<&mut u32> {
        self.enabled.get_mut(bus.core)?.get_mut(gate(offset)?)
    }

    fn domain(&mut self, offset: u32) -> Option<&mut u32> {
        super::index(offset, D1CFGR, 3).and_then(|index| self.domains.get_mut(index))
    }
}

/// At the highest voltage: RM0399, table of recommended wait states.
fn wait_states(bus_hz: u64) -> u32 {
    match bus_hz {
        225_000_001.. => 4,
        210_000_001.. => 3,
        140_000_001.. => 2,
        70_000_001.. => 1,
        _ => 0,
    }
}

impl Peripheral for Clocks {
    fn name(&self) -> &'static str {
        CLOCKS
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        if let Some(domain) = self.domain(offset) {
            return Ok(*domain);
        }
        if let Some(enabled) = self.enabled(offset, bus) {
            return Ok(*enabled);
        }
        match offset {
            // What is on is ready, a bit above.
            CR => Ok(self.control | (self.control & (CR_HSE | CR_PLL)) << 1),
            CFGR => Ok(self.source | (self.source & 7) << 3),
            PLLCKSELR => Ok(self.pll_source),
            PLLCFGR => Ok(self.pll),
            PLL1DIVR => Ok(self.dividers),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let pll_is_on = self.control & CR_PLL != 0;
        if let Some(domain) = self.domain(offset) {
            *domain = value;
            self.divide(bus);
            return Ok(());
        }
        if let Some(enabled) = self.enabled(offset, bus) {
            *enabled = value;
            self.apply(bus);
            return Ok(());
        }
        match offset {
            CR => self.control = value & (CR_RESET | CR_HSE | CR_BYPASS | CR_PLL),
            CFGR => return self.switch(value & !(7 << 3), bus),
            PLLCKSELR | PLLCFGR | PLL1DIVR if pll_is_on => {
                return Err(Refusal::Misuse("the PLL is changed while it is on".into()));
            }
            PLLCKSELR => self.pll_source = value,
            PLLCFGR => self.pll = value,
            PLL1DIVR => self.dividers = value,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn signal(&mut self, signal: Signal, bus: &mut Bus) {
        let words = (bus.memories.word(SECOND), bus.memories.word(SECOND + 4));
        if let (Signal::Released(1), (Some(stack), Some(entry))) = (signal, words)
            // Nothing is there: the core would lock up.
            && !matches!(entry, 0 | u32::MAX)
        {
            bus.command(Command::Start(1, Start { vectors: SECOND, stack, entry }));
        }
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Clocks {
            control: CR_RESET,
            pll_source: 0x0202_0200,
            pll: 0x01ff_0000,
            dividers: 0x0101_0280,
            ..Clocks::default()
        };
        bus.timer_hz = bus.clock_hz;
        self.apply(bus);
    }
}

const CSR1: u32 = 0x04;
const CSR1_READY: u32 = 1 << 13;
const CR3: u32 = 0x0c;
const CR3_SUPPLY: u32 = 7;
const CR3_RESET: u32 = 6;
const CR3_LDO: u32 = 2;
const CR3_SMPS: u32 = 4;
const D3CR: u32 = 0x18;
const D3CR_READY: u32 = 1 << 13;
/// Scale 3.
const D3CR_RESET: u32 = 1 << 14;

/// The power controller. It knows the supplies that are one regulator alone.
#[derive(Debug, Default)]
pub struct Power {
    /// Once chosen it stays until power-on.
    supply: Option<u32>,
    domain: u32,
}

impl Power {
    fn apply(&self, bus: &mut Bus) {
        // Of the field, 1 is scale 3 and 3 is scale 1.
        bus.voltage.scale = 4 - (self.domain >> 14 & 3).max(1);
        bus.voltage.by_converter = self.supply == Some(CR3_SMPS);
    }
}

impl Peripheral for Power {
    fn name(&self) -> &'static str {
        POWER
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CSR1 => Ok(CSR1_READY | self.domain & 3 << 14),
            CR3 => Ok(self.supply.unwrap_or(CR3_RESET)),
            D3CR => Ok(self.domain | D3CR_READY),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match (offset, value & CR3_SUPPLY) {
            (CR3, CR3_LDO | CR3_SMPS) => {
                self.supply = self.supply.or(Some(value & CR3_SUPPLY));
            }
            (CR3, _) => {
                let why = format!("{value:#x} in CR3: only one regulator alone is modelled");
                return Err(Refusal::Misuse(why));
            }
            (D3CR, _) if self.supply.is_none() => {
                return Err(Refusal::Misuse("the voltage is changed before its supply".into()));
            }
            (D3CR, _) => self.domain = value & 3 << 14,
            _ => return Err(Refusal::Unmodelled),
        }
        self.apply(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.domain = D3CR_RESET;
        self.apply(bus);
    }
}

const PWRCR: u32 = 0x2c;
const OVERDRIVE: u32 = 1;

/// The system configuration controller.
#[derive(Debug, Default)]
pub struct System {
    overdrive: u32,
}

impl Peripheral for System {
    fn name(&self) -> &'static str {
        SYSTEM
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if offset == PWRCR { Ok(self.overdrive) } else { Err(Refusal::Unmodelled) }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if offset != PWRCR {
            return Err(Refusal::Unmodelled);
        }
        if value & OVERDRIVE != 0 && bus.voltage.by_converter {
            // Vcore was measured at 1.51 V then; the absolute maximum is 1.40 V.
            let why = "ODEN is set while the step-down converter makes the core voltage: \
                       that is beyond the chip's absolute maximum";
            return Err(Refusal::Misuse(why.into()));
        }
        if value & OVERDRIVE != 0 && bus.voltage.scale > 1 {
            return Err(Refusal::Misuse("ODEN is set at a voltage scale below 1".into()));
        }
        self.overdrive = value & OVERDRIVE;
        bus.voltage.scale = 1 - self.overdrive;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        self.overdrive = 0;
    }
}

const ACR: u32 = 0x00;
const ACR_LATENCY: u32 = 15;

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
        // Seven wait states, for any clock.
        self.access = 0x37;
        bus.wait_states = 7;
    }
}

#[cfg(test)]
mod tests;
