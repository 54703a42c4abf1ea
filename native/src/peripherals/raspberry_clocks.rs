//! Clock generators, crystal oscillator and system PLL of the RP2040 and the
//! RP2350: what is switched on runs at once, and in the order that the
//! hardware needs.
//!
//! Registers: RP2040 Datasheet and RP2350 Datasheet, "Clocks", "Crystal
//! Oscillator" and "PLL". The core runs at its board's clock from reset on,
//! whatever is set here.

use super::raspberry::Chip;
use super::{Peripheral, Refusal};
use crate::bus::Bus;

const CLK_REF_CTRL: u32 = 0x30;
const CLK_REF_SELECTED: u32 = 0x38;
const CLK_SYS_CTRL: u32 = 0x3c;
const CLK_SYS_SELECTED: u32 = 0x44;
const CLK_PERI_CTRL: u32 = 0x48;
const FROM_CRYSTAL: u32 = 2;
const FROM_AUXILIARY: u32 = 1;
const AUXILIARY: u32 = 7 << 5;
const PERI_ENABLE: u32 = 1 << 11;

/// The clock generators.
#[derive(Debug)]
pub struct Clocks {
    chip: &'static Chip,
    reference: u32,
    system: u32,
    peripherals: u32,
}

impl Clocks {
    /// Those of a chip.
    pub fn new(chip: &'static Chip) -> Clocks {
        Clocks { chip, reference: 0, system: chip.system_clock, peripherals: 0 }
    }

    /// The source of the system clock must run. What its other input has may
    /// change only while that is not taken.
    fn check_system(&self, value: u32, bus: &Bus) -> Result<(), Refusal> {
        let taken = |control: u32| control & FROM_AUXILIARY != 0;
        if taken(self.system) && (self.system ^ value) & AUXILIARY != 0 {
            let why = "AUXSRC of CLK_SYS is changed while it is taken";
            return Err(Refusal::Misuse(why.into()));
        }
        if taken(value) && (value & AUXILIARY != 0 || !bus.pll) {
            return Err(Refusal::Misuse("CLK_SYS from a source that does not run".into()));
        }
        Ok(())
    }
}

impl Peripheral for Clocks {
    fn name(&self) -> &'static str {
        self.chip.names.clocks
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CLK_REF_CTRL => Ok(self.reference),
            CLK_REF_SELECTED => Ok(1 << (self.reference & 3)),
            CLK_SYS_CTRL => Ok(self.system),
            CLK_SYS_SELECTED => Ok(1 << (self.system & 1)),
            CLK_PERI_CTRL => Ok(self.peripherals),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CLK_REF_CTRL if value & 3 == FROM_CRYSTAL && !bus.crystal => {
                Err(Refusal::Misuse("CLK_REF from the crystal, which is off".into()))
            }
            CLK_PERI_CTRL if value & (PERI_ENABLE | AUXILIARY) != PERI_ENABLE => {
                Err(Refusal::Misuse("only CLK_PERI on and from CLK_SYS is modelled".into()))
            }
            CLK_REF_CTRL => {
                self.reference = value;
                Ok(())
            }
            CLK_SYS_CTRL => {
                self.check_system(value, bus)?;
                self.system = value;
                Ok(())
            }
            CLK_PERI_CTRL => {
                self.peripherals = value;
                Ok(())
            }
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Clocks::new(self.chip);
    }
}

const XOSC_CTRL: u32 = 0x00;
const XOSC_STATUS: u32 = 0x04;
const XOSC_STARTUP: u32 = 0x0c;
const ENABLE: u32 = 0xfab;
const DISABLE: u32 = 0xd1e;
const RANGE_1_15_MHZ: u32 = 0xaa0;
const STABLE: u32 = 1 << 31;
const ENABLED: u32 = 1 << 12;

/// The crystal oscillator.
#[derive(Debug)]
pub struct Crystal {
    chip: &'static Chip,
    control: u32,
    delay: u32,
}

impl Crystal {
    /// That of a chip.
    pub fn new(chip: &'static Chip) -> Crystal {
        Crystal { chip, control: 0, delay: 0 }
    }
}

impl Peripheral for Crystal {
    fn name(&self) -> &'static str {
        self.chip.names.crystal
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            XOSC_CTRL => Ok(self.control),
            XOSC_STATUS => Ok(if bus.crystal { STABLE | ENABLED } else { 0 }),
            XOSC_STARTUP => Ok(self.delay),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match (offset, value >> 12) {
            (XOSC_CTRL, ENABLE) if value & 0xfff != RANGE_1_15_MHZ => {
                return Err(Refusal::Misuse(format!("CTRL is {value:#x}: not for 1 to 15 MHz")));
            }
            (XOSC_CTRL, ENABLE) => bus.crystal = true,
            (XOSC_CTRL, DISABLE) => bus.crystal = false,
            (XOSC_STARTUP, _) => {
                self.delay = value & 0x3fff;
                return Ok(());
            }
            _ => return Err(Refusal::Unmodelled),
        }
        self.control = value;
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Crystal::new(self.chip);
        bus.crystal = false;
    }
}

const CS: u32 = 0x0;
const PWR: u32 = 0x4;
const FBDIV: u32 = 0x8;
const PRIM: u32 = 0xc;
const LOCK: u32 = 1 << 31;
const PWR_OFF: u32 = 0x2d;
/// Power down of the PLL and of its oscillator; and of the dividers.
const PWR_OSCILLATOR: u32 = 1 | 1 << 5;
const PWR_DIVIDERS: u32 = 1 << 3;
const CRYSTAL_HZ: u64 = 12_000_000;
/// What the oscillator can do, in Hz.
const OSCILLATOR: std::ops::RangeInclusive<u64> = 750_000_000..=1_600_000_000;

