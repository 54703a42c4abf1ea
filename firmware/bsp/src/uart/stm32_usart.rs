use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// STM32F405/407 Reference Manual (RM0090), "Universal synchronous asynchronous
// receiver transmitter (USART)".
const SR: usize = 0x00;
const DR: usize = 0x04;
const BRR: usize = 0x08;
const CR1: usize = 0x0C;
const CR2: usize = 0x10;
const CR3: usize = 0x14;

const SR_RECEIVED: u32 = 1 << 5;
const SR_COMPLETE: u32 = 1 << 6;
const SR_TRANSMIT_EMPTY: u32 = 1 << 7;
/// The receiver, the transmitter, the interrupt of a received byte; 8 bits, no
/// parity, 16 samples a bit.
const CR1_ON: u32 = 1 << 2 | 1 << 3 | 1 << 5 | 1 << 13;
/// One stop bit.
const CR2_8N1: u32 = 0;
/// No flow control, no DMA.
const CR3_PLAIN: u32 = 0;

/// Reads of a flag before it is given up: far longer than a byte takes.
const PATIENCE: u32 = 1 << 20;

/// A USART of the STM32F4, 8N1, without flow control.
///
/// It keeps one byte that was received while the next comes in: at 168 MHz and
/// 1 Mbaud a byte is 1,680 cycles.
pub struct Stm32Usart<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> Stm32Usart<W> {
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
        registers.write(BRR, divisor);
        registers.write(CR1, CR1_ON);
        Stm32Usart { registers, wait }
    }
}

impl<W: Wait> Link for Stm32Usart<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(SR) & SR_RECEIVED == 0 {
            self.wait.wait();
            // Its line falls with the byte read; what is left pending from
            // before that would end the next sleep at once.
            self.wait.acknowledge();
        }
        self.registers.read(DR) as u8
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            await_set(self.registers, SR_TRANSMIT_EMPTY);
            self.registers.write(DR, u32::from(byte));
        }
        // A reset right after this must not cut the last bytes off.
        if !bytes.is_empty() {
            await_set(self.registers, SR_COMPLETE);
        }
    }
}

fn await_set(registers: Registers, flag: u32) {
    let mut patience = PATIENCE;
    while registers.read(SR) & flag == 0 && patience > 0 {
        patience -= 1;
    }
}
