//! Models of a board's peripherals: the registers a firmware of ours uses,
//! and an error that names the register for every other.

pub mod clint;
pub mod cmsdk_timer;
pub mod cmsdk_uart;
pub mod cortex_m_dwt;
pub mod cortex_m_scs;
pub mod esp32c3_system;
pub mod esp32c6_system;
pub mod esp_interrupts;
pub mod esp_systimer;
pub mod esp_uart;
pub mod esp_watchdogs;
pub mod nrf53_clock;
pub mod nrf53_network;
pub mod nrf_clock;
pub mod nrf_gpio;
pub mod nrf_timer;
pub mod nrf_uart;
pub mod nrf_uarte;
pub mod ns16550;
pub mod pl011;
pub mod plic;
mod raspberry;
mod raspberry_clocks;
mod raspberry_pins;
mod raspberry_sio;
mod raspberry_system;
mod raspberry_timer;
pub mod sifive_test;
pub mod sse200;
pub mod stm32_clocks;
pub mod stm32_gpio;
pub mod stm32_timer;
pub mod stm32_usart;
pub mod stm32h7_clocks;
pub mod stm32h7_hsem;
pub mod stm32h7_usart;

use crate::bus::Bus;
use crate::fault::{Fault, Kind};

/// Why an access was refused.
#[derive(Debug)]
pub enum Refusal {
    /// The model has no such register.
    Unmodelled,
    /// The register is there, the use is wrong; says why.
    Misuse(String),
    /// A fault of its own kind.
    Fault(Fault),
}

impl Refusal {
    /// The fault that ends the run.
    pub fn into_fault(self, peripheral: &str, verb: &str, address: u32, offset: u32) -> Fault {
        match self {
            Refusal::Unmodelled => {
                let message =
                    format!("{verb} of register {offset:#05x}, which the {peripheral} model lacks");
                Fault::at(Kind::Peripheral, address, message)
            }
            Refusal::Misuse(why) => {
                Fault::at(Kind::Peripheral, address, format!("{peripheral}: {why}"))
            }
            Refusal::Fault(fault) => fault,
        }
    }
}

/// What a chip's boot ROM acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A core sent an event (SEV).
    Event,
    /// This core was put into reset.
    Held(usize),
    /// This core comes out of reset.
    Released(usize),
    /// The core that the peripheral is part of was started.
    Started {
        /// Its vector table.
        vectors: u32,
    },
}

/// One peripheral: a block of registers.
pub trait Peripheral {
    /// The model's name, as boards use it.
    fn name(&self) -> &'static str;
    /// Bytes of addresses that are its own.
    fn length(&self) -> u32 {
        0x1000
    }
    /// Bytes of a register.
    fn width(&self) -> u32 {
        4
    }
    /// Reads the register at `offset`.
    fn read(&mut self, offset: u32, bus: &mut Bus) -> Result<u32, Refusal>;
    /// Writes the register at `offset`.
    fn write(&mut self, offset: u32, value: u32, bus: &mut Bus) -> Result<(), Refusal>;
    /// Whether bytes and half words of `offset` can be accessed too.
    fn has_bytes(&self, _offset: u32) -> bool {
        false
    }
    /// Moves what waits outside, such as bytes from the host.
    fn poll(&mut self, _bus: &mut Bus) -> Result<(), Fault> {
        Ok(())
    }
    /// Its interrupt: number and level.
    fn interrupt(&self) -> Option<(u32, bool)> {
        None
    }
    /// Whether cores agree through `offset`: they access it in the order of
    /// their times, not of their turns.
    fn is_ordered(&self, _offset: u32) -> bool {
        false
    }
    /// Cores were told something.
    fn signal(&mut self, _signal: Signal, _bus: &mut Bus) {}
    /// Back to the state after a reset.
    fn reset(&mut self, bus: &mut Bus);
}

