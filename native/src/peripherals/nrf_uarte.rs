//! UARTE of Nordic's nRF52 and nRF53: a UART that moves bytes by DMA.
//!
//! Registers: nRF52840 Product Specification, "UARTE". Bytes move at once:
//! the baud rate costs no time and the receiver never overruns.

use super::{Peripheral, Refusal, index};
use crate::bus::Bus;
use crate::fault::Fault;

/// The model's name.
pub const NAME: &str = "nrf-uarte";

mod task {
    pub const STARTRX: u32 = 0x000;
    pub const STOPRX: u32 = 0x004;
    pub const STARTTX: u32 = 0x008;
    pub const STOPTX: u32 = 0x00c;
    pub const FLUSHRX: u32 = 0x02c;
}

/// Events by their bit in INTEN; the register is at `0x100 + 4 * bit`.
mod event {
    pub const RXDRDY: u32 = 2;
    pub const ENDRX: u32 = 4;
    pub const TXDRDY: u32 = 7;
    pub const ENDTX: u32 = 8;
    pub const RXTO: u32 = 17;
    pub const RXSTARTED: u32 = 19;
    pub const TXSTARTED: u32 = 20;
    pub const TXSTOPPED: u32 = 22;
    /// Every event that exists: the above, CTS, NCTS and ERROR.
    pub const ALL: u32 = 0x005a_0397;
}

const EVENTS: u32 = 0x100;
const SHORTS: u32 = 0x200;
const INTEN: u32 = 0x300;
const INTENSET: u32 = 0x304;
const INTENCLR: u32 = 0x308;
const ERRORSRC: u32 = 0x480;
const ENABLE: u32 = 0x500;
/// RTS, TXD, CTS, RXD.
const PSEL: u32 = 0x508;
const PIN_TXD: usize = 1;
const PIN_RXD: usize = 3;
const BAUDRATE: u32 = 0x524;
const RXD: u32 = 0x534;
const TXD: u32 = 0x544;
const CONFIG: u32 = 0x56c;

const SHORT_ENDRX_STARTRX: u32 = 1 << 5;
const SHORT_ENDRX_STOPRX: u32 = 1 << 6;
const ENABLED: u32 = 8;
const UNCONNECTED: u32 = 1 << 31;

/// A DMA channel's PTR, MAXCNT and AMOUNT.
#[derive(Clone, Copy, Debug, Default)]
struct Channel {
    pointer: u32,
    count: u32,
    amount: u32,
}

impl Channel {
    fn read(&self, word: usize) -> u32 {
        match word {
            0 => self.pointer,
            1 => self.count,
            _ => self.amount,
        }
    }

    fn write(&mut self, word: usize, value: u32) -> Result<(), Refusal> {
        match word {
            0 => self.pointer = value,
            1 => self.count = value & 0xffff,
            _ => return Err(Refusal::Misuse("AMOUNT is read only".into())),
        }
        Ok(())
    }
}

/// The peripheral.
#[derive(Debug)]
pub struct NrfUarte {
    number: u32,
    enable: u32,
    psel: [u32; 4],
    baudrate: u32,
    config: u32,
    shorts: u32,
    enabled_events: u32,
    events: u32,
    receiving: bool,
    received: u32,
    rx: Channel,
    tx: Channel,
}

impl NrfUarte {
    /// The instance at `base`; bits 12 to 17 are its interrupt number.
    pub fn new(base: u32) -> NrfUarte {
        NrfUarte {
            number: (base >> 12) & 0x3f,
            enable: 0,
            psel: [u32::MAX; 4],
            baudrate: 0x0400_0000,
            config: 0,
            shorts: 0,
            enabled_events: 0,
            events: 0,
            receiving: false,
            received: 0,
            rx: Channel::default(),
            tx: Channel::default(),
        }
    }

    fn raise(&mut self, event: u32) {
        self.events |= 1 << event;
    }

    /// A task needs the UARTE on and its pin connected, or nothing happens
    /// on silicon and the firmware waits for ever: said at once here.
    fn require(&self, task: &str, pin: usize, pin_name: &str) -> Result<(), Refusal> {
        if self.enable != ENABLED {
            return Err(Refusal::Misuse(format!("{task} while ENABLE is {}, not 8", self.enable)));
        }
        if self.psel.get(pin).is_none_or(|psel| psel & UNCONNECTED != 0) {
            return Err(Refusal::Misuse(format!("{task} while PSEL.{pin_name} is not connected")));
        }
        Ok(())
    }

    fn transmit(&mut self, bus: &mut Bus) -> Result<(), Refusal> {
        self.require("STARTTX", PIN_TXD, "TXD")?;
        let Channel { pointer, count, .. } = self.tx;
        let Some(bytes) = bus.memories.dma_read(pointer, count as usize) else {
            return Err(Refusal::Fault(Bus::dma_fault(NAME, "TXD", pointer, count)));
        };
        bus.serial.to_host.extend(bytes);
        self.tx.amount = count;
        self.raise(event::TXSTARTED);
        if count > 0 {
            self.raise(event::TXDRDY);
        }
        self.raise(event::ENDTX);
        Ok(())
    }

