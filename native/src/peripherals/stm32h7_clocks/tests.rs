use super::*;

const PLL_ON: u32 = CR_RESET | CR_HSE | CR_BYPASS | CR_PLL;
const SOURCE: u32 = FROM_HSE | 1 << 4;
const RANGE: u32 = 0x01ff_0000 | 3 << 2;
const DIVIDERS: u32 = 0x0101_0200 | 119;
const HALF: u32 = 8;
const D2CFGR: u32 = 0x1c;

struct Chip {
    clocks: Clocks,
    power: Power,
    system: System,
    flash: Flash,
    bus: Bus,
}

impl Chip {
    fn reset(clock_hz: u64) -> Chip {
        let bus = Bus { clock_hz, ..Bus::default() };
        let mut chip = Chip {
            clocks: Clocks::default(),
            power: Power::default(),
            system: System::default(),
            flash: Flash::default(),
            bus,
        };
        chip.clocks.reset(&mut chip.bus);
        chip.flash.reset(&mut chip.bus);
        chip.power.reset(&mut chip.bus);
        chip.system.reset(&mut chip.bus);
        chip
    }

    fn raise(&mut self, supply: u32, overdrive: u32) -> Result<(), Refusal> {
        self.power.write(CR3, supply, &mut self.bus)?;
        self.power.write(D3CR, 3 << 14, &mut self.bus)?;
        self.system.write(PWRCR, overdrive, &mut self.bus)
    }

    fn clock(&mut self, settings: &[(u32, u32)]) -> Result<(), Refusal> {
        for &(offset, value) in settings {
            self.clocks.write(offset, value, &mut self.bus)?;
        }
        self.clocks.write(CFGR, CFGR_PLL, &mut self.bus)
    }
}

fn says(result: Result<(), Refusal>, why: &str) {
    let refusal = result.unwrap_err();
    assert!(matches!(&refusal, Refusal::Misuse(text) if text.contains(why)), "{refusal:?}");
}

const SETTINGS: [(u32, u32); 5] =
    [(PLLCKSELR, SOURCE), (PLLCFGR, RANGE), (PLL1DIVR, DIVIDERS), (CR, PLL_ON), (D1CFGR, HALF)];

#[test]
fn the_way_to_480_mhz() {
    let mut chip = Chip::reset(480_000_000);
    chip.raise(CR3_LDO, 1).unwrap();
    chip.flash.write(ACR, 0x24, &mut chip.bus).unwrap();
    chip.clock(&SETTINGS).unwrap();
    assert_eq!(chip.clocks.read(CFGR, &mut chip.bus).unwrap(), 3 << 3 | 3);
    assert_eq!(chip.clocks.read(CR, &mut chip.bus).unwrap() >> 24 & 3, 3);
    chip.clocks.write(D2CFGR, 4 << 4, &mut chip.bus).unwrap();
    assert_eq!(chip.bus.timer_hz, 240_000_000);
    chip.clocks.write(D2CFGR, 5 << 4, &mut chip.bus).unwrap();
    assert_eq!(chip.bus.timer_hz, 120_000_000);
}

#[test]
fn the_way_to_400_mhz_by_the_converter() {
    let mut chip = Chip::reset(400_000_000);
    chip.raise(CR3_SMPS, 0).unwrap();
    let mut settings = SETTINGS;
    settings[2].1 = 0x0101_0200 | 99;
    chip.clock(&settings).unwrap();
}

#[test]
fn what_would_fail_on_the_chip_is_refused() {
    for (index, value, why) in [
        (0, 1 | 1 << 4, "no input"),
        (1, 0x01ff_0000, "PLL1RGE is 0"),
        (2, DIVIDERS - 1, "set to 476000000 Hz"),
        (3, PLL_ON & !CR_PLL, "off"),
        (3, PLL_ON & !CR_BYPASS, "HSEBYP"),
        (4, 0, "480000000 Hz for the buses"),
    ] {
        let mut chip = Chip::reset(480_000_000);
        chip.raise(CR3_LDO, 1).unwrap();
        let mut settings = SETTINGS;
        settings[index].1 = value;
        says(chip.clock(&settings), why);
    }
}

