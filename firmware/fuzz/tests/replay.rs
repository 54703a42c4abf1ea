//! Every input of the corpus goes through its target: what fuzzing found once
//! stays found.

use std::fs;
use std::path::Path;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut inputs: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "no inputs in {}", folder.display());
    for input in inputs {
        let data = fs::read(&input).unwrap();
        if let Err(panic) = std::panic::catch_unwind(|| run(&data)) {
            eprintln!("input: {}", input.display());
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn module() {
    replay("module", arielml_fuzz::module);
}

#[test]
fn vm() {
    replay("vm", arielml_fuzz::vm);
}

#[test]
fn wire() {
    replay("wire", arielml_fuzz::wire);
}

#[test]
fn tiny() {
    replay("tiny", arielml_fuzz::tiny);
}