/// A PLL on the crystal.
#[derive(Debug)]
pub struct Pll {
    chip: &'static Chip,
    divider: u32,
    power: u32,
    feedback: u32,
    post: u32,
}

impl Pll {
    /// The system PLL of a chip.
    pub fn new(chip: &'static Chip) -> Pll {
        Pll { chip, divider: 1, power: PWR_OFF, feedback: 0, post: 0x0007_7000 }
    }

    fn oscillator_hz(&self) -> u64 {
        CRYSTAL_HZ / u64::from(self.divider.max(1)) * u64::from(self.feedback)
    }

    fn output_hz(&self) -> u64 {
        let dividers = (self.post >> 16 & 7).max(1) * (self.post >> 12 & 7).max(1);
        self.oscillator_hz() / u64::from(dividers)
    }

    fn is_locked(&self, bus: &Bus) -> bool {
        bus.crystal
            && self.power & PWR_OSCILLATOR == 0
            && OSCILLATOR.contains(&self.oscillator_hz())
    }
}

impl Peripheral for Pll {
    fn name(&self) -> &'static str {
        self.chip.names.pll
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CS => Ok(self.divider | if self.is_locked(bus) { LOCK } else { 0 }),
            PWR => Ok(self.power),
            FBDIV => Ok(self.feedback),
            PRIM => Ok(self.post),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CS => self.divider = value & 0x3f,
            PWR => self.power = value & PWR_OFF,
            FBDIV => self.feedback = value & 0xfff,
            PRIM => self.post = value & 0x0007_7000,
            _ => return Err(Refusal::Unmodelled),
        }
        bus.pll = self.is_locked(bus) && self.power & PWR_DIVIDERS == 0;
        if bus.pll && self.output_hz() != bus.clock_hz {
            let (made, clock) = (self.output_hz(), bus.clock_hz);
            return Err(Refusal::Misuse(format!("makes {made} Hz, the board says {clock}")));
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = Pll::new(self.chip);
        bus.pll = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::raspberry::{RP2040, RP2350};
    use super::*;

    fn bus() -> Bus {
        Bus { clock_hz: 125_000_000, ..Bus::default() }
    }

    #[test]
    fn starts_in_the_right_order_only() {
        let (mut clocks, mut crystal, mut pll) =
            (Clocks::new(&RP2040), Crystal::new(&RP2040), Pll::new(&RP2040));
        let mut bus = bus();
        assert!(clocks.write(CLK_REF_CTRL, FROM_CRYSTAL, &mut bus).is_err());
        crystal.write(XOSC_CTRL, ENABLE << 12 | RANGE_1_15_MHZ, &mut bus).unwrap();
        assert_eq!(crystal.read(XOSC_STATUS, &mut bus).unwrap() & STABLE, STABLE);
        clocks.write(CLK_REF_CTRL, FROM_CRYSTAL, &mut bus).unwrap();
        assert_eq!(clocks.read(CLK_REF_SELECTED, &mut bus).unwrap(), 1 << FROM_CRYSTAL);

        pll.write(FBDIV, 125, &mut bus).unwrap();
        assert_eq!(pll.read(CS, &mut bus).unwrap() & LOCK, 0);
        pll.write(PWR, PWR_DIVIDERS, &mut bus).unwrap();
        assert_eq!(pll.read(CS, &mut bus).unwrap() & LOCK, LOCK);
        assert!(clocks.write(CLK_SYS_CTRL, FROM_AUXILIARY, &mut bus).is_err());
        pll.write(PRIM, 6 << 16 | 2 << 12, &mut bus).unwrap();
        pll.write(PWR, 0, &mut bus).unwrap();
        clocks.write(CLK_SYS_CTRL, FROM_AUXILIARY, &mut bus).unwrap();
        assert_eq!(clocks.read(CLK_SYS_SELECTED, &mut bus).unwrap(), 1 << FROM_AUXILIARY);
    }

    #[test]
    fn a_clock_other_than_the_boards_is_refused() {
        let (mut pll, mut bus) = (Pll::new(&RP2040), Bus { crystal: true, ..bus() });
        pll.write(FBDIV, 133, &mut bus).unwrap();
        pll.write(PRIM, 6 << 16 | 2 << 12, &mut bus).unwrap();
        let refusal = pll.write(PWR, 0, &mut bus).unwrap_err();
        assert!(matches!(&refusal, Refusal::Misuse(why) if why.contains("133000000 Hz")));
    }

    #[test]
    fn an_oscillator_out_of_its_range_does_not_lock() {
        let (mut pll, mut bus) = (Pll::new(&RP2040), Bus { crystal: true, ..bus() });
        for feedback in [62, 134] {
            pll.write(FBDIV, feedback, &mut bus).unwrap();
            pll.write(PWR, PWR_DIVIDERS, &mut bus).unwrap();
            assert_eq!(pll.read(CS, &mut bus).unwrap() & LOCK, 0);
        }
    }

    #[test]
    fn the_rp2350_leaves_its_ring_oscillator_before_it_takes_the_pll() {
        let mut clocks = Clocks::new(&RP2350);
        let mut bus = Bus { pll: true, ..Bus::default() };
        assert_eq!(clocks.read(CLK_SYS_CTRL, &mut bus).unwrap(), 0x41);
        assert_eq!(clocks.read(CLK_SYS_SELECTED, &mut bus).unwrap(), 2);
        for hasty in [0, 1] {
            assert!(clocks.write(CLK_SYS_CTRL, hasty, &mut bus).is_err());
        }
        for control in [0x40, 0, 1] {
            clocks.write(CLK_SYS_CTRL, control, &mut bus).unwrap();
        }
        assert_eq!(clocks.read(CLK_SYS_SELECTED, &mut bus).unwrap(), 2);
    }
}
