use arielml_arena::{Arena, Vector};

use crate::error::name_of;
use crate::loader::Loader;
use crate::signature::Signature;
use crate::{Error, Host, ImportId, Type, verifier};

/// Set in a function ordinal that names an import.
pub const IMPORT: u32 = 1 << 31;

/// A module that was read, linked to its imports and verified. Names, data
/// segments and bytecode stay where they are.
pub struct Module<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) exports: Vector<'a, Export<'a>>,
    pub(crate) types: Vector<'a, Type>,
    pub(crate) rodata: Vector<'a, &'a [u8]>,
    pub(crate) imports: Vector<'a, Import<'a>>,
    pub(crate) functions: Vector<'a, Function<'a>>,
    /// Bytes of global values.
    pub(crate) global_bytes: usize,
    /// Number of global references.
    pub(crate) global_refs: usize,
}

/// A function that is called from outside by name.
pub struct Export<'a> {
    pub name: &'a str,
    pub ordinal: u16,
}

/// An imported function.
pub struct Import<'a> {
    pub signature: Signature<'a>,
    /// `None` when the import is optional and the host does not have it.
    pub id: Option<ImportId>,
}

/// A function of the module.
#[derive(Clone, Copy, Default)]
pub struct Function<'a> {
    pub code: &'a [u8],
    /// Its calling convention as it was written.
    pub cconv: &'a [u8],
    pub signature: Signature<'a>,
    /// Number of value registers.
    pub values: u16,
    /// Number of reference registers.
    pub refs: u16,
    pub blocks: u16,
    /// Requirement bits of this function.
    pub requirements: u8,
}

impl<'a> Module<'a> {
    /// Reads the module in `bytes`, which must be 64-byte aligned, checks its
    /// version, requirements and dependencies, resolves its imports with
    /// `host` and verifies every function.
    ///
    /// Errors: `InvalidArgument` for bytes that are damaged or not a module,
    /// and for bytecode that does not verify; `Incompatible` for a module of
    /// another version or one that asks for a newer host; `NotFound` for a
    /// missing host module, import or reference type; `Unimplemented` for
    /// opcodes that were left out of this build; `ResourceExhausted`; and
    /// whatever [`Host::resolve`] gives.
    pub fn load<H: Host<'a>>(
        bytes: &'a [u8],
        host: &H,
        arena: &'a Arena<'a>,
    ) -> Result<Module<'a>, Error<'a>> {
        let mut loader = Loader::open(bytes, arena)?;
        match loader.load(host) {
            Some(module) => verifier::verify(&module, arena).map(|()| module),
            None => Err(loader.error()),
        }
    }

    /// The module's name.
    pub fn name(&self) -> &'a str {
        name_of(self.name)
    }

    /// Name and calling convention of each export.
    pub fn exports(&self) -> impl Iterator<Item = (&'a str, &'a str)> + '_ {
        self.exports.iter().filter_map(|export| {
            let function = self.functions.get(usize::from(export.ordinal))?;
            Some((export.name, name_of(function.cconv)))
        })
    }

    /// The export called `name`: its ordinal and the function.
    pub(crate) fn export(&self, name: &str) -> Option<(u16, &Function<'a>)> {
        let export = self.exports.iter().find(|export| export.name == name)?;
        Some((export.ordinal, self.functions.get(usize::from(export.ordinal))?))
    }
}
