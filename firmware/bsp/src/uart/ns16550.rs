use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// National Semiconductor PC16550D data sheet, section 8 (registers), which
// are bytes here.
const RBR_THR: usize = 0;
const IER: usize = 1;
const FCR: usize = 2;
const LCR: usize = 3;
const LSR: usize = 5;
/// While LCR_DIVISOR is set.
const DIVISOR_LOW: usize = 0;
const DIVISOR_HIGH: usize = 1;

const IER_RECEIVED: u8 = 1;
/// FIFOs on and empty; the receive interrupt comes with the first byte.
const FCR_FIFO: u8 = 0b111;
const LCR_8N1: u8 = 0b11;
const LCR_DIVISOR: u8 = 1 << 7;
const LSR_RECEIVED: u8 = 1;
const LSR_FIFO_EMPTY: u8 = 1 << 5;
const LSR_IDLE: u8 = 1 << 6;

/// Bytes in a FIFO.
const DEPTH: usize = 16;

/// Reads of a flag before it is given up: far longer than a full FIFO takes.
const PATIENCE: u32 = 1 << 20;

/// A 16550A with its FIFOs, 8N1, without flow control.
pub struct Ns16550<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> Ns16550<W> {
    /// Starts the UART whose registers are at `base`, a byte each, whatever
    /// state it is in. It samples its clock, divided by `divisor`, 16 times a
    /// bit.
    ///
    /// # Safety
    /// `base` is that of a 16550A that nothing else uses.
    pub unsafe fn start(base: usize, divisor: u16, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        await_set(registers, LSR_IDLE);
        let [low, high] = divisor.to_le_bytes();
        registers.write_byte(LCR, LCR_8N1 | LCR_DIVISOR);
        registers.write_byte(DIVISOR_LOW, low);
        registers.write_byte(DIVISOR_HIGH, high);
        registers.write_byte(LCR, LCR_8N1);
        registers.write_byte(FCR, FCR_FIFO);
        registers.write_byte(IER, IER_RECEIVED);
        Ns16550 { registers, wait }
    }
}

impl<W: Wait> Link for Ns16550<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read_byte(LSR) & LSR_RECEIVED == 0 {
            self.wait.wait();
            // Its line falls with the last byte read; what is left pending
            // from before that would end the next sleep at once.
            self.wait.acknowledge();
        }
        self.registers.read_byte(RBR_THR)
    }

    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(DEPTH) {
            await_set(self.registers, LSR_FIFO_EMPTY);
            for &byte in part {
                self.registers.write_byte(RBR_THR, byte);
            }
        }
        // A reset right after this must not cut the last bytes off.
        await_set(self.registers, LSR_IDLE);
    }
}

fn await_set(registers: Registers, flag: u8) {
    let mut patience = PATIENCE;
    while registers.read_byte(LSR) & flag == 0 && patience > 0 {
        patience -= 1;
    }
}
