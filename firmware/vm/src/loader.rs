//! Reads a module's FlatBuffer (`iree/schemas/bytecode_module_def.fbs`).

use arielml_arena::{Arena, OutOfMemory, Vector};

use crate::archive::Archive;
use crate::call::MAX_RESULTS;
use crate::error::name_of;
use crate::flatbuffer::{Damaged, Table};
use crate::module::{Function, Import, Module};
use crate::signature::{Placement, Signature};
use crate::{Code, Error, Host, Text, Type, text};

/// The bytecode version that this runtime runs: the major must be the same,
/// the minor not above (major in the high half).
const BYTECODE_VERSION: u32 = 17 << 16;

/// Requirement bits (`FeatureBits` in the schema).
pub const REQUIRES_F32: u32 = 1 << 0;
pub const REQUIRES_F64: u32 = 1 << 1;
const REQUIRES_YIELD: u32 = 1 << 2;
const REQUIRES_UNWIND: u32 = 1 << 3;

/// Flag of an import or of a dependency that may be missing.
const OPTIONAL: u32 = 1 << 1;

/// Size of a `FunctionDescriptor`.
const DESCRIPTOR: usize = 20;

/// Registers that a function may have (`iree/vm/bytecode/isa/isa.h`).
const MAX_VALUES: u16 = 0x7FFF;
const MAX_REFS: u16 = 0x3FFF;

/// Fields of `BytecodeModuleDef`, in the order of the schema.
mod field {
    pub const NAME: usize = 0;
    pub const REQUIREMENTS: usize = 2;
    pub const TYPES: usize = 4;
    pub const DEPENDENCIES: usize = 5;
    pub const IMPORTS: usize = 6;
    pub const EXPORTS: usize = 7;
    pub const SIGNATURES: usize = 8;
    pub const RODATA: usize = 9;
    pub const STATE: usize = 11;
    pub const DESCRIPTORS: usize = 12;
    pub const BYTECODE_VERSION: usize = 13;
    pub const BYTECODE: usize = 14;
}

/// A module that is being read.
pub struct Loader<'a> {
    definition: Table<'a>,
    /// Data segments that are not embedded in the FlatBuffer.
    external: &'a [u8],
    arena: &'a Arena<'a>,
    /// Requirement bits that the host's build of the VM meets.
    supported: u32,
    /// The part that is being read.
    part: &'static str,
    /// Why reading failed, unless the part is damaged.
    refusal: Option<Error<'a>>,
}

/// Reading failed; the loader knows why. Without the reason in it, passing it
/// on costs nothing.
pub struct Failed;

type Result<T> = core::result::Result<T, Failed>;

impl From<Damaged> for Failed {
    fn from(Damaged: Damaged) -> Self {
        Failed
    }
}

impl<'a> Loader<'a> {
    /// At the FlatBuffer of the module file in `bytes`.
    pub fn open(bytes: &'a [u8], arena: &'a Arena<'a>) -> core::result::Result<Self, Error<'a>> {
        let Archive { flatbuffer, external } = Archive::open(bytes)?;
        let definition = Table::root(flatbuffer).map_err(|Damaged| damaged("root"))?;
        let supported = REQUIRES_YIELD | REQUIRES_UNWIND;
        Ok(Loader { definition, external, arena, supported, part: "root", refusal: None })
    }

    /// Reads the module, or notes the error.
    pub fn load<H: Host<'a>>(&mut self, host: &H) -> Result<Module<'a>> {
        if host.floats().is_some() {
            self.supported |= REQUIRES_F32 | REQUIRES_F64;
        }
        // The version first: a module of another one may lay out everything
        // else differently.
        self.check_version()?;
        self.check_dependencies(host)?;
        let types = self.read_types(host)?;
        let imports = self.read_imports(host)?;
        self.read_rest(types, imports)
    }

    /// Why reading failed.
    #[cold]
    pub fn error(self, Failed: Failed) -> Error<'a> {
        self.refusal.unwrap_or_else(|| damaged(self.part))
    }

    #[cold]
    #[inline(never)]
    fn refuse(&mut self, code: Code, message: Text, about: &'a [u8], values: [u32; 2]) -> Failed {
        let error = Error::new(code, message).about(name_of(about));
        self.refusal = Some(Error { values, ..error });
        Failed
    }

    #[cold]
    #[inline(never)]
    fn out_of_memory(&mut self, error: OutOfMemory) -> Failed {
        self.refusal = Some(error.into());
        Failed
    }

