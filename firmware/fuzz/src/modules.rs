//! The compiled modules that inputs begin with: those of the crates' tests.

use std::ptr;
use std::sync::OnceLock;

/// A compiled module.
pub struct Seed {
    /// What its seed in the corpus is called.
    pub name: &'static str,
    /// The file.
    pub bytes: &'static [u8],
}

macro_rules! modules {
    ($($folder:literal $name:literal,)*) => {
        /// In the order by which inputs of the target `vm` choose them: new
        /// ones go to the end.
        pub static MODULES: &[&Seed] = &[$(&Seed {
            name: concat!($folder, "-", $name),
            bytes: include_bytes!(
                concat!("../../", $folder, "/tests/modules/", $name, ".vmfb")
            ),
        },)*];
    };
}

modules! {
    "vm" "control",
    "vm" "imports",
    "vm" "buffers",
    "vm" "globals",
    "vm" "integer",
    "vm" "lists",
    "vm" "references",
    "vm" "data_float",
    "vm" "f32",
    "vm" "f64",
    "vm" "math_f32",
    "vm" "external",
    "hal" "imports",
    "hal" "model",
    "agent" "model",
    "agent" "crowded",
}

impl Seed {
    /// The file, but with its initialiser under another name. Initialisers
    /// have no limit on their branches; like this it runs as an export does.
    pub fn without_initialiser(&self) -> &[u8] {
        static RENAMED: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        let all = RENAMED.get_or_init(|| MODULES.iter().map(|seed| renamed(seed.bytes)).collect());
        let index = MODULES.iter().position(|seed| ptr::eq(*seed, self));
        &all[index.expect("a module of the list")]
    }
}

fn renamed(module: &[u8]) -> Vec<u8> {
    let mut bytes = module.to_vec();
    for start in 0..bytes.len() {
        if bytes[start..].starts_with(b"__init") {
            bytes[start..start + INITIALISER.len()].copy_from_slice(INITIALISER.as_bytes());
        }
    }
    bytes
}

/// What initialisers are called instead.
pub const INITIALISER: &str = "__Init";

/// The module called `name`.
pub fn named(name: &str) -> &'static [u8] {
    let found = MODULES.iter().find(|seed| seed.name == name);
    found.expect("a module of the list").bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_initialiser_keeps_its_name() {
        let named = |name: &str, module: &[u8]| {
            module.windows(6).filter(|window| *window == name.as_bytes()).count()
        };
        for seed in MODULES {
            let renamed = seed.without_initialiser();
            assert_eq!(named(INITIALISER, renamed), named("__init", seed.bytes));
            assert_eq!(named("__init", renamed), 0);
        }
    }
}
