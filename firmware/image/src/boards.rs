//! One entry a board: where its vectors go, what its reset handler is called.

use arielml_bsp::arch;

use crate::program::{Program, fault, start};
use crate::run::{BoardExtension, BoardRecorder, Places, check, record, report, run};
use crate::tiny;

macro_rules! board {
    ($board:ty, $vectors:literal, $reset:ident) => {
        board! { @ $board, $vectors, $reset, arielml_scheduler::Sequential, arielml_scheduler::Sequential }
    };
    ($board:ty, $vectors:literal, $reset:ident, $helpers:literal $word:ident) => {
        const _: () = {
            use arielml_bsp::board::Helpers;
            use crate::crew::{BoardTeam, Cores, help};

            static TEAM: BoardTeam<$board, $helpers> =
                BoardTeam::<$board, $helpers>::new(<$board as Helpers>::CLAIM)
                    .leaving(<$board as Helpers>::LEFT);

            extern "C" fn help_team(core: u32) -> ! {
                // SAFETY: where a core begins, with its own number and stack.
                unsafe { help::<$board, $helpers>(&TEAM, core) }
            }

            board! {
                @ $board, $vectors, $reset, Cores<$board, $helpers>, {
                    let start = arch::helper_start!($board, $vectors, help_team, fault);
                    // SAFETY: called once, and `help_team` helps this team.
                    unsafe { Cores::new(&TEAM, start) }
                }
            }
        };
    };
    (@ $board:ty, $vectors:literal, $reset:ident, $crew:ty, $make:expr) => {
        const _: () = {
            static PLACES: Places<$board, $crew> = Places::new();

            #[unsafe(export_name = concat!(stringify!($reset), "_checks"))]
            static CHECKS: BoardExtension<$board> = check::<$board>;

            static RECORDER: BoardRecorder<$board> = BoardRecorder::<$board>::new();

            #[unsafe(export_name = concat!(stringify!($reset), "_records"))]
            static RECORDS: BoardExtension<$board> = |session, body, sender, id, error| {
                record::<$board>(&RECORDER, session, body, sender, id, error);
            };

            #[unsafe(export_name = concat!(stringify!($reset), "_agent"))]
            static AGENT: Program<$crew> = Program {
                // SAFETY: `start` calls one program, once.
                run: |crew| unsafe { run(&PLACES, crew) },
                report: report::<$board>,
            };

            static TINY_PLACES: tiny::Places<$board, $crew> = tiny::Places::new();

            #[unsafe(export_name = concat!(stringify!($reset), "_mlperf_tiny"))]
            static TINY: Program<$crew> = Program {
                // SAFETY: likewise.
                run: |crew| unsafe { tiny::run(&TINY_PLACES, crew) },
                report: tiny::report::<$board>,
            };

            extern "C" fn main() -> ! {
                let crew: $crew = $make;
                // SAFETY: the reset handler calls this once, first, on the only
                // core that runs.
                unsafe { start(crew) }
            }

            arch::entry! { $board, $vectors, $reset, main, fault }
        };
    };
}

arielml_bsp::for_each_board!(board);
