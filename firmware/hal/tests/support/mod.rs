//! A library of dispatch functions written in Rust, behind the same ABI as
//! compiled ones. The functions note their calls.
#![allow(dead_code)] // No test file uses all of it.

pub mod session;

use std::boxed::Box;
use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::vec::Vec;

use arielml_hal::abi::{
    ConstantTable, DispatchAttributes, DispatchFunction, DispatchState, Environment, ExportTable,
    ImportTable, Library, LibraryHeader, SourceTable, VERSION, WorkgroupState,
};

/// One workgroup that ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    pub function: &'static str,
    pub id: [u32; 3],
    pub count: [u32; 3],
    pub constants: Vec<u32>,
    /// Address and length of each.
    pub bindings: Vec<(usize, usize)>,
    pub local_memory: (usize, usize),
    pub processor: u32,
}

std::thread_local! {
    static LIBRARY: Cell<*const Library> = const { Cell::new(ptr::null()) };
    static RAN: RefCell<Vec<Ran>> = const { RefCell::new(Vec::new()) };
}

/// The workgroups that ran since it was last asked.
pub fn ran() -> Vec<Ran> {
    RAN.with(RefCell::take)
}

/// The library that this thread installed last.
///
/// # Safety
/// None is needed: what it answers was leaked.
pub unsafe extern "C" fn query(
    _version: u32,
    _environment: *const Environment,
) -> *const *const LibraryHeader {
    LIBRARY.get().cast()
}

/// A function of a fake library.
#[derive(Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub code: Option<DispatchFunction>,
    pub constants: u8,
    pub bindings: u8,
    pub local_pages: u16,
}

/// What a fake library is made of.
pub struct Fake {
    pub name: &'static str,
    pub version: u32,
    pub features: u32,
    pub sanitizer: u32,
    pub constants: u32,
    pub imports: Vec<&'static str>,
    pub functions: Vec<Function>,
    pub has_names: bool,
}

impl Fake {
    pub fn new(name: &'static str, functions: &[Function]) -> Self {
        Fake {
            name,
            version: VERSION,
            features: 0,
            sanitizer: 0,
            constants: 0,
            imports: Vec::new(),
            functions: functions.to_vec(),
            has_names: true,
        }
    }

    /// Makes [`query`] answer with this library, on this thread.
    pub fn install(self) {
        let header = leak(LibraryHeader {
            version: self.version,
            name: c_string(self.name),
            features: self.features,
            sanitizer: self.sanitizer,
        });
        let attributes = self.functions.iter().map(|function| DispatchAttributes {
            flags: 0,
            local_memory_pages: function.local_pages,
            constant_count: function.constants,
            binding_count: function.bindings,
            workgroup_size_x: 1,
            workgroup_size_y: 1,
            workgroup_size_z: 1,
            parameter_count: 0,
            reserved: [0; 5],
        });
        let names = self.functions.iter().map(|function| c_string(function.name));
        let library = leak(Library {
            header,
            imports: ImportTable {
                count: self.imports.len() as u32,
                symbols: leak_all(self.imports.iter().map(|name| c_string(name))),
            },
            exports: ExportTable {
                count: self.functions.len() as u32,
                functions: leak_all(self.functions.iter().map(|function| function.code)),
                attributes: leak_all(attributes),
                parameters: ptr::null(),
                occupancy: ptr::null(),
                names: if self.has_names { leak_all(names) } else { ptr::null() },
                tags: ptr::null(),
                parameter_names: ptr::null(),
                source_locations: ptr::null(),
                stage_locations: ptr::null(),
            },
            constants: ConstantTable { count: self.constants },
            sources: SourceTable { count: 0, files: ptr::null() },
        });
        LIBRARY.set(library);
        ran();
    }
}

fn leak<T>(value: T) -> *const T {
    Box::leak(Box::new(value))
}

fn leak_all<T>(values: impl Iterator<Item = T>) -> *const T {
    Box::leak(values.collect::<Vec<_>>().into_boxed_slice()).as_ptr()
}

fn c_string(text: &str) -> *const c_char {
    CString::new(text).unwrap().into_raw()
}

/// What a fake function is called with.
pub struct Arguments<'c> {
    pub environment: &'c Environment,
    pub dispatch: &'c DispatchState,
    pub workgroup: &'c WorkgroupState,
}

impl Arguments<'_> {
    pub fn constants(&self) -> &[u32] {
        let count = self.dispatch.constant_count.into();
        // SAFETY: the ABI's promise to a dispatch function.
        unsafe { std::slice::from_raw_parts(self.dispatch.constants, count) }
    }

    pub fn binding_ranges(&self) -> Vec<(usize, usize)> {
        (0..usize::from(self.dispatch.binding_count))
            // SAFETY: the ABI's promise to a dispatch function.
            .map(|index| unsafe {
                let start = *self.dispatch.bindings.add(index);
                (start as usize, *self.dispatch.binding_lengths.add(index))
            })
            .collect()
    }

    /// A binding's elements. Only one of a binding may be used at a time.
    #[allow(clippy::mut_from_ref)]
    pub fn binding<T>(&self, index: usize) -> &mut [T] {
        let (start, length) = self.binding_ranges()[index];
        // SAFETY: the ABI's promise to a dispatch function.
        unsafe { std::slice::from_raw_parts_mut(start as *mut T, length / size_of::<T>()) }
    }

    pub fn note(&self, function: &'static str) {
        let (dispatch, workgroup) = (self.dispatch, self.workgroup);
        let ran = Ran {
            function,
            id: [workgroup.id_x, workgroup.id_y, workgroup.id_z.into()],
            count: [
                dispatch.workgroup_count_x,
                dispatch.workgroup_count_y,
                dispatch.workgroup_count_z.into(),
            ],
            constants: self.constants().to_vec(),
            bindings: self.binding_ranges(),
            local_memory: (workgroup.local_memory as usize, workgroup.local_memory_size as usize),
            processor: workgroup.processor_id,
        };
        RAN.with_borrow_mut(|all| all.push(ran));
    }
}

/// Makes a [`Function`] of a closure-like body that gives the status.
#[macro_export]
macro_rules! function {
    ($name:literal, $constants:literal, $bindings:literal, $local_pages:literal, $body:expr) => {{
        unsafe extern "C" fn code(
            environment: *const $crate::support::Env,
            dispatch: *const $crate::support::State,
            workgroup: *const $crate::support::Group,
        ) -> core::ffi::c_int {
            // SAFETY: the ABI's promise to a dispatch function.
            let arguments = unsafe {
                $crate::support::Arguments {
                    environment: &*environment,
                    dispatch: &*dispatch,
                    workgroup: &*workgroup,
                }
            };
            arguments.note($name);
            let body: fn(&$crate::support::Arguments<'_>) -> core::ffi::c_int = $body;
            body(&arguments)
        }
        $crate::support::Function {
            name: $name,
            code: Some(code),
            constants: $constants,
            bindings: $bindings,
            local_pages: $local_pages,
        }
    }};
}

pub type Env = Environment;
pub type State = DispatchState;
pub type Group = WorkgroupState;
pub type Status = c_int;
