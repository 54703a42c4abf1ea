use super::*;

const RAM: u32 = 0x2000_0000;

struct Bench {
    uart: NrfUarte,
    bus: Bus,
    ram: Box<[u8; 64]>,
}

impl Bench {
    fn new() -> Bench {
        let mut ram = Box::new([0_u8; 64]);
        let mut bus = Bus::default();
        // SAFETY: the box lives beside the bus, and tests touch it between calls.
        unsafe { bus.memories.add(RAM, 64, ram.as_mut_ptr(), true) };
        let mut bench = Bench { uart: NrfUarte::new(0x4000_2000), bus, ram };
        bench.write(ENABLE, ENABLED);
        bench.write(PSEL + 4, 6);
        bench.write(PSEL + 12, 8);
        bench
    }

    fn write(&mut self, offset: u32, value: u32) {
        self.uart.write(offset, value, &mut self.bus).unwrap();
    }

    fn read(&mut self, offset: u32) -> u32 {
        self.uart.read(offset, &mut self.bus).unwrap()
    }

    fn event(&mut self, event: u32) -> bool {
        self.read(EVENTS + 4 * event) == 1
    }
}

#[test]
fn sends_what_its_buffer_holds() {
    let mut bench = Bench::new();
    bench.ram[..5].copy_from_slice(b"hello");
    bench.write(TXD, RAM);
    bench.write(TXD + 4, 5);
    bench.write(task::STARTTX, 1);
    assert_eq!(bench.bus.serial.to_host, b"hello");
    assert!(bench.event(event::ENDTX) && bench.event(event::TXSTARTED));
    assert_eq!(bench.read(TXD + 8), 5);
    bench.write(EVENTS + 4 * event::ENDTX, 0);
    assert!(!bench.event(event::ENDTX));
    bench.write(task::STOPTX, 1);
    assert!(bench.event(event::TXSTOPPED));
}

#[test]
fn receives_until_the_buffer_is_full_and_interrupts() {
    let mut bench = Bench::new();
    bench.write(RXD, RAM + 8);
    bench.write(RXD + 4, 2);
    bench.write(INTENSET, 1 << event::ENDRX);
    bench.write(task::STARTRX, 1);
    assert_eq!(bench.uart.interrupt(), Some((2, false)));
    bench.bus.serial.to_guest.extend(b"abc");
    bench.uart.poll(&mut bench.bus).unwrap();
    assert_eq!(&bench.ram[8..11], b"ab\0");
    assert_eq!(bench.read(RXD + 8), 2);
    assert_eq!(bench.uart.interrupt(), Some((2, true)));
    assert_eq!(bench.bus.serial.to_guest, b"c");
    bench.write(EVENTS + 4 * event::ENDRX, 0);
    assert_eq!(bench.uart.interrupt(), Some((2, false)));
    // Nothing moves until the next start.
    bench.uart.poll(&mut bench.bus).unwrap();
    assert_eq!(bench.bus.serial.to_guest, b"c");
}

#[test]
fn the_shortcut_restarts_reception() {
    let mut bench = Bench::new();
    bench.write(RXD, RAM);
    bench.write(RXD + 4, 1);
    bench.write(SHORTS, SHORT_ENDRX_STARTRX);
    bench.write(task::STARTRX, 1);
    bench.bus.serial.to_guest.extend(b"xy");
    bench.uart.poll(&mut bench.bus).unwrap();
    assert_eq!(bench.ram[0], b'x');
    bench.uart.poll(&mut bench.bus).unwrap();
    assert_eq!(bench.ram[0], b'y');
}

#[test]
fn stopping_reports_what_had_arrived() {
    let mut bench = Bench::new();
    bench.write(RXD, RAM);
    bench.write(RXD + 4, 10);
    bench.write(task::STARTRX, 1);
    bench.bus.serial.to_guest.extend(b"abc");
    bench.uart.poll(&mut bench.bus).unwrap();
    assert!(!bench.event(event::ENDRX));
    bench.write(task::STOPRX, 1);
    assert!(bench.event(event::ENDRX) && bench.event(event::RXTO));
    assert_eq!(bench.read(RXD + 8), 3);
}

#[test]
fn dma_outside_ram_is_a_fault() {
    let mut bench = Bench::new();
    bench.write(TXD, 0x1000);
    bench.write(TXD + 4, 4);
    let refusal = bench.uart.write(task::STARTTX, 1, &mut bench.bus).unwrap_err();
    let fault = refusal.into_fault(NAME, "write", 0x4000_2008, 8);
    assert_eq!(fault.address, 0x1000);
    assert!(fault.message.contains("only RAM"), "{}", fault.message);
}

#[test]
fn a_uarte_that_is_off_or_unconnected_says_so() {
    let mut bench = Bench::new();
    bench.write(PSEL + 4, UNCONNECTED);
    let refusal = bench.uart.write(task::STARTTX, 1, &mut bench.bus).unwrap_err();
    assert!(matches!(&refusal, Refusal::Misuse(why) if why.contains("PSEL.TXD")));
    bench.write(ENABLE, 0);
    let refusal = bench.uart.write(task::STARTRX, 1, &mut bench.bus).unwrap_err();
    assert!(matches!(&refusal, Refusal::Misuse(why) if why.contains("ENABLE")));
}

#[test]
fn unknown_registers_are_refused() {
    let mut bench = Bench::new();
    assert!(bench.uart.read(0x5ac, &mut bench.bus).is_err());
    assert!(bench.uart.write(0x10c, 1, &mut bench.bus).is_err());
}
