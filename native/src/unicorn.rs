//! The part of Unicorn 2's C interface that is used, as function pointers.

use std::ffi::c_void;

/// Unicorn's engine handle (`uc_engine *`).
pub type Handle = *mut c_void;
/// Reads a register of a peripheral: offset in the mapping, bytes.
pub type MmioRead = unsafe extern "C" fn(Handle, u64, u32, *mut c_void) -> u64;
/// Writes a register of a peripheral: offset in the mapping, bytes, value.
pub type MmioWrite = unsafe extern "C" fn(Handle, u64, u32, u64, *mut c_void);
/// Adds a hook: its handle, kind, callback, data, first and last address.
pub type HookAdd =
    unsafe extern "C" fn(Handle, *mut usize, i32, *mut c_void, *mut c_void, u64, u64, ...) -> i32;

/// Unicorn's success code.
pub const OK: i32 = 0;
/// `UC_ERR_MAP`: something is mapped there.
pub const MAP: i32 = 11;
/// `UC_ERR_FETCH_PROT`: execution of memory that is not executable.
pub const FETCH_PROTECTED: i32 = 14;

/// `uc_hook_type` and `uc_mem_type` of unicorn.h, version 2.
pub mod hook {
    /// An exception or interrupt is taken.
    pub const INTR: i32 = 1;
    /// A translated block is about to run.
    pub const BLOCK: i32 = 1 << 3;
    /// A load is about to be done.
    pub const MEM_READ: i32 = 1 << 10;
    /// A store is about to be done.
    pub const MEM_WRITE: i32 = 1 << 11;
    /// Every access to memory that is unmapped or protected.
    pub const MEM_INVALID: i32 = 0x3f << 4;
    /// An instruction that the core does not have.
    pub const INSN_INVALID: i32 = 1 << 14;
}

/// `uc_prot` of unicorn.h.
pub mod protection {
    /// Readable.
    pub const READ: u32 = 1;
    /// Writable.
    pub const WRITE: u32 = 2;
    /// Executable.
    pub const EXECUTE: u32 = 4;
}

/// The functions Python takes from the loaded Unicorn library.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Functions {
    /// `uc_emu_start`
    pub emu_start: unsafe extern "C" fn(Handle, u64, u64, u64, usize) -> i32,
    /// `uc_emu_stop`
    pub emu_stop: unsafe extern "C" fn(Handle) -> i32,
    /// `uc_reg_read`
    pub reg_read: unsafe extern "C" fn(Handle, i32, *mut c_void) -> i32,
    /// `uc_reg_write`
    pub reg_write: unsafe extern "C" fn(Handle, i32, *const c_void) -> i32,
    /// `uc_hook_add`
    pub hook_add: HookAdd,
    /// `uc_mem_map_ptr`
    pub mem_map_ptr: unsafe extern "C" fn(Handle, u64, u64, u32, *mut c_void) -> i32,
    /// `uc_mmio_map`
    pub mmio_map: unsafe extern "C" fn(
        Handle,
        u64,
        u64,
        MmioRead,
        *mut c_void,
        MmioWrite,
        *mut c_void,
    ) -> i32,
}

/// One Unicorn engine, alive as long as Python keeps it open.
pub struct Engine {
    handle: Handle,
    functions: Functions,
}

impl Engine {
    /// Wraps an open engine.
    ///
    /// # Safety
    /// `handle` is an open Unicorn 2 engine, `functions` are that library's,
    /// and both outlive the value.
    pub unsafe fn new(handle: Handle, functions: Functions) -> Engine {
        Engine { handle, functions }
    }

    /// Unicorn's handle and its `uc_emu_start`, to be called while no
    /// reference into the machine is alive: the hooks make their own.
    pub fn starter(&self) -> (Handle, unsafe extern "C" fn(Handle, u64, u64, u64, usize) -> i32) {
        (self.handle, self.functions.emu_start)
    }

    /// Asks the engine to stop at its next check.
    pub fn stop(&self) {
        // SAFETY: the engine is open (`new`); Unicorn allows this in hooks.
        let _ = unsafe { (self.functions.emu_stop)(self.handle) };
    }

    /// Reads one 32-bit register by Unicorn's id.
    pub fn register(&self, id: i32) -> u32 {
        let mut value = 0_u64;
        // SAFETY: the engine is open; a register here is at most 8 bytes.
        let _ = unsafe { (self.functions.reg_read)(self.handle, id, (&raw mut value).cast()) };
        value as u32
    }

    /// Writes one 32-bit register by Unicorn's id.
    pub fn set_register(&self, id: i32, value: u32) {
        let value = u64::from(value);
        // SAFETY: the engine is open; a register here is at most 8 bytes.
        let _ = unsafe { (self.functions.reg_write)(self.handle, id, (&raw const value).cast()) };
    }

    /// Adds a hook from `first` to `last`, or everywhere if `first` is
    /// greater; gives Unicorn's error code.
    ///
    /// # Safety
    /// `callback` has the signature Unicorn expects for `kind`, and `data` is
    /// valid for it until the engine is closed.
    pub unsafe fn add_hook(
        &self,
        kind: i32,
        callback: *mut c_void,
        data: *mut c_void,
        (first, last): (u32, u32),
    ) -> i32 {
        let mut hook = 0_usize;
        let (first, last) = (u64::from(first), u64::from(last));
        let add = self.functions.hook_add;
        // SAFETY: by this function's contract.
        unsafe { add(self.handle, &raw mut hook, kind, callback, data, first, last) }
    }

    /// Maps host memory into the guest; gives Unicorn's error code.
    ///
    /// # Safety
    /// `host` points to `length` bytes that live until the engine is closed.
    pub unsafe fn map(&self, base: u32, length: u32, protection: u32, host: *mut u8) -> i32 {
        // SAFETY: by this function's contract.
        unsafe {
            (self.functions.mem_map_ptr)(
                self.handle,
                u64::from(base),
                u64::from(length),
                protection,
                host.cast(),
            )
        }
    }

    /// Maps a peripheral's registers; gives Unicorn's error code.
    ///
    /// # Safety
    /// `data` is valid for both callbacks until the engine is closed.
    pub unsafe fn map_registers(
        &self,
        base: u32,
        length: u32,
        read: MmioRead,
        write: MmioWrite,
        data: *mut c_void,
    ) -> i32 {
        // SAFETY: by this function's contract.
        unsafe {
            (self.functions.mmio_map)(
                self.handle,
                u64::from(base),
                u64::from(length),
                read,
                data,
                write,
                data,
            )
        }
    }
}
