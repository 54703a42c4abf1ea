//! How core 1 is launched: by the mailboxes of the single-cycle I/O block
//! (RP2040 Datasheet and RP2350 Datasheet, "SIO").

use arielml_scheduler::Event;

use crate::cortex_m::{EventRegister, HelperStart};
use crate::registers::Registers;

const SIO: usize = 0xD000_0000;
const FIFO_ST: usize = 0x050;
const FIFO_WR: usize = 0x054;
const FIFO_RD: usize = 0x058;

const FIFO_ST_VALID: u32 = 1;
const FIFO_ST_READY: u32 = 1 << 1;

/// Lets core 1 begin at `start`. It waits in the ROM for a greeting, then for
/// vector table, stack pointer and entry, and sends each word back
/// ("Launching Code On Processor Core 1").
///
/// # Safety
/// Core 1 is in the ROM.
pub unsafe fn launch(start: HelperStart) {
    let [stack, entry] = start.first_words();
    let words = [0, 0, 1, core::ptr::from_ref(start) as u32, stack, entry];
    // SAFETY: the mailboxes are used here alone; each core has its own view.
    let sio = unsafe { Registers::at(SIO) };
    let mut step = 0;
    while let Some(&word) = words.get(step) {
        // A zero says that what came before counts for nothing.
        if word == 0 {
            while sio.read(FIFO_ST) & FIFO_ST_VALID != 0 {
                sio.read(FIFO_RD);
            }
            EventRegister.wake(1..2);
        }
        while sio.read(FIFO_ST) & FIFO_ST_READY == 0 {}
        sio.write(FIFO_WR, word);
        EventRegister.wake(1..2);
        while sio.read(FIFO_ST) & FIFO_ST_VALID == 0 {
            EventRegister.sleep();
        }
        step = if sio.read(FIFO_RD) == word { step + 1 } else { 0 };
    }
}
