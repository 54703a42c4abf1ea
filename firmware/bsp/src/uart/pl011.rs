use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// Arm PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, chapter 3.
const DR: usize = 0x000;
const FR: usize = 0x018;
const IBRD: usize = 0x024;
const FBRD: usize = 0x028;
const LCR_H: usize = 0x02C;
const CR: usize = 0x030;
const IFLS: usize = 0x034;
const IMSC: usize = 0x038;
const ICR: usize = 0x044;

const FR_BUSY: u32 = 1 << 3;
const FR_RECEIVE_EMPTY: u32 = 1 << 4;
const FR_TRANSMIT_FULL: u32 = 1 << 5;
/// FIFOs on, 8 bits, no parity, one stop bit.
const LCR_H_FIFO_8N1: u32 = 1 << 4 | 0b11 << 5;
/// The UART, its transmitter and its receiver.
const CR_ON: u32 = 1 | 1 << 8 | 1 << 9;
/// The receive interrupt comes with an eighth of the FIFO (4 bytes) full.
const IFLS_EIGHTH: u32 = 0;
/// Receive, and receive timeout: no more came for 32 bits, and bytes wait.
const INTERRUPTS_RECEIVE: u32 = 1 << 4 | 1 << 6;
const INTERRUPTS_ALL: u32 = 0x7FF;

/// Reads of a flag before it is given up: far longer than a full FIFO takes.
const PATIENCE: u32 = 1 << 20;

/// The baud rate divisor of a PL011, in 64ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divisors {
    integer: u32,
    fraction: u32,
}

impl Divisors {
    /// The nearest ones for `baud` from a UARTCLK of `clock_hz`.
    ///
    /// The UART samples 16 times a bit.
    pub const fn of(clock_hz: u32, baud: u32) -> Divisors {
        let sixty_fourths = (clock_hz * 4 + baud / 2) / baud;
        Divisors { integer: sixty_fourths / 64, fraction: sixty_fourths % 64 }
    }
}

/// A PL011 with its FIFOs, 8N1, without flow control.
///
/// Bytes are taken from the FIFO of 32 one by one. Either of the two
/// interrupts ends the sleep, so a byte alone is seen 32 bits late.
pub struct Pl011<W> {
    registers: Registers,
    wait: W,
}

impl<W: Wait> Pl011<W> {
    /// Starts the PL011 whose registers are at `base`, out of reset and with
    /// its clock running, whatever state it is in.
    ///
    /// # Safety
    /// `base` is that of a PL011 that nothing else uses.
    pub unsafe fn start(base: usize, divisors: Divisors, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        await_idle(registers);
        registers.write(CR, 0);
        // Without FIFOs what was in them is gone.
        registers.write(LCR_H, 0);
        registers.write(IBRD, divisors.integer);
        registers.write(FBRD, divisors.fraction);
        // The divisors count from the next write of this register on.
        registers.write(LCR_H, LCR_H_FIFO_8N1);
        registers.write(IFLS, IFLS_EIGHTH);
        registers.write(ICR, INTERRUPTS_ALL);
        registers.write(IMSC, INTERRUPTS_RECEIVE);
        registers.write(CR, CR_ON);
        Pl011 { registers, wait }
    }
}

impl<W: Wait> Link for Pl011<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(FR) & FR_RECEIVE_EMPTY != 0 {
            self.wait.wait();
            // Its line falls with the last byte read; what is left pending
            // from before that would end the next sleep at once.
            self.wait.acknowledge();
        }
        self.registers.read(DR) as u8
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            await_clear(self.registers, FR_TRANSMIT_FULL);
            self.registers.write(DR, u32::from(byte));
        }
        // A reset right after this must not cut the last bytes off.
        await_idle(self.registers);
    }
}

fn await_idle(registers: Registers) {
    await_clear(registers, FR_BUSY);
}

fn await_clear(registers: Registers, flag: u32) {
    let mut patience = PATIENCE;
    while registers.read(FR) & flag != 0 && patience > 0 {
        patience -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Divisors;

    #[test]
    fn divisors_are_the_nearest() {
        // 7.8125 and 67 52/64: 125 MHz / 16 / baud.
        assert_eq!(Divisors::of(125_000_000, 1_000_000), Divisors { integer: 7, fraction: 52 });
        assert_eq!(Divisors::of(125_000_000, 115_200), Divisors { integer: 67, fraction: 52 });
        // The example of DDI 0183, 3.3.6: 230,400 baud from 4 MHz.
        assert_eq!(Divisors::of(4_000_000, 230_400), Divisors { integer: 1, fraction: 5 });
    }
}
