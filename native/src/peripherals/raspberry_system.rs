//! What else start-up of the RP2040 and the RP2350 touches: subsystem resets,
//! the power-on state machine, the watchdog, and ticks.
//!
//! Registers: RP2040 Datasheet and RP2350 Datasheet, chapters of these names.
//! The watchdog resets on demand, and that of the RP2040 gives ticks; its
//! countdown is not modelled.

use super::raspberry::Chip;
use super::{Peripheral, Refusal, index};
use crate::bus::{Bus, Command, Ticks};

const RESET: u32 = 0x0;
const RESET_DONE: u32 = 0x8;

/// The subsystem resets: what is held may not be used.
#[derive(Debug)]
pub struct Resets {
    chip: &'static Chip,
    held: u32,
}

impl Resets {
    /// Those of a chip.
    pub fn new(chip: &'static Chip) -> Resets {
        Resets { chip, held: 0 }
    }

    fn hold(&mut self, held: u32, bus: &mut Bus) {
        self.held = held & self.chip.resets;
        bus.held_in_reset.clear();
        let lines = self.chip.lines.iter().filter(|(bit, _)| self.held & bit != 0);
        bus.held_in_reset.extend(lines.map(|(_, base)| base));
    }
}

impl Peripheral for Resets {
    fn name(&self) -> &'static str {
        self.chip.names.resets
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            RESET => Ok(self.held),
            RESET_DONE => Ok(!self.held & self.chip.resets),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            RESET => self.hold(value, bus),
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.hold(self.chip.resets, bus);
    }
}

const PSM_FRCE_OFF: u32 = 0x4;
const PSM_WDSEL: u32 = 0x8;
const PSM_DONE: u32 = 0xc;

/// The power-on state machine: of what it can force off, core 1 alone.
#[derive(Debug)]
pub struct PowerOn {
    chip: &'static Chip,
    off: u32,
}

impl PowerOn {
    /// That of a chip.
    pub fn new(chip: &'static Chip) -> PowerOn {
        PowerOn { chip, off: 0 }
    }

    fn force_off(&mut self, off: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let [_, core_1] = self.chip.cores;
        if off & !core_1 != 0 {
            return Err(Refusal::Misuse(format!(
                "FRCE_OFF written with {off:#x}: only core 1, {core_1:#x}, can be forced off here"
            )));
        }
        if self.off != off {
            bus.command(if off != 0 { Command::Hold(1) } else { Command::Release(1) });
        }
        self.off = off;
        Ok(())
    }
}

impl Peripheral for PowerOn {
    fn name(&self) -> &'static str {
        self.chip.names.power_on
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            PSM_FRCE_OFF => Ok(self.off),
            PSM_WDSEL => Ok(bus.watchdog_resets),
            PSM_DONE => Ok(self.chip.stages & !self.off),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            PSM_FRCE_OFF => self.force_off(value & self.chip.stages, bus)?,
            PSM_WDSEL => bus.watchdog_resets = value & self.chip.stages,
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.off = 0;
        bus.watchdog_resets = 0;
    }
}

const CTRL: u32 = 0x00;
const SCRATCH: u32 = 0x0c;
const SCRATCHES: u32 = 8;
const TICK: u32 = 0x2c;
const CTRL_ENABLE: u32 = 1 << 30;
const CTRL_TRIGGER: u32 = 1 << 31;
const TICK_CYCLES: u32 = 0x1ff;
const TICK_ENABLE: u32 = 1 << 9;
const TICK_RUNNING: u32 = 1 << 10;
const CRYSTAL_HZ: u32 = 12_000_000;

/// The watchdog.
#[derive(Debug)]
pub struct Watchdog {
    chip: &'static Chip,
    tick: u32,
    scratch: [u32; SCRATCHES as usize],
}

