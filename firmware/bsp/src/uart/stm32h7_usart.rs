use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// STM32H745/755 and STM32H747/757 Reference Manual (RM0399), "Universal
// synchronous/asynchronous receiver transmitter (USART/UART)".
const CR1: usize = 0x00;
const CR2: usize = 0x04;
const CR3: usize = 0x08;
const BRR: usize = 0x0C;
const ISR: usize = 0x1C;
const ICR: usize = 0x20;
const RDR: usize = 0x24;
const TDR: usize = 0x28;
const PRESC: usize = 0x2C;

/// On; transmitter, receiver, the interrupt of a received byte, FIFOs; 8 bits,
/// no parity, 16 samples a bit.
const CR1_ON: u32 = 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 29;
/// FIFOs are chosen while it is off.
const CR1_FIFOS: u32 = 1 << 29;
/// One stop bit.
const CR2_8N1: u32 = 0;
/// No flow control, no DMA.
const CR3_PLAIN: u32 = 0;
const ISR_RECEIVED: u32 = 1 << 5;
const ISR_COMPLETE: u32 = 1 << 6;
const ISR_ROOM: u32 = 1 << 7;
/// Parity, framing, noise, overrun.
const ICR_ERRORS: u32 = 0xF;

/// Reads of a flag before it is given up: far longer than a FIFO takes to empty.
const PATIENCE: u32 = 1 << 22;

/// A USART of the STM32H7, 8N1, without flow control.
///
/// It keeps sixteen bytes that were received.
pub struct Stm32h7Usart<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> Stm32h7Usart<W> {
    /// Starts the USART whose registers are at `base`, whatever state it is
    /// in; its clock is on. A bit is `divisor` periods of its bus's clock.
    ///
    /// # Safety
    /// `base` is that of a USART that nothing else uses.
    pub unsafe fn start(base: usize, divisor: u32, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        registers.write(CR1, 0);
        registers.write(CR2, CR2_8N1);
        registers.write(CR3, CR3_PLAIN);
        registers.write(PRESC, 0);
        registers.write(BRR, divisor);
        registers.write(CR1, CR1_FIFOS);
        registers.write(CR1, CR1_ON);
        Stm32h7Usart { registers, wait }
    }
}

impl<W: Wait> Link for Stm32h7Usart<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(ISR) & ISR_RECEIVED == 0 {
            // An overrun holds the interrupt's line up, and no sleep would last.
            self.registers.write(ICR, ICR_ERRORS);
            self.wait.wait();
            self.wait.acknowledge();
        }
        let byte = self.registers.read(RDR) as u8;
        // Its line falls with the last byte read; what is left pending from
        // before that would end every sleep at once, those of other waits too.
        self.wait.acknowledge();
        byte
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            await_set(self.registers, ISR_ROOM);
            self.registers.write(TDR, u32::from(byte));
        }
        // A reset right after this must not cut the last bytes off.
        if !bytes.is_empty() {
            await_set(self.registers, ISR_COMPLETE);
        }
    }
}

fn await_set(registers: Registers, flag: u32) {
    let mut patience = PATIENCE;
    while registers.read(ISR) & flag == 0 && patience > 0 {
        patience -= 1;
    }
}
