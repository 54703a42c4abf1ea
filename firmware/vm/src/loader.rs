//! Reads a module's FlatBuffer (`iree/schemas/bytecode_module_def.fbs`).

use arielml_arena::{Arena, OutOfMemory, Vector};

use crate::archive::Archive;
use crate::call::MAX_RESULTS;
use crate::error::name_of;
use crate::flatbuffer::{self, FlatBuffer, Table};
use crate::module::{Export, Function, Import, Module};
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

/// A module that is being read. Its methods give `None` when it is refused.
pub struct Loader<'a> {
    buffer: FlatBuffer<'a>,
    definition: Table,
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

impl<'a> Loader<'a> {
    /// At the FlatBuffer of the module file in `bytes`.
    pub fn open(bytes: &'a [u8], arena: &'a Arena<'a>) -> Result<Self, Error<'a>> {
        let Archive { flatbuffer, external } = Archive::open(bytes)?;
        let buffer = FlatBuffer::new(flatbuffer);
        let definition = buffer.root();
        let supported = REQUIRES_YIELD | REQUIRES_UNWIND;
        Ok(Loader { buffer, definition, external, arena, supported, part: "root", refusal: None })
    }

    /// Reads the module, or notes the error.
    pub fn load<H: Host<'a>>(&mut self, host: &H) -> Option<Module<'a>> {
        if host.parts().extensions.is_some() {
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
    pub fn error(self) -> Error<'a> {
        match self.refusal {
            Some(error) => error,
            None => Error::new(Code::InvalidArgument, text!("module damaged")).about(self.part),
        }
    }

    #[cold]
    #[inline(never)]
    fn refuse<T>(
        &mut self,
        code: Code,
        message: Text,
        about: &'a [u8],
        values: [u32; 2],
    ) -> Option<T> {
        let error = Error::new(code, message).about(name_of(about));
        self.refusal = Some(Error { values, ..error });
        None
    }

    #[cold]
    #[inline(never)]
    fn out_of_memory(&mut self, OutOfMemory: OutOfMemory) {
        self.refusal = Some(Error::arena_full(self.arena));
    }

    /// Begins a part: what was read before it must be whole.
    fn begin(&mut self, part: &'static str) -> Option<()> {
        self.check()?;
        self.part = part;
        Some(())
    }

    fn check(&self) -> Option<()> {
        (!self.buffer.is_damaged()).then_some(())
    }

    /// A vector of tables, and a vector with room for what they are read to.
    #[inline(always)]
    fn tables<T>(&mut self, field: usize) -> Option<(flatbuffer::Vector, Vector<'a, T>)> {
        let tables = self.buffer.vector(self.definition, field);
        let mut read = Vector::new(self.arena);
        let reserved = read.reserve_exact(self.buffer.count(tables));
        reserved.map_err(|error| self.out_of_memory(error)).ok()?;
        self.check()?;
        Some((tables, read))
    }

    fn check_version(&mut self) -> Option<()> {
        self.begin("bytecode version")?;
        let found = self.buffer.u32(self.definition, field::BYTECODE_VERSION);
        let requirements = self.buffer.u32(self.definition, field::REQUIREMENTS);
        self.check()?;
        if found >> 16 != BYTECODE_VERSION >> 16 {
            let message = text!("major version of the bytecode: found, supported");
            let values = [found >> 16, BYTECODE_VERSION >> 16];
            return self.refuse(Code::Incompatible, message, b"", values);
        }
        if found > BYTECODE_VERSION {
            let message = text!("minor version of the bytecode: found, supported up to");
            let values = [found & 0xFFFF, BYTECODE_VERSION & 0xFFFF];
            return self.refuse(Code::Incompatible, message, b"", values);
        }
        self.check_requirements(requirements)
    }

    fn check_requirements(&mut self, found: u32) -> Option<()> {
        if found & !self.supported == 0 {
            return Some(());
        }
        let message = text!("requirements (1 f32, 2 f64, 4 yield, 8 unwind): found, supported");
        self.refuse(Code::Incompatible, message, b"", [found, self.supported])
    }

    fn check_dependencies<H: Host<'a>>(&mut self, host: &H) -> Option<()> {
        self.begin("dependencies")?;
        let dependencies = self.buffer.vector(self.definition, field::DEPENDENCIES);
        for index in 0..self.buffer.count(dependencies) {
            let dependency = self.buffer.element(dependencies, index);
            let name = self.buffer.string(dependency, 0);
            let needed = self.buffer.u32(dependency, 1);
            let flags = self.buffer.u32(dependency, 2);
            self.check()?;
            match host.module_version(name) {
                Some(found) if found >= needed => {}
                Some(found) => {
                    let message = text!("host module too old: version found, version needed");
                    return self.refuse(Code::Incompatible, message, name, [found, needed]);
                }
                None if flags & OPTIONAL != 0 => {}
                None => {
                    let message = text!("no such host module: version needed");
                    return self.refuse(Code::NotFound, message, name, [needed, 0]);
                }
            }
        }
        Some(())
    }

    fn read_types<H: Host<'a>>(&mut self, host: &H) -> Option<Vector<'a, Type>> {
        self.begin("types")?;
        let (tables, mut types) = self.tables(field::TYPES)?;
        for index in 0..tables.count {
            let name = self.buffer.string(self.buffer.element(tables, index), 0);
            let known = Type::of_vm(name).or_else(|| {
                name.strip_prefix(b"!").and_then(|name| host.type_id(name)).map(Type::Host)
            });
            self.check()?;
            match known {
                Some(known) => types.fill_up(1, || known),
                None => return self.refuse(Code::NotFound, text!("no such type"), name, [0; 2]),
            }
        }
        Some(types)
    }

    fn read_imports<H: Host<'a>>(&mut self, host: &H) -> Option<Vector<'a, Import<'a>>> {
        self.begin("imports")?;
        let (tables, mut imports) = self.tables(field::IMPORTS)?;
        for index in 0..tables.count {
            let table = self.buffer.element(tables, index);
            let name = self.buffer.string(table, 0);
            let cconv = self.buffer.string(self.buffer.table(table, 1)?, 0);
            self.check()?;
            let signature = Signature::parse(cconv)?;
            let id = match host.resolve(name, cconv) {
                Ok(id) => Some(id),
                Err(error) => {
                    let is_optional = self.buffer.u32(table, 2) & OPTIONAL != 0;
                    if error.code != Code::NotFound || !is_optional {
                        self.refusal = Some(error);
                        return None;
                    }
                    None
                }
            };
            if signature.results.len() > MAX_RESULTS {
                let message = text!("import with more results than this runtime takes: at most");
                let values = [MAX_RESULTS as u32, 0];
                return self.refuse(Code::Unimplemented, message, name, values);
            }
            imports.fill_up(1, || Import { signature, id });
        }
        Some(imports)
    }

