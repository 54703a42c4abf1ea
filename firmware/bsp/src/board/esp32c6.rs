//! ESP32-C6-DevKitC-1, and other boards with an ESP32-C6 and a bridge at UART0.

use arielml_agent::Identity;

use super::esp32;
use crate::board::Board;
use crate::registers::Registers;
use crate::riscv::{Controller, Interrupt, Locked, aligned_range};
use crate::timer::{EspSystimer, Timer};
use crate::uart::{EspUart, Variant};

// ESP32-C6 Technical Reference Manual: "System and Memory", "IO MUX and GPIO
// Matrix", "Reset and Clock", "Interrupt Matrix", "Low-Power Management",
// "Watchdog Timers"; of the analog part and the modem's, the headers of
// ESP-IDF 5 and the register descriptions of esp-pacs.
const PLIC_MX: usize = 0x2000_1000;
const UART0: usize = 0x6000_0000;
const TIMG0: usize = 0x6000_8000;
const TIMG1: usize = 0x6000_9000;
const SYSTIMER: usize = 0x6000_A000;
const INTMTX: usize = 0x6001_0000;
const IO_MUX: usize = 0x6009_0000;
const PCR: usize = 0x6009_6000;
const MODEM_LPCON: usize = 0x600A_F000;
const I2C_ANA_MST: usize = 0x600A_F800;
const PMU: usize = 0x600B_0000;
const LP_AON: usize = 0x600B_1000;
const LP_WDT: usize = 0x600B_1C00;

/// ROM and RAM are from here on.
const ROM: usize = 0x4000_0000;
const FLASH: usize = 0x4200_0000;
const FLASH_LENGTH: usize = 0x100_0000;

/// UART0's pads: GPIO 17 receives and GPIO 16 sends.
const PINS: (usize, usize) = (17, 16);

/// The register that leads UART0's interrupt to a line.
const UART0_MAP: usize = INTMTX + 0xAC;
const CONTROLLER: Controller = Controller {
    base: PLIC_MX,
    enable: 0x00,
    kind: 0x04,
    priorities: 0x10,
    threshold: 0x90,
    has_mie: true,
};

const UART: Variant = Variant {
    // Source and divider are the PCR's; these two gates are the UART's.
    clock: (0x88, 1 << 25 | 1 << 24),
    memory_clock: 1 << 20,
    empty: 1 << 23 | 1 << 22,
    // On, at ten bits.
    timeout: (0x64, 10 << 2 | 1),
    timeout_in_conf1: 0,
    state: 0x70,
    update: (0x98, 1),
};

const PCR_UART0_CONF: usize = 0x00;
const PCR_UART0_SCLK_CONF: usize = 0x04;
const PCR_MSPI_CLK_CONF: usize = 0x1C;
const PCR_TIMERGROUP0_CONF: usize = 0x3C;
const PCR_TIMERGROUP1_CONF: usize = 0x48;
const PCR_SYSTIMER_CONF: usize = 0x54;
const PCR_SYSTIMER_FUNC_CLK_CONF: usize = 0x58;
const PCR_SYSCLK_CONF: usize = 0x110;
const PCR_CPU_FREQ_CONF: usize = 0x118;
const PCR_AHB_FREQ_CONF: usize = 0x11C;
/// The registers' clock is on, and the peripheral is out of reset.
const ON: u32 = 1;
/// On, of the crystal, undivided.
const UART0_FROM_CRYSTAL: u32 = 1 << 22 | 3 << 20;
const SYSTIMER_FROM_CRYSTAL: u32 = 1 << 22;
/// A sixth of the PLL's 480 MHz: a fourth, as out of reset, is more than flash
/// is trimmed for.
const MSPI_80_MHZ: u32 = 5 << 8;
/// The PLL's third, undivided; a fourth of that for the buses.
const CPU_160_MHZ: u32 = 0;
const AHB_40_MHZ: u32 = 3 << 8;
const SYSCLK_FROM_PLL: u32 = 1 << 16;

