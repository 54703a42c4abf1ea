//! Cortex-M: start-up, vectors, sleep, faults, reset.
//!
//! Interrupts are masked from reset on. A pending one still ends a WFI
//! (Armv7-M Architecture Reference Manual, B1.5.19; Armv6-M is alike), which
//! is all that they are used for.

use core::arch::asm;
use core::ops::Range;

use arielml_scheduler::Event;

use crate::registers::Registers;
use crate::stack;
use crate::uart::Wait;

pub use crate::cortex_m_entry as entry;
pub use crate::cortex_m_helper_start as helper_start;

/// System Control Space: NVIC and System Control Block (Armv7-M ARM, B3.2).
/// What Armv6-M has of it is at the same places.
const SCS: usize = 0xE000_E000;
const NVIC_ISER: usize = 0x100;
const NVIC_ICER: usize = 0x180;
const NVIC_ICPR: usize = 0x280;
/// Banks of 32 interrupts that the largest NVIC has; Armv6-M has one.
const NVIC_BANKS: usize = if ARMV6_M { 1 } else { 16 };
const SCB_AIRCR: usize = 0xD0C;
const SCB_CFSR: usize = 0xD28;
/// The stack pointer was to go below its limit; Armv8-M alone.
const CFSR_STKOF: u32 = 1 << 20;
/// Secure Fault Status Register (Armv8-M Architecture Reference Manual).
const SCB_SFSR: usize = 0xDE4;

const ARMV6_M: bool = cfg!(architecture = "thumbv6m-none-eabi");
const ARMV8_M: bool = cfg!(armv8_m);

const AIRCR_SYSRESETREQ: u32 = 0x05FA_0004;

const fn scs() -> Registers {
    // SAFETY: every Cortex-M has the System Control Space; one core runs.
    unsafe { Registers::at(SCS) }
}

/// One interrupt of the NVIC, enabled so that it ends a WFI.
pub struct Interrupt {
    bank: usize,
    bit: u32,
}

impl Interrupt {
    /// Enables interrupt `number`.
    pub fn enable(number: u32) -> Self {
        let interrupt = Self::of(number);
        interrupt.unpend();
        scs().write(NVIC_ISER + interrupt.bank, interrupt.bit);
        interrupt
    }

    /// Sleeps until interrupt `number` pends, which is enabled here alone, and
    /// none of the first 64 beside it; `clear` takes back what caused it.
    ///
    /// With another one pending, as a byte that the host sends meanwhile, the
    /// core would not sleep but look and look again. QEMU before 8.1 lets no
    /// other core run then, if it counts instructions.
    #[cfg(architecture = "thumbv8m.main-none-eabi")]
    pub(crate) fn sleep_until(number: u32, clear: impl FnOnce()) {
        let interrupt = Self::of(number);
        let banks = [0, 4];
        let others = banks.map(|bank| scs().read(NVIC_ISER + bank));
        for bank in banks {
            scs().write(NVIC_ICER + bank, u32::MAX);
        }
        scs().write(NVIC_ISER + interrupt.bank, interrupt.bit);
        wait_for_interrupt();
        scs().write(NVIC_ICER + interrupt.bank, interrupt.bit);
        clear();
        interrupt.unpend();
        for (bank, enabled) in banks.into_iter().zip(others) {
            scs().write(NVIC_ISER + bank, enabled);
        }
    }

    const fn of(number: u32) -> Self {
        Interrupt { bank: 4 * (number / 32) as usize, bit: 1 << (number % 32) }
    }

    fn unpend(&self) {
        scs().write(NVIC_ICPR + self.bank, self.bit);
    }
}

impl Wait for Interrupt {
    fn wait(&mut self) {
        wait_for_interrupt();
    }

    fn acknowledge(&mut self) {
        self.unpend();
    }
}

/// Whether the first core runs this: its stack lies below all others.
#[cfg(any(architecture = "thumbv7em-none-eabihf", armv8_m))]
pub(crate) fn is_first_core() -> bool {
    let stack_pointer: *const u32;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, sp", out(reg) stack_pointer, options(nomem, nostack, preserves_flags)) };
    stack_pointer <= stack::top()
}

