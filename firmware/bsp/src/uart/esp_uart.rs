use arielml_agent::Link;

use crate::registers::Registers;
use crate::uart::Wait;

// ESP32-C3 Technical Reference Manual, "UART Controller (UART)"; that of the
// ESP32-C6 differs in what `Variant` says.
const FIFO: usize = 0x00;
const INT_ENA: usize = 0x0C;
const INT_CLR: usize = 0x10;
const CLKDIV: usize = 0x14;
const STATUS: usize = 0x1C;
const CONF0: usize = 0x20;
const CONF1: usize = 0x24;

const INT_RECEIVED: u32 = 1 << 0;
const INT_RECEIVE_TIMEOUT: u32 = 1 << 8;
/// At a byte, by the count or, should one not be above the threshold yet, ten
/// bits' time later.
const INTERRUPTS: u32 = INT_RECEIVED | INT_RECEIVE_TIMEOUT;
const STATUS_RECEIVED: u32 = 0xFF;
const STATUS_TO_SEND: u32 = 0xFF << 16;
/// 8 bits, no parity, one stop bit.
const CONF0_8N1: u32 = 0b11 << 2 | 0b01 << 4;
/// The transmitter's state; 0 is idle.
const FSM_SENDING: u32 = 0b1111 << 4;
/// A byte in the receiver's FIFO interrupts.
const CONF1_EACH_BYTE: u32 = 1;

/// Bytes in a FIFO.
const DEPTH: u32 = 128;

/// Reads of a flag before it is given up: far longer than a full FIFO takes.
const PATIENCE: u32 = 1 << 20;

/// What differs from chip to chip: offsets and values of registers.
pub struct Variant {
    /// CLK_CONF, and its value: the crystal's clock, undivided.
    pub clock: (usize, u32),
    /// Of CONF0: the FIFOs' memory has its clock.
    pub memory_clock: u32,
    /// Of CONF0: both FIFOs are emptied.
    pub empty: u32,
    /// Where the receiver's timeout is switched on, and its value.
    pub timeout: (usize, u32),
    /// Of CONF1, where that is the same register.
    pub timeout_in_conf1: u32,
    /// FSM_STATUS.
    pub state: usize,
    /// The register whose bits make settings take effect, and clear then.
    pub update: (usize, u32),
}

/// A UART of the ESP32-C3 or C6, 8N1, without flow control.
pub struct EspUart<W> {
    registers: Registers,
    state: usize,
    wait: W,
}

impl<W: Wait> EspUart<W> {
    /// Starts the UART whose registers are at `base`, whatever state it is
    /// in; its clocks are on. A bit is `divisor` periods of the crystal.
    ///
    /// # Safety
    /// `base` is that of a UART of this variant that nothing else uses.
    pub unsafe fn start(base: usize, variant: &Variant, divisor: u32, wait: W) -> Self {
        // SAFETY: the caller vouches for the peripheral.
        let registers = unsafe { Registers::at(base) };
        let uart = EspUart { registers, state: variant.state, wait };
        // The ROM may still have some of its messages to send.
        uart.await_sent();
        let settings = CONF0_8N1 | variant.memory_clock;
        registers.write(INT_ENA, 0);
        registers.write(variant.clock.0, variant.clock.1);
        registers.write(CLKDIV, divisor);
        registers.write(CONF0, settings | variant.empty);
        uart.update(variant);
        registers.write(CONF0, settings);
        registers.write(variant.timeout.0, variant.timeout.1);
        registers.write(CONF1, CONF1_EACH_BYTE | variant.timeout_in_conf1);
        uart.update(variant);
        registers.write(INT_CLR, u32::MAX);
        registers.write(INT_ENA, INTERRUPTS);
        uart
    }

    fn update(&self, variant: &Variant) {
        let (register, bits) = variant.update;
        self.registers.write(register, bits);
        let mut patience = PATIENCE;
        // The highest bit that is set: others of the register may stay.
        while self.registers.read(register) >> bits.ilog2() & 1 != 0 && patience > 0 {
            patience -= 1;
        }
    }

    fn await_sent(&self) {
        let sending = || {
            self.registers.read(STATUS) & STATUS_TO_SEND != 0
                || self.registers.read(self.state) & FSM_SENDING != 0
        };
        let mut patience = PATIENCE;
        while sending() && patience > 0 {
            patience -= 1;
        }
    }
}

impl<W: Wait> Link for EspUart<W> {
    fn read(&mut self) -> u8 {
        while self.registers.read(STATUS) & STATUS_RECEIVED == 0 {
            self.wait.wait();
            // A byte that is still there makes it pending again.
            self.registers.write(INT_CLR, INTERRUPTS);
            self.wait.acknowledge();
        }
        self.registers.read(FIFO) as u8
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let mut patience = PATIENCE;
            while self.registers.read(STATUS) & STATUS_TO_SEND >= (DEPTH - 1) << 16 && patience > 0
            {
                patience -= 1;
            }
            self.registers.write(FIFO, u32::from(byte));
        }
        // A reset right after this must not cut the last bytes off.
        self.await_sent();
    }
}
