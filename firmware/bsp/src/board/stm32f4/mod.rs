//! STM32F4 Discovery: STM32F407VG.

mod clocks;

use arielml_agent::Identity;

use crate::board::Board;
use crate::cortex_m::Interrupt;
use crate::registers::Registers;
use crate::timer::Stm32Timer;
use crate::uart::Stm32Usart;

// STM32F405/407 Reference Manual (RM0090): "Memory map", "Interrupts and
// events" (table for STM32F40x), "General-purpose I/Os"; alternate functions:
// STM32F407 data sheet.
const TIM2: usize = 0x4000_0000;
const USART2: usize = 0x4000_4400;
const GPIOA: usize = 0x4002_0000;

const USART2_INTERRUPT: u32 = 38;

const TRANSMIT_PIN: u32 = 2;
const RECEIVE_PIN: u32 = 3;
const FUNCTION_USART2: u32 = 7;

const GPIO_MODER: usize = 0x00;
const GPIO_PUPDR: usize = 0x0C;
const GPIO_AFRL: usize = 0x20;
const MODE_ALTERNATE: u32 = 2;
const PULLED_UP: u32 = 1;

const BAUD: u32 = 1_000_000;
/// Wraps after 306 s.
const TICKS_HZ: u32 = 14_000_000;

/// STM32F4 Discovery: Cortex-M4F at 168 MHz, console on USART2, PA2 sends and
/// PA3 receives.
pub struct Stm32F4;

impl Board for Stm32F4 {
    type Uart = Stm32Usart<Interrupt>;
    type Timer = Stm32Timer<TICKS_HZ>;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "stm32f4", cores: 1, clock_hz: clocks::SYSTEM_HZ, ticks_hz: TICKS_HZ };
    const HEADER: () = ();

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        clocks::start();
        prepare_pins();
        // SAFETY: nothing else uses TIM2; the caller is the only one to start
        // the UART, and the first.
        unsafe { (uart(), Stm32Timer::start(TIM2, clocks::TIMERS_1_HZ)) }
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        prepare_pins();
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }
}

/// # Safety
/// As for [`Stm32Usart::start`].
unsafe fn uart() -> Stm32Usart<Interrupt> {
    let interrupt = Interrupt::enable(USART2_INTERRUPT);
    // SAFETY: the caller vouches for USART2 being free.
    unsafe { Stm32Usart::start(USART2, clocks::BUS_1_HZ / BAUD, interrupt) }
}

fn prepare_pins() {
    // SAFETY: port A, used here alone.
    let port = unsafe { Registers::at(GPIOA) };
    for pin in [TRANSMIT_PIN, RECEIVE_PIN] {
        set(port, GPIO_AFRL, 4, pin, FUNCTION_USART2);
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
