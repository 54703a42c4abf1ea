//! What else start-up of the ESP32-C6 touches: clocks and resets, power, the
//! analog part with its PLL, and the reset on demand.
//!
//! Registers: ESP32-C6 Technical Reference Manual, "Reset and Clock",
//! "Low-Power Management"; of the analog part and the modem's clocks the headers
//! of ESP-IDF. The core runs at its board's clock from reset on, whatever is set
//! here.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name: clocks and resets.
pub const CLOCKS: &str = "esp32c6-pcr";
/// The model's name: power.
pub const POWER: &str = "esp32c6-pmu";
/// The model's name: what is always on.
pub const ALWAYS_ON: &str = "esp32c6-lp-aon";
/// The model's name: the modem's clocks.
pub const MODEM: &str = "esp32c6-modem-lpcon";
/// The model's name: the bus of the analog part.
pub const ANALOG: &str = "esp32c6-i2c-ana-mst";

const UART0_CONF: u32 = 0x00;
const UART0_SCLK_CONF: u32 = 0x04;
const MSPI_CLK_CONF: u32 = 0x1c;
const TIMERGROUP0_CONF: u32 = 0x3c;
const TIMERGROUP1_CONF: u32 = 0x48;
const SYSTIMER_CONF: u32 = 0x54;
const SYSTIMER_FUNC_CLK_CONF: u32 = 0x58;
const SYSCLK_CONF: u32 = 0x110;
const CPU_FREQ_CONF: u32 = 0x118;
const AHB_FREQ_CONF: u32 = 0x11c;

/// Registers that switch a peripheral: where, and the peripheral's base.
const SWITCHES: [(u32, u32); 4] = [
    (UART0_CONF, 0x6000_0000),
    (TIMERGROUP0_CONF, 0x6000_8000),
    (TIMERGROUP1_CONF, 0x6000_9000),
    (SYSTIMER_CONF, 0x6000_a000),
];
const ON: u32 = 1;
const HELD: u32 = 2;
/// Registers with one value that the boards' figures go with.
const SETTINGS: [(u32, u32, &str); 4] = [
    (UART0_SCLK_CONF, 0x0070_0000, "UART0's clock is not the crystal, undivided"),
    (SYSTIMER_FUNC_CLK_CONF, 0x0040_0000, "SYSTIMER's clock is not the crystal"),
    (AHB_FREQ_CONF, 0x0300, "the buses' clock is not 40 MHz of the PLL"),
    (CPU_FREQ_CONF, 0, "the core's clock is not 160 MHz of the PLL"),
];
const MSPI_HIGH: u32 = 0xff << 8;
const MSPI_80_MHZ: u32 = 5 << 8;
const SOURCE: u32 = 3 << 16;
const SOURCE_PLL: u32 = 1 << 16;

/// Clocks and resets.
#[derive(Debug)]
pub struct Clocks {
    switches: [u32; SWITCHES.len()],
    flash: u32,
    source: u32,
}

impl Default for Clocks {
    fn default() -> Clocks {
        Clocks { switches: [ON; SWITCHES.len()], flash: 0x300, source: 0x2800_0200 }
    }
}

/// Puts a peripheral's base into a list, or takes it out.
fn mark(bases: &mut Vec<u32>, base: u32, on: bool) {
    bases.retain(|&other| other != base);
    if on {
        bases.push(base);
    }
}

impl Clocks {
    fn switch(&mut self, offset: u32) -> Option<&mut u32> {
        let at = SWITCHES.iter().position(|(register, _)| *register == offset)?;
        self.switches.get_mut(at)
    }

    fn apply(&self, bus: &mut Bus) {
        for ((_, base), value) in SWITCHES.iter().zip(&self.switches) {
            mark(&mut bus.unclocked, *base, value & ON == 0);
            mark(&mut bus.held_in_reset, *base, value & HELD != 0);
        }
    }
}