/// Sleeps until interrupt `number` pends, then lets `calm` take its line down.
/// Enabled here alone, it ends no other sleep; if it pends already, this one
/// does not begin.
#[cfg(any(architecture = "thumbv7em-none-eabihf", armv8_m))]
pub(crate) fn sleep_until_pending(number: u32, calm: impl FnOnce()) {
    let (bank, bit) = (4 * (number / 32) as usize, 1 << (number % 32));
    scs().write(NVIC_ISER + bank, bit);
    wait_for_interrupt();
    scs().write(NVIC_ICER + bank, bit);
    calm();
    scs().write(NVIC_ICPR + bank, bit);
    // Taken back before the caller looks: what comes from now on ends the next
    // sleep.
    // SAFETY: orders accesses.
    unsafe { asm!("dsb", options(nostack, preserves_flags)) };
}

fn wait_for_interrupt() {
    // SAFETY: sleeps; memory is as it was, but for DMA.
    unsafe { asm!("wfi", options(nostack, preserves_flags)) };
}

/// Sleeps for good: no interrupt wakes the core again.
pub fn stop() -> ! {
    for bank in 0..NVIC_BANKS {
        scs().write(NVIC_ICER + 4 * bank, u32::MAX);
    }
    loop {
        wait_for_interrupt();
    }
}

/// Fills from `word` up to the stack pointer with `paint`; gives where that is.
///
/// # Safety
/// From `word` on there is stack, and nothing lives in it below the stack
/// pointer.
pub(crate) unsafe fn fill_unused(word: *mut u32, paint: u32) -> *mut u32 {
    let stack_pointer: *mut u32;
    // SAFETY: by this function's contract; interrupts are masked. One block
    // of assembly, since between two of them the stack pointer might move.
    unsafe {
        asm!(
            "mov {end}, sp",
            "b 3f",
            "2: str {paint}, [{word}]",
            "adds {word}, #4",
            "3: cmp {word}, {end}",
            "blo 2b",
            paint = in(reg) paint,
            word = inout(reg) word => _,
            end = out(reg) stack_pointer,
        );
    }
    stack_pointer
}

/// Asks for a reset of the core, and of what the chip resets with it.
pub(crate) fn request_reset() {
    scs().write(SCB_AIRCR, AIRCR_SYSRESETREQ);
}

/// What the hardware says about a fault, for people.
pub struct Fault {
    /// The exception.
    pub kind: &'static str,
    /// Its cause, as far as the core tells.
    pub text: &'static str,
}

impl Fault {
    /// Reads the cause of `exception` (its number), which came with the stack
    /// pointer below the stack if `overflowed`.
    pub fn read(exception: u32, overflowed: bool) -> Fault {
        let kind = match exception {
            2 => "NMI",
            3 => "hard fault",
            4 => "memory management fault",
            5 => "bus fault",
            6 => "usage fault",
            7 => "secure fault",
            _ => "unexpected interrupt",
        };
        let text = match (overflowed, ARMV6_M) {
            (true, _) => "stack overflow",
            // It has no register that says so.
            (false, true) => "cause unknown",
            (false, false) => match scs().read(SCB_CFSR) {
                status if ARMV8_M && status & CFSR_STKOF != 0 => "stack overflow",
                0 if ARMV8_M && scs().read(SCB_SFSR) != 0 => "breach of security",
                status => cause(status),
            },
        };
        Fault { kind, text }
    }

    /// A number that belongs to the text: there is none.
    pub const fn value(&self) -> Option<u32> {
        None
    }
}

/// Configurable Fault Status Register, Armv7-M ARM B3.2.15.
fn cause(status: u32) -> &'static str {
    const CAUSES: [(u32, &str); 11] = [
        (1 << 25, "division by zero"),
        (1 << 24, "unaligned access"),
        (1 << 19, "no such coprocessor, or FPU off"),
        (1 << 18, "bad exception return"),
        (1 << 17, "bad state: branch to an even address"),
        (1 << 16, "undefined instruction"),
        (0b11 << 12 | 0b11 << 4, "bad stack while entering an exception"),
        (1 << 10, "bus error after a buffered write"),
        (1 << 9, "bus error on a load or store"),
        (1 << 8, "bus error on an instruction fetch"),
        (0xFF, "memory protection"),
    ];
    CAUSES.iter().find(|(bits, _)| status & bits != 0).map_or("cause unknown", |(_, text)| text)
}

/// An entry of a vector table.
#[repr(C)]
union Vector {
    handler: unsafe extern "C" fn() -> !,
    stack: *const u32,
    reserved: usize,
}

/// A vector table. It ends with the core's own exceptions: interrupts stay
/// masked, so none is ever taken.
#[repr(C, align(128))]
pub struct Vectors([Vector; 16]);