    fn start_receiving(&mut self, bus: &mut Bus) -> Result<(), Refusal> {
        self.require("STARTRX", PIN_RXD, "RXD")?;
        self.receiving = true;
        self.received = 0;
        self.raise(event::RXSTARTED);
        self.receive(bus).map_err(Refusal::Fault)
    }

    fn stop_receiving(&mut self) {
        if self.receiving {
            self.end_reception();
        }
        self.receiving = false;
        self.raise(event::RXTO);
    }

    fn end_reception(&mut self) {
        self.rx.amount = self.received;
        self.raise(event::ENDRX);
    }

    /// Moves waiting bytes to RAM until the buffer is full.
    fn receive(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        while self.receiving && !bus.serial.to_guest.is_empty() {
            let room = self.rx.count.saturating_sub(self.received) as usize;
            let length = room.min(bus.serial.to_guest.len());
            let bytes: Vec<u8> = bus.serial.to_guest.drain(..length).collect();
            let target = self.rx.pointer.wrapping_add(self.received);
            if bus.memories.dma_write(target, &bytes).is_none() {
                return Err(Bus::dma_fault(NAME, "RXD", target, length as u32));
            }
            self.received += length as u32;
            if length > 0 {
                self.raise(event::RXDRDY);
            }
            if self.received < self.rx.count {
                break;
            }
            self.end_reception();
            // An empty buffer with the shortcut would spin without end.
            self.receiving = self.shorts & SHORT_ENDRX_STARTRX != 0 && self.rx.count > 0;
            self.received = 0;
            if self.receiving {
                self.raise(event::RXSTARTED);
                // The firmware must see this buffer before the next fills.
                break;
            }
            if self.shorts & SHORT_ENDRX_STOPRX != 0 {
                self.stop_receiving();
            }
        }
        Ok(())
    }
}

impl Peripheral for NrfUarte {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if let Some(bit) = index(offset, EVENTS, 32) {
            let exists = event::ALL >> bit & 1 != 0;
            return if exists { Ok(self.events >> bit & 1) } else { Err(Refusal::Unmodelled) };
        }
        if let Some(word) = index(offset, RXD, 3) {
            return Ok(self.rx.read(word));
        }
        if let Some(word) = index(offset, TXD, 3) {
            return Ok(self.tx.read(word));
        }
        if let Some(pin) = index(offset, PSEL, 4) {
            return self.psel.get(pin).copied().ok_or(Refusal::Unmodelled);
        }
        match offset {
            SHORTS => Ok(self.shorts),
            INTEN | INTENSET | INTENCLR => Ok(self.enabled_events),
            ERRORSRC => Ok(0),
            ENABLE => Ok(self.enable),
            BAUDRATE => Ok(self.baudrate),
            CONFIG => Ok(self.config),
            task::STARTRX | task::STOPRX | task::STARTTX | task::STOPTX | task::FLUSHRX => Ok(0),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let started = value & 1 != 0;
        match offset {
            task::STARTRX if started => return self.start_receiving(bus),
            task::STOPRX if started => self.stop_receiving(),
            task::STARTTX if started => return self.transmit(bus),
            task::STOPTX if started => self.raise(event::TXSTOPPED),
            // The receiver's own FIFO is always empty here.
            task::FLUSHRX if started => {
                self.rx.amount = 0;
                self.raise(event::ENDRX);
            }
            task::STARTRX | task::STOPRX | task::STARTTX | task::STOPTX | task::FLUSHRX => {}
            SHORTS => self.shorts = value & (SHORT_ENDRX_STARTRX | SHORT_ENDRX_STOPRX),
            INTEN => self.enabled_events = value & event::ALL,
            INTENSET => self.enabled_events |= value & event::ALL,
            INTENCLR => self.enabled_events &= !value,
            ERRORSRC => {}
            ENABLE => self.enable = value & 15,
            BAUDRATE => self.baudrate = value,
            CONFIG => self.config = value,
            _ => {
                if let Some(bit) = index(offset, EVENTS, 32)
                    && event::ALL >> bit & 1 != 0
                {
                    self.events = self.events & !(1 << bit) | (value & 1) << bit;
                } else if let Some(word) = index(offset, RXD, 3) {
                    return self.rx.write(word, value);
                } else if let Some(word) = index(offset, TXD, 3) {
                    return self.tx.write(word, value);
                } else if let Some(psel) =
                    index(offset, PSEL, 4).and_then(|pin| self.psel.get_mut(pin))
                {
                    *psel = value;
                } else {
                    return Err(Refusal::Unmodelled);
                }
            }
        }
        Ok(())
    }

    fn poll(&mut self, bus: &mut Bus) -> Result<(), Fault> {
        self.receive(bus)
    }

    fn interrupt(&self) -> Option<(u32, bool)> {
        Some((self.number, self.events & self.enabled_events != 0))
    }

    fn reset(&mut self, _bus: &mut Bus) {
        *self = NrfUarte { number: self.number, ..NrfUarte::new(0) };
    }
}

#[cfg(test)]
mod tests;
