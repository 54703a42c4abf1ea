//! The crystal, the PLL on it, what flash needs then, and the peripherals'
//! clocks.

use crate::registers::Registers;

// RM0090: "Reset and clock control" (STM32F405/407), "Embedded Flash memory
// interface".
const RCC: usize = 0x4002_3800;
const FLASH: usize = 0x4002_3C00;

/// The Discovery's crystal.
const CRYSTAL_HZ: u32 = 8_000_000;
/// What the core runs on.
pub const SYSTEM_HZ: u32 = CRYSTAL_HZ / PLL_M * PLL_N / PLL_P;
/// APB1, which has USART2.
pub const BUS_1_HZ: u32 = SYSTEM_HZ / 4;
/// The timers of a bus that is divided get twice its clock.
pub const TIMERS_1_HZ: u32 = 2 * BUS_1_HZ;

const PLL_M: u32 = 8;
const PLL_N: u32 = 336;
const PLL_P: u32 = 2;
/// For USB, which wants 48 MHz.
const PLL_Q: u32 = 7;

const CR: usize = 0x00;
const CR_HSE_ON: u32 = 1 << 16;
const CR_HSE_READY: u32 = 1 << 17;
const CR_PLL_ON: u32 = 1 << 24;
const CR_PLL_READY: u32 = 1 << 25;
const PLLCFGR: usize = 0x04;
const PLLCFGR_FROM_HSE: u32 = 1 << 22;
const CFGR: usize = 0x08;
const CFGR_FROM_PLL: u32 = 2;
const CFGR_RUNS_ON_PLL: u32 = 2 << 2;
/// APB1 a quarter, APB2 half of the system clock: 42 and 84 MHz at most.
const CFGR_BUSES: u32 = 0b101 << 10 | 0b100 << 13;
const AHB1ENR: usize = 0x30;
const AHB1ENR_GPIOA: u32 = 1;
const APB1ENR: usize = 0x40;
const APB1ENR_TIM2: u32 = 1;
const APB1ENR_USART2: u32 = 1 << 17;

const FLASH_ACR: usize = 0x00;
/// Five wait states for 168 MHz at 2.7 V and above; prefetch and both caches.
const FLASH_ACR_168_MHZ: u32 = 5 | 1 << 8 | 1 << 9 | 1 << 10;

/// Reads of a flag before what it waits for is taken for missing, as in
/// emulators that do not have it: the crystal takes 2 ms, about 4,000 of them.
const PATIENCE: u32 = 50_000;

/// Starts crystal and PLL, puts the core on them, and gives the peripherals
/// that are used their clocks.
pub fn start() {
    // SAFETY: both are used here alone.
    let (clocks, flash) = unsafe { (Registers::at(RCC), Registers::at(FLASH)) };
    set(clocks, CR, CR_HSE_ON);
    await_set(clocks, CR, CR_HSE_READY, CR_HSE_READY);
    let divisors = PLL_Q << 24 | (PLL_P / 2 - 1) << 16 | PLL_N << 6 | PLL_M;
    clocks.write(PLLCFGR, divisors | PLLCFGR_FROM_HSE);
    set(clocks, CR, CR_PLL_ON);
    await_set(clocks, CR, CR_PLL_READY, CR_PLL_READY);
    // Before the core is faster than its flash.
    flash.write(FLASH_ACR, FLASH_ACR_168_MHZ);
    clocks.write(CFGR, CFGR_BUSES | CFGR_FROM_PLL);
    await_set(clocks, CFGR, 0b11 << 2, CFGR_RUNS_ON_PLL);

    set(clocks, AHB1ENR, AHB1ENR_GPIOA);
    set(clocks, APB1ENR, APB1ENR_TIM2 | APB1ENR_USART2);
    // An enabled peripheral has its clock two cycles later.
    clocks.read(APB1ENR);
}

fn set(registers: Registers, offset: usize, bits: u32) {
    registers.write(offset, registers.read(offset) | bits);
}

fn await_set(registers: Registers, offset: usize, mask: u32, value: u32) {
    let mut patience = PATIENCE;
    while registers.read(offset) & mask != value && patience > 0 {
        patience -= 1;
    }
}

const _: () = assert!(SYSTEM_HZ == 168_000_000 && TIMERS_1_HZ == 84_000_000);
