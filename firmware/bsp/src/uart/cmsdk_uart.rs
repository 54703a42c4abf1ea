use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// Arm Cortex-M System Design Kit Technical Reference Manual, DDI 0479:
// APB UART.
const DATA: usize = 0x000;
const STATE: usize = 0x004;
const CTRL: usize = 0x008;
const INTCLEAR: usize = 0x00C;
const BAUDDIV: usize = 0x010;

const STATE_TRANSMIT_FULL: u32 = 1;
const STATE_RECEIVE_FULL: u32 = 1 << 1;
const STATE_OVERRUNS: u32 = 0b11 << 2;
/// The transmitter, the receiver and the receiver's interrupt.
const CTRL_ON: u32 = 1 | 1 << 1 | 1 << 3;
const INTERRUPT_RECEIVE: u32 = 1 << 1;
const INTERRUPTS_ALL: u32 = 0xF;

/// Reads of a flag before it is given up: far longer than a byte takes.
const PATIENCE: u32 = 1 << 20;

/// The APB UART of Arm's Cortex-M System Design Kit, 8N1, which is all it does.
///
/// It has no FIFO: a byte must be taken before the next one is complete.
pub struct CmsdkUart<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> CmsdkUart<W> {
    /// Starts the UART whose registers are at `base`, whatever state it is
    /// in; a bit lasts `divisor` periods of its clock, 16 or more.
    ///
    /// # Safety
    /// `base` is that of a UART of this kind that nothing else uses.
    pub unsafe fn start(base: usize, divisor: u32, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        await_sent(registers);
        registers.write(CTRL, 0);
        registers.write(BAUDDIV, divisor);
        registers.write(STATE, STATE_OVERRUNS);
        registers.write(INTCLEAR, INTERRUPTS_ALL);
        registers.write(CTRL, CTRL_ON);
        CmsdkUart { registers, wait }
    }
}

impl<W: Wait> Link for CmsdkUart<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(STATE) & STATE_RECEIVE_FULL == 0 {
            self.wait.wait();
            // Before the flag is looked at again: a byte that comes in
            // between makes the interrupt pending anew, or is seen at once.
            self.registers.write(INTCLEAR, INTERRUPT_RECEIVE);
            self.wait.acknowledge();
        }
        self.registers.read(DATA) as u8
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            await_sent(self.registers);
            self.registers.write(DATA, u32::from(byte));
        }
        // A reset right after this must not cut the last byte off.
        await_sent(self.registers);
    }
}

/// Until the transmit buffer is empty.
fn await_sent(registers: Registers) {
    let mut patience = PATIENCE;
    while registers.read(STATE) & STATE_TRANSMIT_FULL != 0 && patience > 0 {
        patience -= 1;
    }
}
