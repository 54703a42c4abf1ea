use core::sync::atomic::{AtomicU8, Ordering, fence};

use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// nRF52840 Product Specification 1.7, section 6.34 (UARTE).
const TASKS_STARTRX: usize = 0x000;
const TASKS_STARTTX: usize = 0x008;
const TASKS_STOPTX: usize = 0x00C;
const EVENTS_ENDRX: usize = 0x110;
const EVENTS_ENDTX: usize = 0x120;
const EVENTS_TXSTOPPED: usize = 0x158;
const SHORTS: usize = 0x200;
const INTENSET: usize = 0x304;
const ENABLE: usize = 0x500;
const PSEL_RTS: usize = 0x508;
const PSEL_TXD: usize = 0x50C;
const PSEL_CTS: usize = 0x510;
const PSEL_RXD: usize = 0x514;
const BAUDRATE: usize = 0x524;
const RXD_PTR: usize = 0x534;
const RXD_MAXCNT: usize = 0x538;
const TXD_PTR: usize = 0x544;
const TXD_MAXCNT: usize = 0x548;
const CONFIG: usize = 0x56C;

const ENABLE_UARTE: u32 = 8;
const DISCONNECTED: u32 = u32::MAX;
const INTERRUPT_ENDRX: u32 = 1 << 4;
const CONFIG_8N1: u32 = 0;
const BAUDRATE_1M: u32 = 0x1000_0000;

/// Reads of an event before it is given up: far longer than the longest
/// transfer that the event can be waiting for (10 µs a byte).
const PATIENCE: u32 = 1 << 20;

/// EasyDMA puts the received byte here; it reaches RAM only.
static RECEIVED: AtomicU8 = AtomicU8::new(0);

/// A UARTE of the nRF family at 1 Mbaud, 8N1, without flow control.
///
/// Bytes come in one by one: the receiver is started again after each. No
/// byte is lost by that, because between two starts the UARTE keeps up to
/// five bytes in a buffer of its own, and at 64 MHz five bytes are 3,200
/// cycles. The ENDRX_STARTRX shortcut would make it worse (two bytes instead
/// of five), and Renode's model does not have it.
pub struct NrfUarte<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> NrfUarte<W> {
    /// Starts the UARTE whose registers are at `base`, whatever state it is
    /// in; `transmit` and `receive` are pins as PSEL counts them.
    ///
    /// # Safety
    /// `base` is that of a UARTE that nothing else uses, and no other
    /// `NrfUarte` is in use.
    pub unsafe fn start(base: usize, transmit: u32, receive: u32, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        if registers.read(ENABLE) != 0 {
            registers.write(TASKS_STOPTX, 1);
            await_event(registers, EVENTS_TXSTOPPED);
            registers.write(ENABLE, 0);
        }
        // The pins may only be chosen while the UARTE is off.
        registers.write(PSEL_RTS, DISCONNECTED);
        registers.write(PSEL_CTS, DISCONNECTED);
        registers.write(PSEL_TXD, transmit);
        registers.write(PSEL_RXD, receive);
        registers.write(CONFIG, CONFIG_8N1);
        registers.write(BAUDRATE, BAUDRATE_1M);
        registers.write(SHORTS, 0);
        registers.write(ENABLE, ENABLE_UARTE);
        registers.write(RXD_PTR, RECEIVED.as_ptr() as u32);
        registers.write(RXD_MAXCNT, 1);
        registers.write(EVENTS_ENDRX, 0);
        registers.write(INTENSET, INTERRUPT_ENDRX);
        registers.write(TASKS_STARTRX, 1);
        NrfUarte { registers, wait }
    }
}

impl<W: Wait> Link for NrfUarte<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(EVENTS_ENDRX) == 0 {
            self.wait.wait();
        }
        self.registers.write(EVENTS_ENDRX, 0);
        // The interrupt stays asserted until the write has arrived; a read
        // of the same register waits for it.
        self.registers.read(EVENTS_ENDRX);
        self.wait.acknowledge();
        fence(Ordering::SeqCst);
        let byte = RECEIVED.load(Ordering::Relaxed);
        self.registers.write(TASKS_STARTRX, 1);
        byte
    }

    fn write(&mut self, bytes: &[u8]) {
        // An empty transfer is not sure to end.
        if bytes.is_empty() {
            return;
        }
        self.registers.write(TXD_PTR, bytes.as_ptr() as u32);
        self.registers.write(TXD_MAXCNT, bytes.len() as u32);
        self.registers.write(EVENTS_ENDTX, 0);
        fence(Ordering::SeqCst);
        self.registers.write(TASKS_STARTTX, 1);
        await_event(self.registers, EVENTS_ENDTX);
        fence(Ordering::SeqCst);
    }
}

fn await_event(registers: Registers, event: usize) {
    let mut patience = PATIENCE;
    while registers.read(event) == 0 && patience > 0 {
        patience -= 1;
    }
}