const PMU_IMM_HP_CK_POWER: usize = 0xCC;
/// The PLL and its two parts are powered; then its output is on.
const PMU_PLL_POWER: u32 = 1 << 30 | 1 << 29 | 1 << 28;
const PMU_PLL_OUTPUT: u32 = 1 << 25;

const LPCON_I2C_MST_CLK_CONF: usize = 0x10;
const LPCON_CLK_CONF: usize = 0x18;
const LPCON_CLK_I2C_MST: u32 = 1 << 2;

const ANA_I2C0_CTRL: usize = 0x00;
const ANA_I2C1_CTRL: usize = 0x04;
const ANA_BUSY: u32 = 1 << 25;
const ANA_WRITE: u32 = 1 << 24;
const ANA_CONF0: usize = 0x18;
const ANA_CONF0_STOP_HIGH: u32 = 1 << 2;
const ANA_CONF0_STOP_LOW: u32 = 1 << 3;
const ANA_CONF0_DONE: u32 = 1 << 24;
const ANA_CONF1: usize = 0x1C;
/// All parts but the PLL are cut off.
const ANA_CONF1_PLL: u32 = 0x00FF_FFFF & !(1 << 7);
const ANA_CONF2: usize = 0x20;
const ANA_CONF2_PLL_AT_0: u32 = 1 << 9;

/// The PLL on the bus of the analog part.
const PLL: u32 = 0x66;
/// Its registers, the bits that are set, and what makes 480 MHz of the crystal's
/// 40: reference and charge pump, multiplier (8 + 4), dividers, currents, bias.
const PLL_480_MHZ: [(u32, u32, u32); 5] =
    [(2, 0xFF, 5 << 4), (3, 0xFF, 8), (5, 0x77, 0), (6, 0xFF, 1 << 6 | 3 << 4 | 3), (9, 0x03, 2)];

const AON_SYS_CFG: usize = 0x34;
const AON_SYS_CFG_RESET: u32 = 1 << 31;

const LP_WDT_CONFIG0: usize = 0x00;
const LP_WDT_WPROTECT: usize = 0x18;
const LP_WDT_SWD_CONFIG: usize = 0x1C;
const LP_WDT_SWD_AUTO_FEED: u32 = 1 << 18;
const LP_WDT_SWD_WPROTECT: usize = 0x20;

/// An ESP32-C6 at 160 MHz, console on UART0.
pub struct Esp32C6;

impl Esp32C6 {
    /// What start-up locks for stores.
    pub const LOCKED: Locked =
        Locked { below_stack: ROM, flash: aligned_range(FLASH, FLASH_LENGTH) };
}

impl Board for Esp32C6 {
    type Uart = EspUart<Interrupt>;
    type Timer = EspSystimer;
    type Header = ();

    const IDENTITY: Identity =
        Identity { board: "esp32c6", cores: 1, clock_hz: 160_000_000, ticks_hz: 16_000_000 };
    const HEADER: () = ();

    unsafe fn start() -> (Self::Uart, Self::Timer) {
        // SAFETY: used here alone.
        let clocks = unsafe { Registers::at(PCR) };
        for peripheral in
            [PCR_UART0_CONF, PCR_SYSTIMER_CONF, PCR_TIMERGROUP0_CONF, PCR_TIMERGROUP1_CONF]
        {
            clocks.write(peripheral, ON);
        }
        clocks.write(PCR_SYSTIMER_FUNC_CLK_CONF, SYSTIMER_FROM_CRYSTAL);
        clocks.write(PCR_UART0_SCLK_CONF, UART0_FROM_CRYSTAL);
        stop_watchdogs();
        // SAFETY: nothing else uses the timer.
        let mut timer = unsafe { EspSystimer::start(SYSTIMER) };
        start_pll(&mut timer);
        clocks.write(PCR_MSPI_CLK_CONF, MSPI_80_MHZ);
        clocks.write(PCR_AHB_FREQ_CONF, AHB_40_MHZ);
        clocks.write(PCR_CPU_FREQ_CONF, CPU_160_MHZ);
        clocks.write(PCR_SYSCLK_CONF, SYSCLK_FROM_PLL);
        // SAFETY: the caller is the only one to start the UART, and the first.
        (unsafe { uart() }, timer)
    }

