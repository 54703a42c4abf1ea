//! ESP32-C3-DevKitM-1, and other boards with an ESP32-C3 and a bridge at UART0.

use arielml_agent::Identity;

use super::esp32;
use crate::board::Board;
use crate::registers::Registers;
use crate::riscv::{Controller, Interrupt, Locked, aligned_range};
use crate::timer::EspSystimer;
use crate::uart::{EspUart, Variant};

// ESP32-C3 Technical Reference Manual: "System and Memory", "IO MUX and GPIO
// Matrix", "Reset and Clock", "Interrupt Matrix", "Low-power Management",
// "System Registers", "Watchdog Timers".
const UART0: usize = 0x6000_0000;
const RTC_CNTL: usize = 0x6000_8000;
const IO_MUX: usize = 0x6000_9000;
const TIMG0: usize = 0x6001_F000;
const TIMG1: usize = 0x6002_0000;
const SYSTIMER: usize = 0x6002_3000;
const SYSTEM: usize = 0x600C_0000;
const INTERRUPT_CORE0: usize = 0x600C_2000;

/// The lowest address by which flash is read as data; RAM is above it.
const FLASH_DATA: usize = 0x3C00_0000;
const FLASH: usize = 0x4200_0000;
const FLASH_LENGTH: usize = 0x80_0000;

/// UART0's pads: GPIO 20 receives and GPIO 21 sends.
const PINS: (usize, usize) = (20, 21);

/// The register that leads UART0's interrupt to a line.
const UART0_MAP: usize = INTERRUPT_CORE0 + 0x54;
const CONTROLLER: Controller = Controller {
    base: INTERRUPT_CORE0,
    enable: 0x104,
    kind: 0x108,
    priorities: 0x114,
    threshold: 0x194,
    has_mie: false,
};

const UART: Variant = Variant {
    clock: (0x78, 1 << 25 | 1 << 24 | 1 << 22 | 3 << 20),
    memory_clock: 1 << 28,
    empty: 1 << 18 | 1 << 17,
    // As out of reset: the timeout is ten bits.
    timeout: (0x60, 10 << 16 | 1 << 4 | 1 << 1),
    timeout_in_conf1: 1 << 21,
    state: 0x6C,
    update: (0x80, 1 << 31 | 1 << 30),
};

const RTC_OPTIONS0: usize = 0x00;
const RTC_OPTIONS0_SYSTEM_RESET: u32 = 1 << 31;
/// The PLL and its two parts that can be forced off.
const RTC_OPTIONS0_PLL_OFF: u32 = 1 << 10 | 1 << 8 | 1 << 6;
const RTC_WDTCONFIG0: usize = 0x90;
const RTC_WDTWPROTECT: usize = 0xA8;
const RTC_SWD_CONF: usize = 0xAC;
const RTC_SWD_CONF_AUTO_FEED: u32 = 1 << 31;
const RTC_SWD_WPROTECT: usize = 0xB0;
const SWD_KEY: u32 = 0x8F1D_312A;

const CPU_PER_CONF: usize = 0x08;
/// A third of the PLL's 480 MHz; the core's clock stays on in a WFI, as out of
/// reset.
const CPU_160_MHZ: u32 = 1 << 3 | 1 << 2 | 1;
const PERIP_CLK_EN0: usize = 0x10;
const PERIP_RST_EN0: usize = 0x18;
/// Timer groups, UART0, its memory, SYSTIMER.
const PERIPHERALS: u32 = 1 << 29 | 1 << 24 | 1 << 15 | 1 << 13 | 1 << 2;
const SYSCLK_CONF: usize = 0x58;
const SYSCLK_FROM_PLL: u32 = 1 << 10;

/// An ESP32-C3 at 160 MHz, console on UART0.
pub struct Esp32C3;

impl Esp32C3 {
    /// What start-up locks for stores.
    pub const LOCKED: Locked =
        Locked { below_stack: FLASH_DATA, flash: aligned_range(FLASH, FLASH_LENGTH) };
}

impl Board for Esp32C3 {
    type Uart = EspUart<Interrupt>;
    type Timer = EspSystimer;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "esp32c3", cores: 1, clock_hz: 160_000_000, ticks_hz: 16_000_000 };
    const HEADER: () = ();

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        // SAFETY: used here and in `reset` alone.
        let (low_power, system) = unsafe { (Registers::at(RTC_CNTL), Registers::at(SYSTEM)) };
        stop_watchdogs(low_power);
        // The ROM left the PLL on, for the USB port in the chip; 480 MHz is what
        // it makes out of reset.
        let options = low_power.read(RTC_OPTIONS0);
        low_power.write(RTC_OPTIONS0, options & !RTC_OPTIONS0_PLL_OFF);
        system.write(CPU_PER_CONF, CPU_160_MHZ);
        system.write(SYSCLK_CONF, SYSCLK_FROM_PLL);
        let clocks = system.read(PERIP_CLK_EN0);
        system.write(PERIP_CLK_EN0, clocks | PERIPHERALS);
        let held = system.read(PERIP_RST_EN0);
        system.write(PERIP_RST_EN0, held & !PERIPHERALS);
        // SAFETY: nothing else uses the timer; the caller is the only one to
        // start the UART, and the first.
        unsafe { (uart(), EspSystimer::start(SYSTIMER)) }
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }

    /// Of everything but what is always on.
    fn reset() {
        // SAFETY: what runs on is this function's caller.
        let low_power = unsafe { Registers::at(RTC_CNTL) };
        let options = low_power.read(RTC_OPTIONS0);
        low_power.write(RTC_OPTIONS0, options | RTC_OPTIONS0_SYSTEM_RESET);
    }
}

/// All four: those of the timer groups, of the low-power system, and the super
/// watchdog, which is left to feed itself.
fn stop_watchdogs(low_power: Registers) {
    low_power.write(RTC_WDTWPROTECT, esp32::KEY);
    low_power.write(RTC_WDTCONFIG0, 0);
    low_power.write(RTC_WDTWPROTECT, 0);
    low_power.write(RTC_SWD_WPROTECT, SWD_KEY);
    let super_watchdog = low_power.read(RTC_SWD_CONF);
    low_power.write(RTC_SWD_CONF, super_watchdog | RTC_SWD_CONF_AUTO_FEED);
    low_power.write(RTC_SWD_WPROTECT, 0);
    // SAFETY: the groups are used here alone.
    unsafe {
        esp32::stop_group_watchdog(TIMG0);
        esp32::stop_group_watchdog(TIMG1);
    }
}

/// # Safety
/// As for [`EspUart::start`].
unsafe fn uart() -> EspUart<Interrupt> {
    let (receive, send) = PINS;
    // SAFETY: pads and interrupt are used through this alone; the caller vouches
    // for UART0 being free.
    unsafe {
        esp32::prepare_pins(IO_MUX, receive, send);
        let interrupt = Interrupt::enable(UART0_MAP, &CONTROLLER);
        EspUart::start(UART0, &UART, esp32::DIVISOR, interrupt)
    }
}