    /// A vector with room for just `count` elements.
    fn vector<T>(&mut self, count: usize) -> Result<Vector<'a, T>> {
        let mut vector = Vector::new(self.arena);
        match vector.reserve_exact(count) {
            Ok(()) => Ok(vector),
            Err(error) => Err(self.out_of_memory(error)),
        }
    }

    fn check_version(&mut self) -> Result<()> {
        self.part = "bytecode version";
        let found = self.definition.u32(field::BYTECODE_VERSION)?;
        if found >> 16 != BYTECODE_VERSION >> 16 {
            let message = text!("major version of the bytecode: found, supported");
            let values = [found >> 16, BYTECODE_VERSION >> 16];
            return Err(self.refuse(Code::Incompatible, message, b"", values));
        }
        if found > BYTECODE_VERSION {
            let message = text!("minor version of the bytecode: found, supported up to");
            let values = [found & 0xFFFF, BYTECODE_VERSION & 0xFFFF];
            return Err(self.refuse(Code::Incompatible, message, b"", values));
        }
        let found = self.definition.u32(field::REQUIREMENTS)?;
        self.check_requirements(found)
    }

    fn check_requirements(&mut self, found: u32) -> Result<()> {
        if found & !self.supported == 0 {
            return Ok(());
        }
        let message = text!("requirements (1 f32, 2 f64, 4 yield, 8 unwind): found, supported");
        Err(self.refuse(Code::Incompatible, message, b"", [found, self.supported]))
    }

    fn check_dependencies<H: Host<'a>>(&mut self, host: &H) -> Result<()> {
        self.part = "dependencies";
        for dependency in self.definition.tables(field::DEPENDENCIES)? {
            let dependency = dependency?;
            let name = dependency.string(0)?;
            let needed = dependency.u32(1)?;
            match host.module_version(name) {
                Some(found) if found >= needed => {}
                Some(found) => {
                    let message = text!("host module too old: version found, version needed");
                    return Err(self.refuse(Code::Incompatible, message, name, [found, needed]));
                }
                None if dependency.u32(2)? & OPTIONAL != 0 => {}
                None => {
                    let message = text!("no such host module: version needed");
                    return Err(self.refuse(Code::NotFound, message, name, [needed, 0]));
                }
            }
        }
        Ok(())
    }

    fn read_types<H: Host<'a>>(&mut self, host: &H) -> Result<Vector<'a, Type>> {
        self.part = "types";
        let tables = self.definition.tables(field::TYPES)?;
        let mut types = self.vector(tables.len())?;
        for table in tables {
            let name = table?.string(0)?;
            let known = Type::of_vm(name).or_else(|| {
                name.strip_prefix(b"!").and_then(|name| host.type_id(name)).map(Type::Host)
            });
            match known {
                Some(known) => types.push(known).map_err(|error| self.out_of_memory(error))?,
                None => {
                    return Err(self.refuse(Code::NotFound, text!("no such type"), name, [0; 2]));
                }
            }
        }
        Ok(types)
    }

    fn read_imports<H: Host<'a>>(&mut self, host: &H) -> Result<Vector<'a, Import<'a>>> {
        self.part = "imports";
        let tables = self.definition.tables(field::IMPORTS)?;
        let mut imports = self.vector(tables.len())?;
        for table in tables {
            let table = table?;
            let name = table.string(0)?;
            let cconv = table.table(1)?.ok_or(Damaged)?.string(0)?;
            let import = match host.resolve(name, cconv) {
                Ok(id) => {
                    Import { signature: Signature::known(cconv).ok_or(Failed)?, id: Some(id) }
                }
                Err(error) if error.code == Code::NotFound && table.u32(2)? & OPTIONAL != 0 => {
                    Import { signature: self.signature(cconv, true)?, id: None }
                }
                Err(error) => {
                    self.refusal = Some(error);
                    return Err(Failed);
                }
            };
            if import.signature.results().len() > MAX_RESULTS {
                let message = text!("import with more results than this runtime takes: at most");
                let values = [MAX_RESULTS as u32, 0];
                return Err(self.refuse(Code::Unimplemented, message, name, values));
            }
            imports.push(import).map_err(|error| self.out_of_memory(error))?;
        }
        Ok(imports)
    }

    /// What does not depend on the host.
    #[inline(never)]
    fn read_rest(
        &mut self,
        types: Vector<'a, Type>,
        imports: Vector<'a, Import<'a>>,
    ) -> Result<Module<'a>> {
        self.part = "name";
        let name = self.definition.string(field::NAME)?;
        let rodata = self.read_rodata()?;
        let functions = self.read_functions()?;
        self.part = "exports";
        let exports = self.definition.tables(field::EXPORTS)?;
        for export in exports {
            let export = export?;
            let (name, ordinal) = (export.string(0)?, export.u32(1)?);
            if ordinal as usize >= functions.len() {
                let message = text!("export of an unknown function: ordinal, functions");
                let values = [ordinal, functions.len() as u32];
                return Err(self.refuse(Code::InvalidArgument, message, name, values));
            }
        }
        self.part = "module state";
        let (global_bytes, global_refs) = match self.definition.table(field::STATE)? {
            Some(state) => (state.u32(0)? as usize, state.u32(1)? as usize),
            None => (0, 0),
        };
        Ok(Module { name, exports, types, rodata, imports, functions, global_bytes, global_refs })
    }

    fn read_rodata(&mut self) -> Result<Vector<'a, &'a [u8]>> {
        self.part = "data segments";
        let tables = self.definition.tables(field::RODATA)?;
        let mut rodata = self.vector(tables.len())?;
        for segment in tables {
            let segment = segment?;
            // The only compression that the schema knows is none (0 or 1).
            if segment.u8(0)? > 1 {
                return Err(Failed);
            }
            let data = match segment.elements(2, 1)? {
                Some(embedded) => embedded,
                None => {
                    let (offset, length) = (segment.size(3)?, segment.size(4)?);
                    let rest = self.external.get(offset..);
                    rest.and_then(|rest| rest.get(..length)).ok_or(Failed)?
                }
            };
            rodata.push(data).map_err(|error| self.out_of_memory(error))?;
        }
        Ok(rodata)
    }

    fn read_functions(&mut self) -> Result<Vector<'a, Function<'a>>> {
        self.part = "functions";
        let descriptors = self.definition.elements(field::DESCRIPTORS, DESCRIPTOR)?;
        let descriptors = descriptors.unwrap_or_default().chunks_exact(DESCRIPTOR);
        let code = self.definition.elements(field::BYTECODE, 1)?.unwrap_or_default();
        let signatures = self.definition.tables(field::SIGNATURES)?;
        let count = descriptors.len();
        if signatures.len() != count || count > usize::from(u16::MAX) {
            return Err(Failed);
        }
        let mut functions = self.vector(count)?;
        for (descriptor, signature) in descriptors.zip(signatures) {
            let signature = self.signature(signature?.string(0)?, false)?;
            let function = read_function(descriptor, signature, code).ok_or(Failed)?;
            self.check_requirements(u32::from(function.requirements))?;
            functions.push(function).map_err(|error| self.out_of_memory(error))?;
        }
        Ok(functions)
    }

    fn signature(&mut self, text: &'a [u8], variadic: bool) -> Result<Signature<'a>> {
        let refused = text!("unknown calling convention");
        Signature::parse(text, variadic)
            .ok_or_else(|| self.refuse(Code::InvalidArgument, refused, text, [0; 2]))
    }
}

