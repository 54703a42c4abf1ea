//! Core voltage, the clock that the debugger gives, the PLL on it, what flash
//! needs then, and the peripherals' clocks.

use crate::registers::Registers;

// STM32H745/755 and STM32H747/757 Reference Manual (RM0399): "Power control",
// "Reset and clock control", "Embedded flash memory", "System configuration
// controller".
const FLASH: usize = 0x5200_2000;
const SYSCFG: usize = 0x5800_0400;
const RCC: usize = 0x5802_4400;
const PWR: usize = 0x5802_4800;

/// What the Nucleo's debugger puts on the pin of the crystal.
const INPUT_HZ: u32 = 8_000_000;

const PWR_CSR1: usize = 0x04;
const CSR1_VOLTAGE_READY: u32 = 1 << 13;
const PWR_CR3: usize = 0x0C;
const CR3_SUPPLY: u32 = 7;
const CR3_BY_LDO: u32 = 2;
const CR3_BY_SMPS: u32 = 4;
const PWR_D3CR: usize = 0x18;
const D3CR_SCALE_1: u32 = 3 << 14;
const D3CR_VOLTAGE_READY: u32 = 1 << 13;

const SYSCFG_PWRCR: usize = 0x2C;
const PWRCR_OVERDRIVE: u32 = 1;

const CR: usize = 0x00;
const CR_INPUT_ON: u32 = 1 << 16;
const CR_INPUT_READY: u32 = 1 << 17;
/// A clock comes in, not a crystal's swing.
const CR_INPUT_BYPASS: u32 = 1 << 18;
const CR_PLL_ON: u32 = 1 << 24;
const CR_PLL_READY: u32 = 1 << 25;
const CFGR: usize = 0x10;
const CFGR_FROM_PLL: u32 = 3;
const CFGR_RUNS_ON_PLL: u32 = 3 << 3;
const D1CFGR: usize = 0x18;
const D2CFGR: usize = 0x1C;
const D3CFGR: usize = 0x20;
/// The buses and the Cortex-M4 get half of the Cortex-M7's clock, APB3 half of that.
const D1CFGR_HALVES: u32 = 0b1000 | 0b100 << 4;
/// APB1 and APB2 half of that of the buses.
const D2CFGR_HALVES: u32 = 0b100 << 4 | 0b100 << 8;
/// APB4 likewise.
const D3CFGR_HALF: u32 = 0b100 << 4;
const PLLCKSELR: usize = 0x28;
/// From the input, which the first PLL does not divide. The others stay off.
const PLLCKSELR_INPUT_BY_1: u32 = 2 | 1 << 4;
const PLLCKSELR_FIRST: u32 = 3 | 0x3F << 4;
const PLLCFGR: usize = 0x2C;
const PLLCFGR_FIRST: u32 = 0xF;
/// An input of 8 MHz and more, the wide oscillator, no fraction.
const PLLCFGR_8_MHZ: u32 = 3 << 2;
const PLL1DIVR: usize = 0x30;
/// All three of its outputs are half of its oscillator.
const PLL1DIVR_HALVES: u32 = 1 << 9 | 1 << 16 | 1 << 24;
/// Each core enables for itself.
const AHB3ENR: usize = 0xD4;
const AHB3ENR_FLASH: u32 = 1 << 8;
const AHB3ENR_AXI_SRAM: u32 = 1 << 31;
const AHB4ENR: usize = 0xE0;
const AHB4ENR_GPIOD: u32 = 1 << 3;
const AHB4ENR_SEMAPHORES: u32 = 1 << 25;
const APB1LENR: usize = 0xE8;
const APB1LENR_TIM2: u32 = 1;
const APB1LENR_USART3: u32 = 1 << 18;
const APB4ENR: usize = 0xF4;
const APB4ENR_SYSCFG: u32 = 1 << 1;

const FLASH_ACR: usize = 0x00;
/// Four wait states, and the delay for programming that goes with them, are
/// for 240 MHz, the highest clock of the bus.
const FLASH_ACR_240_MHZ: u32 = 4 | 2 << 4;

/// Reads of a flag before what it waits for is taken for missing, as in
/// emulators that do not have it.
const PATIENCE: u32 = 50_000;

/// How fast the chip runs, and what makes its core voltage, which bounds that.
pub struct Plan {
    /// The Cortex-M7's clock.
    pub system_hz: u32,
    supply: u32,
    overdrive: bool,
}

