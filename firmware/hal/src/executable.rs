use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{ptr, slice};

use arielml_arena::{Block, Shared};
use arielml_vm::Code;

use crate::abi::{
    DispatchAttributes, DispatchFunction, Environment, ImportFunction, Library, MAX_BINDINGS,
    MAX_CONSTANTS, VERSION,
};
use crate::device::Device;
use crate::fault::{Fault, OrFull, Report, name_of};

/// A library of dispatch functions, made ready to call.
pub struct Executable<'a> {
    environment: Environment,
    functions: &'a [Option<DispatchFunction>],
    attributes: &'a [DispatchAttributes],
    /// Empty when the library has no names.
    names: &'a [*const c_char],
    /// Where the next look-up begins: they mostly come in the table's order.
    next: Cell<usize>,
    /// What `environment` points to: nulls for imports, then constants.
    _data: Block<'a>,
}

impl<'a> Executable<'a> {
    /// The library called `name` (NUL-terminated or not) of those that the
    /// device has, given `constants` (whole 32-bit words).
    ///
    /// # Safety
    /// Each of the device's libraries fulfils the contract of [`crate::LibraryQuery`],
    /// and what it answers lives for `'a`.
    pub(crate) unsafe fn create(
        device: &Device<'a>,
        name: &[u8],
        constants: &[u8],
    ) -> Result<Shared<'a, Executable<'a>>, Fault> {
        let report = &device.report;
        let mut environment = Environment {
            constants: ptr::null(),
            import_thunk: Some(import_thunk),
            import_functions: ptr::null(),
            import_contexts: ptr::null(),
            processor: [0; 8],
        };
        let name = name.strip_suffix(&[0]).unwrap_or(name);
        // SAFETY: the caller vouches for the libraries.
        let library = unsafe { find(device, name, &environment)? };
        let wanted = library.constants.count as usize;
        if wanted.checked_mul(4) != Some(constants.len()) {
            return Err(report.with(Fault::Constants, constants.len(), wanted));
        }
        let exports = &library.exports;
        let names = if exports.names.is_null() { 0 } else { exports.count };
        // SAFETY: the library's own tables, each with its count.
        let (symbols, functions, attributes, names) = unsafe {
            (
                table(library.imports.symbols, library.imports.count)?,
                table(exports.functions, exports.count)?,
                table(exports.attributes, exports.count)?,
                table(exports.names, names)?,
            )
        };
        for &symbol in symbols {
            // SAFETY: a symbol of the library, which lives for `'a`.
            let symbol = unsafe { bytes_of(symbol) };
            if symbol.first() != Some(&b'?') {
                return Err(report.about(Fault::LibraryImport, name_of(symbol)));
            }
        }
        for attributes in attributes {
            if usize::from(attributes.constant_count) > MAX_CONSTANTS
                || usize::from(attributes.binding_count) > MAX_BINDINGS
            {
                return Err(Fault::LibraryLimits);
            }
        }
        // The nulls say both that there is no function and no context.
        let nulls = symbols.len().saturating_mul(size_of::<usize>());
        let length = nulls.saturating_add(constants.len());
        let mut data = Block::zeroed(device.arena, length, align_of::<usize>()).or_full(report)?;
        environment.import_functions = data.as_ptr().cast();
        environment.import_contexts = data.as_ptr().cast();
        environment.constants = data.as_ptr().wrapping_add(nulls).cast();
        for (target, constant) in data.iter_mut().skip(nulls).zip(constants) {
            *target = *constant;
        }
        let next = Cell::new(0);
        let executable =
            Executable { environment, functions, attributes, names, next, _data: data };
        Shared::new(device.arena, executable).or_full(report)
    }

    /// The number of the dispatch function `name`.
    pub(crate) fn lookup(&self, name: &[u8]) -> Result<usize, Fault> {
        let count = self.names.len();
        if count < self.functions.len() {
            return Err(Fault::NoNames);
        }
        let mut index = self.next.get();
        for _ in 0..count {
            if index >= count {
                index = 0;
            }
            let found = self.names.get(index).copied().unwrap_or(ptr::null());
            index += 1;
            // SAFETY: the names of a library are C strings.
            if unsafe { is_named(found, name) } {
                self.next.set(index);
                return Ok(index - 1);
            }
        }
        Err(Fault::NoFunction)
    }

