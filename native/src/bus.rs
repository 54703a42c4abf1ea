//! What peripherals share: the guest's memories, its interrupt lines, the
//! cycle counter and the byte queues to the host.

mod interrupts;

use std::collections::VecDeque;

use crate::fault::{Fault, Kind};
use crate::peripherals::esp_interrupts::Routing;

pub use interrupts::Interrupts;

/// A guest memory, held by Python and mapped into Unicorn at the same bytes.
#[derive(Debug)]
pub struct Memory {
    base: u32,
    length: u32,
    host: *mut u8,
    writable: bool,
}

/// The memories of a board.
#[derive(Debug, Default)]
pub struct Memories {
    list: Vec<Memory>,
}

impl Memories {
    /// Adds one.
    ///
    /// # Safety
    /// `host` points to `length` readable and writable bytes that outlive
    /// the value, and are not touched by others while a method runs.
    pub unsafe fn add(&mut self, base: u32, length: u32, host: *mut u8, writable: bool) {
        self.list.push(Memory { base, length, host, writable });
    }

    /// The address ranges outside RAM, both ends included.
    pub fn outside_ram(&self) -> Vec<(u32, u32)> {
        let mut ram: Vec<_> = self.list.iter().filter(|memory| memory.writable).collect();
        ram.sort_by_key(|memory| memory.base);
        let mut ranges = Vec::new();
        let mut next = 0_u64;
        for memory in ram {
            let base = u64::from(memory.base);
            if next < base {
                ranges.push((next as u32, memory.base - 1));
            }
            next = base + u64::from(memory.length);
        }
        if next <= u64::from(u32::MAX) {
            ranges.push((next as u32, u32::MAX));
        }
        ranges
    }

    fn find(&self, address: u32, length: usize) -> Option<(&Memory, usize)> {
        self.list.iter().find_map(|memory| {
            let offset = address.checked_sub(memory.base)? as usize;
            let end = offset.checked_add(length)?;
            (end <= memory.length as usize).then_some((memory, offset))
        })
    }

    /// The bytes of code at `address`, and whether the guest can change them.
    pub fn code(&self, address: u32, length: usize) -> Option<(&[u8], bool)> {
        let (memory, offset) = self.find(address, length)?;
        // SAFETY: `find` checked the range against the memory (`add`).
        let bytes = unsafe { std::slice::from_raw_parts(memory.host.add(offset), length) };
        Some((bytes, memory.writable))
    }

    /// Whether the guest may write at `address`; `None` where there is no memory.
    pub fn writable(&self, address: u32) -> Option<bool> {
        self.find(address, 1).map(|(memory, _)| memory.writable)
    }

    /// The word at `address`.
    pub fn word(&self, address: u32) -> Option<u32> {
        let (bytes, _) = self.code(address, 4)?;
        bytes.try_into().ok().map(u32::from_le_bytes)
    }

    fn ram(&self, address: u32, length: usize) -> Option<*mut u8> {
        let (memory, offset) = self.find(address, length)?;
        // SAFETY: `find` checked the range against the memory (`add`).
        memory.writable.then(|| unsafe { memory.host.add(offset) })
    }

    /// Reads RAM for a DMA; `None` when any of it is not RAM.
    pub fn dma_read(&self, address: u32, length: usize) -> Option<&[u8]> {
        if length == 0 {
            return Some(&[]);
        }
        let start = self.ram(address, length)?;
        // SAFETY: `ram` checked the range against the memory (`add`).
        Some(unsafe { std::slice::from_raw_parts(start, length) })
    }

    /// Writes RAM for a DMA; `None` when any of it is not RAM.
    pub fn dma_write(&mut self, address: u32, bytes: &[u8]) -> Option<()> {
        if bytes.is_empty() {
            return Some(());
        }
        let start = self.ram(address, bytes.len())?;
        // SAFETY: `ram` checked the range against the memory (`add`).
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len()) };
        Some(())
    }
}

/// The two directions of the board's UART, seen from the host.
#[derive(Debug, Default)]
pub struct Serial {
    /// Bytes the host sent that the guest has not received yet.
    pub to_guest: VecDeque<u8>,
    /// Bytes the guest sent that the host has not taken yet.
    pub to_host: VecDeque<u8>,
}

/// A clock that counts core cycles in its own time.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    /// The bus's cycles when it was started.
    pub since: u64,
    /// Ticks a second.
    pub hz: u64,
}