// SAFETY: never written.
unsafe impl Sync for Vectors {}

impl Vectors {
    /// The first core's: every exception but reset goes to `fault`.
    pub const fn new(
        reset: unsafe extern "C" fn() -> !,
        fault: unsafe extern "C" fn() -> !,
    ) -> Self {
        Self::with_stack(stack::top(), reset, fault)
    }

    /// As above, of a core whose stack ends at `top`.
    pub const fn with_stack(
        top: *const u32,
        reset: unsafe extern "C" fn() -> !,
        fault: unsafe extern "C" fn() -> !,
    ) -> Self {
        let mut vectors = [const { Vector { reserved: 0 } }; 16];
        let [stack, at_reset, faults @ .., _, _, _, _, _, _, _, _] = &mut vectors;
        *stack = Vector { stack: top };
        *at_reset = Vector { handler: reset };
        // NMI, HardFault, MemManage, BusFault, UsageFault, SecureFault.
        let [nmi, hard, memory, bus, usage, secure] = faults;
        *nmi = Vector { handler: fault };
        *hard = Vector { handler: fault };
        *memory = Vector { handler: fault };
        *bus = Vector { handler: fault };
        *usage = Vector { handler: fault };
        if ARMV8_M {
            *secure = Vector { handler: fault };
        }
        Vectors(vectors)
    }

    /// Stack pointer and entry, for chips where another core is given them
    /// beside the table.
    pub fn first_words(&self) -> [u32; 2] {
        let [stack, reset, ..] = &self.0;
        // SAFETY: every constructor writes these as a pointer and a handler,
        // which are 32 bits wide.
        unsafe { [stack.stack as u32, reset.handler as usize as u32] }
    }
}

/// Where another core begins: the vector table that it is given.
pub type HelperStart = &'static Vectors;

/// Wakes cores by SEV, which reaches all of them, and waits by WFE.
#[derive(Clone, Copy, Debug)]
pub struct EventRegister;

impl Event for EventRegister {
    fn wake(&self, _: Range<u32>) {
        // SAFETY: no memory is touched; what was written is seen by others
        // before they wake.
        unsafe { asm!("dmb", "sev", options(nostack, preserves_flags)) };
    }

    fn sleep(&self) {
        // SAFETY: sleeps; another core may have written when it wakes.
        unsafe { asm!("wfe", options(nostack, preserves_flags)) };
    }
}

/// The start of an image in flash.
#[repr(C)]
pub struct Start<H> {
    /// What the chip wants in front of the vectors.
    pub header: H,
    /// The vector table.
    pub vectors: Vectors,
}

/// Enables the FPU where the target has one: before it, any float traps.
#[cfg(target_abi = "eabihf")]
#[doc(hidden)]
#[macro_export]
macro_rules! enable_fpu {
    () => {
        // CPACR: full access to coprocessors 10 and 11.
        "ldr r0, =0xE000ED88
         ldr r1, [r0]
         ldr r2, =0x00F00000
         orrs r1, r2
         str r1, [r0]
         dsb
         isb"
    };
}

#[cfg(not(target_abi = "eabihf"))]
#[doc(hidden)]
#[macro_export]
macro_rules! enable_fpu {
    () => {
        ""
    };
}

/// Keeps the stack pointer from going below the stack where the core can.
#[cfg(armv8_m)]
#[doc(hidden)]
#[macro_export]
macro_rules! limit_stack {
    ($bottom:literal) => {
        concat!("ldr r0, =", $bottom, "\n msr msplim, r0")
    };
}

#[cfg(not(armv8_m))]
#[doc(hidden)]
#[macro_export]
macro_rules! limit_stack {
    ($bottom:literal) => {
        ""
    };
}

/// The branch to take when the stack pointer of a fault, compared with the end
/// of the stack, says that it had overflowed: a core with a limit puts it at
/// the limit instead of pushing a frame.
#[cfg(armv8_m)]
#[doc(hidden)]
#[macro_export]
macro_rules! branch_if_overflowed {
    () => {
        "bls 2f"
    };
}

#[cfg(not(armv8_m))]
#[doc(hidden)]
#[macro_export]
macro_rules! branch_if_overflowed {
    () => {
        "blo 2f"
    };
}

