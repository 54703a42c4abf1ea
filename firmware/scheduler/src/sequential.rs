use crate::{Failure, Scheduler, Work, Worker};

/// Runs every item on the calling core, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sequential;

impl Scheduler for Sequential {
    fn workers(&self) -> u32 {
        1
    }

    fn run(&mut self, work: &dyn Work) -> Result<(), Failure> {
        work.run(0..work.items(), Worker(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::ops::Range;
    use std::sync::Mutex;
    use std::vec::Vec;

    /// Notes what it ran; item `failing` fails.
    struct Record {
        items: u32,
        failing: Option<u32>,
        ran: Mutex<Vec<(u32, Worker)>>,
    }

    impl Work for Record {
        fn items(&self) -> u32 {
            self.items
        }

        fn run(&self, items: Range<u32>, worker: Worker) -> Result<(), Failure> {
            for item in items {
                self.ran.lock().unwrap().push((item, worker));
                if self.failing == Some(item) {
                    return Err(Failure { item, status: 7 });
                }
            }
            Ok(())
        }
    }

    #[test]
    fn runs_each_item_once_in_order() {
        let work = Record { items: 3, failing: None, ran: Mutex::default() };
        assert_eq!(Sequential.run(&work), Ok(()));
        let expected: Vec<_> = (0..3).map(|item| (item, Worker(0))).collect();
        assert_eq!(*work.ran.lock().unwrap(), expected);
    }

    #[test]
    fn a_failure_comes_back_and_ends_the_work() {
        let work = Record { items: 9, failing: Some(4), ran: Mutex::default() };
        assert_eq!(Sequential.run(&work), Err(Failure { item: 4, status: 7 }));
        assert_eq!(work.ran.lock().unwrap().len(), 5);
    }
}
