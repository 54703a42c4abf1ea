use crate::{Call, Error, Parts};

/// What a module imports: another module, such as the HAL, written in Rust.
///
/// `'a` is the life of the image: the arena and the module's bytes.
pub trait Host<'a>: Sized {
    /// The reference types that the host adds to the VM's own. Cloning
    /// retains, dropping releases.
    type Object: Object;

    /// Finds an import by full name (`hal.fence.await`) and checks that its
    /// calling convention (`0iICrD_i`) is the one that the host implements.
    /// Names are bytes, as the module has them.
    ///
    /// Errors: `NotFound` for a name that the host does not have,
    /// `Incompatible` for another calling convention.
    fn resolve(&self, name: &'a [u8], cconv: &'a [u8]) -> Result<ImportId, Error<'a>>;

    /// The version of the host module `name` (`hal`), or `None` when there is
    /// no such module. Checked against the module's declared dependencies.
    fn module_version(&self, name: &[u8]) -> Option<u32>;

    /// The number of the reference type `name` (`hal.buffer`, without the
    /// leading `!`), or `None` for one that the host does not have.
    fn type_id(&self, name: &[u8]) -> Option<u8>;

    /// The parts of the interpreter that this build has: a module that asks
    /// for the float extensions is refused without them, and what uses other
    /// missing parts ends there.
    fn parts(&self) -> Parts<'a, Self::Object> {
        Parts::ALL
    }

    /// Whether [`Host::fuel`] may limit anything: where not, nothing is asked.
    const LIMITS: bool = false;

    /// How many branches and calls may be taken until it is asked again;
    /// `None`, as by default, for any number. With `Some(0)` the invocation
    /// ends with `DeadlineExceeded`.
    fn fuel(&mut self) -> Option<u32> {
        None
    }

    /// Runs one import. Arguments are read from `call` in the order of the
    /// calling convention, and results given to it in that order.
    fn call(
        &mut self,
        import: ImportId,
        call: &mut Call<'_, 'a, Self::Object>,
    ) -> Result<(), Error<'a>>;
}

/// The host's own number for an import.
pub type ImportId = u8;

/// A reference type of the host.
pub trait Object: Clone {
    /// The type's number, as [`Host::type_id`] gave it.
    fn type_id(&self) -> u8;

    /// Whether both are the same object, not merely equal ones.
    fn same(&self, other: &Self) -> bool;
}
