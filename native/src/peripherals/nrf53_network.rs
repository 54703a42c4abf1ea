//! What the two cores of Nordic's nRF53 share: the SPU's permission for the
//! network core, mutexes, and an IPC for each.
//!
//! Registers: nRF5340 Product Specification, "SPU", "MUTEX", "IPC". Of the SPU
//! nothing else is modelled.

use super::{Peripheral, Refusal, index};
use crate::bus::{Bus, Mail};

/// The SPU's name.
pub const SPU: &str = "nrf53-spu";
/// The mutexes' name.
pub const MUTEX: &str = "nrf53-mutex";
/// The IPC's name.
pub const IPC: &str = "nrf53-ipc";

const EXTDOMAIN_PERM: u32 = 0x440;
const USER_SELECTABLE: u32 = 2;
const SECURE: u32 = 1 << 4;

/// The system protection unit.
#[derive(Debug, Default)]
pub struct Protection {
    network: u32,
}

impl Peripheral for Protection {
    fn name(&self) -> &'static str {
        SPU
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        if offset == EXTDOMAIN_PERM {
            Ok(USER_SELECTABLE | self.network)
        } else {
            Err(Refusal::Unmodelled)
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        if offset != EXTDOMAIN_PERM {
            return Err(Refusal::Unmodelled);
        }
        self.network = value & SECURE;
        bus.network_is_secure = self.network != 0;
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        self.network = 0;
        bus.network_is_secure = false;
    }
}

const MUTEXES: u32 = 16;
const FIRST_MUTEX: u32 = 0x400;

/// The mutexes.
#[derive(Debug, Default)]
pub struct Mutexes {
    locked: u32,
}

impl Peripheral for Mutexes {
    fn name(&self) -> &'static str {
        MUTEX
    }

    fn is_ordered(&self, _offset: u32) -> bool {
        true
    }

    fn read(&mut self, offset: u32, _bus: &mut Bus) -> Result<u32, Refusal> {
        let mutex = index(offset, FIRST_MUTEX, MUTEXES).ok_or(Refusal::Unmodelled)?;
        let before = self.locked >> mutex & 1;
        self.locked |= 1 << mutex;
        Ok(before)
    }

    fn write(&mut self, offset: u32, value: u32, _bus: &mut Bus) -> Result<(), Refusal> {
        let mutex = index(offset, FIRST_MUTEX, MUTEXES).ok_or(Refusal::Unmodelled)?;
        if value & 1 == 0 {
            self.locked &= !(1 << mutex);
        }
        Ok(())
    }

    fn reset(&mut self, _bus: &mut Bus) {
        self.locked = 0;
    }
}

const SEND: u32 = 0x000;
const RECEIVE: u32 = 0x100;
const INTENSET: u32 = 0x304;
const INTENCLR: u32 = 0x308;
const INTPEND: u32 = 0x30c;
const SEND_CNF: u32 = 0x510;
const RECEIVE_CNF: u32 = 0x590;
const EVENTS: u32 = 16;
/// The base of the application core's.
const APPLICATION: u32 = 0x5002_a000;
/// The interrupts of the application core's and of the network core's.
const LINES: [u32; 2] = [42, 18];

/// The IPC of one core. Channels join it with the other's: the bus has what both
/// are set to, so that what one sends the other has at once.
#[derive(Debug)]
pub struct Mailbox {
    side: usize,
}

impl Mailbox {
    /// The instance at `base`.
    pub fn new(base: u32) -> Mailbox {
        Mailbox { side: usize::from(base != APPLICATION) }
    }

    fn mail<'b>(&self, bus: &'b mut Bus) -> Result<&'b mut Mail, Refusal> {
        bus.mail.get_mut(self.side).ok_or(Refusal::Unmodelled)
    }

    fn drive(bus: &mut Bus) {
        for (side, line) in LINES.into_iter().enumerate() {
            let pending = bus.mail.get(side).map_or(0, |mail| mail.events & mail.enabled);
            bus.drive(line, pending != 0);
        }
    }
}