#[test]
fn the_clock_is_bounded_by_voltage_and_flash() {
    let mut chip = Chip::reset(480_000_000);
    chip.raise(CR3_LDO, 0).unwrap();
    says(chip.clock(&SETTINGS), "voltage scale 1");
    let mut chip = Chip::reset(480_000_000);
    chip.raise(CR3_LDO, 1).unwrap();
    chip.flash.write(ACR, 0x23, &mut chip.bus).unwrap();
    says(chip.clock(&SETTINGS), "4 are needed");
}

#[test]
fn the_converter_is_kept_from_more_than_the_chip_bears() {
    let mut chip = Chip::reset(480_000_000);
    says(chip.raise(CR3_SMPS, 1), "absolute maximum");
    let mut chip = Chip::reset(480_000_000);
    says(chip.power.write(D3CR, 3 << 14, &mut chip.bus), "before its supply");
    says(chip.power.write(CR3, 6, &mut chip.bus), "one regulator alone");
    says(chip.system.write(PWRCR, 1, &mut chip.bus), "below 1");
}

#[test]
fn the_supply_is_chosen_once() {
    let mut chip = Chip::reset(480_000_000);
    chip.raise(CR3_SMPS, 0).unwrap();
    chip.power.reset(&mut chip.bus);
    chip.power.write(CR3, CR3_LDO, &mut chip.bus).unwrap();
    assert_eq!(chip.power.read(CR3, &mut chip.bus).unwrap(), CR3_SMPS);
    assert_eq!((chip.bus.voltage.scale, chip.bus.voltage.by_converter), (3, true));
}

#[test]
fn peripherals_have_no_clock_until_they_are_given_one() {
    let mut chip = Chip::reset(480_000_000);
    assert_eq!(chip.bus.unclocked.len(), GATES.len());
    for (register, bit, base) in GATES {
        assert!(chip.bus.unclocked.contains(&base));
        let before = chip.clocks.read(register, &mut chip.bus).unwrap();
        chip.clocks.write(register, before | bit, &mut chip.bus).unwrap();
        assert!(!chip.bus.unclocked.contains(&base));
    }
    assert!(chip.bus.unclocked.is_empty());
    assert!(chip.clocks.read(0xd8, &mut chip.bus).is_err()); // AHB1ENR
}

#[test]
fn a_clock_is_on_while_either_core_wants_it() {
    let mut chip = Chip::reset(480_000_000);
    chip.bus.add_core();
    chip.bus.add_core();
    let hsem = 0x5802_6400;
    chip.bus.switch(1);
    chip.clocks.write(AHB4ENR, 1 << 25, &mut chip.bus).unwrap();
    assert!(!chip.bus.unclocked.contains(&hsem));
    chip.bus.switch(0);
    assert_eq!(chip.clocks.read(AHB4ENR, &mut chip.bus).unwrap(), 0);
    chip.clocks.write(AHB4ENR, 1 << 3, &mut chip.bus).unwrap();
    assert!(!chip.bus.unclocked.contains(&hsem));
    chip.bus.switch(1);
    chip.clocks.write(AHB4ENR, 0, &mut chip.bus).unwrap();
    assert!(chip.bus.unclocked.contains(&hsem));
}

#[test]
fn the_second_core_starts_with_the_first_if_it_has_vectors() {
    let mut flash = [0x10_u8, 0, 0, 0x24, 0x41, 0, 0x10, 8];
    let mut chip = Chip::reset(480_000_000);
    chip.clocks.signal(Signal::Released(1), &mut chip.bus);
    assert_eq!(chip.bus.commands, []);
    // SAFETY: the array outlives `chip` and is used through it only.
    unsafe { chip.bus.memories.add(SECOND, 8, flash.as_mut_ptr(), false) };
    chip.clocks.signal(Signal::Event, &mut chip.bus);
    assert_eq!(chip.bus.commands, []);
    chip.clocks.signal(Signal::Released(1), &mut chip.bus);
    let start = Start { vectors: SECOND, stack: 0x2400_0010, entry: 0x0810_0041 };
    assert_eq!(chip.bus.commands, [Command::Start(1, start)]);
}
