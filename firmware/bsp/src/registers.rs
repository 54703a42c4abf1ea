use core::ptr;

/// The registers of one peripheral, of 32 bits or of 8, by byte offset.
#[derive(Clone, Copy)]
pub(crate) struct Registers {
    base: usize,
}

impl Registers {
    /// # Safety
    /// At `base` lie the registers of a peripheral, 4-byte aligned, and at
    /// every offset that the holder passes there is one of that width; the
    /// peripheral is the holder's alone.
    pub(crate) const unsafe fn at(base: usize) -> Self {
        Registers { base }
    }

    pub(crate) fn read(self, offset: usize) -> u32 {
        // SAFETY: vouched for in `at`.
        unsafe { ptr::read_volatile((self.base + offset) as *const u32) }
    }

    pub(crate) fn write(self, offset: usize, value: u32) {
        // SAFETY: vouched for in `at`.
        unsafe { ptr::write_volatile((self.base + offset) as *mut u32, value) }
    }

    pub(crate) fn read_byte(self, offset: usize) -> u8 {
        // SAFETY: vouched for in `at`.
        unsafe { ptr::read_volatile((self.base + offset) as *const u8) }
    }

    pub(crate) fn write_byte(self, offset: usize, value: u8) {
        // SAFETY: vouched for in `at`.
        unsafe { ptr::write_volatile((self.base + offset) as *mut u8, value) }
    }

    /// Waits until all of `bits` are set, however long that takes.
    #[cfg(any(
        architecture = "thumbv6m-none-eabi",
        architecture = "thumbv8m.main-none-eabihf",
        architecture = "riscv32imc-unknown-none-elf"
    ))]
    pub(crate) fn await_set(self, offset: usize, bits: u32) {
        while self.read(offset) & bits != bits {}
    }
}
