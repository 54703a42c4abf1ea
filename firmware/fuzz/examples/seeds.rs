//! Writes the inputs that fuzzing begins with into `corpus/<target>`:
//! `cargo run --example seeds`.

use std::fs;
use std::path::Path;

use arielml_fuzz::seeds;

/// Bytes that most arguments of exports can be made of.
const ARGUMENTS: [u8; 64] = {
    let mut bytes = [0; 64];
    let mut index = 0;
    while index < 64 {
        bytes[index] = (index * 37 % 199) as u8;
        index += 1;
    }
    bytes
};

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("seed-{name}")), bytes)
    };
    for (number, module) in seeds::MODULES.iter().enumerate() {
        // The file is padded at its end, which a module can do without.
        write("module", module.name, module.bytes)?;
        let number = number as u8;
        write("vm", module.name, &[&[number, 0, 0], &ARGUMENTS[..]].concat())?;
        write("vm", &format!("{}-failing", module.name), &[number, 0xA8, 0, 1, 2, 3])?;
    }
    for (name, bytes) in seeds::wire() {
        write("wire", name, &bytes)?;
    }
    for (name, bytes) in seeds::tiny() {
        write("tiny", name, &bytes)?;
    }
    Ok(())
}
