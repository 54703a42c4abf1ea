use super::super::raspberry::{RP2040, RP2350};
use super::*;
use crate::bus::Start;

fn on(core: usize, bus: &mut Bus) -> &mut Bus {
    bus.core = core;
    bus
}

fn drain(sio: &mut Sio, core: usize, bus: &mut Bus) -> Vec<u32> {
    let mut words = Vec::new();
    while sio.read(FIFO_ST, on(core, bus)).unwrap() & VALID != 0 {
        words.push(sio.read(FIFO_RD, on(core, bus)).unwrap());
    }
    words
}

/// Core 0 sends a word and an event; what core 1's ROM answers.
fn tell(sio: &mut Sio, bus: &mut Bus, word: u32) -> Vec<u32> {
    sio.write(FIFO_WR, word, on(0, bus)).unwrap();
    sio.signal(Signal::Event, bus);
    drain(sio, 0, bus)
}

fn waiting() -> (Sio, Bus) {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    sio.signal(Signal::Released(1), &mut bus);
    assert_eq!(drain(&mut sio, 0, &mut bus), [0]);
    bus.commands.clear();
    (sio, bus)
}

#[test]
fn each_core_reads_its_number() {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    assert_eq!(sio.read(CPUID, on(0, &mut bus)).unwrap(), 0);
    assert_eq!(sio.read(CPUID, on(1, &mut bus)).unwrap(), 1);
}

#[test]
fn a_mailbox_holds_eight_words_in_order() {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    for word in 0..8 {
        assert_eq!(sio.read(FIFO_ST, on(0, &mut bus)).unwrap(), READY);
        sio.write(FIFO_WR, word, on(0, &mut bus)).unwrap();
    }
    assert_eq!(sio.read(FIFO_ST, on(0, &mut bus)).unwrap(), 0);
    sio.write(FIFO_WR, 8, on(0, &mut bus)).unwrap();
    assert_eq!(sio.read(FIFO_ST, on(0, &mut bus)).unwrap(), WRITTEN_WHILE_FULL);
    assert_eq!(sio.read(FIFO_ST, on(1, &mut bus)).unwrap(), VALID | READY);
    assert_eq!(drain(&mut sio, 1, &mut bus), [0, 1, 2, 3, 4, 5, 6, 7]);
    sio.read(FIFO_RD, on(1, &mut bus)).unwrap();
    assert_eq!(sio.read(FIFO_ST, on(1, &mut bus)).unwrap(), READY | READ_WHILE_EMPTY);
    sio.write(FIFO_ST, 0, on(1, &mut bus)).unwrap();
    assert_eq!(sio.read(FIFO_ST, on(1, &mut bus)).unwrap(), READY);
    assert_eq!(sio.read(FIFO_ST, on(0, &mut bus)).unwrap(), READY | WRITTEN_WHILE_FULL);
}

#[test]
fn a_word_interrupts_its_reader_until_it_is_read() {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    *bus.interrupts.enabled(0).unwrap() = 0b11 << 15;
    sio.write(FIFO_WR, 5, on(0, &mut bus)).unwrap();
    assert!(bus.stirred);
    assert_eq!(bus.interrupts.ready(), Some(16));
    sio.read(FIFO_RD, on(1, &mut bus)).unwrap();
    bus.interrupts.change_pending(0, 0, u32::MAX);
    assert_eq!(bus.interrupts.ready(), None);
    sio.write(FIFO_WR, 5, on(1, &mut bus)).unwrap();
    assert_eq!(bus.interrupts.ready(), Some(15));
}

#[test]
fn a_spinlock_is_claimed_by_one() {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    let lock = SPINLOCK + 4 * 31;
    assert!(sio.is_ordered(lock) && !sio.is_ordered(CPUID) && !sio.is_ordered(0x60));
    assert_eq!(sio.read(lock, on(1, &mut bus)).unwrap(), 1 << 31);
    assert_eq!(sio.read(lock, on(0, &mut bus)).unwrap(), 0);
    assert_eq!(sio.read(SPINLOCK, on(0, &mut bus)).unwrap(), 1);
    assert_eq!(sio.read(SPINLOCK_ST, &mut bus).unwrap(), 1 << 31 | 1);
    sio.write(lock, 0, on(1, &mut bus)).unwrap();
    assert_eq!(sio.read(lock, on(0, &mut bus)).unwrap(), 1 << 31);
}

#[test]
fn each_core_divides_for_itself() {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    for (core, dividend) in [(0, 100), (1, 1000)] {
        sio.write(0x60, dividend, on(core, &mut bus)).unwrap();
        sio.write(0x64, 7, on(core, &mut bus)).unwrap();
    }
    assert_eq!(sio.read(0x70, on(0, &mut bus)).unwrap(), 14);
    assert_eq!(sio.read(0x70, on(1, &mut bus)).unwrap(), 142);
}

