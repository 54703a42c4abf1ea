//! Arm MPS2+, an FPGA board: one board here for each of Arm's images of the
//! FPGA, which are called by their application notes.

use arielml_agent::Identity;
#[cfg(architecture = "thumbv8m.main-none-eabi")]
use arielml_scheduler::Atomic;

use crate::board::Board;
#[cfg(architecture = "thumbv8m.main-none-eabi")]
use crate::board::{
    Helpers,
    sse200::{self, Messages},
};
#[cfg(architecture = "thumbv8m.main-none-eabi")]
use crate::cortex_m::HelperStart;
use crate::cortex_m::Interrupt;
use crate::mpu::{self, Block};
use crate::timer::CmsdkTimer;
use crate::uart::CmsdkUart;

// No more: the UART keeps one byte, and at 115,200 baud the next one takes
// 1,700 cycles or more.
const BAUD: u32 = 115_200;

/// What differs between the images.
struct Fpga {
    clock_hz: u32,
    uart: usize,
    /// That of the UART's receiver.
    interrupt: u32,
    timer: usize,
    cores: u32,
}

impl Fpga {
    /// # Safety
    /// As for [`CmsdkUart::start`].
    unsafe fn uart(&self) -> CmsdkUart<Interrupt> {
        let divisor = (self.clock_hz + BAUD / 2) / BAUD;
        let interrupt = Interrupt::enable(self.interrupt);
        // SAFETY: the caller vouches for the UART being free.
        unsafe { CmsdkUart::start(self.uart, divisor, interrupt) }
    }
}

/// Where the image is: RAM, which takes writes.
#[cfg(not(armv8_m))]
const IMAGE: Block = Block { base: 0, bits: 22 };
#[cfg(armv8_m)]
const IMAGE: Block = Block { base: 0x1000_0000, bits: 22 };

/// What lies below RAM is reserved, which need not mean that it faults.
#[cfg(not(armv8_m))]
const BELOW_RAM: Block = Block { base: 0x1F00_0000, bits: 24 };

fn protect() {
    #[cfg(not(armv8_m))]
    mpu::protect(IMAGE, BELOW_RAM);
    #[cfg(armv8_m)]
    mpu::protect(IMAGE);
}

macro_rules! board {
    ($(#[$documentation:meta])* $board:ident, $name:literal, $fpga:expr) => {
        $(#[$documentation])*
        pub struct $board;

        impl $board {
            const FPGA: Fpga = $fpga;
        }

        impl Board for $board {
            type Uart = CmsdkUart<Interrupt>;
            type Timer = CmsdkTimer<{ Self::FPGA.clock_hz }>;
            type Header = ();

            const IDENTITY: Identity = Identity {
                board: $name,
                cores: Self::FPGA.cores,
                clock_hz: Self::FPGA.clock_hz,
                ticks_hz: Self::FPGA.clock_hz,
            };
            const HEADER: () = ();

            unsafe fn start() -> (Self::Uart, Self::Timer) {
                protect();
                // SAFETY: nothing else uses the timer; the caller is the only
                // one to start the UART, and the first.
                unsafe { (Self::FPGA.uart(), CmsdkTimer::start(Self::FPGA.timer)) }
            }

            unsafe fn uart_after_fault() -> Self::Uart {
                // SAFETY: whoever used the UART before runs no more.
                unsafe { Self::FPGA.uart() }
            }
        }
    };
}

// Application Notes AN385, AN386 and AN500: memory map and interrupts, which
// are the same in what is used here.
#[cfg(any(architecture = "thumbv7m-none-eabi", architecture = "thumbv7em-none-eabihf"))]
const ARMV7_M: Fpga =
    Fpga { clock_hz: 25_000_000, uart: 0x4000_4000, interrupt: 0, timer: 0x4000_0000, cores: 1 };

#[cfg(architecture = "thumbv7m-none-eabi")]
board!(
    /// MPS2+ with the image AN385: Cortex-M3 at 25 MHz.
    An385,
    "mps2-an385",
    ARMV7_M
);

#[cfg(architecture = "thumbv7em-none-eabihf")]
board!(
    /// MPS2+ with the image AN386: Cortex-M4F at 25 MHz.
    An386,
    "mps2-an386",
    ARMV7_M
);

#[cfg(architecture = "thumbv7em-none-eabihf")]
board!(
    /// MPS2+ with the image AN500: Cortex-M7 at 25 MHz.
    An500,
    "mps2-an500",
    ARMV7_M
);

// Application Notes AN505 and AN521, alike in what is used here: the core
// starts secure, and everything is used by its secure address. The FPGA's
// interrupts begin at 32.
#[cfg(armv8_m)]
const ARMV8_M: Fpga =
    Fpga { clock_hz: 20_000_000, uart: 0x5020_0000, interrupt: 32, timer: 0x5000_0000, cores: 1 };

#[cfg(architecture = "thumbv8m.main-none-eabihf")]
board!(
    /// MPS2+ with the image AN505: Cortex-M33 at 20 MHz.
    An505,
    "mps2-an505",
    ARMV8_M
);

#[cfg(architecture = "thumbv8m.main-none-eabi")]
board!(
    /// MPS2+ with the image AN521: two Cortex-M33 at 20 MHz, of which the
    /// first has no FPU.
    An521,
    "mps2-an521",
    Fpga { cores: 2, ..ARMV8_M }
);

#[cfg(architecture = "thumbv8m.main-none-eabi")]
impl Helpers for An521 {
    type Claim = Atomic;
    type Event = Messages;

    const CLAIM: Atomic = Atomic;
    const EVENT: Messages = Messages;

    fn prepare_helper() {
        // Each core has an MPU of its own.
        protect();
    }

    unsafe fn launch(_: u32, start: HelperStart) {
        // SAFETY: as the caller vouches.
        unsafe { sse200::launch(start) };
    }
}
