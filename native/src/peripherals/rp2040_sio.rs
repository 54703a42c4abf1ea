//! The RP2040's single-cycle I/O block, as far as the two cores use it to
//! agree: which core one is, mailboxes, spinlocks, dividers; and the part of
//! the boot ROM that waits in it for core 1 to be launched.
//!
//! Registers: RP2040 Datasheet, "SIO". GPIO and interpolators are not modelled.

mod divider;
mod rom;

use std::collections::VecDeque;

use super::{Peripheral, Refusal, Signal, index};
use crate::bus::{Bus, Command};
use divider::Divider;
use rom::Rom;

/// The model's name.
pub const NAME: &str = "rp2040-sio";

const CPUID: u32 = 0x000;
const FIFO_ST: u32 = 0x050;
const FIFO_WR: u32 = 0x054;
const FIFO_RD: u32 = 0x058;
const SPINLOCK_ST: u32 = 0x05c;
const SPINLOCK: u32 = 0x100;
const SPINLOCKS: u32 = 32;

const VALID: u32 = 1;
const READY: u32 = 1 << 1;
const WRITTEN_WHILE_FULL: u32 = 1 << 2;
const READ_WHILE_EMPTY: u32 = 1 << 3;
/// Core 0's; core 1's is the next one. Both reach both cores.
const INTERRUPT: u32 = 15;

const CORES: usize = 2;

/// The words on their way to a core.
#[derive(Debug, Default)]
pub(crate) struct Fifo(VecDeque<u32>);

impl Fifo {
    const DEPTH: usize = 8;

    fn is_full(&self) -> bool {
        self.0.len() == Fifo::DEPTH
    }

    /// Adds a word if there is room; whether there was.
    fn push(&mut self, word: u32) -> bool {
        let room = !self.is_full();
        if room {
            self.0.push_back(word);
        }
        room
    }
}

/// The peripheral.
#[derive(Debug, Default)]
pub struct Sio {
    /// By the core that reads.
    fifos: [Fifo; CORES],
    /// WOF and ROE of each core.
    errors: [u32; CORES],
    dividers: [Divider; CORES],
    locks: u32,
    rom: Rom,
}

impl Sio {
    fn status(&self, core: usize) -> u32 {
        let valid = self.fifos.get(core).is_some_and(|fifo| !fifo.0.is_empty());
        let ready = self.fifos.get(1 - core).is_some_and(|fifo| !fifo.is_full());
        let errors = self.errors.get(core).copied().unwrap_or(0);
        errors | if valid { VALID } else { 0 } | if ready { READY } else { 0 }
    }

    fn set_error(&mut self, core: usize, error: u32) {
        if let Some(errors) = self.errors.get_mut(core) {
            *errors |= error;
        }
    }

    fn interrupt(&self, bus: &mut Bus) {
        for core in 0..CORES {
            let high = self.status(core) & !READY != 0;
            bus.drive(INTERRUPT + core as u32, high);
        }
    }

    /// Runs core 1's ROM as far as it comes.
    fn run_rom(&mut self, bus: &mut Bus) {
        let [to_0, to_1] = &mut self.fifos;
        let (sent, start) = self.rom.run(to_1, to_0);
        if sent {
            bus.command(Command::SendEvent);
        }
        if let Some(start) = start {
            bus.command(Command::Start(1, start));
        }
        self.interrupt(bus);
    }

    /// Claims a lock: its bit, or 0 if it was claimed before.
    fn claim(&mut self, lock: usize) -> u32 {
        let free = !self.locks & 1 << lock;
        self.locks |= free;
        free
    }
}

/// Which of the two cores makes the access.
fn caller(bus: &Bus) -> usize {
    bus.core.min(CORES - 1)
}

impl Peripheral for Sio {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_ordered(&self, offset: u32) -> bool {
        (FIFO_ST..=SPINLOCK_ST).contains(&offset) || index(offset, SPINLOCK, SPINLOCKS).is_some()
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        let core = caller(bus);
        if let Some(lock) = index(offset, SPINLOCK, SPINLOCKS) {
            return Ok(self.claim(lock));
        }
        match offset {
            CPUID => Ok(core as u32),
            FIFO_ST => Ok(self.status(core)),
            FIFO_RD => {
                let word = self.fifos.get_mut(core).and_then(|fifo| fifo.0.pop_front());
                if word.is_none() {
                    self.set_error(core, READ_WHILE_EMPTY);
                }
                self.interrupt(bus);
                Ok(word.unwrap_or(0))
            }
            SPINLOCK_ST => Ok(self.locks),
            _ => {
                let divider = self.dividers.get_mut(core).ok_or(Refusal::Unmodelled)?;
                divider.read(offset, bus.cycles).ok_or(Refusal::Unmodelled)
            }
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let core = caller(bus);
        if let Some(lock) = index(offset, SPINLOCK, SPINLOCKS) {
            self.locks &= !(1 << lock);
            return Ok(());
        }
        match offset {
            FIFO_ST => {
                if let Some(errors) = self.errors.get_mut(core) {
                    *errors = 0;
                }
                self.interrupt(bus);
                Ok(())
            }
            FIFO_WR => {
                if !self.fifos.get_mut(1 - core).is_some_and(|fifo| fifo.push(value)) {
                    self.set_error(core, WRITTEN_WHILE_FULL);
                }
                self.interrupt(bus);
                Ok(())
            }
            _ => {
                let divider = self.dividers.get_mut(core).ok_or(Refusal::Unmodelled)?;
                divider.write(offset, value, bus.cycles).ok_or(Refusal::Unmodelled)
            }
        }
    }

    fn signal(&mut self, signal: Signal, bus: &mut Bus) {
        match signal {
            Signal::Event => self.run_rom(bus),
            Signal::Held(1) => self.rom = Rom::default(),
            Signal::Released(1) => {
                let [_, to_1] = &mut self.fifos;
                self.rom.begin(to_1);
                self.run_rom(bus);
            }
            _ => {}
        }
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = Sio::default();
    }
}

#[cfg(test)]
mod tests;
