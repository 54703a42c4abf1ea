/// One entry for each value of four bits: a sixteenth of the usual table's
/// flash, for twice its steps.
const TABLE: [u32; 16] = table();

/// CRC-32/ISO-HDLC (zlib's): polynomial 0x04C11DB7, reflected, all ones
/// before and after.
#[derive(Clone, Copy)]
pub(crate) struct Crc32(u32);

impl Crc32 {
    pub(crate) const fn new() -> Self {
        Crc32(u32::MAX)
    }

    pub(crate) fn update(&mut self, byte: u8) {
        let mut crc = self.0 ^ u32::from(byte);
        for _ in 0..2 {
            // The mask keeps the index below 16.
            let entry = TABLE.get((crc & 0xF) as usize).copied().unwrap_or(0);
            crc = (crc >> 4) ^ entry;
        }
        self.0 = crc;
    }

    pub(crate) fn value(self) -> u32 {
        !self.0
    }
}

const fn table() -> [u32; 16] {
    const POLYNOMIAL_REFLECTED: u32 = 0xEDB8_8320;
    let mut table = [0; 16];
    let mut index = 0;
    while index < 16 {
        let mut entry = index as u32;
        let mut bit = 0;
        while bit < 4 {
            entry = (entry >> 1) ^ (POLYNOMIAL_REFLECTED & (entry & 1).wrapping_neg());
            bit += 1;
        }
        #[allow(clippy::indexing_slicing)] // evaluated by the compiler
        {
            table[index] = entry;
        }
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_check_value_of_the_catalogue() {
        let mut crc = Crc32::new();
        b"123456789".iter().for_each(|&byte| crc.update(byte));
        assert_eq!(crc.value(), 0xCBF4_3926);
    }
}
