//! What else start-up of the RP2040 touches: subsystem resets, the power-on
//! state machine, the watchdog, and the pins of bank 0.
//!
//! Registers: RP2040 Datasheet, chapters of these names. The watchdog gives
//! ticks and resets on demand; its countdown is not modelled.

use super::{Peripheral, Refusal, index};
use crate::bus::{Bus, Command, Ticks};

/// The model's name: subsystem resets.
pub const RESETS: &str = "rp2040-resets";
/// The model's name: the power-on state machine.
pub const PSM: &str = "rp2040-psm";
/// The model's name: the watchdog.
pub const WATCHDOG: &str = "rp2040-watchdog";
/// The model's name: functions of the pins of bank 0.
pub const PINS: &str = "rp2040-io-bank0";
/// The model's name: pads of the pins of bank 0.
pub const PADS: &str = "rp2040-pads-bank0";

const RESET: u32 = 0x0;
const RESET_DONE: u32 = 0x8;
const ALL: u32 = 0x01ff_ffff;
/// The modelled peripherals that it resets: their bit and base.
const LINES: [(u32, u32); 5] = [
    (1 << 5, 0x4001_4000),
    (1 << 8, 0x4001_c000),
    (1 << 12, 0x4002_8000),
    (1 << 21, 0x4005_4000),
    (1 << 22, 0x4003_4000),
];

/// The subsystem resets: what is held may not be used.
#[derive(Debug, Default)]
pub struct Resets {
    held: u32,
}

impl Resets {
    fn hold(&mut self, held: u32, bus: &mut Bus) {
        self.held = held & ALL;
        bus.held_in_reset.clear();
        let lines = LINES.iter().filter(|(bit, _)| self.held & bit != 0);
        bus.held_in_reset.extend(lines.map(|(_, base)| base));
    }
}

impl Peripheral for Resets {
    fn name(&self) -> &'static str {
        RESETS
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            RESET => Ok(self.held),
            RESET_DONE => Ok(!self.held & ALL),
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
        self.hold(ALL, bus);
    }
}

const PSM_FRCE_OFF: u32 = 0x4;
const PSM_WDSEL: u32 = 0x8;
const PSM_DONE: u32 = 0xc;
const PSM_ALL: u32 = 0x0001_ffff;
const PSM_CORE_0: u32 = 1 << 15;
const PSM_CORE_1: u32 = 1 << 16;

/// The power-on state machine: of what it can force off, core 1 alone.
#[derive(Debug, Default)]
pub struct PowerOn {
    off: u32,
}

