use super::contention::WINDOW;
use super::*;

const FLASH: u32 = 0x1000_0000;
const RAM: u32 = 0x2000_0000;

fn plain(base: u32, length: u32) -> Rules {
    Rules {
        base,
        length,
        wait_states: 0,
        width: 4,
        prefetch: false,
        writable: base == RAM,
        code: None,
        data: None,
        unified: false,
        stripes: vec![Stripes { length, banks: 1, stripe: 4 }],
    }
}

fn waits(rules: Vec<Rules>, cores: usize) -> Waits {
    let mut waits = Waits::default();
    for one in rules {
        assert!(waits.add(one).is_some());
    }
    waits.start((0..cores).map(|_| 100));
    waits
}

#[test]
fn every_word_from_a_slow_memory_waits() {
    let flash = Rules { wait_states: 3, ..plain(FLASH, 0x1000) };
    let mut waits = waits(vec![flash], 1);
    assert_eq!(waits.fetch(0, FLASH, 8, 4, 0), 6);
    assert_eq!(waits.fetch(0, FLASH, 8, 4, 10), 6, "there is no cache");
    // The second half of a word came with the first; after a branch it did not.
    assert_eq!(waits.fetch(0, FLASH + 0x10, 6, 3, 20), 6);
    assert_eq!(waits.fetch(0, FLASH + 0x16, 4, 2, 30), 3);
    assert_eq!(waits.fetch(0, FLASH + 0x22, 4, 2, 40), 6);
    assert_eq!(waits.fetch(0, FLASH + 0x24, 4, 2, 40), 3, "a branch to its own word");
    assert_eq!(waits.access(0, FLASH + 0x20, 4, false), 3);
    assert_eq!(waits.access(0, FLASH + 0x21, 1, false), 3);
    assert_eq!(waits.access(0, FLASH + 0x22, 4, false), 6, "two words");
    assert_eq!(waits.access(0, RAM, 4, false), 0, "not a memory of it");
    let sum = 6 + 6 + 6 + 3 + 6 + 3 + 3 + 3 + 6;
    assert_eq!(waits.waited(0, 0), Some(Waited { states: sum, contention: 0 }));
    assert_eq!(waits.waited(0, 1), None);
}

#[test]
fn a_cache_of_both_kinds_is_one() {
    let geometry = Some(Geometry { size: 64, ways: 2, line: 8, fill: 4 });
    let flash = Rules { wait_states: 100, code: geometry, unified: true, ..plain(FLASH, 0x1000) };
    let mut waits = waits(vec![flash], 2);
    assert_eq!(waits.fetch(0, FLASH, 4, 2, 0), 100);
    assert_eq!(waits.access(0, FLASH, 4, false), 0);
    assert_eq!(waits.access(1, FLASH + 4, 4, false), 100, "the other half of the line");
    assert_eq!(waits.fetch(1, FLASH, 8, 4, 0), 0, "cores share it");
    waits.reset();
    assert_eq!(waits.fetch(1, FLASH, 8, 4, 0), 200);
}

#[test]
fn caches_of_their_own_kind_are_two() {
    let geometry = Some(Geometry { size: 64, ways: 4, line: 16, fill: 16 });
    let flash =
        Rules { wait_states: 5, width: 16, code: geometry, data: geometry, ..plain(FLASH, 0x1000) };
    let mut waits = waits(vec![flash], 1);
    assert_eq!(waits.access(0, FLASH, 4, false), 5);
    assert_eq!(waits.access(0, FLASH + 12, 4, false), 0);
    assert_eq!(waits.fetch(0, FLASH, 16, 4, 0), 5);
    assert_eq!(waits.fetch(0, FLASH + 0x100, 16, 4, 0), 5);
    assert_eq!(waits.fetch(0, FLASH, 16, 4, 0), 0);
}

/// Figure 5 of the STM32F4's reference manual (RM0090): 128 bits a read.
#[test]
fn a_prefetch_hides_what_execution_takes_as_long_as() {
    let flash = |wait_states, prefetch| {
        waits(vec![Rules { wait_states, prefetch, width: 16, ..plain(FLASH, 0x1000) }], 1)
    };
    // Eight instructions of 32 bits, a cycle each: two reads.
    assert_eq!(flash(3, false).fetch(0, FLASH, 32, 8, 0), 6);
    assert_eq!(flash(3, true).fetch(0, FLASH, 32, 8, 0), 3);
    // Six cycles a read: four are hidden, or of eight instructions of 16 bits all.
    assert_eq!(flash(5, true).fetch(0, FLASH, 32, 8, 0), 5 + 2);
    assert_eq!(flash(5, true).fetch(0, FLASH, 32, 16, 0), 5);
    // It goes on from block to block, and not over a branch.
    let mut waits = flash(5, true);
    assert_eq!(waits.fetch(0, FLASH, 16, 8, 0), 5);
    assert_eq!(waits.fetch(0, FLASH + 16, 16, 8, 13), 0);
    assert_eq!(waits.fetch(0, FLASH + 32, 4, 2, 21), 0);
    assert_eq!(waits.fetch(0, FLASH + 16, 8, 4, 23), 5);
    assert_eq!(waits.fetch(0, FLASH + 24, 8, 4, 32), 0, "at hand");
}

#[test]
fn what_was_prefetched_is_not_cached() {
    let geometry = Some(Geometry { size: 1024, ways: 64, line: 16, fill: 16 });
    let rules =
        Rules { wait_states: 5, width: 16, prefetch: true, code: geometry, ..plain(FLASH, 0x1000) };
    let mut waits = waits(vec![rules], 1);
    let turn = |waits: &mut Waits, now| waits.fetch(0, FLASH, 32, 8, now);
    assert_eq!(turn(&mut waits, 0), 5 + 2);
    // The first read is in the cache, the second is prefetched again.
    assert_eq!(turn(&mut waits, 15), 2);
    assert_eq!(turn(&mut waits, 25), 2);
}

