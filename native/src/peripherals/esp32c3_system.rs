//! What else start-up of the ESP32-C3 touches: clocks and resets, the low-power
//! system; and the pads, which the ESP32-C6 has alike.
//!
//! Registers: ESP32-C3 Technical Reference Manual, "System Registers", "Reset
//! and Clock", "Low-power Management", "IO MUX and GPIO Matrix". The core runs
//! at its board's clock from reset on, whatever is set here.

use super::esp_watchdogs::{KEY, RUNS_LOW_POWER, RUNS_SUPER, closed, low_power_runs, runs};
use super::{Peripheral, Refusal, index};
use crate::bus::Bus;

/// The model's name: system registers.
pub const SYSTEM: &str = "esp32c3-system";
/// The model's name: the low-power system.
pub const LOW_POWER: &str = "esp32c3-rtc-cntl";
/// The model's name: the pads.
pub const PADS: &str = "esp-io-mux";

const CPU_PER_CONF: u32 = 0x08;
const PERIP_CLK_EN0: u32 = 0x10;
const PERIP_RST_EN0: u32 = 0x18;
const SYSCLK_CONF: u32 = 0x58;
/// 160 MHz of a PLL of 480 MHz.
const CPU_PERIOD: u32 = 0b111;
const CPU_160_MHZ: u32 = 0b101;
const SOURCE: u32 = 3 << 10;
const SOURCE_PLL: u32 = 1 << 10;
const DIVIDER: u32 = 0x3ff;
/// The modelled peripherals: their bit and base.
const LINES: [(u32, u32); 4] =
    [(1 << 2, 0x6000_0000), (1 << 13, 0x6001_f000), (1 << 15, 0x6002_0000), (1 << 29, 0x6002_3000)];
/// The memory of the UARTs' FIFOs.
const UART_MEMORY: u32 = 1 << 24;
const UART0: u32 = 0x6000_0000;

/// The system registers.
#[derive(Debug)]
pub struct System {
    clocks: u32,
    held: u32,
    cpu: u32,
    source: u32,
}

impl Default for System {
    fn default() -> System {
        System { clocks: 0xf9c1_e06f, held: 0, cpu: 0xc, source: 1 }
    }
}

impl System {
    fn apply(&self, bus: &mut Bus) {
        let bases = |bits: u32| {
            let lines = LINES.iter().filter(move |(bit, _)| bits & bit != 0);
            lines.map(|(_, base)| *base)
        };
        bus.held_in_reset = bases(self.held).collect();
        bus.unclocked = bases(!self.clocks).collect();
        if self.held & UART_MEMORY != 0 {
            bus.held_in_reset.push(UART0);
        }
        if self.clocks & UART_MEMORY == 0 {
            bus.unclocked.push(UART0);
        }
    }
}

impl Peripheral for System {
    fn name(&self) -> &'static str {
        SYSTEM
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CPU_PER_CONF => Ok(self.cpu),
            PERIP_CLK_EN0 => Ok(self.clocks),
            PERIP_RST_EN0 => Ok(self.held),
            SYSCLK_CONF => Ok(self.source),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CPU_PER_CONF => self.cpu = value,
            PERIP_CLK_EN0 => self.clocks = value,
            PERIP_RST_EN0 => self.held = value,
            SYSCLK_CONF if value & SOURCE != SOURCE_PLL || value & DIVIDER != 0 => {
                let why = format!("SYSCLK_CONF is {value:#x}: not the PLL, undivided");
                return Err(Refusal::Misuse(why));
            }
            SYSCLK_CONF if self.cpu & CPU_PERIOD != CPU_160_MHZ => {
                let why = format!("the PLL with CPU_PER_CONF {:#x}: not 160 MHz", self.cpu);
                return Err(Refusal::Misuse(why));
            }
            SYSCLK_CONF if !bus.crystal => {
                return Err(Refusal::Misuse("SYSCLK_CONF from the PLL, which is off".into()));
            }
            SYSCLK_CONF => {
                self.source = value;
                bus.pll = true;
            }
            _ => return Err(Refusal::Unmodelled),
        }
        self.apply(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = System::default();
        self.apply(bus);
        bus.pll = false;
    }
}

const OPTIONS0: u32 = 0x00;
const OPTIONS0_RESET: u32 = 1 << 31;
const OPTIONS0_PLL_OFF: u32 = 1 << 10 | 1 << 8 | 1 << 6;
const CONFIG0: u32 = 0x90;
const WPROTECT: u32 = 0xa8;
const SWD_CONF: u32 = 0xac;
const SWD_WPROTECT: u32 = 0xb0;
const SWD_KEY: u32 = 0x8f1d_312a;
const SWD_OFF: u32 = 1 << 31 | 1 << 30;

/// The low-power system: its resets, whether the PLL has power, and two of the
/// watchdogs.
#[derive(Debug)]
pub struct LowPower {
    options: u32,
    config: u32,
    super_config: u32,
    open: bool,
    super_open: bool,
}

impl Default for LowPower {
    fn default() -> LowPower {
        LowPower {
            options: 0x1c00_a000,
            config: 0x0001_3214,
            super_config: 0x04b0_0000,
            open: false,
            super_open: false,
        }
    }
}

