//! Cortex-M's System Control Space: NVIC, SysTick and the system control
//! block (Armv7-M Architecture Reference Manual, B3.2 to B3.4).
//!
//! Interrupts become pending and wake the core; handlers are never entered.
//!
//! The baseline model is that of Armv6-M (Architecture Reference Manual,
//! B3.2 to B3.4), which has less at the same places.

use super::{Peripheral, Refusal, Signal, index};
use crate::bus::{Bus, Interrupts};

/// The model's name.
pub const NAME: &str = "cortex-m-scs";
/// The model's name on Armv6-M.
pub const BASELINE: &str = "cortex-m-baseline-scs";

const ICTR: u32 = 0x004;
const ACTLR: u32 = 0x008;
const SYST_CSR: u32 = 0x010;
const SYST_RVR: u32 = 0x014;
const SYST_CVR: u32 = 0x018;
const SYST_CALIB: u32 = 0x01c;
const NVIC_ISER: u32 = 0x100;
const NVIC_ICER: u32 = 0x180;
const NVIC_ISPR: u32 = 0x200;
const NVIC_ICPR: u32 = 0x280;
const NVIC_IABR: u32 = 0x300;
const NVIC_IPR: u32 = 0x400;
const CPUID: u32 = 0xd00;
const ICSR: u32 = 0xd04;
const VTOR: u32 = 0xd08;
const AIRCR: u32 = 0xd0c;
const SHCSR: u32 = 0xd24;
const AFSR: u32 = 0xd3c;
const CPACR: u32 = 0xd88;
const MPU_TYPE: u32 = 0xd90;
/// SFSR, SFAR: Armv8-M alone.
const SFSR: (u32, u32) = (0xde4, 2);
const DEMCR: u32 = 0xdfc;
const FPCCR: u32 = 0xf34;
const FPDSCR: u32 = 0xf3c;
/// Invalidates all of the instruction cache.
const ICIALLU: u32 = 0xf50;

const BANK: u32 = Interrupts::WORDS as u32;
/// IPR: one byte a line.
const PRIORITIES: u32 = BANK * 8;
/// SCR to SHPR3, stored only.
const STORED: (u32, u32) = (0xd10, 5);

const TICK_ENABLE: u32 = 1;
const TICK_INTERRUPT: u32 = 2;
const KEY: u32 = 0x05fa_0000;
const KEY_READ: u32 = 0xfa05_0000;
const SYSRESETREQ: u32 = 1 << 2;
/// Full access to coprocessors 10 and 11, the FPU.
const CP10_CP11: u32 = 0x00f0_0000;

/// What a core says that it is: Arm's part number of it, revision r0p1; 0 for
/// one that is none of these.
pub fn cpuid(core: &str) -> u32 {
    match core {
        "cortex-m0" => 0x410c_c201,
        "cortex-m0plus" => 0x410c_c601,
        "cortex-m3" => 0x410f_c231,
        "cortex-m4" => 0x410f_c241,
        "cortex-m7" => 0x410f_c271,
        "cortex-m33" => 0x410f_d211,
        _ => 0,
    }
}

fn is_armv8_m(id: u32) -> bool {
    id == cpuid("cortex-m33")
}

/// The peripheral.
#[derive(Debug, Default)]
pub struct SystemControl {
    baseline: bool,
    tick_control: u32,
    tick_reload: u32,
    tick_since: u64,
    priorities: Vec<u32>,
    stored: [u32; STORED.1 as usize],
    vector_table: u32,
    coprocessors: u32,
    debug_control: u32,
}

/// Registers that a program on Armv6-M has of those here: offset and words.
const ARMV6_M: [(u32, u32); 9] = [
    (ACTLR, 1),
    (SYST_CSR, 4),
    (NVIC_ISER, 1),
    (NVIC_ICER, 1),
    (NVIC_ISPR, 1),
    (NVIC_ICPR, 1),
    (NVIC_IPR, 8),
    (CPUID, 6),
    (0xd1c, 2), // SHPR2, SHPR3
];

impl SystemControl {
    /// That of an Armv6-M core.
    pub fn baseline() -> SystemControl {
        SystemControl { baseline: true, ..SystemControl::default() }
    }

    fn check(&self, offset: u32) -> Result<(), Refusal> {
        let known = |&(first, count): &(u32, u32)| index(offset, first, count).is_some();
        if self.baseline && !ARMV6_M.iter().any(known) {
            return Err(Refusal::Misuse(format!("register {offset:#05x} is not in Armv6-M")));
        }
        Ok(())
    }