    /// The function numbered `function` and its attributes.
    pub(crate) fn function(
        &self,
        report: &Report<'a>,
        function: usize,
    ) -> Result<(DispatchFunction, &'a DispatchAttributes), Fault> {
        match (self.functions.get(function), self.attributes.get(function)) {
            (Some(Some(code)), Some(attributes)) => Ok((*code, attributes)),
            (Some(None), _) => Err(report.about(Fault::NoCode, self.name(function))),
            _ => Err(report.with(Fault::FunctionIndex, function, self.functions.len())),
        }
    }

    /// The name of a function, or nothing when it has none.
    pub(crate) fn name(&self, function: usize) -> &'a str {
        // SAFETY: a name of the library, which lives for `'a`.
        self.names.get(function).map_or("", |&name| name_of(unsafe { bytes_of(name) }))
    }

    /// What every function of the library is given.
    pub(crate) fn environment(&self) -> *const Environment {
        &self.environment
    }
}

/// The library called `name`.
///
/// # Safety
/// As for [`Executable::create`].
unsafe fn find<'a>(
    device: &Device<'a>,
    name: &[u8],
    environment: &Environment,
) -> Result<&'a Library, Fault> {
    let report = &device.report;
    for query in device.libraries {
        // SAFETY: the caller vouches for the query; a library's first field
        // points to the header, so the answer points to the whole library.
        let library = unsafe { query(VERSION, environment).cast::<Library>().as_ref() };
        let Some(library) = library else { continue };
        // SAFETY: the header lives as long as the library.
        let Some(header) = (unsafe { library.header.as_ref() }) else { continue };
        // SAFETY: a library's name is a C string.
        if !unsafe { is_named(header.name, name) } {
            continue;
        }
        let (version, expected) = (header.version as usize, VERSION as usize);
        let (features, sanitizer) = (header.features as usize, header.sanitizer as usize);
        return if version != expected {
            Err(report.with(Fault::LibraryVersion, version, expected))
        } else if features != 0 || sanitizer != 0 {
            Err(report.with(Fault::LibraryFeatures, features, sanitizer))
        } else {
            Ok(library)
        };
    }
    Err(report.with(Fault::NoLibrary, device.libraries.len(), 0))
}

/// A table of the library; a missing one must be empty.
///
/// # Safety
/// When it is not null, `start` points to `count` values that live for `'a`.
unsafe fn table<'a, T>(start: *const T, count: u32) -> Result<&'a [T], Fault> {
    if count == 0 {
        Ok(&[])
    } else if start.is_null() {
        Err(Fault::LibraryTable)
    } else {
        // SAFETY: the caller vouches for it.
        Ok(unsafe { slice::from_raw_parts(start, count as usize) })
    }
}

/// Whether the C string `found` is `name`. Null is no name.
///
/// # Safety
/// `found` is null or a C string.
#[inline(never)]
unsafe fn is_named(found: *const c_char, name: &[u8]) -> bool {
    if found.is_null() {
        return false;
    }
    for (index, &wanted) in name.iter().enumerate() {
        // SAFETY: the string goes on, for no byte before was its NUL: each was
        // equal to one of `name`, where a NUL ends the search.
        if wanted == 0 || unsafe { found.add(index).read() } as u8 != wanted {
            return false;
        }
    }
    // SAFETY: as above; this byte at the latest is the string's end.
    unsafe { found.add(name.len()).read() == 0 }
}

/// The bytes of a C string; null has none.
///
/// # Safety
/// `string` is null or a C string that lives for `'a`.
unsafe fn bytes_of<'a>(string: *const c_char) -> &'a [u8] {
    if string.is_null() {
        return &[];
    }
    // SAFETY: the caller vouches for it.
    unsafe { CStr::from_ptr(string) }.to_bytes()
}