impl Peripheral for LowPower {
    fn name(&self) -> &'static str {
        LOW_POWER
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            OPTIONS0 => Ok(self.options),
            CONFIG0 => Ok(self.config),
            SWD_CONF => Ok(self.super_config),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            OPTIONS0 => {
                self.options = value & !OPTIONS0_RESET;
                // `crystal` stands for what the PLL is made of.
                bus.crystal = value & OPTIONS0_PLL_OFF == 0;
                bus.reset_requested |= value & OPTIONS0_RESET != 0;
            }
            WPROTECT => self.open = value == KEY,
            SWD_WPROTECT => self.super_open = value == SWD_KEY,
            CONFIG0 if self.open => {
                self.config = value;
                runs(bus, RUNS_LOW_POWER, low_power_runs(value));
            }
            SWD_CONF if self.super_open => {
                self.super_config = value;
                runs(bus, RUNS_SUPER, value & SWD_OFF == 0);
            }
            CONFIG0 => return Err(closed("WDTCONFIG0")),
            SWD_CONF => return Err(closed("SWD_CONF")),
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = LowPower::default();
        bus.crystal = true;
        runs(bus, RUNS_LOW_POWER | RUNS_SUPER, true);
    }
}

const PINS: u32 = 31;
const PAD_FUNCTION: u32 = 7 << 12;

/// The pads: which function they have. What else is written is kept.
#[derive(Debug, Default)]
pub struct Pads {
    pads: [u32; PINS as usize],
}

impl Peripheral for Pads {
    fn name(&self) -> &'static str {
        PADS
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        let pad = index(offset, 4, PINS).and_then(|pin| self.pads.get(pin));
        pad.copied().ok_or(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        let Some(pad) = index(offset, 4, PINS).and_then(|pin| self.pads.get_mut(pin)) else {
            return Err(Refusal::Unmodelled);
        };
        if value & PAD_FUNCTION != 0 {
            let why =
                format!("a pad's function is {}: only the first, 0, is modelled", value >> 12 & 7);
            return Err(Refusal::Misuse(why));
        }
        *pad = value;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Pads::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out_of_reset() -> (System, LowPower, Bus) {
        let (mut system, mut low_power, mut bus) =
            (System::default(), LowPower::default(), Bus::default());
        system.reset(&mut bus);
        low_power.reset(&mut bus);
        (system, low_power, bus)
    }

    #[test]
    fn only_160_mhz_of_a_pll_that_is_on_will_do() {
        let (mut system, mut low_power, mut bus) = out_of_reset();
        assert!(system.write(SYSCLK_CONF, SOURCE_PLL, &mut bus).is_err()); // 80 MHz
        system.write(CPU_PER_CONF, CPU_160_MHZ, &mut bus).unwrap();
        assert!(system.write(SYSCLK_CONF, SOURCE_PLL | 1, &mut bus).is_err()); // halved
        assert!(system.write(SYSCLK_CONF, 0, &mut bus).is_err()); // the crystal
        low_power.write(OPTIONS0, 1 << 10, &mut bus).unwrap();
        assert!(system.write(SYSCLK_CONF, SOURCE_PLL, &mut bus).is_err()); // off
        assert!(!bus.pll);
        low_power.write(OPTIONS0, 0, &mut bus).unwrap();
        system.write(SYSCLK_CONF, SOURCE_PLL, &mut bus).unwrap();
        assert!(bus.pll);
    }

    #[test]
    fn clocks_and_resets_reach_their_peripherals() {
        let (mut system, _, mut bus) = out_of_reset();
        assert!(bus.unclocked.is_empty() && bus.held_in_reset.is_empty());
        system.write(PERIP_CLK_EN0, !UART_MEMORY & !(1 << 29), &mut bus).unwrap();
        assert_eq!(bus.unclocked, [0x6002_3000, UART0]);
        system.write(PERIP_RST_EN0, 1 << 13, &mut bus).unwrap();
        assert_eq!(bus.held_in_reset, [0x6001_f000]);
    }

    #[test]
    fn each_watchdog_has_its_key() {
        let (_, mut low_power, mut bus) = out_of_reset();
        assert!(low_power.write(CONFIG0, 0, &mut bus).is_err());
        low_power.write(WPROTECT, KEY, &mut bus).unwrap();
        low_power.write(CONFIG0, 0, &mut bus).unwrap();
        low_power.write(SWD_WPROTECT, KEY, &mut bus).unwrap();
        assert!(low_power.write(SWD_CONF, SWD_OFF, &mut bus).is_err());
        low_power.write(SWD_WPROTECT, SWD_KEY, &mut bus).unwrap();
        low_power.write(SWD_CONF, SWD_OFF, &mut bus).unwrap();
        assert_eq!(bus.watchdogs, 0);
    }

    #[test]
    fn a_bit_resets() {
        let (_, mut low_power, mut bus) = out_of_reset();
        low_power.write(OPTIONS0, OPTIONS0_RESET, &mut bus).unwrap();
        assert!(bus.reset_requested);
    }

    #[test]
    fn pads_have_their_first_function() {
        let (mut pads, mut bus) = (Pads::default(), Bus::default());
        pads.write(4 + 4 * 21, 2 << 10, &mut bus).unwrap();
        assert_eq!(pads.read(4 + 4 * 21, &mut bus).unwrap(), 2 << 10);
        assert!(pads.write(4 + 4 * 21, 1 << 12, &mut bus).is_err());
        assert!(pads.write(0, 0, &mut bus).is_err()); // PIN_CTRL
    }
}