/// Where a core begins that another one starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its vector table.
    pub vectors: u32,
    /// Its stack pointer.
    pub stack: u32,
    /// Its first instruction.
    pub entry: u32,
}

/// What a CLINT holds for one hart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Its software interrupt pends.
    pub software: bool,
    /// The cycle of the bus from which on its timer interrupt pends.
    pub alarm: u64,
}

impl Default for Local {
    fn default() -> Local {
        Local { software: false, alarm: u64::MAX }
    }
}

/// What a peripheral does to cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Sets the event register of every core.
    SendEvent,
    /// Starts a core that is held.
    Start(usize, Start),
    /// Holds a core in reset.
    Hold(usize),
    /// Lets a core that is held run its boot ROM, if it has one.
    Release(usize),
}

/// What an STM32H7's core runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Voltage {
    /// The lower, the higher it is: 0 to 3.
    pub scale: u32,
    /// The step-down converter makes it, and not the linear regulator.
    pub by_converter: bool,
}

/// What one core's IPC of an nRF53 is set to: channels by task, channels by
/// event; and what came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mail {
    /// Channels that each task sends on.
    pub sends: [u32; 16],
    /// Channels that each event comes by.
    pub receives: [u32; 16],
    /// Events that came.
    pub events: u32,
    /// Events that interrupt.
    pub enabled: u32,
}

/// What a peripheral can reach, and what one tells another.
#[derive(Debug, Default)]
pub struct Bus {
    /// The guest's memories.
    pub memories: Memories,
    /// Interrupt state of the core that makes the access.
    pub interrupts: Interrupts,
    /// Interrupt states of the cores by number; that of `core` is in `interrupts`.
    pub parked: Vec<Interrupts>,
    /// The core that makes the access.
    pub core: usize,
    /// Interrupts of each core's own, where a CLINT makes them.
    pub local: Vec<Local>,
    /// What was asked for that concerns cores.
    pub commands: Vec<Command>,
    /// Another core may have reason to wake.
    pub stirred: bool,
    /// Byte queues of the UART.
    pub serial: Serial,
    /// Cycles since power-on, at the start of the running block. They are the
    /// core's own for what is part of a core; for all else they are of the
    /// first core's clock, and never fall when cores take turns.
    pub cycles: u64,
    /// Cycles a second.
    pub clock_hz: u64,
    /// What an Arm core says that it is.
    pub cpuid: u32,
    /// The guest asked for a system reset.
    pub reset_requested: bool,
    /// Floating-point instructions are allowed (CPACR).
    pub fpu_enabled: bool,
    /// Bases of the peripherals that the chip holds in reset.
    pub held_in_reset: Vec<u32>,
    /// Bases of the peripherals whose pads the chip cuts off.
    pub isolated: Vec<u32>,
    /// Bases of the peripherals whose clock the chip keeps off.
    pub unclocked: Vec<u32>,
    /// Wait states of the chip's flash.
    pub wait_states: u32,
    /// The chip's core voltage.
    pub voltage: Voltage,
    /// The SPU lets an nRF53's network core into the application core's memories.
    pub network_is_secure: bool,
    /// The IPC of an nRF53's application core, and of its network core.
    pub mail: [Mail; 2],
    /// What the chip's timers count, in Hz.
    pub timer_hz: u64,
    /// The chip's crystal runs.
    pub crystal: bool,
    /// The chip's PLL runs, at the core's clock.
    pub pll: bool,
    /// The tick that the chip's timer counts.
    pub tick: Option<Ticks>,
    /// Watchdogs that run, by bits of the chip's models.
    pub watchdogs: u32,
    /// Parts that have power, by bits of the chip's controller of power.
    pub powered: u32,
    /// How the chip's interrupts reach the core.
    pub routing: Routing,
    /// What the watchdog resets, by the bits of the chip's reset controller.
    pub watchdog_resets: u32,
}

impl Bus {
    /// Adds a core's interrupt state.
    pub fn add_core(&mut self) {
        self.parked.push(Interrupts::default());
        self.local.push(Local::default());
    }

    /// Lets another core make the accesses.
    pub fn switch(&mut self, core: usize) {
        for index in [self.core, core] {
            if let Some(parked) = self.parked.get_mut(index) {
                std::mem::swap(parked, &mut self.interrupts);
            }
        }
        self.core = core;
    }