impl Plan {
    /// By the linear regulator: 480 MHz, at the voltage that it alone can make.
    pub const LDO: Plan = Plan { system_hz: 480_000_000, supply: CR3_BY_LDO, overdrive: true };
    /// By the step-down converter: 400 MHz. More would take a voltage that the
    /// converter drives beyond the chip's absolute maximum.
    pub const SMPS: Plan = Plan { system_hz: 400_000_000, supply: CR3_BY_SMPS, overdrive: false };

    /// The buses, flash, timers, and the Cortex-M4.
    pub const fn bus_hz(&self) -> u32 {
        self.system_hz / 2
    }

    /// APB1, which has USART3.
    pub const fn apb1_hz(&self) -> u32 {
        self.bus_hz() / 2
    }

    /// Puts the chip on this plan, and gives the peripherals that are used
    /// their clocks.
    pub fn start(&self) {
        // SAFETY: each is used here alone.
        let (clocks, power) = unsafe { (Registers::at(RCC), Registers::at(PWR)) };
        self.raise_voltage(clocks, power);

        set(clocks, CR, CR_INPUT_BYPASS);
        set(clocks, CR, CR_INPUT_ON);
        await_set(clocks, CR, CR_INPUT_READY, CR_INPUT_READY);
        replace(clocks, PLLCKSELR, PLLCKSELR_FIRST, PLLCKSELR_INPUT_BY_1);
        replace(clocks, PLLCFGR, PLLCFGR_FIRST, PLLCFGR_8_MHZ);
        let multiplier = 2 * (self.system_hz / INPUT_HZ);
        clocks.write(PLL1DIVR, PLL1DIVR_HALVES | (multiplier - 1));
        set(clocks, CR, CR_PLL_ON);
        await_set(clocks, CR, CR_PLL_READY, CR_PLL_READY);

        // Before the buses are faster than flash, and than they may be.
        // SAFETY: used here alone.
        unsafe { Registers::at(FLASH) }.write(FLASH_ACR, FLASH_ACR_240_MHZ);
        clocks.write(D1CFGR, D1CFGR_HALVES);
        clocks.write(D2CFGR, D2CFGR_HALVES);
        clocks.write(D3CFGR, D3CFGR_HALF);
        clocks.write(CFGR, CFGR_FROM_PLL);
        await_set(clocks, CFGR, CFGR_RUNS_ON_PLL, CFGR_RUNS_ON_PLL);

        set(clocks, AHB4ENR, AHB4ENR_GPIOD | AHB4ENR_SEMAPHORES);
        set(clocks, APB1LENR, APB1LENR_TIM2 | APB1LENR_USART3);
        // An enabled peripheral has its clock two cycles later.
        clocks.read(APB1LENR);
    }

    fn raise_voltage(&self, clocks: Registers, power: Registers) {
        // It takes one write after power-on; those after a reset do nothing.
        replace(power, PWR_CR3, CR3_SUPPLY, self.supply);
        await_set(power, PWR_CSR1, CSR1_VOLTAGE_READY, CSR1_VOLTAGE_READY);
        set(power, PWR_D3CR, D3CR_SCALE_1);
        await_set(power, PWR_D3CR, D3CR_VOLTAGE_READY, D3CR_VOLTAGE_READY);
        if self.overdrive {
            set(clocks, APB4ENR, APB4ENR_SYSCFG);
            clocks.read(APB4ENR);
            // SAFETY: used here alone.
            set(unsafe { Registers::at(SYSCFG) }, SYSCFG_PWRCR, PWRCR_OVERDRIVE);
            await_set(power, PWR_D3CR, D3CR_VOLTAGE_READY, D3CR_VOLTAGE_READY);
        }
    }
}

/// Gives what the Cortex-M4 uses its clock for it: called by that core.
pub fn start_second() {
    // SAFETY: the registers that both cores have are views of their own.
    let clocks = unsafe { Registers::at(RCC) };
    set(clocks, AHB3ENR, AHB3ENR_FLASH | AHB3ENR_AXI_SRAM);
    set(clocks, AHB4ENR, AHB4ENR_SEMAPHORES);
    clocks.read(AHB4ENR);
}

fn set(registers: Registers, offset: usize, bits: u32) {
    registers.write(offset, registers.read(offset) | bits);
}

fn replace(registers: Registers, offset: usize, mask: u32, value: u32) {
    registers.write(offset, registers.read(offset) & !mask | value);
}

fn await_set(registers: Registers, offset: usize, mask: u32, value: u32) {
    let mut patience = PATIENCE;
    while registers.read(offset) & mask != value && patience > 0 {
        patience -= 1;
    }
}
