use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// nRF51 Series Reference Manual 3.0, chapter 29 (UART).
const TASKS_STARTRX: usize = 0x000;
const TASKS_STARTTX: usize = 0x008;
const EVENTS_RXDRDY: usize = 0x108;
const EVENTS_TXDRDY: usize = 0x11C;
const INTENSET: usize = 0x304;
const ENABLE: usize = 0x500;
const PSELRTS: usize = 0x508;
const PSELTXD: usize = 0x50C;
const PSELCTS: usize = 0x510;
const PSELRXD: usize = 0x514;
const RXD: usize = 0x518;
const TXD: usize = 0x51C;
const BAUDRATE: usize = 0x524;
const CONFIG: usize = 0x56C;

const ENABLE_OFF: u32 = 0;
const ENABLE_UART: u32 = 4;
const DISCONNECTED: u32 = u32::MAX;
const INTERRUPT_RXDRDY: u32 = 1 << 2;
const CONFIG_8N1: u32 = 0;
const BAUDRATE_115200: u32 = 0x01D7_E000;

/// Reads of an event before it is given up: far longer than a byte takes.
const PATIENCE: u32 = 1 << 16;

/// The UART of the nRF51 at 115,200 baud, 8N1, without flow control.
///
/// It moves byte by byte, and has room for six that the core has not read. At
/// 1 Mbaud a byte would be 160 cycles, and the agent takes 171 for one.
pub struct NrfUart<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> NrfUart<W> {
    /// Starts the UART whose registers are at `base`, whatever state it is
    /// in; `transmit` and `receive` are pins.
    ///
    /// # Safety
    /// `base` is that of a UART that nothing else uses.
    pub unsafe fn start(base: usize, transmit: u32, receive: u32, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        // The pins may only be chosen while the UART is off.
        registers.write(ENABLE, ENABLE_OFF);
        registers.write(PSELRTS, DISCONNECTED);
        registers.write(PSELCTS, DISCONNECTED);
        registers.write(PSELTXD, transmit);
        registers.write(PSELRXD, receive);
        registers.write(ENABLE, ENABLE_UART);
        registers.write(CONFIG, CONFIG_8N1);
        registers.write(BAUDRATE, BAUDRATE_115200);
        registers.write(EVENTS_RXDRDY, 0);
        registers.write(INTENSET, INTERRUPT_RXDRDY);
        registers.write(TASKS_STARTTX, 1);
        registers.write(TASKS_STARTRX, 1);
        NrfUart { registers, wait }
    }
}

impl<W: Wait> Link for NrfUart<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(EVENTS_RXDRDY) == 0 {
            self.wait.wait();
        }
        // Before the byte: reading that brings the next one, with its event.
        self.registers.write(EVENTS_RXDRDY, 0);
        self.wait.acknowledge();
        self.registers.read(RXD) as u8
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.registers.write(EVENTS_TXDRDY, 0);
            self.registers.write(TXD, u32::from(byte));
            // It comes when the byte has left.
            let mut patience = PATIENCE;
            while self.registers.read(EVENTS_TXDRDY) == 0 && patience > 0 {
                patience -= 1;
            }
        }
    }
}