/// Calls an import. No import is ever resolved, so a library that tests for
/// its optional ones does not come here.
unsafe extern "C" fn import_thunk(
    function: Option<ImportFunction>,
    parameters: *mut c_void,
    context: *mut c_void,
    reserved: *mut c_void,
) -> c_int {
    match function {
        // SAFETY: the library passes what its import expects.
        Some(function) => unsafe { function(parameters, context, reserved) },
        None => Code::Unavailable as c_int,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::{self, Fake};
    use crate::{LibraryQuery, function};
    use arielml_arena::Arena;
    use core::mem::MaybeUninit;
    use std::string::String;

    fn fake() -> Fake {
        let first = function!("first", 0, 0, 0, |_| 0);
        let second = function!("first_and_more", 2, 3, 1, |_| 0);
        Fake::new("lib", &[first, second])
    }

    static LIBRARIES: [LibraryQuery; 1] = [support::query];

    /// An executable of the library that is installed.
    fn executable<'a>(device: &Device<'a>) -> Shared<'a, Executable<'a>> {
        // SAFETY: fake libraries keep the contract.
        unsafe { Executable::create(device, b"lib", &[]) }.unwrap()
    }

    /// The numbers of both functions, or code, subject and values of an error.
    fn create(
        fake: Fake,
        name: &[u8],
        constants: &[u8],
    ) -> Result<[usize; 2], (Code, String, [u32; 2])> {
        fake.install();
        let mut region = [MaybeUninit::uninit(); 2048];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &LIBRARIES);
        // SAFETY: fake libraries keep the contract.
        let executable = unsafe { Executable::create(&device, name, constants) };
        let result = match &executable {
            Ok(executable) => {
                Ok([&b"first"[..], b"first_and_more"].map(|name| executable.lookup(name).unwrap()))
            }
            Err(fault) => {
                let error = device.report.error(*fault);
                Err((error.code, String::from(error.subject), error.values))
            }
        };
        drop(executable);
        assert_eq!(arena.usage().live, 0);
        result
    }

    #[test]
    fn a_library_is_found_by_name_and_its_functions_by_theirs() {
        assert_eq!(create(fake(), b"lib\0", &[]), Ok([0, 1]));
        assert_eq!(create(fake(), b"lib", &[]), Ok([0, 1]));
        for name in [&b"li"[..], b"libs", b"", b"lib\0x"] {
            assert_eq!(create(fake(), name, &[]).unwrap_err().0, Code::NotFound);
        }
    }

    #[test]
    fn another_version_feature_or_sanitizer_is_refused() {
        for (fake, code, values) in [
            (Fake { version: 5, ..fake() }, Code::Incompatible, [5, 6]),
            (Fake { features: 2, ..fake() }, Code::Unimplemented, [2, 0]),
            (Fake { sanitizer: 1, ..fake() }, Code::Unimplemented, [0, 1]),
        ] {
            let (found, _, numbers) = create(fake, b"lib", &[]).unwrap_err();
            assert_eq!((found, numbers), (code, values));
        }
    }

    #[test]
    fn constants_must_be_those_that_the_library_wants() {
        let wanting = || Fake { constants: 2, ..fake() };
        assert!(create(wanting(), b"lib", &[1, 0, 0, 0, 2, 0, 0, 0]).is_ok());
        assert_eq!(create(wanting(), b"lib", &[1, 0, 0, 0]).unwrap_err().2, [4, 2]);
        assert_eq!(create(wanting(), b"lib", &[1, 0]).unwrap_err().0, Code::InvalidArgument);
    }

    #[test]
    fn only_optional_imports_may_be_missing() {
        let optional = Fake { imports: std::vec!["?maybe", "?too"], ..fake() };
        assert!(create(optional, b"lib", &[]).is_ok());
        let required = Fake { imports: std::vec!["?maybe", "surely"], ..fake() };
        let (code, subject, _) = create(required, b"lib", &[]).unwrap_err();
        assert_eq!((code, subject.as_str()), (Code::NotFound, "surely"));
    }

    #[test]
    fn functions_without_name_or_code_are_refused() {
        let mut region = [MaybeUninit::uninit(); 2048];
        let arena = Arena::new(&mut region);
        let device = Device::new(&arena, &LIBRARIES);
        Fake { has_names: false, ..fake() }.install();
        let nameless = executable(&device);
        assert_eq!(nameless.lookup(b"first"), Err(Fault::NoNames));
        let fault = nameless.function(&device.report, 2).err().unwrap();
        assert_eq!(device.report.error(fault).values, [2, 2]);

        let mut fake = fake();
        fake.functions[1].code = None;
        fake.install();
        let codeless = executable(&device);
        assert_eq!(codeless.lookup(b"second"), Err(Fault::NoFunction));
        let fault = codeless.function(&device.report, 1).err().unwrap();
        let error = device.report.error(fault);
        assert_eq!((error.code, error.subject), (Code::Unavailable, "first_and_more"));
    }

    #[test]
    fn look_ups_in_any_order_find_the_same() {
        let mut region = [MaybeUninit::uninit(); 2048];
        let arena = Arena::new(&mut region);
        fake().install();
        let executable = executable(&Device::new(&arena, &LIBRARIES));
        for (name, index) in
            [(&b"first_and_more"[..], 1), (b"first", 0), (b"first", 0), (b"first_and_more", 1)]
        {
            assert_eq!(executable.lookup(name), Ok(index));
        }
    }
}