    /// What does not depend on the host.
    #[inline(never)]
    fn read_rest(
        &mut self,
        types: Vector<'a, Type>,
        imports: Vector<'a, Import<'a>>,
    ) -> Option<Module<'a>> {
        self.begin("name")?;
        let name = self.buffer.string(self.definition, field::NAME);
        let rodata = self.read_rodata()?;
        let functions = self.read_functions()?;
        let exports = self.read_exports(functions.len())?;
        self.begin("module state")?;
        let (mut global_bytes, mut global_refs) = (0, 0);
        if let Some(state) = self.buffer.table(self.definition, field::STATE) {
            global_bytes = self.buffer.u32(state, 0) as usize;
            global_refs = self.buffer.u32(state, 1) as usize;
        }
        self.check()?;
        Some(Module { name, exports, types, rodata, imports, functions, global_bytes, global_refs })
    }

    fn read_exports(&mut self, functions: usize) -> Option<Vector<'a, Export<'a>>> {
        self.begin("exports")?;
        let (tables, mut exports) = self.tables(field::EXPORTS)?;
        for index in 0..tables.count {
            let table = self.buffer.element(tables, index);
            let (name, ordinal) = (self.buffer.string(table, 0), self.buffer.u32(table, 1));
            self.check()?;
            if ordinal as usize >= functions {
                let message = text!("export of an unknown function: ordinal, functions");
                let values = [ordinal, functions as u32];
                return self.refuse(Code::InvalidArgument, message, name, values);
            }
            // As shown to the host, so it must be UTF-8.
            let name = core::str::from_utf8(name).ok()?;
            exports.fill_up(1, || Export { name, ordinal: ordinal as u16 });
        }
        Some(exports)
    }

    fn read_rodata(&mut self) -> Option<Vector<'a, &'a [u8]>> {
        self.begin("data segments")?;
        let (tables, mut rodata) = self.tables(field::RODATA)?;
        for index in 0..tables.count {
            let segment = self.buffer.element(tables, index);
            // The only compression that the schema knows is none (0 or 1).
            if self.buffer.u8(segment, 0) > 1 {
                return None;
            }
            let data = if self.buffer.has(segment, 2) {
                self.buffer.string(segment, 2)
            } else {
                let (offset, length) = (self.buffer.size(segment, 3), self.buffer.size(segment, 4));
                let rest = self.external.get(offset..);
                rest.and_then(|rest| rest.get(..length))?
            };
            rodata.fill_up(1, || data);
        }
        Some(rodata)
    }

    fn read_functions(&mut self) -> Option<Vector<'a, Function<'a>>> {
        self.begin("functions")?;
        let (tables, mut functions) = self.tables(field::SIGNATURES)?;
        let descriptors = self.buffer.vector(self.definition, field::DESCRIPTORS);
        let descriptors = self.buffer.elements(descriptors, DESCRIPTOR).as_chunks::<DESCRIPTOR>().0;
        let code = self.buffer.string(self.definition, field::BYTECODE);
        self.check()?;
        if descriptors.len() != tables.count || descriptors.len() > usize::from(u16::MAX) {
            return None;
        }
        for (index, descriptor) in descriptors.iter().enumerate() {
            let cconv = self.buffer.string(self.buffer.element(tables, index), 0);
            self.check()?;
            let signature = self.signature(cconv)?;
            let function = read_function(descriptor, cconv, signature, code)?;
            self.check_requirements(u32::from(function.requirements))?;
            functions.fill_up(1, || function);
        }
        Some(functions)
    }

    fn signature(&mut self, cconv: &'a [u8]) -> Option<Signature<'a>> {
        match Signature::parse(cconv) {
            Some(signature) if signature.is_plain() => Some(signature),
            _ => {
                let message = text!("unknown calling convention");
                self.refuse(Code::InvalidArgument, message, cconv, [0; 2])
            }
        }
    }
}

