//! What the RP2350's ROM looks for in the first 4 KiB of flash: an image
//! definition (RP2350 Datasheet, "Block Loops" and "Image Definitions").
//!
//! The ROM has set flash up by then, with the fastest read that worked and a
//! divider that allows for a system clock of 150 MHz.

const START: u32 = 0xFFFF_DED3;
const END: u32 = 0xAB12_3579;

/// Item of a word: kind of image, in its upper half.
const IMAGE_TYPE: u32 = 0x42 | 1 << 8;
const EXECUTABLE: u32 = 1;
const SECURE: u32 = 2 << 4;
const ARM: u32 = 0;
const RP2350: u32 = 1 << 12;
/// Item of two words, the second an address.
const VECTOR_TABLE: u32 = 0x03 | 2 << 8;
/// Item that ends the list; then the words of all the others.
const LAST: u32 = 0xFF;
const WORDS: u32 = 3;
/// Distance of the next block: this is the only one.
const NEXT: u32 = 0;

const LENGTH: usize = 7;

/// Right behind this block.
const VECTORS: u32 = 0x1000_0080;

/// The block, as long as the table behind it is aligned.
#[repr(C, align(128))]
pub struct ImageDefinition {
    words: [u32; LENGTH],
}

/// A secure image for the Arm cores, whose vectors lie behind this block.
pub const BLOCK: ImageDefinition = ImageDefinition {
    words: [
        START,
        IMAGE_TYPE | (EXECUTABLE | SECURE | ARM | RP2350) << 16,
        VECTOR_TABLE,
        VECTORS,
        LAST | WORDS << 8,
        NEXT,
        END,
    ],
};
