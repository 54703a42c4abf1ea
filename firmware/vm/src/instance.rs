use arielml_arena::{Arena, Vector};

use crate::interpreter::{Frame, Machine, State};
use crate::{Code, Error, Host, Module, Object, Ref, Value};

/// A module with its state: its globals.
pub struct Instance<'a, O> {
    module: Module<'a>,
    state: State<'a, O>,
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
        let globals = Vector::from_fn(arena, module.global_bytes.div_ceil(4), |_| 0)?;
        let global_refs = Vector::from_fn(arena, module.global_refs, |_| Ref::Null)?;
        let state = State { globals, global_refs };
        let mut instance = Instance { module, state, fuel: None, arena };
        instance.run_if_exported(host, "__init")?;
        Ok(instance)
    }

    /// The module that this is an instance of.
    pub fn module(&self) -> &Module<'a> {
        &self.module
    }

    /// How many branches and calls each later invocation may take before it ends with `DeadlineExceeded`; `None`, as at first,
    /// for no limit.
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
        let (ordinal, function) = self
            .module
            .export(export)
            .ok_or(Error::new(Code::NotFound, "the module has no such export"))?;
        let letters = function.signature.arguments();
        if !args.iter().map(Value::letter).eq(letters.iter().copied()) {
            let message = "arguments are not as the export declares: arguments given, declared";
            return Err(Error::new(Code::InvalidArgument, message)
                .about(function.signature.text())
                .with(args.len() as u32, letters.len() as u32));
        }
        results.reserve_exact(function.signature.results().len())?;
        let frame = Frame::with(ordinal, function, args, self.arena)?;
        Machine::new(&self.module, &mut self.state, frame, self.fuel, self.arena).run(host, results)
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
        if self.module.export(name).is_none() {
            return Ok(());
        }
        self.invoke(host, name, &[], &mut Vector::new(self.arena))
    }
}