#[test]
fn banks_are_told_apart() {
    let stripes = vec![
        Stripes { length: 0x100, banks: 4, stripe: 4 },
        Stripes { length: 0x40, banks: 1, stripe: 4 },
        Stripes { length: 0x40, banks: 1, stripe: 4 },
    ];
    let ram = Rules { stripes, ..plain(RAM, 0x180) };
    let waits = waits(vec![plain(FLASH, 0x1000), ram], 1);
    let bank = |address| waits.memories[1].bank(address);
    assert_eq!([0, 4, 8, 12, 16, 0xfe].map(|at| bank(RAM + at)), [1, 2, 3, 4, 1, 4]);
    assert_eq!([0x100, 0x13c, 0x140, 0x17f].map(|at| bank(RAM + at)), [5, 5, 6, 6]);
    assert_eq!(waits.memories[0].bank(FLASH + 20), 0);
}

/// A core that accesses `bank` of RAM every second cycle, over a window.
fn busy(waits: &mut Waits, core: usize, address: u32) {
    for _ in 0..WINDOW / 2 {
        waits.access(core, address, 4, false);
    }
    waits.fetch(core, FLASH, 2, 1, WINDOW);
}

fn two_cores(clocks_hz: [u64; 2]) -> Waits {
    let mut waits = Waits::default();
    waits.add(plain(FLASH, 0x1000)).unwrap();
    let stripes = vec![Stripes { length: 0x100, banks: 4, stripe: 4 }];
    waits.add(Rules { stripes, ..plain(RAM, 0x100) }).unwrap();
    waits.start(clocks_hz.into_iter());
    waits
}

#[test]
fn cores_wait_for_each_other_in_one_bank_and_not_in_two() {
    let mut waits = two_cores([100, 100]);
    busy(&mut waits, 1, RAM);
    waits.meet(0, [1].into_iter());
    // A bank that is taken half of the time costs a quarter of a cycle.
    assert_eq!((0..8).map(|_| waits.access(0, RAM, 4, true)).sum::<u64>(), 2);
    assert_eq!((0..8).map(|_| waits.access(0, RAM + 16, 4, false)).sum::<u64>(), 2);
    assert_eq!((0..8).map(|_| waits.access(0, RAM + 4, 4, false)).sum::<u64>(), 0);
    assert_eq!(waits.waited(0, 1), Some(Waited { states: 0, contention: 4 }));
    // While the other one sleeps, nothing is waited for.
    waits.meet(0, std::iter::empty());
    assert_eq!((0..8).map(|_| waits.access(0, RAM, 4, false)).sum::<u64>(), 0);
}

#[test]
fn windows_end_in_code_that_no_rules_are_for() {
    let mut waits = two_cores([100, 100]);
    let used: u64 = (0..WINDOW / 2).map(|_| waits.access(1, RAM, 4, false)).sum();
    assert_eq!(used, 0);
    waits.fetch(1, 0x4000_0000, 2, 1, WINDOW);
    waits.meet(0, [1].into_iter());
    assert!((0..8).map(|_| waits.access(0, RAM, 4, false)).sum::<u64>() > 0);
}

#[test]
fn a_slower_core_keeps_a_bank_longer() {
    let mut waits = two_cores([200, 100]);
    busy(&mut waits, 1, RAM);
    waits.meet(0, [1].into_iter());
    assert_eq!((0..8).map(|_| waits.access(0, RAM, 4, false)).sum::<u64>(), 4);
}

#[test]
fn only_what_costs_is_watched() {
    let slow = Rules { wait_states: 1, ..plain(FLASH, 0x1000) };
    let geometry = Some(Geometry { size: 64, ways: 2, line: 8, fill: 4 });
    let cached = Rules { code: geometry, unified: true, ..slow.clone() };
    let ranges =
        |rules: Vec<Rules>, cores, stores| waits(rules, cores).watched(stores).collect::<Vec<_>>();
    let (flash, ram) = ((FLASH, FLASH + 0xfff), (RAM, RAM + 0xff));
    assert_eq!(ranges(vec![cached.clone(), plain(RAM, 0x100)], 1, false), [flash]);
    assert_eq!(ranges(vec![cached.clone(), plain(RAM, 0x100)], 1, true), []);
    assert_eq!(ranges(vec![cached.clone(), plain(RAM, 0x100)], 2, false), [flash, ram]);
    assert_eq!(ranges(vec![cached, plain(RAM, 0x100)], 2, true), [ram]);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |rules| Waits::default().add(rules).is_none();
    let good = plain(FLASH, 0x1000);
    assert!(!refused(good.clone()));
    assert!(refused(Rules { width: 12, ..good.clone() }));
    assert!(refused(Rules { width: 2, ..good.clone() }));
    assert!(refused(Rules { stripes: vec![], ..good.clone() }));
    assert!(refused(Rules { stripes: vec![], length: 0, ..good.clone() }));
    let none = Stripes { length: 0x1000, banks: 0, stripe: 4 };
    assert!(refused(Rules { stripes: vec![none], ..good.clone() }));
    let short = Stripes { length: 0x800, banks: 1, stripe: 4 };
    assert!(refused(Rules { stripes: vec![short], ..good.clone() }));
    let three = Some(Geometry { size: 64, ways: 3, line: 8, fill: 4 });
    assert!(refused(Rules { code: three, ..good }));
}