/// A `FunctionDescriptor`: i32 offset and length of the bytecode, u32
/// requirements, then i16: reserved, blocks, value registers, reference
/// registers. `None` when the bytecode is not there, or the registers do not
/// hold the arguments or are more than operands can name.
fn read_function<'a>(
    descriptor: &[u8],
    signature: Signature<'a>,
    code: &'a [u8],
) -> Option<Function<'a>> {
    let halves = |at: usize| {
        let [a, b, c, d] = *descriptor.get(at..)?.first_chunk()?;
        Some((u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])))
    };
    let word = |at| halves(at).map(|(low, high)| usize::from(high) << 16 | usize::from(low));
    let (_, blocks) = halves(12)?;
    let (values, refs) = halves(16)?;
    let code = code.get(word(0)?..)?.get(..word(4)?)?;
    let needed = Placement::of(signature.arguments());
    let requirements = u8::try_from(word(8)?).unwrap_or(u8::MAX);
    let values_fit = (needed.values..=MAX_VALUES).contains(&values);
    let refs_fit = (needed.refs..=MAX_REFS).contains(&refs);
    (values_fit && refs_fit).then_some(Function {
        code,
        signature,
        values,
        refs,
        blocks,
        requirements,
    })
}

#[cold]
#[inline(never)]
fn damaged<'a>(part: &'static str) -> Error<'a> {
    Error::new(Code::InvalidArgument, text!("module damaged")).about(part)
}
