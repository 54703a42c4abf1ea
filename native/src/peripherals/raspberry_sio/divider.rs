//! The divider that each core of the RP2040 has (datasheet, "Integer Divider").
//!
//! Results are there at once; READY comes with the block of code that runs when
//! 8 cycles have passed. Division by zero gives what the hardware gives: all
//! ones, or 1 for a negative dividend, and the dividend as the remainder.

const UDIVIDEND: u32 = 0x060;
const UDIVISOR: u32 = 0x064;
const SDIVIDEND: u32 = 0x068;
const SDIVISOR: u32 = 0x06c;
const QUOTIENT: u32 = 0x070;
const REMAINDER: u32 = 0x074;
const CSR: u32 = 0x078;

const CSR_READY: u32 = 1;
const CSR_DIRTY: u32 = 1 << 1;
const CYCLES: u64 = 8;

/// One core's divider.
#[derive(Debug, Default)]
pub(super) struct Divider {
    dividend: u32,
    divisor: u32,
    quotient: u32,
    remainder: u32,
    dirty: bool,
    /// The cycle when the results are there.
    ready: u64,
}

impl Divider {
    /// Reads a register; `None` if it is not of the divider.
    pub fn read(&mut self, offset: u32, cycles: u64) -> Option<u32> {
        Some(match offset {
            UDIVIDEND | SDIVIDEND => self.dividend,
            UDIVISOR | SDIVISOR => self.divisor,
            REMAINDER => self.remainder,
            QUOTIENT => {
                self.dirty = false;
                self.quotient
            }
            CSR => {
                let ready = if cycles >= self.ready { CSR_READY } else { 0 };
                ready | if self.dirty { CSR_DIRTY } else { 0 }
            }
            _ => return None,
        })
    }

    /// Writes a register; `None` if it is not one of the divider to write.
    pub fn write(&mut self, offset: u32, value: u32, cycles: u64) -> Option<()> {
        self.ready = cycles;
        match offset {
            UDIVIDEND | SDIVIDEND => self.dividend = value,
            UDIVISOR | SDIVISOR => self.divisor = value,
            QUOTIENT => self.quotient = value,
            REMAINDER => self.remainder = value,
            _ => return None,
        }
        self.dirty = true;
        if offset < QUOTIENT {
            self.divide(matches!(offset, SDIVIDEND | SDIVISOR));
            self.ready = cycles + CYCLES;
        }
        Some(())
    }

    fn divide(&mut self, signed: bool) {
        let (dividend, divisor) = (self.dividend, self.divisor);
        let negative = signed && (dividend as i32) < 0;
        (self.quotient, self.remainder) = if divisor == 0 {
            (if negative { 1 } else { u32::MAX }, dividend)
        } else if signed {
            let (dividend, divisor) = (dividend as i32, divisor as i32);
            (dividend.wrapping_div(divisor) as u32, dividend.wrapping_rem(divisor) as u32)
        } else {
            (dividend / divisor, dividend % divisor)
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divide(first: (u32, i64), second: (u32, i64)) -> (i64, i64) {
        let mut divider = Divider::default();
        divider.write(first.0, first.1 as u32, 0).unwrap();
        divider.write(second.0, second.1 as u32, 0).unwrap();
        let (remainder, quotient) = (divider.read(REMAINDER, 8), divider.read(QUOTIENT, 8));
        if second.0 == SDIVISOR {
            return (i64::from(quotient.unwrap() as i32), i64::from(remainder.unwrap() as i32));
        }
        (i64::from(quotient.unwrap()), i64::from(remainder.unwrap()))
    }

    #[test]
    fn signs_are_those_of_the_datasheet() {
        for (dividend, divisor, quotient, remainder) in [
            (7, 2, 3, 1),
            (-7, 2, -3, -1),
            (7, -2, -3, 1),
            (-7, -2, 3, -1),
            (i64::from(i32::MIN), -1, i64::from(i32::MIN), 0),
            (5, 0, -1, 5),
            (-5, 0, 1, -5),
            (0, 0, -1, 0),
        ] {
            let found = divide((SDIVIDEND, dividend), (SDIVISOR, divisor));
            assert_eq!(found, (quotient, remainder), "{dividend} / {divisor}");
        }
        let big = i64::from(u32::MAX);
        assert_eq!(divide((UDIVIDEND, big), (UDIVISOR, 10)), (big / 10, 5));
        assert_eq!(divide((UDIVIDEND, 9), (UDIVISOR, 0)), (big, 9));
    }

    #[test]
    fn eight_cycles_pass_and_the_quotient_cleans() {
        let mut divider = Divider::default();
        assert_eq!(divider.read(CSR, 0), Some(CSR_READY));
        divider.write(UDIVISOR, 3, 100);
        assert_eq!(divider.read(CSR, 107), Some(CSR_DIRTY));
        assert_eq!(divider.read(CSR, 108), Some(CSR_READY | CSR_DIRTY));
        divider.read(REMAINDER, 108);
        assert_eq!(divider.read(CSR, 108), Some(CSR_READY | CSR_DIRTY));
        divider.read(QUOTIENT, 108);
        assert_eq!(divider.read(CSR, 108), Some(CSR_READY));
        divider.write(QUOTIENT, 5, 200); // restored: nothing is computed
        assert_eq!(divider.read(CSR, 200), Some(CSR_READY | CSR_DIRTY));
        assert_eq!(divider.read(QUOTIENT, 200), Some(5));
        assert_eq!(divider.write(CSR, 0, 200), None);
    }
}