/// A `FunctionDescriptor`: i32 offset and length of the bytecode, u32
/// requirements, then i16: reserved, blocks, value registers, reference
/// registers. `None` when the bytecode is not there, or the registers do not
/// hold the arguments or are more than operands can name.
fn read_function<'a>(
    descriptor: &[u8; DESCRIPTOR],
    cconv: &'a [u8],
    signature: Signature<'a>,
    code: &'a [u8],
) -> Option<Function<'a>> {
    let [o0, o1, o2, o3, l0, l1, l2, l3, r0, r1, r2, r3, _, _, b0, b1, v0, v1, f0, f1] =
        *descriptor;
    let offset = u32::from_le_bytes([o0, o1, o2, o3]) as usize;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let requirements = u32::from_le_bytes([r0, r1, r2, r3]);
    let blocks = u16::from_le_bytes([b0, b1]);
    let (values, refs) = (u16::from_le_bytes([v0, v1]), u16::from_le_bytes([f0, f1]));
    let code = code.get(offset..)?.get(..length)?;
    let needed = Placement::of(signature.arguments);
    let requirements = u8::try_from(requirements).unwrap_or(u8::MAX);
    let values_fit = (needed.values..=MAX_VALUES).contains(&values);
    let refs_fit = (needed.refs..=MAX_REFS).contains(&refs);
    (values_fit && refs_fit).then_some(Function {
        code,
        cconv,
        signature,
        values,
        refs,
        blocks,
        requirements,
    })
}
