//! Watchdogs of the ESP32-C3 and the ESP32-C6: those of the timer groups and,
//! on the ESP32-C6 in a block of their own, those of the low-power system.
//!
//! Registers: ESP32-C3 and ESP32-C6 Technical Reference Manuals, "Timer Group
//! (TIMG)", "Watchdog Timers". The chip's ROM leaves on what guards a boot from
//! flash. None counts here: a UART refuses to send while one runs.

use super::{Peripheral, Refusal};
use crate::bus::Bus;

/// The model's name: timer group 0.
pub const GROUP_0: &str = "esp-timg0";
/// The model's name: timer group 1.
pub const GROUP_1: &str = "esp-timg1";
/// The model's name: the low-power watchdogs of the ESP32-C6.
pub const C6_LOW_POWER: &str = "esp32c6-lp-wdt";

/// What opens a watchdog's registers.
pub const KEY: u32 = 0x50d8_3aa1;

/// Bits of `Bus::watchdogs`.
const RUNS_GROUP_0: u32 = 1 << 0;
const RUNS_GROUP_1: u32 = 1 << 1;
/// The low-power system's watchdog.
pub const RUNS_LOW_POWER: u32 = 1 << 2;
/// The super watchdog, unless it feeds itself.
pub const RUNS_SUPER: u32 = 1 << 3;

const WDTCONFIG0: u32 = 0x48;
const WDTWPROTECT: u32 = 0x64;
const GROUP_FLASH_BOOT: u32 = 1 << 14;
const GROUP_UPDATE: u32 = 1 << 22;
const ENABLE: u32 = 1 << 31;
/// Of the low-power watchdog.
const FLASH_BOOT: u32 = 1 << 12;

/// Sets or clears a bit of `Bus::watchdogs`.
pub fn runs(bus: &mut Bus, bit: u32, on: bool) {
    bus.watchdogs = if on { bus.watchdogs | bit } else { bus.watchdogs & !bit };
}

/// A write while the registers are closed.
pub fn closed(register: &str) -> Refusal {
    Refusal::Misuse(format!("{register} written while the key does not open it"))
}

/// Whether what is written to a low-power watchdog's CONFIG0 lets it run.
pub fn low_power_runs(config: u32) -> bool {
    config & (ENABLE | FLASH_BOOT) != 0
}

/// A timer group: its watchdog alone.
#[derive(Debug)]
pub struct TimerGroup {
    name: &'static str,
    bit: u32,
    config: u32,
    open: bool,
}

impl TimerGroup {
    /// Group 0 or 1.
    pub fn new(name: &'static str) -> TimerGroup {
        let bit = if name == GROUP_0 { RUNS_GROUP_0 } else { RUNS_GROUP_1 };
        TimerGroup { name, bit, config: 0x0004_c000, open: true }
    }
}

impl Peripheral for TimerGroup {
    fn name(&self) -> &'static str {
        self.name
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            WDTCONFIG0 => Ok(self.config),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            WDTWPROTECT => self.open = value == KEY,
            WDTCONFIG0 if !self.open => return Err(closed("WDTCONFIG0")),
            WDTCONFIG0 => {
                self.config = value & !GROUP_UPDATE;
                // Without it the watchdog goes on as it was.
                if value & GROUP_UPDATE != 0 {
                    runs(bus, self.bit, value & (ENABLE | GROUP_FLASH_BOOT) != 0);
                }
            }
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = TimerGroup::new(self.name);
        // Only that of group 0 guards a boot.
        runs(bus, self.bit, self.bit == RUNS_GROUP_0);
    }
}

const LP_CONFIG0: u32 = 0x00;
const LP_WPROTECT: u32 = 0x18;
const LP_SWD_CONFIG: u32 = 0x1c;
const LP_SWD_WPROTECT: u32 = 0x20;
const LP_SWD_OFF: u32 = 1 << 18 | 1 << 30;

/// The low-power watchdogs of the ESP32-C6.
#[derive(Debug)]
pub struct LowPower {
    config: u32,
    super_config: u32,
    open: bool,
    super_open: bool,
}

impl Default for LowPower {
    fn default() -> LowPower {
        LowPower { config: 0x0001_3214, super_config: 0x12c0_0000, open: false, super_open: false }
    }
}

impl Peripheral for LowPower {
    fn name(&self) -> &'static str {
        C6_LOW_POWER
    }

    fn length(&self) -> u32 {
        0x400
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            LP_CONFIG0 => Ok(self.config),
            LP_SWD_CONFIG => Ok(self.super_config),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            LP_WPROTECT => self.open = value == KEY,
            LP_SWD_WPROTECT => self.super_open = value == KEY,
            LP_CONFIG0 if self.open => {
                self.config = value;
                runs(bus, RUNS_LOW_POWER, low_power_runs(value));
            }
            LP_SWD_CONFIG if self.super_open => {
                self.super_config = value;
                runs(bus, RUNS_SUPER, value & LP_SWD_OFF == 0);
            }
            LP_CONFIG0 => return Err(closed("CONFIG0")),
            LP_SWD_CONFIG => return Err(closed("SWD_CONFIG")),
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        *self = LowPower::default();
        runs(bus, RUNS_LOW_POWER | RUNS_SUPER, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roms_watchdogs_run_until_they_are_stopped() {
        let mut bus = Bus::default();
        let mut groups = [TimerGroup::new(GROUP_0), TimerGroup::new(GROUP_1)];
        let mut low_power = LowPower::default();
        groups.iter_mut().for_each(|group| group.reset(&mut bus));
        low_power.reset(&mut bus);
        assert_eq!(bus.watchdogs, RUNS_GROUP_0 | RUNS_LOW_POWER | RUNS_SUPER);
        for group in &mut groups {
            group.write(WDTWPROTECT, KEY, &mut bus).unwrap();
            group.write(WDTCONFIG0, 0, &mut bus).unwrap();
        }
        assert_ne!(bus.watchdogs & RUNS_GROUP_0, 0, "not taken over yet");
        groups[0].write(WDTCONFIG0, GROUP_UPDATE, &mut bus).unwrap();
        low_power.write(LP_WPROTECT, KEY, &mut bus).unwrap();
        low_power.write(LP_CONFIG0, 0, &mut bus).unwrap();
        assert_eq!(bus.watchdogs, RUNS_SUPER);
        low_power.write(LP_SWD_WPROTECT, KEY, &mut bus).unwrap();
        low_power.write(LP_SWD_CONFIG, 1 << 18, &mut bus).unwrap();
        assert_eq!(bus.watchdogs, 0);
    }

    #[test]
    fn without_the_key_nothing_changes() {
        let mut bus = Bus::default();
        let mut group = TimerGroup::new(GROUP_0);
        group.write(WDTWPROTECT, 0, &mut bus).unwrap();
        assert!(group.write(WDTCONFIG0, GROUP_UPDATE, &mut bus).is_err());
        let mut low_power = LowPower::default();
        low_power.reset(&mut bus);
        for offset in [LP_CONFIG0, LP_SWD_CONFIG] {
            assert!(low_power.write(offset, 0, &mut bus).is_err());
        }
        low_power.write(LP_SWD_WPROTECT, 0x8f1d_312a, &mut bus).unwrap(); // the ESP32-C3's key
        assert!(low_power.write(LP_SWD_CONFIG, 1 << 18, &mut bus).is_err());
    }
}