impl PowerOn {
    fn force_off(&mut self, off: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if off & !PSM_CORE_1 != 0 {
            return Err(Refusal::Misuse(format!(
                "FRCE_OFF written with {off:#x}: only core 1, bit 16, can be forced off here"
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
        PSM
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            PSM_FRCE_OFF => Ok(self.off),
            PSM_WDSEL => Ok(bus.watchdog_resets),
            PSM_DONE => Ok(PSM_ALL & !self.off),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            PSM_FRCE_OFF => self.force_off(value & PSM_ALL, bus)?,
            PSM_WDSEL => bus.watchdog_resets = value & PSM_ALL,
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
#[derive(Debug, Default)]
pub struct Watchdog {
    tick: u32,
    scratch: [u32; SCRATCHES as usize],
}

impl Watchdog {
    fn set_tick(&mut self, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        self.tick = value & (TICK_CYCLES | TICK_ENABLE);
        let period = self.tick & TICK_CYCLES;
        bus.tick = None;
        if self.tick & TICK_ENABLE != 0 {
            if period == 0 || !bus.crystal {
                return Err(Refusal::Misuse("ticks of no length, or without the crystal".into()));
            }
            bus.tick = Some(Ticks { since: bus.cycles, hz: u64::from(CRYSTAL_HZ / period) });
        }
        Ok(())
    }
}

impl Peripheral for Watchdog {
    fn name(&self) -> &'static str {
        WATCHDOG
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            CTRL => Ok(0),
            TICK => Ok(self.tick | if bus.tick.is_some() { TICK_RUNNING } else { 0 }),
            _ => index(offset, SCRATCH, SCRATCHES)
                .and_then(|word| self.scratch.get(word).copied())
                .ok_or(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            CTRL if value & CTRL_ENABLE != 0 => {
                Err(Refusal::Misuse("the countdown is not modelled".into()))
            }
            CTRL if value & CTRL_TRIGGER != 0 && bus.watchdog_resets & PSM_CORE_0 == 0 => {
                Err(Refusal::Misuse("triggered while PSM's WDSEL resets no core".into()))
            }
            CTRL => {
                bus.reset_requested |= value & CTRL_TRIGGER != 0;
                Ok(())
            }
            TICK => self.set_tick(value, bus),
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
        bus.tick = None;
    }
}

const PIN_COUNT: u32 = 30;
/// STATUS and CTRL of each pin, a word each.
const PIN_WORDS: u32 = 2 * PIN_COUNT;
const FUNCTION_NONE: u32 = 0x1f;

/// The functions of the pins; nothing is connected to them.
#[derive(Debug)]
pub struct Pins {
    functions: [u32; PIN_COUNT as usize],
}

impl Default for Pins {
    fn default() -> Pins {
        Pins { functions: [FUNCTION_NONE; PIN_COUNT as usize] }
    }
}

impl Peripheral for Pins {
    fn name(&self) -> &'static str {
        PINS
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        let word = index(offset, 0, PIN_WORDS).filter(|word| word % 2 == 1);
        word.and_then(|word| self.functions.get(word / 2).copied()).ok_or(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        let word = index(offset, 0, PIN_WORDS).filter(|word| word % 2 == 1);
        let function = word.and_then(|word| self.functions.get_mut(word / 2));
        *function.ok_or(Refusal::Unmodelled)? = value;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Pins::default();
    }
}

const PAD: u32 = 0x04;
/// Input enabled, 4 mA, pulled down, Schmitt trigger.
const PAD_AT_RESET: u32 = 0x56;

/// The pads of the pins.
#[derive(Debug)]
pub struct Pads {
    pads: [u32; PIN_COUNT as usize],
}

impl Default for Pads {
    fn default() -> Pads {
        Pads { pads: [PAD_AT_RESET; PIN_COUNT as usize] }
    }
}

impl Peripheral for Pads {
    fn name(&self) -> &'static str {
        PADS
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        index(offset, PAD, PIN_COUNT)
            .and_then(|pin| self.pads.get(pin).copied())
            .ok_or(Refusal::Unmodelled)
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        let pad = index(offset, PAD, PIN_COUNT).and_then(|pin| self.pads.get_mut(pin));
        *pad.ok_or(Refusal::Unmodelled)? = value & 0xff;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Pads::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_held_in_reset_until_released() {
        let (mut resets, mut bus) = (Resets::default(), Bus::default());
        resets.reset(&mut bus);
        assert_eq!(bus.held_in_reset.len(), LINES.len());
        let held = resets.read(RESET, &mut bus).unwrap();
        resets.write(RESET, held & !(1 << 22), &mut bus).unwrap();
        assert_eq!(resets.read(RESET_DONE, &mut bus).unwrap(), 1 << 22);
        assert!(!bus.held_in_reset.contains(&0x4003_4000));
        assert!(bus.held_in_reset.contains(&0x4005_4000));
    }

    #[test]
    fn the_watchdog_resets_what_is_selected() {
        let (mut watchdog, mut machine) = (Watchdog::default(), PowerOn::default());
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
        let (mut machine, mut bus) = (PowerOn::default(), Bus::default());
        assert!(machine.write(PSM_FRCE_OFF, PSM_CORE_0, &mut bus).is_err());
        machine.write(PSM_FRCE_OFF, PSM_CORE_1, &mut bus).unwrap();
        machine.write(PSM_FRCE_OFF, PSM_CORE_1, &mut bus).unwrap();
        assert_eq!(machine.read(PSM_DONE, &mut bus).unwrap(), PSM_ALL & !PSM_CORE_1);
        machine.write(PSM_FRCE_OFF, 0, &mut bus).unwrap();
        assert_eq!(bus.commands, [Command::Hold(1), Command::Release(1)]);
        assert_eq!(machine.read(PSM_DONE, &mut bus).unwrap(), PSM_ALL);
    }

    #[test]
    fn ticks_come_from_the_crystal() {
        let mut watchdog = Watchdog::default();
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
    fn pins_and_pads_keep_what_is_written() {
        let (mut pins, mut pads, mut bus) = (Pins::default(), Pads::default(), Bus::default());
        assert_eq!(pins.read(0x0c, &mut bus).unwrap(), FUNCTION_NONE);
        pins.write(0x0c, 2, &mut bus).unwrap();
        assert_eq!(pins.read(0x0c, &mut bus).unwrap(), 2);
        assert!(pins.write(0x08, 2, &mut bus).is_err()); // STATUS
        pads.write(0x08, 0x4a, &mut bus).unwrap();
        assert_eq!(pads.read(0x08, &mut bus).unwrap(), 0x4a);
        assert_eq!(pads.read(0x04, &mut bus).unwrap(), PAD_AT_RESET);
    }
}