#[test]
fn the_launch_sequence_starts_core_1() {
    let (mut sio, mut bus) = waiting();
    for word in [0, 0, 1, 0x1000_0100, 0x2000_2000] {
        assert_eq!(tell(&mut sio, &mut bus, word), [word]);
    }
    assert!(!bus.commands.iter().any(|command| matches!(command, Command::Start(..))));
    assert_eq!(tell(&mut sio, &mut bus, 0x1000_0401), [0x1000_0401]);
    let start = Start { vectors: 0x1000_0100, stack: 0x2000_2000, entry: 0x1000_0401 };
    assert_eq!(bus.commands.last(), Some(&Command::Start(1, start)));
    // From now on the words are the program's.
    assert_eq!(tell(&mut sio, &mut bus, 7), []);
    assert_eq!(drain(&mut sio, 1, &mut bus), [7]);
}

#[test]
fn a_wrong_word_begins_again() {
    let (mut sio, mut bus) = waiting();
    assert_eq!(tell(&mut sio, &mut bus, 5), [0]);
    for (sent, answer) in [(1, 1), (0x1000_0100, 0x1000_0100), (0, 0), (0x2000_2000, 0)] {
        assert_eq!(tell(&mut sio, &mut bus, sent), [answer]);
    }
    for word in [1, 2, 3, 4] {
        assert_eq!(tell(&mut sio, &mut bus, word), [word]);
    }
    assert!(bus.commands.iter().any(|command| matches!(command, Command::Start(1, _))));
}

#[test]
fn without_an_event_the_rom_sleeps() {
    let (mut sio, mut bus) = waiting();
    sio.write(FIFO_WR, 1, on(0, &mut bus)).unwrap();
    assert_eq!(drain(&mut sio, 0, &mut bus), []);
    sio.signal(Signal::Event, &mut bus);
    assert_eq!(drain(&mut sio, 0, &mut bus), [1]);
}

#[test]
fn the_rom_waits_while_its_answers_are_not_read() {
    let (mut sio, mut bus) = waiting();
    for round in 0..8 {
        sio.write(FIFO_WR, 0, on(0, &mut bus)).unwrap();
        sio.signal(Signal::Event, &mut bus);
        assert!(sio.fifos[1].words.is_empty(), "round {round}");
    }
    sio.write(FIFO_WR, 1, on(0, &mut bus)).unwrap();
    sio.signal(Signal::Event, &mut bus);
    assert_eq!(drain(&mut sio, 0, &mut bus), [0; 8]);
    sio.signal(Signal::Event, &mut bus);
    assert_eq!(drain(&mut sio, 0, &mut bus), [1]);
}

#[test]
fn core_1_greets_each_time_it_comes_out_of_reset() {
    let (mut sio, mut bus) = waiting();
    for word in [1, 2, 3, 4] {
        tell(&mut sio, &mut bus, word);
    }
    sio.write(FIFO_WR, 9, on(0, &mut bus)).unwrap();
    sio.signal(Signal::Held(1), &mut bus);
    sio.signal(Signal::Event, &mut bus);
    assert_eq!(drain(&mut sio, 0, &mut bus), []);
    sio.signal(Signal::Released(1), &mut bus);
    assert_eq!(drain(&mut sio, 0, &mut bus), [0]);
    assert_eq!(drain(&mut sio, 1, &mut bus), [], "it empties its mailbox");
}

#[test]
fn the_unmodelled_is_refused() {
    let (mut sio, mut bus) = (Sio::new(&RP2040), Bus::default());
    for offset in [0x004, 0x010, 0x07c, 0x080, 0x180] {
        assert!(sio.read(offset, &mut bus).is_err(), "{offset:#x}");
        assert!(sio.write(offset, 0, &mut bus).is_err(), "{offset:#x}");
    }
}

#[test]
fn a_mailbox_of_the_rp2350_is_shorter_and_interrupts_its_reader_alone() {
    let (mut sio, mut bus) = (Sio::new(&RP2350), Bus::default());
    bus.add_core();
    bus.add_core();
    for word in 0..4 {
        sio.write(FIFO_WR, word, on(0, &mut bus)).unwrap();
    }
    assert_eq!(sio.read(FIFO_ST, on(0, &mut bus)).unwrap(), 0, "full");
    assert!(bus.stirred);
    for core in [0, 1] {
        *bus.interrupts_of(core).enabled(0).unwrap() = 1 << 25;
    }
    assert_eq!(bus.interrupts_of(0).ready(), None);
    assert_eq!(bus.interrupts_of(1).ready(), Some(25));
    assert!(sio.read(0x70, &mut bus).is_err(), "there are no dividers");
}