    /// The interrupt state of a core.
    pub fn interrupts_of(&mut self, core: usize) -> &mut Interrupts {
        match self.parked.get_mut(core) {
            Some(parked) if core != self.core => parked,
            _ => &mut self.interrupts,
        }
    }

    /// Drives a peripheral's line to the interrupt controller of every core.
    pub fn drive(&mut self, number: u32, high: bool) {
        self.stirred |= high && !self.interrupts.is_high(number);
        self.interrupts.drive(number, high);
        for parked in &mut self.parked {
            parked.drive(number, high);
        }
    }

    /// Drives a peripheral's line to the interrupt controller of one core.
    pub fn drive_one(&mut self, core: usize, number: u32, high: bool) {
        let interrupts = self.interrupts_of(core);
        let rises = high && !interrupts.is_high(number);
        interrupts.drive(number, high);
        self.stirred |= rises;
    }

    /// Asks for what concerns cores.
    pub fn command(&mut self, command: Command) {
        self.commands.push(command);
        self.stirred = true;
    }

    /// Ticks up to now; `None` when there are none.
    pub fn ticks(&self) -> Option<u64> {
        let tick = self.tick?;
        let cycles = u128::from(self.cycles - tick.since);
        Some((cycles * u128::from(tick.hz) / u128::from(self.clock_hz.max(1))) as u64)
    }

    /// The fault of a DMA outside RAM.
    pub fn dma_fault(peripheral: &str, direction: &str, address: u32, length: u32) -> Fault {
        let message = format!(
            "{peripheral} {direction} DMA of {length} bytes at {address:#010x}: only RAM is reachable"
        );
        Fault { size: length, ..Fault::at(Kind::Dma, address, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dma_stays_in_ram() {
        let mut flash = [1_u8, 2, 3, 4];
        let mut ram = [0_u8; 4];
        let mut memories = Memories::default();
        // SAFETY: both arrays outlive `memories` and are used through it only.
        unsafe {
            memories.add(0, 4, flash.as_mut_ptr(), false);
            memories.add(0x2000_0000, 4, ram.as_mut_ptr(), true);
        }
        assert_eq!(memories.word(0), Some(0x0403_0201));
        assert_eq!(memories.dma_read(0, 4), None);
        assert_eq!(memories.dma_write(0x2000_0002, &[7, 8]), Some(()));
        assert_eq!(memories.dma_read(0x2000_0000, 4), Some(&[0, 0, 7, 8][..]));
        assert_eq!(memories.dma_write(0x2000_0003, &[7, 8]), None);
        assert_eq!(memories.dma_read(0xffff_ffff, 4), None);
        assert_eq!(memories.dma_read(0xffff_ffff, 0), Some(&[][..]));
    }

    #[test]
    fn ranges_outside_ram_leave_out_ram_only() {
        let mut byte = 0_u8;
        let mut memories = Memories::default();
        assert_eq!(memories.outside_ram(), [(0, u32::MAX)]);
        // SAFETY: nothing is read or written through them.
        unsafe {
            memories.add(0, 0x1000, &raw mut byte, false);
            memories.add(0x3000, 0x1000, &raw mut byte, true);
            memories.add(0x1000, 0x1000, &raw mut byte, true);
        }
        let ranges = [(0, 0xfff), (0x2000, 0x2fff), (0x4000, u32::MAX)];
        assert_eq!(memories.outside_ram(), ranges);
    }

    #[test]
    fn a_line_reaches_every_core_and_each_has_its_own_bits() {
        let mut bus = Bus::default();
        bus.add_core();
        bus.add_core();
        *bus.interrupts.enabled(0).unwrap() = 1 << 5;
        bus.drive(5, true);
        assert!(std::mem::take(&mut bus.stirred));
        assert_eq!(bus.interrupts.ready(), Some(5));
        bus.switch(1);
        assert_eq!(bus.interrupts.ready(), None);
        assert_eq!(bus.interrupts.pending(0), Some(1 << 5));
        *bus.interrupts.enabled(0).unwrap() = 1 << 5;
        bus.drive(5, true);
        assert!(!bus.stirred, "it was high before");
        bus.drive(5, false);
        bus.interrupts.change_pending(0, 0, 1 << 5);
        assert_eq!(bus.interrupts.ready(), None);
        assert_eq!(bus.interrupts_of(0).ready(), Some(5));
        bus.switch(0);
        bus.interrupts.reset();
        assert_eq!(bus.interrupts.ready(), None);
        assert_eq!(bus.interrupts_of(1).pending(0), Some(0));
    }
}