    unsafe fn uart_after_fault() -> Self::Uart {
        // SAFETY: whoever used the UART before runs no more.
        unsafe { uart() }
    }

    /// Of everything but the low-power system.
    fn reset() {
        // SAFETY: used here alone.
        let always_on = unsafe { Registers::at(LP_AON) };
        always_on.write(AON_SYS_CFG, AON_SYS_CFG_RESET);
    }
}

/// All four: those of the timer groups, of the low-power system, and the super
/// watchdog, which is left to feed itself.
fn stop_watchdogs() {
    // SAFETY: used here alone.
    let low_power = unsafe { Registers::at(LP_WDT) };
    low_power.write(LP_WDT_WPROTECT, esp32::KEY);
    low_power.write(LP_WDT_CONFIG0, 0);
    low_power.write(LP_WDT_WPROTECT, 0);
    low_power.write(LP_WDT_SWD_WPROTECT, esp32::KEY);
    let super_watchdog = low_power.read(LP_WDT_SWD_CONFIG);
    low_power.write(LP_WDT_SWD_CONFIG, super_watchdog | LP_WDT_SWD_AUTO_FEED);
    low_power.write(LP_WDT_SWD_WPROTECT, 0);
    // SAFETY: the groups are used here alone.
    unsafe {
        esp32::stop_group_watchdog(TIMG0);
        esp32::stop_group_watchdog(TIMG1);
    }
}

/// Powers the PLL and lets it calibrate itself for 480 MHz, while the core runs
/// on the crystal.
fn start_pll(timer: &mut EspSystimer) {
    // SAFETY: used here alone.
    let (power, modem, analog) =
        unsafe { (Registers::at(PMU), Registers::at(MODEM_LPCON), Registers::at(I2C_ANA_MST)) };
    power.write(PMU_IMM_HP_CK_POWER, PMU_PLL_POWER);
    power.write(PMU_IMM_HP_CK_POWER, PMU_PLL_OUTPUT);
    modem.write(LPCON_CLK_CONF, modem.read(LPCON_CLK_CONF) | LPCON_CLK_I2C_MST);
    modem.write(LPCON_I2C_MST_CLK_CONF, 1);
    let control = analog.read(ANA_CONF0);
    let stopped = ANA_CONF0_STOP_HIGH | ANA_CONF0_STOP_LOW;
    analog.write(ANA_CONF0, control & !stopped | ANA_CONF0_STOP_LOW);
    analog.write(ANA_CONF1, ANA_CONF1_PLL);
    let at_0 = analog.read(ANA_CONF2) & ANA_CONF2_PLL_AT_0 != 0;
    let bus = if at_0 { ANA_I2C0_CTRL } else { ANA_I2C1_CTRL };
    let transfer = |command| {
        analog.write(bus, command | PLL);
        while analog.read(bus) & ANA_BUSY != 0 {}
        analog.read(bus) >> 16 & 0xFF
    };
    for (register, bits, value) in PLL_480_MHZ {
        let before = transfer(register << 8);
        transfer(ANA_WRITE | (before & !bits | value) << 16 | register << 8);
    }
    analog.await_set(ANA_CONF0, ANA_CONF0_DONE);
    // It may stop early: 10 us more.
    let done = timer.ticks(0);
    while timer.ticks(0).wrapping_sub(done) < 10 * (EspSystimer::HERTZ / 1_000_000) {}
    analog.write(ANA_CONF0, control & !stopped | ANA_CONF0_STOP_HIGH);
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
