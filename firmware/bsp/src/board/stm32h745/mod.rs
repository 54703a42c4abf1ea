//! Boards with an STM32H745: a Cortex-M7 and a Cortex-M4, which starts with it
//! and sleeps until it is launched.

mod clocks;
mod semaphores;

use core::arch::asm;

use arielml_agent::Identity;
use arielml_scheduler::Locked;

use crate::board::{Board, Helpers};
use crate::cortex_m::{HelperStart, Interrupt};
use crate::registers::Registers;
use crate::timer::Stm32Timer;
use crate::uart::Stm32h7Usart;
use clocks::Plan;

pub use semaphores::{Calls, Semaphore};

// RM0399: "Memory map", "Nested vectored interrupt controllers",
// "General-purpose I/Os"; alternate functions: STM32H745 data sheet (DS12923).
const TIM2: usize = 0x4000_0000;
const USART3: usize = 0x4000_4800;
const GPIOD: usize = 0x5802_0C00;

const USART3_INTERRUPT: u32 = 39;

// Of the second half of the port, from pin 8 on.
const TRANSMIT_PIN: u32 = 8;
const RECEIVE_PIN: u32 = 9;
const FUNCTION_USART3: u32 = 7;

const GPIO_MODER: usize = 0x00;
const GPIO_PUPDR: usize = 0x0C;
const GPIO_AFRH: usize = 0x24;
const MODE_ALTERNATE: u32 = 2;
const PULLED_UP: u32 = 1;

const BAUD: u32 = 1_000_000;
/// Both plans' clocks are multiples of it.
const TICKS_HZ: u32 = 20_000_000;

macro_rules! board {
    ($(#[$documentation:meta])* $board:ident, $name:literal, $plan:expr) => {
        $(#[$documentation])*
        pub struct $board;

        impl $board {
            const PLAN: Plan = $plan;
        }

        impl Board for $board {
            type Uart = Stm32h7Usart<Interrupt>;
            type Timer = Stm32Timer<TICKS_HZ>;
            type Header = ();

            const IDENTITY: Identity = Identity {
                board: $name,
                cores: 2,
                clock_hz: Self::PLAN.system_hz,
                ticks_hz: TICKS_HZ,
            };
            const HEADER: () = ();

            unsafe fn start() -> (Self::Uart, Self::Timer) {
                Self::PLAN.start();
                enable_instruction_cache();
                prepare_pins();
                // SAFETY: nothing else uses TIM2; the caller is the only one to
                // start the UART, and the first.
                unsafe { (uart(&Self::PLAN), Stm32Timer::start(TIM2, Self::PLAN.bus_hz())) }
            }

            unsafe fn uart_after_fault() -> Self::Uart {
                prepare_pins();
                // SAFETY: whoever used the UART before runs no more.
                unsafe { uart(&Self::PLAN) }
            }
        }

        impl Helpers for $board {
            type Claim = Locked<Semaphore>;
            type Event = Calls;

            const CLAIM: Locked<Semaphore> = Locked(Semaphore);
            const EVENT: Calls = Calls;
            // At twice the clock, and in fewer cycles.
            const LEFT: u32 = 2;

            unsafe fn launch(_: u32, _: HelperStart) {
                semaphores::launch();
            }

            extern "C" fn await_launch() {
                semaphores::await_launch();
            }
        }
    };
}

board!(
    /// STM32H745 supplied by its linear regulator: Cortex-M7 at 480 MHz and
    /// Cortex-M4 at 240,
    /// console on USART3, PD8 sends and PD9 receives.
    Stm32H745,
    "stm32h745",
    Plan::LDO
);

board!(
    /// Nucleo-H745ZI-Q as it is sold, supplied by the step-down converter:
    /// Cortex-M7 at 400 MHz and Cortex-M4 at 200, console on the debugger's virtual COM port.
    NucleoH745ziQ,
    "nucleo-h745zi-q",
    Plan::SMPS
);

/// Of flash, which nobody writes to. The data cache stays off: the other core
/// would not see what waits in it.
fn enable_instruction_cache() {
    // Armv7-M Architecture Reference Manual, B3.2.
    const SYSTEM_CONTROL: usize = 0xE000_E000;
    const CCR: usize = 0xD14;
    const CCR_INSTRUCTION_CACHE: u32 = 1 << 17;
    const ICIALLU: usize = 0xF50;
    // SAFETY: these two registers are used here alone.
    let control = unsafe { Registers::at(SYSTEM_CONTROL) };
    // It holds anything out of reset.
    control.write(ICIALLU, 0);
    barrier();
    control.write(CCR, control.read(CCR) | CCR_INSTRUCTION_CACHE);
    barrier();
}

fn barrier() {
    // SAFETY: orders accesses and what is fetched after them.
    unsafe { asm!("dsb", "isb", options(nostack, preserves_flags)) };
}

/// # Safety
/// As for [`Stm32h7Usart::start`].
unsafe fn uart(plan: &Plan) -> Stm32h7Usart<Interrupt> {
    let interrupt = Interrupt::enable(USART3_INTERRUPT);
    // SAFETY: the caller vouches for USART3 being free.
    unsafe { Stm32h7Usart::start(USART3, plan.apb1_hz() / BAUD, interrupt) }
}

fn prepare_pins() {
    // SAFETY: port D, used here alone.
    let port = unsafe { Registers::at(GPIOD) };
    for pin in [TRANSMIT_PIN, RECEIVE_PIN] {
        set(port, GPIO_AFRH, 4, pin - 8, FUNCTION_USART3);
        set(port, GPIO_MODER, 2, pin, MODE_ALTERNATE);
    }
    // No noise without a host.
    set(port, GPIO_PUPDR, 2, RECEIVE_PIN, PULLED_UP);
}

/// Sets the field of `width` bits that a register has for a pin.
fn set(port: Registers, offset: usize, width: u32, pin: u32, value: u32) {
    let (mask, shift) = ((1 << width) - 1, width * pin);
    port.write(offset, port.read(offset) & !(mask << shift) | value << shift);
}