/// Makes the model `name` for the registers at `base`.
pub fn create(name: &str, base: u32) -> Option<Box<dyn Peripheral>> {
    match name {
        cmsdk_timer::NAME => Some(Box::new(cmsdk_timer::CmsdkTimer::default())),
        cmsdk_uart::NAME => Some(Box::new(cmsdk_uart::CmsdkUart::new(base))),
        clint::NAME => Some(Box::new(clint::Clint::default())),
        cortex_m_scs::NAME => Some(Box::new(cortex_m_scs::SystemControl::default())),
        cortex_m_scs::BASELINE => Some(Box::new(cortex_m_scs::SystemControl::baseline())),
        cortex_m_dwt::NAME => Some(Box::new(cortex_m_dwt::Watchpoint::default())),
        esp32c3_system::SYSTEM => Some(Box::new(esp32c3_system::System::default())),
        esp32c3_system::LOW_POWER => Some(Box::new(esp32c3_system::LowPower::default())),
        esp32c3_system::PADS => Some(Box::new(esp32c3_system::Pads::default())),
        esp32c6_system::CLOCKS => Some(Box::new(esp32c6_system::Clocks::default())),
        esp32c6_system::POWER => Some(Box::new(esp32c6_system::Power)),
        esp32c6_system::ALWAYS_ON => Some(Box::new(esp32c6_system::AlwaysOn)),
        esp32c6_system::MODEM => Some(Box::new(esp32c6_system::Modem::default())),
        esp32c6_system::ANALOG => Some(Box::new(esp32c6_system::Analog::default())),
        esp_interrupts::C3 => Some(Box::new(esp_interrupts::EspInterrupts::c3())),
        esp_interrupts::C6_MATRIX => Some(Box::new(esp_interrupts::EspInterrupts::c6_matrix())),
        esp_interrupts::C6_CONTROLLER => {
            Some(Box::new(esp_interrupts::EspInterrupts::c6_controller()))
        }
        esp_systimer::C3 => Some(Box::new(esp_systimer::EspSystimer::new(esp_systimer::C3))),
        esp_systimer::C6 => Some(Box::new(esp_systimer::EspSystimer::new(esp_systimer::C6))),
        esp_uart::C3 => Some(Box::new(esp_uart::EspUart::c3())),
        esp_uart::C6 => Some(Box::new(esp_uart::EspUart::c6())),
        esp_watchdogs::GROUP_0 => {
            Some(Box::new(esp_watchdogs::TimerGroup::new(esp_watchdogs::GROUP_0)))
        }
        esp_watchdogs::GROUP_1 => {
            Some(Box::new(esp_watchdogs::TimerGroup::new(esp_watchdogs::GROUP_1)))
        }
        esp_watchdogs::C6_LOW_POWER => Some(Box::new(esp_watchdogs::LowPower::default())),
        nrf_clock::NAME => Some(Box::new(nrf_clock::NrfClock::default())),
        nrf_gpio::NAME => Some(Box::new(nrf_gpio::NrfGpio::default())),
        nrf_timer::NAME | nrf_timer::NRF53 => Some(Box::new(nrf_timer::NrfTimer::default())),
        nrf_uart::NAME => Some(Box::new(nrf_uart::NrfUart::new(base))),
        nrf_uarte::NAME => Some(Box::new(nrf_uarte::NrfUarte::new(base))),
        nrf53_clock::NAME => Some(Box::new(nrf53_clock::Nrf53Clock::default())),
        nrf53_clock::CACHE => Some(Box::new(nrf53_clock::Cache::default())),
        nrf53_network::IPC => Some(Box::new(nrf53_network::Mailbox::new(base))),
        nrf53_network::MUTEX => Some(Box::new(nrf53_network::Mutexes::default())),
        nrf53_network::SPU => Some(Box::new(nrf53_network::Protection::default())),
        ns16550::NAME => Some(Box::new(ns16550::Ns16550::default())),
        plic::NAME => Some(Box::new(plic::Plic::default())),
        pl011::NAME => Some(Box::new(pl011::Pl011::new(base))),
        sifive_test::NAME => Some(Box::new(sifive_test::Finisher)),
        sse200::CONTROL => Some(Box::new(sse200::Control::default())),
        sse200::IDENTITY => Some(Box::new(sse200::Identity)),
        sse200::MHU => Some(Box::new(sse200::Mhu::default())),
        stm32_clocks::CLOCKS => Some(Box::new(stm32_clocks::Clocks::default())),
        stm32_clocks::FLASH => Some(Box::new(stm32_clocks::Flash::default())),
        stm32_gpio::NAME => Some(Box::new(stm32_gpio::Gpio::default())),
        stm32_timer::NAME | stm32_timer::H7 => Some(Box::new(stm32_timer::Stm32Timer::default())),
        stm32_usart::NAME => Some(Box::new(stm32_usart::Stm32Usart::new(base))),
        stm32h7_clocks::CLOCKS => Some(Box::new(stm32h7_clocks::Clocks::default())),
        stm32h7_clocks::FLASH => Some(Box::new(stm32h7_clocks::Flash::default())),
        stm32h7_clocks::POWER => Some(Box::new(stm32h7_clocks::Power::default())),
        stm32h7_clocks::SYSTEM => Some(Box::new(stm32h7_clocks::System::default())),
        stm32h7_hsem::NAME => Some(Box::new(stm32h7_hsem::Semaphores::default())),
        stm32h7_usart::NAME => Some(Box::new(stm32h7_usart::Stm32h7Usart::new(base))),
        _ => raspberry::create(name),
    }
}

/// The index of a word in a block of `count` words at `first`.
fn index(offset: u32, first: u32, count: u32) -> Option<usize> {
    let distance = offset.checked_sub(first)?;
    (distance < count * 4).then_some((distance / 4) as usize)
}
