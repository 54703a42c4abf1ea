//! The single-cycle I/O block of the RP2040 and the RP2350, as far as the two
//! cores use it to agree: which core one is, mailboxes, spinlocks, the RP2040's
//! dividers; and the part of the boot ROM that waits in it for core 1 to be
//! launched.
//!
//! Registers: RP2040 Datasheet and RP2350 Datasheet, "SIO". GPIO, interpolators,
//! doorbells and the RISC-V timer are not modelled.

mod divider;
mod rom;

use std::collections::VecDeque;

use super::raspberry::Chip;
use super::{Peripheral, Refusal, Signal, index};
use crate::bus::{Bus, Command};
use divider::Divider;
use rom::Rom;

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

const CORES: usize = 2;

/// The words on their way to a core.
#[derive(Debug)]
pub(crate) struct Fifo {
    words: VecDeque<u32>,
    depth: usize,
}

impl Fifo {
    fn new(depth: usize) -> Fifo {
        Fifo { words: VecDeque::new(), depth }
    }

    fn is_full(&self) -> bool {
        self.words.len() == self.depth
    }

    /// Adds a word if there is room; whether there was.
    fn push(&mut self, word: u32) -> bool {
        let room = !self.is_full();
        if room {
            self.words.push_back(word);
        }
        room
    }
}

/// The peripheral.
#[derive(Debug)]
pub struct Sio {
    chip: &'static Chip,
    /// By the core that reads.
    fifos: [Fifo; CORES],
    /// WOF and ROE of each core.
    errors: [u32; CORES],
    dividers: [Divider; CORES],
    locks: u32,
    rom: Rom,
}

impl Sio {
    /// That of a chip.
    pub fn new(chip: &'static Chip) -> Sio {
        Sio {
            chip,
            fifos: [Fifo::new(chip.mailbox), Fifo::new(chip.mailbox)],
            errors: [0; CORES],
            dividers: Default::default(),
            locks: 0,
            rom: Rom::default(),
        }
    }

    fn status(&self, core: usize) -> u32 {
        let valid = self.fifos.get(core).is_some_and(|fifo| !fifo.words.is_empty());
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
        for (core, &number) in self.chip.mailbox_interrupts.iter().enumerate() {
            let high = self.status(core) & !READY != 0;
            if self.chip.own_interrupts {
                bus.drive_one(core, number, high);
            } else {
                bus.drive(number, high);
            }
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

    fn divider(&mut self, core: usize) -> Option<&mut Divider> {
        self.dividers.get_mut(core).filter(|_| self.chip.dividers)
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
        self.chip.names.sio
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
                let word = self.fifos.get_mut(core).and_then(|fifo| fifo.words.pop_front());
                if word.is_none() {
                    self.set_error(core, READ_WHILE_EMPTY);
                }
                self.interrupt(bus);
                Ok(word.unwrap_or(0))
            }
            SPINLOCK_ST => Ok(self.locks),
            _ => {
                let divider = self.divider(core).ok_or(Refusal::Unmodelled)?;
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
                let divider = self.divider(core).ok_or(Refusal::Unmodelled)?;
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
        *self = Sio::new(self.chip);
    }
}

#[cfg(test)]
mod tests;
