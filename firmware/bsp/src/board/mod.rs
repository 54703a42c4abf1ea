//! The boards of this architecture.

use arielml_agent::{Identity, Link};
use arielml_scheduler::{Claim, Event};

use crate::arch;
use crate::timer::Timer;

#[cfg(architecture = "riscv32imc-unknown-none-elf")]
mod esp32;
#[cfg(architecture = "riscv32imc-unknown-none-elf")]
pub mod esp32c3;
#[cfg(architecture = "riscv32imc-unknown-none-elf")]
pub mod esp32c6;
#[cfg(architecture = "thumbv6m-none-eabi")]
pub mod microbit;
#[cfg(any(architecture = "thumbv7m-none-eabi", architecture = "thumbv7em-none-eabihf", armv8_m))]
pub mod mps2;
#[cfg(any(architecture = "thumbv6m-none-eabi", architecture = "thumbv7em-none-eabihf", armv8_m))]
mod nrf;
#[cfg(architecture = "thumbv7em-none-eabihf")]
pub mod nrf52840;
#[cfg(armv8_m)]
pub mod nrf5340;
#[cfg(any(architecture = "thumbv6m-none-eabi", architecture = "thumbv8m.main-none-eabihf"))]
mod raspberry;
#[cfg(architecture = "riscv32imafc-unknown-none-elf")]
pub mod riscv_virt;
#[cfg(architecture = "thumbv6m-none-eabi")]
pub mod rp2040;
#[cfg(architecture = "thumbv8m.main-none-eabihf")]
pub mod rp2350;
#[cfg(architecture = "thumbv8m.main-none-eabi")]
mod sse200;
#[cfg(architecture = "thumbv7em-none-eabihf")]
pub mod stm32f4;
#[cfg(architecture = "thumbv7em-none-eabihf")]
pub mod stm32h745;

/// Calls `$entry` for each board of this architecture with the board, the
/// section of its vectors and the name of its reset handler, both of which
/// the linker script knows; and with the number of its other cores, if it
/// has any, which makes it [`Helpers`].
#[cfg(architecture = "thumbv7em-none-eabihf")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!($crate::board::nrf52840::Nrf52840, ".vectors.nrf52840", arielml_reset_nrf52840);
        $entry!($crate::board::mps2::An386, ".vectors.mps2-an386", arielml_reset_mps2_an386);
        $entry!($crate::board::mps2::An500, ".vectors.mps2-an500", arielml_reset_mps2_an500);
        $entry!($crate::board::stm32f4::Stm32F4, ".vectors.stm32f4", arielml_reset_stm32f4);
        $entry!($crate::board::stm32h745::Stm32H745, ".vectors.stm32h745", arielml_reset_stm32h745, 1 helper);
        $entry!(
            $crate::board::stm32h745::NucleoH745ziQ,
            ".vectors.nucleo-h745zi-q",
            arielml_reset_nucleo_h745zi_q,
            1 helper
        );
    };
}

/// As for the other architectures.
#[cfg(architecture = "thumbv7m-none-eabi")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!($crate::board::mps2::An385, ".vectors.mps2-an385", arielml_reset_mps2_an385);
    };
}

/// As for the other architectures.
#[cfg(architecture = "thumbv8m.main-none-eabihf")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!($crate::board::mps2::An505, ".vectors.mps2-an505", arielml_reset_mps2_an505);
        $entry!(
            $crate::board::nrf5340::Nrf5340,
            ".vectors.nrf5340",
            arielml_reset_nrf5340,
            1 helper
        );
        $entry!($crate::board::rp2350::Rp2350, ".vectors.rp2350", arielml_reset_rp2350, 1 helper);
    };
}

/// As for the other architectures.
#[cfg(architecture = "thumbv8m.main-none-eabi")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!(
            $crate::board::mps2::An521,
            ".vectors.mps2-an521",
            arielml_reset_mps2_an521,
            1 helper
        );
        $entry!(
            $crate::board::nrf5340::Nrf5340,
            ".vectors.nrf5340",
            arielml_reset_nrf5340,
            1 helper
        );
    };
}

/// As for the other architectures.
#[cfg(architecture = "thumbv6m-none-eabi")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!($crate::board::rp2040::Rp2040, ".vectors.rp2040", arielml_reset_rp2040, 1 helper);
        $entry!($crate::board::microbit::Microbit, ".vectors.microbit", arielml_reset_microbit);
    };
}

/// As for the other architectures.
#[cfg(architecture = "riscv32imafc-unknown-none-elf")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!(
            $crate::board::riscv_virt::RiscvVirt,
            ".vectors.riscv-virt",
            arielml_reset_riscv_virt,
            7 helpers
        );
    };
}

/// As for the other architectures.
#[cfg(architecture = "riscv32imc-unknown-none-elf")]
#[macro_export]
macro_rules! for_each_board {
    ($entry:ident) => {
        $entry!($crate::board::esp32c3::Esp32C3, ".vectors.esp32c3", arielml_reset_esp32c3);
        $entry!($crate::board::esp32c6::Esp32C6, ".vectors.esp32c6", arielml_reset_esp32c6);
    };
}

/// What an image needs of a board.
pub trait Board {
    /// The board's UART.
    type Uart: Link;
    /// The board's source of ticks.
    type Timer: Timer;
    /// What lies in flash in front of the vectors: nothing, or what the
    /// chip's ROM wants there.
    type Header: 'static;

    /// Name, cores and clocks, as the host's description of the board has them.
    const IDENTITY: Identity;
    /// What lies in front of the vectors.
    const HEADER: Self::Header;

    /// Where harts have their software interrupts, a word each, on a board
    /// with several: those beside the first wait for it from reset on.
    #[cfg(target_arch = "riscv32")]
    const SOFTWARE_INTERRUPTS: usize = 0;

    /// Starts clocks, pins, timer and UART.
    ///
    /// # Safety
    /// Called once, before anything else uses the peripherals.
    unsafe fn start() -> (Self::Uart, Self::Timer);

    /// Starts the UART afresh to report a fault, in whatever state the board is.
    ///
    /// # Safety
    /// Nothing that ran before runs on.
    unsafe fn uart_after_fault() -> Self::Uart;

    /// Resets the core and the peripherals, within a few cycles.
    #[cfg(target_arch = "arm")]
    fn reset() {
        crate::cortex_m::request_reset();
    }

    /// Resets the core and the peripherals, within a few cycles. The
    /// architecture has no way to ask for it; a board has.
    #[cfg(target_arch = "riscv32")]
    fn reset();
}

/// A board with cores beside the first, which help when there is work.
pub trait Helpers: Board {
    /// How its cores take work items.
    type Claim: Claim + Sync + 'static;
    /// How its cores wake each other.
    type Event: Event + Copy + 'static;

    /// Shared by all of its cores.
    const CLAIM: Self::Claim;
    /// The same on each of its cores.
    const EVENT: Self::Event;
    /// The last work items, which are the first core's where it is faster: as
    /// many as it does in the time of one of another core, less the half that
    /// it is busy with another one when that begins.
    const LEFT: u32 = 0;

    /// What each of the other cores does first.
    fn prepare_helper() {}

    /// Lets core `core`, from 1 on, begin at `start`.
    ///
    /// # Safety
    /// Called by the first core, once for each of the others.
    unsafe fn launch(core: u32, start: arch::HelperStart);

    /// What another core does before it helps: it waits, on a chip that starts
    /// all cores at once. RAM may not be set up before this returns; there are
    /// registers, and the core's own stack.
    extern "C" fn await_launch() {}
}
