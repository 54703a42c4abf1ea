//! One entry a board: where its vectors go, what its reset handler is called.

use crate::run::{BoardChecks, Places, check, fault, run};

macro_rules! board {
    ($board:ty, $vectors:literal, $reset:ident) => {
        const _: () = {
            static PLACES: Places<$board> = Places::new();

            #[unsafe(export_name = concat!(stringify!($reset), "_checks"))]
            static CHECKS: BoardChecks<$board> = check::<$board>;

            extern "C" fn main() -> ! {
                // SAFETY: the reset handler calls this once, first, on
                // the only core that runs.
                unsafe { run(&PLACES) }
            }

            arielml_bsp::arch::entry! { $board, $vectors, $reset, main, fault::<$board> }
        };
    };
}

arielml_bsp::for_each_board!(board);