impl Peripheral for Mailbox {
    fn name(&self) -> &'static str {
        IPC
    }

    fn is_ordered(&self, _offset: u32) -> bool {
        true
    }

    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal> {
        let mail = self.mail(bus)?;
        if let Some(event) = index(offset, RECEIVE, EVENTS) {
            return Ok(mail.events >> event & 1);
        }
        if let Some(channels) = mail.settings(offset) {
            return Ok(*channels);
        }
        match offset {
            INTENSET | INTENCLR => Ok(mail.enabled),
            INTPEND => Ok(mail.enabled & mail.events),
            _ => Err(Refusal::Unmodelled),
        }
    }

    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal> {
        let mail = self.mail(bus)?;
        if let Some(task) = index(offset, SEND, EVENTS) {
            let channels = mail.sends.get(task).copied().unwrap_or(0);
            if value & 1 != 0 {
                bus.mail.iter_mut().for_each(|mail| mail.hear(channels));
            }
        } else if let Some(event) = index(offset, RECEIVE, EVENTS) {
            mail.events = mail.events & !(1 << event) | (value & 1) << event;
        } else if let Some(channels) = mail.settings(offset) {
            *channels = value & 0xffff;
        } else {
            match offset {
                INTENSET => mail.enabled |= value & 0xffff,
                INTENCLR => mail.enabled &= !value,
                _ => return Err(Refusal::Unmodelled),
            }
        }
        Mailbox::drive(bus);
        Ok(())
    }

    fn reset(&mut self, bus: &mut Bus) {
        if let Ok(mail) = self.mail(bus) {
            *mail = Mail::default();
        }
        Mailbox::drive(bus);
    }
}

impl Mail {
    /// SEND_CNF and RECEIVE_CNF.
    fn settings(&mut self, offset: u32) -> Option<&mut u32> {
        let sent = index(offset, SEND_CNF, EVENTS);
        let received = index(offset, RECEIVE_CNF, EVENTS);
        match (sent, received) {
            (Some(task), _) => self.sends.get_mut(task),
            (_, Some(event)) => self.receives.get_mut(event),
            _ => None,
        }
    }

    /// Something was sent on these channels.
    fn hear(&mut self, channels: u32) {
        for (event, receives) in self.receives.iter().enumerate() {
            self.events |= u32::from(receives & channels != 0) << event;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutex_is_taken_by_reading_it() {
        let (mut mutexes, mut bus) = (Mutexes::default(), Bus::default());
        let (first, second) = (FIRST_MUTEX, FIRST_MUTEX + 4);
        assert_eq!(mutexes.read(first, &mut bus).unwrap(), 0);
        assert_eq!(mutexes.read(first, &mut bus).unwrap(), 1);
        assert_eq!(mutexes.read(second, &mut bus).unwrap(), 0);
        mutexes.write(first, 0, &mut bus).unwrap();
        assert_eq!(mutexes.read(first, &mut bus).unwrap(), 0);
        assert!(mutexes.read(0, &mut bus).is_err());
    }

    #[test]
    fn what_one_core_sends_interrupts_the_other() {
        let (mut here, mut there) = (Mailbox::new(APPLICATION), Mailbox::new(0x4101_2000));
        let mut bus = Bus::default();
        bus.add_core();
        bus.add_core();
        *bus.interrupts_of(1).enabled(0).unwrap() = 1 << 18;
        here.write(SEND_CNF + 8, 1 << 5, &mut bus).unwrap();
        there.write(RECEIVE_CNF + 12, 1 << 5, &mut bus).unwrap();
        here.write(SEND + 8, 1, &mut bus).unwrap();
        // It is seen, but does not interrupt before it may.
        assert_eq!(there.read(RECEIVE + 12, &mut bus).unwrap(), 1);
        assert_eq!(bus.interrupts_of(1).ready(), None);
        there.write(INTENSET, 1 << 3, &mut bus).unwrap();
        assert_eq!(bus.interrupts_of(1).ready(), Some(18));
        assert_eq!(there.read(INTPEND, &mut bus).unwrap(), 1 << 3);
        assert_eq!(here.read(RECEIVE + 12, &mut bus).unwrap(), 0);
        there.write(RECEIVE + 12, 0, &mut bus).unwrap();
        bus.interrupts_of(1).change_pending(0, 0, 1 << 18);
        assert_eq!(bus.interrupts_of(1).ready(), None);
        // On another channel nobody hears it.
        here.write(SEND_CNF + 8, 1 << 6, &mut bus).unwrap();
        here.write(SEND + 8, 1, &mut bus).unwrap();
        assert_eq!(there.read(RECEIVE + 12, &mut bus).unwrap(), 0);
        there.reset(&mut bus);
        assert_eq!(there.read(RECEIVE_CNF + 12, &mut bus).unwrap(), 0);
        assert!(here.write(0x300, 1, &mut bus).is_err()); // INTEN
    }

    #[test]
    fn the_network_core_is_let_in_by_the_spu() {
        let (mut spu, mut bus) = (Protection::default(), Bus::default());
        assert_eq!(spu.read(EXTDOMAIN_PERM, &mut bus).unwrap(), USER_SELECTABLE);
        spu.write(EXTDOMAIN_PERM, SECURE, &mut bus).unwrap();
        assert!(bus.network_is_secure);
        spu.reset(&mut bus);
        assert!(!bus.network_is_secure);
        assert!(spu.write(0x600, 0, &mut bus).is_err()); // FLASHREGION
    }
}