/// Defines `$entry`, what a fault goes to on the core whose stack lies between
/// the two symbols. The stack may be gone: PC and LR are taken from the
/// exception frame if that lies within the stack, then the stack begins anew.
#[doc(hidden)]
#[macro_export]
macro_rules! cortex_m_fault_entry {
    ($entry:ident, $bottom:literal, $top:literal, $fault:path) => {
        #[unsafe(naked)]
        unsafe extern "C" fn $entry() -> ! {
            core::arch::naked_asm!(
                "mrs r0, ipsr
                 mov r4, sp
                 movs r1, #0
                 movs r2, #0
                 movs r3, #1",
                concat!("ldr r5, =", $bottom),
                concat!("ldr r6, =", $top),
                "mov sp, r6
                 cmp r4, r5",
                $crate::branch_if_overflowed!(),
                "movs r3, #0
                 subs r6, #32
                 cmp r4, r6
                 bhi 2f
                 ldr r1, [r4, #24]
                 ldr r2, [r4, #20]
             2:",
                "bl {fault}",
                "udf #0",
                fault = sym $fault,
            )
        }
    };
}

/// Where core 1 of `board` begins, as [`HelperStart`]: at `main`, which takes
/// the core's number, with its own stack; `fault` as for the first core. Where
/// the vector table lies is the linker script's choice, by its section: some
/// chips start the core at a place of their own.
#[macro_export]
macro_rules! cortex_m_helper_start {
    ($board:ty, $section:literal, $main:path, $fault:path) => {{
        $crate::cortex_m_fault_entry!(fault_entry, "__stack_bottom_1", "__stack_top_1", $fault);

        #[unsafe(naked)]
        unsafe extern "C" fn start() -> ! {
            core::arch::naked_asm!(
                "cpsid i
                 ldr r0, =__stack_top_1
                 mov sp, r0",
                $crate::limit_stack!("__stack_bottom_1"),
                $crate::enable_fpu!(),
                "bl {wait}",
                "movs r0, #1",
                "bl {main}",
                "udf #0",
                wait = sym <$board as $crate::board::Helpers>::await_launch,
                main = sym $main,
            )
        }

        unsafe extern "C" {
            static __stack_top_1: u32;
        }
        #[unsafe(link_section = concat!(".helper", $section))]
        static VECTORS: $crate::cortex_m::Vectors =
            $crate::cortex_m::Vectors::with_stack(&raw const __stack_top_1, start, fault_entry);
        &VECTORS
    }};
}

/// The way into an image: reset handler, fault handler, vector table.
///
/// `board` implements [`Board`]. `main` is an `extern "C" fn() -> !`; `fault`
/// one that takes the exception number, PC and LR at the fault (zero where
/// they are lost), and whether the stack had overflowed. Both run with
/// interrupts masked. In Thumb-1, so that it serves every Cortex-M.
#[macro_export]
macro_rules! cortex_m_entry {
    ($board:ty, $section:literal, $reset:ident, $main:path, $fault:path) => {
        const _: () = {
            /// Until `.data` and `.bss` are set up, no Rust may run.
            #[unsafe(naked)]
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $reset() -> ! {
                core::arch::naked_asm!(
                    "cpsid i
                     ldr r0, =__stack_top
                     mov sp, r0",
                    $crate::limit_stack!("__stack_bottom"),
                    "ldr r0, =__data_start
                     ldr r1, =__data_end
                     ldr r2, =__data_load
                     b 3f
                 2:  ldr r3, [r2]
                     str r3, [r0]
                     adds r0, #4
                     adds r2, #4
                 3:  cmp r0, r1
                     blo 2b
                     ldr r0, =__bss_start
                     ldr r1, =__bss_end
                     movs r2, #0
                     b 5f
                 4:  str r2, [r0]
                     adds r0, #4
                 5:  cmp r0, r1
                     blo 4b",
                    $crate::enable_fpu!(),
                    "bl {main}",
                    "udf #0",
                    main = sym $main,
                )
            }

            $crate::cortex_m_fault_entry!(fault_entry, "__stack_bottom", "__stack_top", $fault);

            // A symbol keeps it in the archive. `#[used]` would keep it in every
            // image, with all of the board that it leads to.
            #[unsafe(export_name = concat!("arielml", $section))]
            #[unsafe(link_section = $section)]
            static START: $crate::cortex_m::Start<<$board as $crate::board::Board>::Header> =
                $crate::cortex_m::Start {
                    header: <$board as $crate::board::Board>::HEADER,
                    vectors: $crate::cortex_m::Vectors::new($reset, fault_entry),
                };
        };
    };
}
