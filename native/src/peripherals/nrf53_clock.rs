//! What Nordic's nRF53 has in one block for its application core: CLOCK and
//! RESET; and the cache of its flash.
//!
//! Registers: nRF5340 Product Specification, "CLOCK", "RESET", "CACHE". The
//! oscillators start at once. The network core begins at the vector table at the
//! start of its flash when it is released. The core runs at the board's clock from reset on;
//! a crystal that is started while the core's divisor makes another one is
//! refused.

use super::{Peripheral, Refusal};
use crate::bus::{Bus, Command, Start};

/// The model's name.
pub const NAME: &str = "nrf53-clock";
/// The cache's name.
pub const CACHE: &str = "nrf53-cache";

const HFCLKSTART: u32 = 0x000;
const HFCLKSTOP: u32 = 0x004;
const HFCLKSTARTED: u32 = 0x100;
const HFCLKSTAT: u32 = 0x40c;
const HFCLKCTRL: u32 = 0x558;
const FORCEOFF: u32 = 0x614;
/// Written for erratum 161, before and after FORCEOFF.
const ERRATUM_161: u32 = 0x618;
/// The network core.
const NETWORK: usize = 1;
const NETWORK_FLASH: u32 = 0x0100_0000;
/// Source: the crystal; state: running.
const CRYSTAL_RUNS: u32 = 1 << 16 | 1;
/// The internal oscillator runs from reset on.
const INTERNAL_RUNS: u32 = 1 << 16;
const SOURCE_HZ: u64 = 128_000_000;

/// The block.
#[derive(Debug, Default)]
pub struct Nrf53Clock {
    crystal: bool,
    started: bool,
    /// The core's clock is halved so often.
    halvings: u32,
    released: bool,
}

impl Nrf53Clock {
    fn start(&mut self, bus: &Bus) -> Result<(), Refusal> {
        let hz = SOURCE_HZ >> self.halvings;
        if hz != bus.clock_hz {
            let clock = bus.clock_hz;
            let why = format!("HFCLKCTRL makes {hz} Hz, and the board's clock is {clock} Hz");
            return Err(Refusal::Misuse(why));
        }
        (self.crystal, self.started) = (true, true);
        Ok(())
    }

    /// Holds the network core, or lets it begin.
    fn force_off(&mut self, off: bool, bus: &mut Bus) -> Result<(), Refusal> {
        if off {
            bus.command(Command::Hold(NETWORK));
        } else if !bus.network_is_secure {
            let why = "the network core is released while the SPU keeps it out of flash and RAM";
            return Err(Refusal::Misuse(why.into()));
        } else if !self.released {
            let words = (bus.memories.word(NETWORK_FLASH), bus.memories.word(NETWORK_FLASH + 4));
            let (Some(stack), Some(entry)) = words else {
                let why = "the network core is released, and its flash holds no vector table";
                return Err(Refusal::Misuse(why.into()));
            };
            bus.command(Command::Start(NETWORK, Start { vectors: NETWORK_FLASH, stack, entry }));
        }
        self.released = !off;
        Ok(())
    }
}

impl Peripheral for Nrf53Clock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        match offset {
            HFCLKSTARTED => Ok(u32::from(self.started)),
            HFCLKSTAT => Ok(if self.crystal { CRYSTAL_RUNS } else { INTERNAL_RUNS }),
            HFCLKCTRL => Ok(self.halvings),
            FORCEOFF => Ok(u32::from(!self.released)),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        match offset {
            HFCLKSTART if value & 1 != 0 => return self.start(bus),
            HFCLKSTOP if value & 1 != 0 => self.crystal = false,
            HFCLKSTART | HFCLKSTOP => {}
            HFCLKSTARTED => self.started = value & 1 != 0,
            HFCLKCTRL => self.halvings = value & 1,
            FORCEOFF => return self.force_off(value & 1 != 0, bus),
            ERRATUM_161 => {}
            _ => return Err(Refusal::Unmodelled),
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Nrf53Clock { halvings: 1, ..Nrf53Clock::default() };
    }
}

const ENABLE: u32 = 0x500;

/// The cache, which can be switched on; what it would save is not modelled.
#[derive(Debug, Default)]
pub struct Cache {
    enabled: u32,
}

impl Peripheral for Cache {
    fn name(&self) -> &'static str {
        CACHE
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if offset == ENABLE { Ok(self.enabled) } else { Err(Refusal::Unmodelled) }
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        if offset != ENABLE {
            return Err(Refusal::Unmodelled);
        }
        self.enabled = value & 1;
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        self.enabled = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crystal_starts_once_the_core_has_the_boards_clock() {
        let mut clock = Nrf53Clock::default();
        let mut bus = Bus { clock_hz: 128_000_000, ..Bus::default() };
        clock.reset(&mut bus);
        let refusal = clock.write(HFCLKSTART, 1, &mut bus).unwrap_err();
        assert!(matches!(refusal, Refusal::Misuse(text) if text.contains("64000000 Hz")));
        assert_eq!(clock.read(HFCLKSTARTED, &mut bus).unwrap(), 0);
        clock.write(HFCLKCTRL, 0, &mut bus).unwrap();
        clock.write(HFCLKSTART, 1, &mut bus).unwrap();
        assert_eq!(clock.read(HFCLKSTARTED, &mut bus).unwrap(), 1);
        assert_eq!(clock.read(HFCLKSTAT, &mut bus).unwrap(), CRYSTAL_RUNS);
        assert!(clock.write(0x008, 1, &mut bus).is_err());
    }

    #[test]
    fn the_network_core_begins_where_its_flash_says() {
        let mut flash = [0x1c_u8, 0, 0, 0x20, 0x41, 0, 0, 0];
        let (mut block, mut bus) = (Nrf53Clock::default(), Bus::default());
        block.reset(&mut bus);
        assert_eq!(block.read(FORCEOFF, &mut bus).unwrap(), 1);
        assert!(block.write(FORCEOFF, 0, &mut bus).is_err(), "the SPU keeps it out");
        bus.network_is_secure = true;
        assert!(block.write(FORCEOFF, 0, &mut bus).is_err(), "no flash");
        // SAFETY: the array outlives `bus` and is used through it only.
        unsafe { bus.memories.add(NETWORK_FLASH, 8, flash.as_mut_ptr(), false) };
        block.write(FORCEOFF, 0, &mut bus).unwrap();
        block.write(FORCEOFF, 0, &mut bus).unwrap();
        block.write(FORCEOFF, 1, &mut bus).unwrap();
        let start = Start { vectors: NETWORK_FLASH, stack: 0x2000_001c, entry: 0x41 };
        assert_eq!(bus.commands, [Command::Start(1, start), Command::Hold(1)]);
    }

    #[test]
    fn the_cache_is_off_until_it_is_enabled() {
        let (mut cache, mut bus) = (Cache::default(), Bus::default());
        assert_eq!(cache.read(ENABLE, &mut bus).unwrap(), 0);
        cache.write(ENABLE, 1, &mut bus).unwrap();
        assert_eq!(cache.read(ENABLE, &mut bus).unwrap(), 1);
        cache.reset(&mut bus);
        assert_eq!(cache.read(ENABLE, &mut bus).unwrap(), 0);
        assert!(cache.write(0x504, 1, &mut bus).is_err()); // INVALIDATE
    }
}