    /// SysTick's count; it falls from the reload value on the core's clock.
    fn ticks(&self, bus: &Bus) -> u32 {
        if self.tick_control & TICK_ENABLE == 0 {
            return 0;
        }
        let period = u64::from(self.tick_reload) + 1;
        let passed = (bus.cycles - self.tick_since) % period;
        ((period - passed) % period) as u32
    }

    fn reset_control(&self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if value & 0xffff_0000 != KEY {
            return Err(Refusal::Misuse(format!("AIRCR written with {value:#010x}: key missing")));
        }
        if value & SYSRESETREQ != 0 {
            bus.reset_requested = true;
        }
        Ok(())
    }
}

fn has_bytes(offset: u32) -> bool {
    index(offset, NVIC_IPR, PRIORITIES).is_some() || index(offset, 0xd18, 3).is_some()
}

impl Peripheral for SystemControl {
    fn name(&self) -> &'static str {
        if self.baseline { BASELINE } else { NAME }
    }

    // Armv6-M allows words alone.
    fn has_bytes(&self, offset: u32) -> bool {
        !self.baseline && has_bytes(offset)
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        self.check(offset)?;
        if let Some(word) = index(offset, NVIC_ISER, BANK).or(index(offset, NVIC_ICER, BANK)) {
            return bus.interrupts.enabled(word).map(|bits| *bits).ok_or(Refusal::Unmodelled);
        }
        if let Some(word) = index(offset, NVIC_ISPR, BANK).or(index(offset, NVIC_ICPR, BANK)) {
            return bus.interrupts.pending(word).ok_or(Refusal::Unmodelled);
        }
        if let Some(word) = index(offset, NVIC_IPR, PRIORITIES) {
            return Ok(self.priorities.get(word).copied().unwrap_or(0));
        }
        if let Some(word) = index(offset, STORED.0, STORED.1) {
            return self.stored.get(word).copied().ok_or(Refusal::Unmodelled);
        }
        match offset {
            ICTR => Ok(BANK - 1),
            SYST_CSR => Ok(self.tick_control),
            SYST_RVR => Ok(self.tick_reload),
            SYST_CVR => Ok(self.ticks(bus)),
            CPUID => Ok(bus.cpuid),
            ICSR => Ok(bus.interrupts.ready().map_or(0, |number| (number + 16) << 12 | 1 << 22)),
            VTOR => Ok(self.vector_table),
            AIRCR => Ok(KEY_READ),
            CPACR => Ok(self.coprocessors),
            DEMCR => Ok(self.debug_control),
            // No regions: a core without an MPU. What one would take away,
            // the emulated board does not have.
            MPU_TYPE => Ok(0),
            // A fault ends the run, so no status is ever set.
            ACTLR | SYST_CALIB | SHCSR..=AFSR | FPCCR..=FPDSCR => Ok(0),
            _ if index(offset, NVIC_IABR, BANK).is_some() => Ok(0),
            _ if is_armv8_m(bus.cpuid) && index(offset, SFSR.0, SFSR.1).is_some() => Ok(0),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        self.check(offset)?;
        if let Some(word) = index(offset, NVIC_ISER, BANK) {
            if let Some(enabled) = bus.interrupts.enabled(word) {
                *enabled |= value;
            }
        } else if let Some(word) = index(offset, NVIC_ICER, BANK) {
            if let Some(enabled) = bus.interrupts.enabled(word) {
                *enabled &= !value;
            }
        } else if let Some(word) = index(offset, NVIC_ISPR, BANK) {
            bus.interrupts.change_pending(word, value, 0);
        } else if let Some(word) = index(offset, NVIC_ICPR, BANK) {
            bus.interrupts.change_pending(word, 0, value);
        } else if let Some(word) = index(offset, NVIC_IPR, PRIORITIES) {
            self.priorities.resize(PRIORITIES as usize, 0);
            if let Some(priority) = self.priorities.get_mut(word) {
                *priority = value;
            }
        } else if let Some(word) = index(offset, STORED.0, STORED.1) {
            if let Some(stored) = self.stored.get_mut(word) {
                *stored = value;
            }
        } else {
            match offset {
                SYST_CSR if value & TICK_INTERRUPT != 0 => {
                    return Err(Refusal::Misuse("SysTick's interrupt is not modelled".into()));
                }
                SYST_CSR => {
                    self.tick_control = value & 5;
                    self.tick_since = bus.cycles;
                }
                SYST_RVR => self.tick_reload = value & 0x00ff_ffff,
                SYST_CVR => self.tick_since = bus.cycles,
                VTOR => self.vector_table = value,
                AIRCR => return self.reset_control(value, bus),
                CPACR => {
                    self.coprocessors = value;
                    bus.fpu_enabled = value & CP10_CP11 == CP10_CP11;
                }
                DEMCR => self.debug_control = value,
                // Caches are always coherent here.
                ACTLR | SHCSR..=AFSR | FPCCR..=FPDSCR | ICIALLU => {}
                _ => return Err(Refusal::Unmodelled),
            }
        }
        Ok(())
    }

    fn signal(&mut self, signal: Signal, _bus: &mut Bus) {
        if let Signal::Started { vectors } = signal {
            self.vector_table = vectors;
        }
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = SystemControl { baseline: self.baseline, ..SystemControl::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enables_clears_and_reports_interrupts() {
        let mut bus = Bus::default();
        let mut scs = SystemControl::default();
        scs.write(NVIC_ISER, 1 << 2, &mut bus).unwrap();
        bus.interrupts.drive(2, true);
        assert_eq!(bus.interrupts.ready(), Some(2));
        assert_eq!(scs.read(NVIC_ISPR, &mut bus).unwrap(), 1 << 2);
        assert_eq!(scs.read(ICSR, &mut bus).unwrap(), 18 << 12 | 1 << 22);
        bus.interrupts.drive(2, false);
        scs.write(NVIC_ICPR, 1 << 2, &mut bus).unwrap();
        assert_eq!(bus.interrupts.ready(), None);
        scs.write(NVIC_ICER, 1 << 2, &mut bus).unwrap();
        assert_eq!(scs.read(NVIC_ISER, &mut bus).unwrap(), 0);
    }

    #[test]
    fn reset_needs_its_key() {
        let mut bus = Bus::default();
        let mut scs = SystemControl::default();
        assert!(scs.write(AIRCR, SYSRESETREQ, &mut bus).is_err());
        assert!(!bus.reset_requested);
        scs.write(AIRCR, KEY | SYSRESETREQ, &mut bus).unwrap();
        assert!(bus.reset_requested);
    }

    #[test]
    fn systick_falls_and_reloads() {
        let mut bus = Bus { cycles: 100, ..Bus::default() };
        let mut scs = SystemControl::default();
        scs.write(SYST_RVR, 9, &mut bus).unwrap();
        scs.write(SYST_CSR, 5, &mut bus).unwrap();
        bus.cycles = 101;
        assert_eq!(scs.read(SYST_CVR, &mut bus).unwrap(), 9);
        bus.cycles = 110;
        assert_eq!(scs.read(SYST_CVR, &mut bus).unwrap(), 0);
        bus.cycles = 111;
        assert_eq!(scs.read(SYST_CVR, &mut bus).unwrap(), 9);
    }

    #[test]
    fn armv6_m_has_less() {
        let bus = Bus { cpuid: cpuid("cortex-m0plus"), ..Bus::default() };
        let (mut bus, mut scs) = (bus, SystemControl::baseline());
        scs.write(NVIC_ISER, 1 << 20, &mut bus).unwrap();
        scs.write(AIRCR, KEY | SYSRESETREQ, &mut bus).unwrap();
        assert!(bus.reset_requested);
        assert!(scs.read(CPUID, &mut bus).unwrap() & 0xfff0 == 0xc600);
        for missing in [ICTR, NVIC_ISER + 4, 0xd18, 0xd28, CPACR, FPCCR] {
            assert!(scs.read(missing, &mut bus).is_err(), "{missing:#x}");
            assert!(scs.write(missing, 0, &mut bus).is_err(), "{missing:#x}");
        }
        assert!(!scs.has_bytes(NVIC_IPR));
    }

    #[test]
    fn there_is_no_mpu() {
        let (mut bus, mut scs) = (Bus::default(), SystemControl::default());
        assert_eq!(scs.read(MPU_TYPE, &mut bus).unwrap(), 0);
        assert!(scs.write(MPU_TYPE + 4, 1, &mut bus).is_err());
    }

    #[test]
    fn only_armv8_m_has_a_secure_fault() {
        let mut scs = SystemControl::default();
        for (core, has) in [("cortex-m7", false), ("cortex-m33", true)] {
            let mut bus = Bus { cpuid: cpuid(core), ..Bus::default() };
            assert_eq!(scs.read(0xde4, &mut bus).is_ok(), has, "{core}");
        }
    }

    #[test]
    fn both_fpu_coprocessors_must_be_on() {
        let mut bus = Bus::default();
        let mut scs = SystemControl::default();
        scs.write(CPACR, 0x0030_0000, &mut bus).unwrap();
        assert!(!bus.fpu_enabled);
        scs.write(CPACR, 0x00f0_0000, &mut bus).unwrap();
        assert!(bus.fpu_enabled);
    }
}