/// Starts the tick of the timer, every `period` cycles of the crystal, or
/// stops it.
fn set_tick(on: bool, period: u32, bus: &mut Bus) -> Result<(), Refusal> {
    bus.tick = None;
    if on {
        if period == 0 || !bus.crystal {
            return Err(Refusal::Misuse("ticks of no length, or without the crystal".into()));
        }
        bus.tick = Some(Ticks { since: bus.cycles, hz: u64::from(CRYSTAL_HZ / period) });
    }
    Ok(())
}

impl Watchdog {
    /// That of a chip.
    pub fn new(chip: &'static Chip) -> Watchdog {
        Watchdog { chip, tick: 0, scratch: [0; SCRATCHES as usize] }
    }
}

impl Peripheral for Watchdog {
    fn name(&self) -> &'static str {
        self.chip.names.watchdog
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CTRL => Ok(0),
            TICK if self.chip.watchdog_ticks => {
                Ok(self.tick | if bus.tick.is_some() { TICK_RUNNING } else { 0 })
            }
            _ => index(offset, SCRATCH, SCRATCHES)
                .and_then(|word| self.scratch.get(word).copied())
                .ok_or(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let [core_0, _] = self.chip.cores;
        match offset {
            CTRL if value & CTRL_ENABLE != 0 => {
                Err(Refusal::Misuse("the countdown is not modelled".into()))
            }
            CTRL if value & CTRL_TRIGGER != 0 && bus.watchdog_resets & core_0 == 0 => {
                Err(Refusal::Misuse("triggered while PSM's WDSEL resets no core".into()))
            }
            CTRL => {
                bus.reset_requested |= value & CTRL_TRIGGER != 0;
                Ok(())
            }
            TICK if self.chip.watchdog_ticks => {
                self.tick = value & (TICK_CYCLES | TICK_ENABLE);
                set_tick(self.tick & TICK_ENABLE != 0, self.tick & TICK_CYCLES, bus)
            }
            _ => {
                let word = index(offset, SCRATCH, SCRATCHES).ok_or(Refusal::Unmodelled)?;
                if let Some(scratch) = self.scratch.get_mut(word) {
                    *scratch = value;
                }
                Ok(())
            }
        }
    }

    /// The scratch registers stay.
    fn reset(&mut self, bus: &mut Bus) {
        self.tick = 0;
        if self.chip.watchdog_ticks {
            bus.tick = None;
        }
    }
}

const TIMER0_CTRL: u32 = 0x18;
const TIMER0_CYCLES: u32 = 0x1c;
const TIMER0_ENABLE: u32 = 1;
const TIMER0_RUNNING: u32 = 1 << 1;

/// The ticks of the RP2350, those of TIMER0 alone.
#[derive(Debug)]
pub struct Ticker {
    chip: &'static Chip,
    period: u32,
}

impl Ticker {
    /// That of a chip.
    pub fn new(chip: &'static Chip) -> Ticker {
        Ticker { chip, period: 0 }
    }
}

impl Peripheral for Ticker {
    fn name(&self) -> &'static str {
        self.chip.names.ticks
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            TIMER0_CTRL if bus.tick.is_some() => Ok(TIMER0_ENABLE | TIMER0_RUNNING),
            TIMER0_CTRL => Ok(0),
            TIMER0_CYCLES => Ok(self.period),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            TIMER0_CTRL => set_tick(value & TIMER0_ENABLE != 0, self.period, bus),
            TIMER0_CYCLES if bus.tick.is_some() => {
                Err(Refusal::Misuse("CYCLES is written while the tick runs".into()))
            }
            TIMER0_CYCLES => {
                self.period = value & TICK_CYCLES;
                Ok(())
            }
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.period = 0;
        bus.tick = None;
    }
}

#[cfg(test)]
mod tests {
    use super::super::raspberry::{RP2040, RP2350};
    use super::*;

    #[test]
    fn all_is_held_in_reset_until_released() {
        let (mut resets, mut bus) = (Resets::new(&RP2040), Bus::default());
        resets.reset(&mut bus);
        assert_eq!(bus.held_in_reset.len(), RP2040.lines.len());
        let held = resets.read(RESET, &mut bus).unwrap();
        resets.write(RESET, held & !(1 << 22), &mut bus).unwrap();
        assert_eq!(resets.read(RESET_DONE, &mut bus).unwrap(), 1 << 22);
        assert!(!bus.held_in_reset.contains(&0x4003_4000));
        assert!(bus.held_in_reset.contains(&0x4005_4000));
    }

