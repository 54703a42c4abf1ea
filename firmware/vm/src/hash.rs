/// The hash by which names are known that need no text: of types, and of what
/// a host module exports. Four bytes at a time, multiplied and folded.
pub const fn hash_of(name: &[u8]) -> u32 {
    const FACTOR: u32 = 0x9E37_79B1; // 2^32 over the golden ratio
    let mut rest = name;
    let mut hash = name.len() as u32;
    while let Some((word, others)) = rest.split_first_chunk() {
        hash = (hash ^ u32::from_le_bytes(*word)).wrapping_mul(FACTOR);
        hash ^= hash >> 15;
        rest = others;
    }
    while let [byte, others @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(FACTOR);
        rest = others;
    }
    hash ^ hash >> 16
}

/// SipHash-2-4 (Aumasson and Bernstein, 2012) with the key 00 01 ... 0f, which
/// is what IREE's `vm.buffer.hash` computes.
pub fn siphash(bytes: &[u8]) -> u64 {
    const KEY: [u64; 2] = [0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908];
    let mut state = State([
        KEY[0] ^ 0x736F_6D65_7073_6575,
        KEY[1] ^ 0x646F_7261_6E64_6F6D,
        KEY[0] ^ 0x6C79_6765_6E65_7261,
        KEY[1] ^ 0x7465_6462_7974_6573,
    ]);
    let words = bytes.chunks_exact(8);
    let mut last = (bytes.len() as u64) << 56;
    for (place, byte) in words.remainder().iter().enumerate() {
        last |= u64::from(*byte) << (8 * place);
    }
    for word in words {
        state.absorb(word.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }
    state.absorb(last);
    state.0[2] ^= 0xFF;
    for _ in 0..4 {
        state.round();
    }
    state.0.iter().fold(0, |hash, word| hash ^ word)
}

struct State([u64; 4]);

impl State {
    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    #[inline(never)]
    fn round(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.0;
        a = a.wrapping_add(b);
        c = c.wrapping_add(d);
        b = b.rotate_left(13) ^ a;
        d = d.rotate_left(16) ^ c;
        a = a.rotate_left(32).wrapping_add(d);
        c = c.wrapping_add(b);
        d = d.rotate_left(21) ^ a;
        b = b.rotate_left(17) ^ c;
        self.0 = [a, b, c.rotate_left(32), d];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first vectors of the reference implementation's `vectors_sip64`,
    /// whose inputs are the bytes 00, 00 01, 00 01 02...
    #[test]
    fn agrees_with_the_published_vectors() {
        let input: [u8; 16] = core::array::from_fn(|index| index as u8);
        let expected = [
            (0, 0x726F_DB47_DD0E_0E31),
            (1, 0x74F8_39C5_93DC_67FD),
            (7, 0xAB02_00F5_8B01_D137),
            (8, 0x93F5_F579_9A93_2462),
            (15, 0xA129_CA61_49BE_45E5),
        ];
        for (length, hash) in expected {
            assert_eq!(siphash(&input[..length]), hash, "{length} bytes");
        }
    }
}
