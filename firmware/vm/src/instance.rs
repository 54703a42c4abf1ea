use arielml_arena::{Arena, Vector};

use crate::error::name_of;
use crate::interpreter::Machine;
use crate::{Code, Error, Host, Module, Object, Value, text};

/// A module with its state: its globals.
pub struct Instance<'a, O> {
    machine: Machine<'a, O>,
    fuel: Option<u32>,
    arena: &'a Arena<'a>,
}

impl<'a, O: Object> Instance<'a, O> {
    /// Gives `module` zeroed globals and runs its `__init`, if it has one.
    ///
    /// Errors: `ResourceExhausted`, and whatever `__init` ends with.
    pub fn new<H: Host<'a, Object = O>>(
        module: Module<'a>,
        host: &mut H,
        arena: &'a Arena<'a>,
    ) -> Result<Self, Error<'a>> {
        let machine = Machine::new(module, arena).map_err(|_| Error::arena_full(arena))?;
        let mut instance = Instance { machine, fuel: None, arena };
        instance.run_if_exported(host, "__init")?;
        Ok(instance)
    }

    /// The module that this is an instance of.
    pub fn module(&self) -> &Module<'a> {
        &self.machine.module
    }

    /// How many branches and calls each later invocation may take before it
    /// ends with `DeadlineExceeded`; `None`, as at first, for no limit.
    pub fn set_fuel(&mut self, limit: Option<u32>) {
        self.fuel = limit;
    }

    /// Calls the export `export`. `results` is emptied and gets its results.
    ///
    /// Errors: `NotFound` for an unknown export; `InvalidArgument` for
    /// arguments that are not as its calling convention says;
    /// `ResourceExhausted` when the arena is full or calls nest deeper than
    /// 64; and whatever the function ends with. After an error the globals
    /// are as the function left them, and all else was released.
    pub fn invoke<H: Host<'a, Object = O>>(
        &mut self,
        host: &mut H,
        export: &str,
        args: &[Value<'a, O>],
        results: &mut Vector<'a, Value<'a, O>>,
    ) -> Result<(), Error<'a>> {
        results.truncate(0);
        let Some((ordinal, function)) = self.machine.module.export(export) else {
            return Err(Error::new(Code::NotFound, text!("the module has no such export")));
        };
        let letters = function.signature.arguments;
        if !args.iter().map(Value::letter).eq(letters.iter().copied()) {
            let message =
                text!("arguments are not as the export declares: arguments given, declared");
            return Err(Error::new(Code::InvalidArgument, message)
                .about(name_of(function.cconv))
                .with(args.len() as u32, letters.len() as u32));
        }
        let count = function.signature.results.len();
        results.reserve_exact(count).map_err(|_| Error::arena_full(self.arena))?;
        self.machine.run(host, ordinal, args, results, self.fuel)
    }

    /// Runs the module's `__deinit`, if it has one, and releases the state.
    ///
    /// Errors: whatever `__deinit` ends with; the state is released all the
    /// same.
    pub fn close<H: Host<'a, Object = O>>(mut self, host: &mut H) -> Result<(), Error<'a>> {
        self.run_if_exported(host, "__deinit")
    }

    fn run_if_exported<H: Host<'a, Object = O>>(
        &mut self,
        host: &mut H,
        name: &str,
    ) -> Result<(), Error<'a>> {
        if self.machine.module.export(name).is_none() {
            return Ok(());
        }
        self.invoke(host, name, &[], &mut Vector::new(self.arena))
    }
}