    #[test]
    fn the_watchdog_resets_what_is_selected() {
        let (mut watchdog, mut machine) = (Watchdog::new(&RP2040), PowerOn::new(&RP2040));
        let mut bus = Bus::default();
        assert!(watchdog.write(CTRL, CTRL_TRIGGER, &mut bus).is_err());
        machine.write(PSM_WDSEL, 0x0001_fffc, &mut bus).unwrap();
        assert!(!bus.reset_requested);
        watchdog.write(CTRL, CTRL_TRIGGER, &mut bus).unwrap();
        assert!(bus.reset_requested);
        watchdog.write(SCRATCH + 4, 7, &mut bus).unwrap();
        watchdog.reset(&mut bus);
        assert_eq!(watchdog.read(SCRATCH + 4, &mut bus).unwrap(), 7);
    }

    #[test]
    fn core_1_alone_can_be_forced_off() {
        let (mut machine, mut bus) = (PowerOn::new(&RP2040), Bus::default());
        assert!(machine.write(PSM_FRCE_OFF, RP2040.cores[0], &mut bus).is_err());
        machine.write(PSM_FRCE_OFF, RP2040.cores[1], &mut bus).unwrap();
        machine.write(PSM_FRCE_OFF, RP2040.cores[1], &mut bus).unwrap();
        assert_eq!(machine.read(PSM_DONE, &mut bus).unwrap(), RP2040.stages & !RP2040.cores[1]);
        machine.write(PSM_FRCE_OFF, 0, &mut bus).unwrap();
        assert_eq!(bus.commands, [Command::Hold(1), Command::Release(1)]);
        assert_eq!(machine.read(PSM_DONE, &mut bus).unwrap(), RP2040.stages);
    }

    #[test]
    fn ticks_come_from_the_crystal() {
        let mut watchdog = Watchdog::new(&RP2040);
        let mut bus = Bus { cycles: 500, clock_hz: 125_000_000, ..Bus::default() };
        assert!(watchdog.write(TICK, TICK_ENABLE | 12, &mut bus).is_err());
        bus.crystal = true;
        watchdog.write(TICK, TICK_ENABLE | 12, &mut bus).unwrap();
        assert_eq!(watchdog.read(TICK, &mut bus).unwrap(), TICK_RUNNING | TICK_ENABLE | 12);
        bus.cycles = 500 + 250;
        assert_eq!(bus.ticks(), Some(2));
        watchdog.write(TICK, 12, &mut bus).unwrap();
        assert_eq!(bus.ticks(), None);
    }

    #[test]
    fn the_rp2350_has_ticks_of_their_own() {
        let (mut watchdog, mut ticker) = (Watchdog::new(&RP2350), Ticker::new(&RP2350));
        let mut bus = Bus { crystal: true, clock_hz: 150_000_000, ..Bus::default() };
        assert!(watchdog.write(TICK, TICK_ENABLE | 12, &mut bus).is_err());
        assert!(watchdog.read(TICK, &mut bus).is_err());
        assert!(ticker.write(TIMER0_CTRL, 1, &mut bus).is_err(), "of no length");
        ticker.write(TIMER0_CYCLES, 12, &mut bus).unwrap();
        ticker.write(TIMER0_CTRL, 1, &mut bus).unwrap();
        assert_eq!(ticker.read(TIMER0_CTRL, &mut bus).unwrap(), 3);
        assert!(ticker.write(TIMER0_CYCLES, 6, &mut bus).is_err());
        bus.cycles = 300;
        assert_eq!(bus.ticks(), Some(2));
        watchdog.reset(&mut bus);
        assert_eq!(bus.ticks(), Some(2));
        ticker.reset(&mut bus);
        assert_eq!(bus.ticks(), None);
    }
}
