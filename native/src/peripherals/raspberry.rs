//! What differs between the microcontrollers of Raspberry Pi, the RP2040 and
//! the RP2350: the models of their peripherals are the same otherwise.

use super::Peripheral;
use super::raspberry_clocks::{Clocks, Crystal, Pll};
use super::raspberry_pins::{Pads, Pins};
use super::raspberry_sio::Sio;
use super::raspberry_system::{PowerOn, Resets, Ticker, Watchdog};
use super::raspberry_timer::RaspberryTimer;

/// The names of its models.
#[derive(Debug)]
#[allow(missing_docs, reason = "they are the peripherals' own")]
pub struct Names {
    pub clocks: &'static str,
    pub crystal: &'static str,
    pub pll: &'static str,
    pub resets: &'static str,
    pub power_on: &'static str,
    pub watchdog: &'static str,
    pub ticks: &'static str,
    pub pins: &'static str,
    pub pads: &'static str,
    pub timer: &'static str,
    pub sio: &'static str,
}

macro_rules! names {
    ($chip:literal) => {
        Names {
            clocks: concat!($chip, "-clocks"),
            crystal: concat!($chip, "-xosc"),
            pll: concat!($chip, "-pll"),
            resets: concat!($chip, "-resets"),
            power_on: concat!($chip, "-psm"),
            watchdog: concat!($chip, "-watchdog"),
            ticks: concat!($chip, "-ticks"),
            pins: concat!($chip, "-io-bank0"),
            pads: concat!($chip, "-pads-bank0"),
            timer: concat!($chip, "-timer"),
            sio: concat!($chip, "-sio"),
        }
    };
}

/// One of them, by its datasheet.
#[derive(Debug)]
pub struct Chip {
    /// The names of its models.
    pub names: Names,
    /// Bits of RESETS: every subsystem.
    pub resets: u32,
    /// The modelled peripherals that RESETS holds: their bit and base.
    pub lines: [(u32, u32); 5],
    /// Bits of the power-on state machine: every stage.
    pub stages: u32,
    /// Its bits of cores 0 and 1.
    pub cores: [u32; 2],
    /// The watchdog makes the ticks of the timer; else a block of their own.
    pub watchdog_ticks: bool,
    /// CTRL of the system clock after reset.
    pub system_clock: u32,
    /// What a pad holds after reset.
    pub pad: u32,
    /// The bit of a pad that cuts it off from the chip.
    pub isolation: u32,
    /// The base of UART0, whose pads are the first two.
    pub uart: u32,
    /// Words that a mailbox between cores holds.
    pub mailbox: usize,
    /// The interrupts of the mailboxes that cores 0 and 1 read.
    pub mailbox_interrupts: [u32; 2],
    /// Each core has its mailbox's interrupt alone; else both have both.
    pub own_interrupts: bool,
    /// The cores have dividers.
    pub dividers: bool,
}

/// RP2040 Datasheet.
pub static RP2040: Chip = Chip {
    names: names!("rp2040"),
    resets: 0x01ff_ffff,
    lines: [
        (1 << 5, 0x4001_4000),
        (1 << 8, 0x4001_c000),
        (1 << 12, 0x4002_8000),
        (1 << 21, 0x4005_4000),
        (1 << 22, 0x4003_4000),
    ],
    stages: 0x0001_ffff,
    cores: [1 << 15, 1 << 16],
    watchdog_ticks: true,
    system_clock: 0,
    // Input enabled, 4 mA, pulled down, Schmitt trigger.
    pad: 0x56,
    isolation: 0,
    uart: 0x4003_4000,
    mailbox: 8,
    mailbox_interrupts: [15, 16],
    own_interrupts: false,
    dividers: true,
};

/// RP2350 Datasheet.
pub static RP2350: Chip = Chip {
    names: names!("rp2350"),
    resets: 0x1fff_ffff,
    lines: [
        (1 << 6, 0x4002_8000),
        (1 << 9, 0x4003_8000),
        (1 << 14, 0x4005_0000),
        (1 << 23, 0x400b_0000),
        (1 << 26, 0x4007_0000),
    ],
    stages: 0x01ff_ffff,
    cores: [1 << 23, 1 << 24],
    watchdog_ticks: false,
    // From the auxiliary source, which is the ring oscillator.
    system_clock: 0x41,
    // Isolated, 4 mA, pulled down, Schmitt trigger; input off.
    pad: 0x116,
    isolation: 1 << 8,
    uart: 0x4007_0000,
    mailbox: 4,
    mailbox_interrupts: [25, 25],
    own_interrupts: true,
    dividers: false,
};

/// Makes the model `name` of one of the two.
pub fn create(name: &str) -> Option<Box<dyn Peripheral>> {
    [&RP2040, &RP2350].into_iter().find_map(|chip| chip.create(name))
}

impl Chip {
    fn create(&'static self, name: &str) -> Option<Box<dyn Peripheral>> {
        let names = &self.names;
        let model: Box<dyn Peripheral> = match name {
            _ if name == names.clocks => Box::new(Clocks::new(self)),
            _ if name == names.crystal => Box::new(Crystal::new(self)),
            _ if name == names.pll => Box::new(Pll::new(self)),
            _ if name == names.resets => Box::new(Resets::new(self)),
            _ if name == names.power_on => Box::new(PowerOn::new(self)),
            _ if name == names.watchdog => Box::new(Watchdog::new(self)),
            _ if name == names.ticks && !self.watchdog_ticks => Box::new(Ticker::new(self)),
            _ if name == names.pins => Box::new(Pins::new(self)),
            _ if name == names.pads => Box::new(Pads::new(self)),
            _ if name == names.timer => Box::new(RaspberryTimer::new(self)),
            _ if name == names.sio => Box::new(Sio::new(self)),
            _ => return None,
        };
        Some(model)
    }
}
