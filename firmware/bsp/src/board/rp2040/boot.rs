//! The first 256 bytes of flash: what the RP2040's ROM copies to RAM, checks
//! and runs after reset (RP2040 Datasheet, "Flash Second Stage").
//!
//! Until it has run, flash cannot be read by address. It makes the flash
//! controller (SSI) fetch with the serial read command 03h, which every flash
//! chip has, and goes on at the vector table. A quad read would be several
//! times as fast, but differs from chip to chip.

/// The code, position-independent Thumb, with its constants behind it.
///
/// As machine code, so that its checksum can be computed while compiling.
const CODE: [u16; 22] = [
    0x4B0A, //         ldr  r3, =SSI
    0x2100, //         movs r1, #0
    0x6099, //         str  r1, [r3, #SSIENR]      off, to be set up
    0x2104, //         movs r1, #4
    0x6159, //         str  r1, [r3, #BAUDR]       125 MHz / 4; 03h ends at 50 MHz
    0x4909, //         ldr  r1, =CTRLR0_WORD
    0x6019, //         str  r1, [r3, #CTRLR0]
    0x4909, //         ldr  r1, =SPI_CTRLR0_WORD
    0x20F4, //         movs r0, #SPI_CTRLR0
    0x5019, //         str  r1, [r3, r0]
    0x2100, //         movs r1, #0
    0x6059, //         str  r1, [r3, #CTRLR1]      one word a read
    0x2101, //         movs r1, #1
    0x6099, //         str  r1, [r3, #SSIENR]      on
    0x4806, //         ldr  r0, =VECTORS
    0x4907, //         ldr  r1, =VTOR
    0x6008, //         str  r0, [r1]
    0x6801, //         ldr  r1, [r0]
    0xF381, 0x8808, // msr  msp, r1
    0x6841, //         ldr  r1, [r0, #4]
    0x4708, //         bx   r1
];

const CONSTANTS: [u32; 5] = [SSI, CTRLR0_WORD, SPI_CTRLR0_WORD, VECTORS, VTOR];

/// RP2040 Datasheet, "SSI".
const SSI: u32 = 0x1800_0000;
/// 32 bits a frame; send command and address, then receive, all on one wire.
const CTRLR0_WORD: u32 = 31 << 16 | 0b11 << 8;
/// Command 03h, of 8 bits; 24 bits of address, counted in fours.
const SPI_CTRLR0_WORD: u32 = 0x03 << 24 | 0b10 << 8 | 6 << 2;
/// Right behind this block.
const VECTORS: u32 = 0x1000_0100;
/// Vector Table Offset Register (Armv6-M Architecture Reference Manual).
const VTOR: u32 = 0xE000_ED08;

const CHECKED: usize = 252;

/// The block as it is in flash.
#[repr(C, align(256))]
pub struct BootBlock {
    code: [u8; CHECKED],
    checksum: u32,
}

/// The block with its checksum.
pub const BLOCK: BootBlock = {
    let code = bytes();
    BootBlock { code, checksum: checksum(&code) }
};

// Constant evaluation has no iterators; an index out of range does not compile.
#[allow(clippy::indexing_slicing)]
const fn bytes() -> [u8; CHECKED] {
    let mut bytes = [0; CHECKED];
    let mut at = 0;
    while at < CODE.len() {
        let [low, high] = CODE[at].to_le_bytes();
        bytes[2 * at] = low;
        bytes[2 * at + 1] = high;
        at += 1;
    }
    let mut at = 0;
    while at < CONSTANTS.len() {
        let word = CONSTANTS[at].to_le_bytes();
        let mut byte = 0;
        while byte < 4 {
            bytes[2 * CODE.len() + 4 * at + byte] = word[byte];
            byte += 1;
        }
        at += 1;
    }
    bytes
}

/// CRC-32 of polynomial 04C11DB7h from FFFFFFFFh, not reflected and not
/// inverted (RP2040 Datasheet, "Checksum").
#[allow(clippy::indexing_slicing)]
const fn checksum(bytes: &[u8; CHECKED]) -> u32 {
    let mut crc = u32::MAX;
    let mut at = 0;
    while at < CHECKED {
        crc ^= (bytes[at] as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc >> 31 == 1 { crc << 1 ^ 0x04C1_1DB7 } else { crc << 1 };
            bit += 1;
        }
        at += 1;
    }
    crc
}