impl Peripheral for Clocks {
    fn name(&self) -> &'static str {
        CLOCKS
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if let Some(switch) = self.switch(offset) {
            return Ok(*switch);
        }
        match offset {
            MSPI_CLK_CONF => Ok(self.flash),
            SYSCLK_CONF => Ok(self.source),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if let Some(switch) = self.switch(offset) {
            *switch = value;
            self.apply(bus);
            return Ok(());
        }
        if let Some((_, wanted, why)) = SETTINGS.iter().find(|(register, _, _)| *register == offset)
        {
            let right = value == *wanted;
            return if right { Ok(()) } else { Err(Refusal::Misuse(format!("{why}: {value:#x}"))) };
        }
        match offset {
            MSPI_CLK_CONF => self.flash = value,
            SYSCLK_CONF if value & SOURCE != SOURCE_PLL => {
                let why = format!("SYSCLK_CONF is {value:#x}: not the PLL");
                return Err(Refusal::Misuse(why));
            }
            SYSCLK_CONF if !bus.crystal => {
                return Err(Refusal::Misuse(
                    "SYSCLK_CONF from a PLL that is not calibrated".into(),
                ));
            }
            SYSCLK_CONF if self.flash & MSPI_HIGH != MSPI_80_MHZ => {
                let why = "the PLL while flash would run at more than 80 MHz of it";
                return Err(Refusal::Misuse(why.into()));
            }
            SYSCLK_CONF => {
                self.source = value;
                bus.pll = true;
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Clocks::default();
        self.apply(bus);
        bus.pll = false;
    }
}

const IMM_HP_CK_POWER: u32 = 0xcc;
/// The PLL and its two parts, and its output.
const POWER_PLL: u32 = 1 << 30 | 1 << 29 | 1 << 28 | 1 << 25;

/// Power: that of the PLL.
#[derive(Debug, Default)]
pub struct Power;

impl Peripheral for Power {
    fn name(&self) -> &'static str {
        POWER
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, _offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        Err(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            IMM_HP_CK_POWER if value & !POWER_PLL != 0 => {
                let why = format!("{value:#x}: only the PLL's bits that switch it on are modelled");
                return Err(Refusal::Misuse(why));
            }
            IMM_HP_CK_POWER => bus.powered |= value,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        bus.powered = 0;
    }
}

const SYS_CFG: u32 = 0x34;
const SYS_CFG_RESET: u32 = 1 << 31;

/// What is always on: the reset on demand.
#[derive(Debug, Default)]
pub struct AlwaysOn;

impl Peripheral for AlwaysOn {
    fn name(&self) -> &'static str {
        ALWAYS_ON
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, _offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        Err(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if (offset, value) != (SYS_CFG, SYS_CFG_RESET) {
            return Err(Refusal::Unmodelled);
        }
        bus.reset_requested = true;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {}
}

const I2C_MST_CLK_CONF: u32 = 0x10;
const CLK_CONF: u32 = 0x18;
const CLK_I2C_MST: u32 = 1 << 2;

/// The modem's clocks: that of the analog part's bus.
#[derive(Debug, Default)]
pub struct Modem {
    clocks: u32,
}

impl Peripheral for Modem {
    fn name(&self) -> &'static str {
        MODEM
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if offset == CLK_CONF { Ok(self.clocks) } else { Err(Refusal::Unmodelled) }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match (offset, value) {
            (CLK_CONF, _) => {
                self.clocks = value;
                mark(&mut bus.unclocked, ANALOG_BASE, value & CLK_I2C_MST == 0);
            }
            (I2C_MST_CLK_CONF, 1) => {}
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.clocks = 0;
        mark(&mut bus.unclocked, ANALOG_BASE, true);
    }
}

const ANALOG_BASE: u32 = 0x600a_f800;
const I2C1_CTRL: u32 = 0x04;
const WRITE: u32 = 1 << 24;
const ANA_CONF0: u32 = 0x18;
const ANA_CONF0_STOP_HIGH: u32 = 1 << 2;
const ANA_CONF0_STOP_LOW: u32 = 1 << 3;
const ANA_CONF0_DONE: u32 = 1 << 24;
const ANA_CONF1: u32 = 0x1c;
const ANA_CONF1_PLL: u32 = 0x00ff_ff7f;
const ANA_CONF2: u32 = 0x20;
const PLL: u32 = 0x66;
/// Registers of the PLL.
const REGISTERS: usize = 11;
/// Out of reset, for what is read before it is written; what of them decides
/// about the frequency, and its value at 480 MHz.
const EN_USB: u8 = 1 << 7;
const AT_480_MHZ: [(usize, u8, u8); 5] =
    [(2, 0x7f, 0x50), (3, 0xff, 8), (5, 0x77, 0), (6, 0xf7, 0x73), (9, 0x03, 2)];

/// The analog part's bus, at it the PLL; it is not led to the first master.
#[derive(Debug)]
pub struct Analog {
    control: u32,
    selected: u32,
    result: u32,
    pll: [u8; REGISTERS],
}

impl Default for Analog {
    fn default() -> Analog {
        let mut pll = [0; REGISTERS];
        pll[5] = EN_USB;
        Analog { control: ANA_CONF0_STOP_HIGH, selected: 0, result: 0, pll }
    }
}

impl Analog {
    fn transfer(&mut self, command: u32, bus: &Bus) -> Result<(), Refusal> {
        let register = (command >> 8 & 0xff) as usize;
        if self.selected != ANA_CONF1_PLL || command & 0xff != PLL {
            return Err(Refusal::Misuse("of the analog part only the PLL is modelled".into()));
        }
        if bus.powered != POWER_PLL {
            return Err(Refusal::Misuse("the PLL addressed while it has no power".into()));
        }
        let Some(register) = self.pll.get_mut(register) else {
            return Err(Refusal::Misuse(format!("the PLL has no register {register}")));
        };
        if command & WRITE != 0 {
            *register = (command >> 16) as u8;
        }
        self.result = command & 0xffff | u32::from(*register) << 16;
        Ok(())
    }

    fn is_calibrated(&self) -> bool {
        let right = |(register, mask, value): &(usize, u8, u8)| {
            self.pll.get(*register).is_some_and(|found| found & mask == *value)
        };
        self.control & ANA_CONF0_STOP_LOW != 0
            && self.control & ANA_CONF0_STOP_HIGH == 0
            && AT_480_MHZ.iter().all(right)
    }
}

impl Peripheral for Analog {
    fn name(&self) -> &'static str {
        ANALOG
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            I2C1_CTRL => Ok(self.result),
            ANA_CONF0 => {
                // Later it may be stopped: it stays calibrated.
                bus.crystal |= self.is_calibrated();
                Ok(self.control | if bus.crystal { ANA_CONF0_DONE } else { 0 })
            }
            ANA_CONF2 => Ok(0),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            I2C1_CTRL => return self.transfer(value, bus),
            ANA_CONF0 => self.control = value & !ANA_CONF0_DONE,
            ANA_CONF1 => self.selected = value,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Analog::default();
        bus.crystal = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The PLL, powered and calibrated for 480 MHz but for one register.
    fn calibrated(but: Option<u32>) -> (Analog, Bus) {
        let mut bus = Bus::default();
        let mut analog = Analog::default();
        analog.reset(&mut bus);
        Power.write(IMM_HP_CK_POWER, POWER_PLL, &mut bus).unwrap();
        analog.write(ANA_CONF0, ANA_CONF0_STOP_LOW, &mut bus).unwrap();
        analog.write(ANA_CONF1, ANA_CONF1_PLL, &mut bus).unwrap();
        for (register, value) in [(2, 0x50), (3, 8), (5, 0x80), (6, 0x73), (9, 2)] {
            if but != Some(register) {
                let command = WRITE | value << 16 | register << 8 | PLL;
                analog.write(I2C1_CTRL, command, &mut bus).unwrap();
            }
        }
        (analog, bus)
    }

    #[test]
    fn the_pll_is_calibrated_for_480_mhz() {
        let (mut analog, mut bus) = calibrated(None);
        assert_ne!(analog.read(ANA_CONF0, &mut bus).unwrap() & ANA_CONF0_DONE, 0);
        analog.write(I2C1_CTRL, 5 << 8 | PLL, &mut bus).unwrap();
        assert_eq!(analog.read(I2C1_CTRL, &mut bus).unwrap() >> 16, u32::from(EN_USB));
        for but in [2, 3, 6, 9] {
            let (mut analog, mut bus) = calibrated(Some(but));
            assert_eq!(analog.read(ANA_CONF0, &mut bus).unwrap() & ANA_CONF0_DONE, 0);
        }
    }

    #[test]
    fn the_pll_needs_power_and_to_be_selected() {
        let (mut analog, mut bus) = calibrated(None);
        bus.powered = 0;
        assert!(analog.write(I2C1_CTRL, 5 << 8 | PLL, &mut bus).is_err());
        let (mut analog, mut bus) = calibrated(None);
        analog.write(ANA_CONF1, u32::MAX, &mut bus).unwrap();
        assert!(analog.write(I2C1_CTRL, 5 << 8 | PLL, &mut bus).is_err());
        let (mut modem, mut bus) = (Modem::default(), Bus::default());
        modem.reset(&mut bus);
        assert_eq!(bus.unclocked, [ANALOG_BASE]);
        modem.write(CLK_CONF, CLK_I2C_MST, &mut bus).unwrap();
        assert!(bus.unclocked.is_empty());
    }

    #[test]
    fn only_160_mhz_of_a_calibrated_pll_will_do() {
        let (mut clocks, mut bus) = (Clocks::default(), Bus::default());
        clocks.reset(&mut bus);
        clocks.write(MSPI_CLK_CONF, MSPI_80_MHZ, &mut bus).unwrap();
        assert!(clocks.write(SYSCLK_CONF, SOURCE_PLL, &mut bus).is_err());
        bus.crystal = true;
        assert!(clocks.write(SYSCLK_CONF, 2 << 16, &mut bus).is_err()); // the RC oscillator
        assert!(clocks.write(CPU_FREQ_CONF, 1 << 8, &mut bus).is_err()); // 80 MHz
        clocks.write(MSPI_CLK_CONF, 0x300, &mut bus).unwrap();
        assert!(clocks.write(SYSCLK_CONF, SOURCE_PLL, &mut bus).is_err()); // flash at 120 MHz
        clocks.write(MSPI_CLK_CONF, MSPI_80_MHZ, &mut bus).unwrap();
        clocks.write(SYSCLK_CONF, SOURCE_PLL, &mut bus).unwrap();
        assert!(bus.pll);
    }

    #[test]
    fn clocks_and_resets_reach_their_peripherals() {
        let (mut clocks, mut bus) = (Clocks::default(), Bus::default());
        clocks.write(UART0_CONF, 0, &mut bus).unwrap();
        clocks.write(SYSTIMER_CONF, 3, &mut bus).unwrap();
        assert_eq!((bus.unclocked, bus.held_in_reset), (vec![0x6000_0000], vec![0x6000_a000]));
    }

    #[test]
    fn one_word_resets() {
        let mut bus = Bus::default();
        assert!(AlwaysOn.write(SYS_CFG, 1 << 30, &mut bus).is_err()); // download mode
        AlwaysOn.write(SYS_CFG, SYS_CFG_RESET, &mut bus).unwrap();
        assert!(bus.reset_requested);
    }
}
