use core::cell::{RefCell, RefMut};
use core::mem;

use arielml_arena::{Arena, OutOfMemory, Shared, Vector};

use crate::interpreter::{Floats, Stop};
use crate::{Object, Ref, Type, Value};

/// A list of values, of references, or of either (`!vm.list<...>`).
pub struct List<'a, O> {
    element: Type,
    elements: RefCell<Vector<'a, Value<'a, O>>>,
}

impl<'a, O: Object> List<'a, O> {
    /// An empty list with room for `capacity` elements of type `element`
    /// ([`Type::Opaque`] for any).
    pub fn new(arena: &'a Arena<'a>, element: Type, capacity: usize) -> Result<Self, OutOfMemory> {
        let mut elements = Vector::new(arena);
        elements.reserve_exact(capacity)?;
        Ok(List { element, elements: RefCell::new(elements) })
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.elements.try_borrow().map_or(0, |elements| elements.len())
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for `capacity` elements in all, if there is memory.
    pub(crate) fn reserve(&self, capacity: usize) -> Result<Result<(), OutOfMemory>, Stop> {
        let mut elements = self.elements()?;
        let missing = capacity.saturating_sub(elements.len());
        Ok(elements.reserve_exact(missing))
    }

    /// Drops the elements beyond `length`, or adds zero (null, never set)
    /// ones up to it, if there is memory.
    pub(crate) fn resize(&self, length: usize) -> Result<Result<(), OutOfMemory>, Stop> {
        if let Err(error) = self.reserve(length)? {
            return Ok(Err(error));
        }
        while self.len() < length {
            if let Err(error) = self.elements()?.push(self.element.zero()) {
                return Ok(Err(error));
            }
        }
        while self.len() > length {
            // Dropped only when the list is free again: it may own others.
            let dropped = self.elements()?.pop();
            drop(dropped);
        }
        Ok(Ok(()))
    }

    /// The value at `index`, converted to the value type `wanted` as
    /// [`convert`] says.
    pub(crate) fn value(
        &self,
        index: usize,
        wanted: Type,
        floats: Option<Floats>,
    ) -> Result<Value<'a, O>, Stop> {
        match self.elements()?.get(index) {
            None | Some(Value::Ref(_)) => Err(Stop::ListKind),
            Some(value) => Ok(convert(value, wanted, floats)),
        }
    }

    /// Sets the value at `index`, converted to the list's element type.
    pub(crate) fn set_value(
        &self,
        index: usize,
        value: Value<'a, O>,
        floats: Option<Floats>,
    ) -> Result<(), Stop> {
        if self.element == Type::Opaque {
            self.put(index, value)
        } else if self.element.is_value() {
            self.put(index, convert(&value, self.element, floats))
        } else {
            Err(Stop::ListKind)
        }
    }

    /// The reference at `index`; with `take`, null is left in its place.
    pub(crate) fn reference(&self, index: usize, take: bool) -> Result<Ref<'a, O>, Stop> {
        match self.elements()?.get_mut(index) {
            Some(Value::Ref(reference)) if take => Ok(mem::take(reference)),
            Some(Value::Ref(reference)) => Ok(reference.clone()),
            _ => Err(Stop::ListKind),
        }
    }

    /// Sets the reference at `index`, which must be of the list's type.
    pub(crate) fn set_reference(&self, index: usize, reference: Ref<'a, O>) -> Result<(), Stop> {
        if self.element.is_value() {
            Err(Stop::ListKind)
        } else if reference.is_a(self.element) {
            self.put(index, Value::Ref(reference))
        } else {
            Err(Stop::ListType)
        }
    }

    fn put(&self, index: usize, value: Value<'a, O>) -> Result<(), Stop> {
        let mut elements = self.elements()?;
        let element = elements.get_mut(index).ok_or(Stop::Unverified)?;
        let replaced = mem::replace(element, value);
        // The list is free again before what it held goes: that may be a list.
        drop(elements);
        drop(replaced);
        Ok(())
    }

    fn elements(&self) -> Result<RefMut<'_, Vector<'a, Value<'a, O>>>, Stop> {
        self.elements.try_borrow_mut().map_err(|_| Stop::InUse)
    }
}

/// The value as another type: integers are cut or sign-extended, floats
/// widened or rounded, and between integers and floats there is no way, so
/// that the result is zero (`iree/vm/list.c`).
fn convert<'a, O: Object>(
    value: &Value<'a, O>,
    wanted: Type,
    floats: Option<Floats>,
) -> Value<'a, O> {
    let integer = match value {
        Value::I32(value) => i64::from(*value),
        Value::I64(value) => *value,
        _ => 0,
    };
    match (wanted, value, floats) {
        (Type::I8, ..) => Value::I32(i32::from(integer as i8)),
        (Type::I16, ..) => Value::I32(i32::from(integer as i16)),
        (Type::I32, ..) => Value::I32(integer as i32),
        (Type::I64, ..) => Value::I64(integer),
        (Type::F32, Value::F32(value), _) => Value::F32(*value),
        (Type::F64, Value::F64(value), _) => Value::F64(*value),
        (Type::F32, Value::F64(value), Some(floats)) => Value::F32((floats.narrow)(*value)),
        (Type::F64, Value::F32(value), Some(floats)) => Value::F64((floats.widen)(*value)),
        _ => wanted.zero(),
    }
}

/// Lists may nest without bound, and a module decides how deep, so dropping
/// one must not recurse. Going down into an inner list, the elements still to
/// be dropped are left in that inner list's place, with the way back up in
/// the slot that it vacated.
impl<'a, O> Drop for List<'a, O> {
    fn drop(&mut self) {
        let mut above: Ref<'a, O> = Ref::Null;
        let elements = self.elements.get_mut();
        loop {
            let inner = match elements.pop() {
                Some(Value::Ref(Ref::List(inner))) if Shared::owners(&inner) == 1 => inner,
                Some(_) => continue,
                None => match mem::take(&mut above) {
                    Ref::List(outer) => {
                        swap(&outer, elements);
                        if let Some(Value::Ref(further)) = elements.pop() {
                            above = further;
                        }
                        continue;
                    }
                    _ => return,
                },
            };
            if elements.push(Value::Ref(mem::take(&mut above))).is_ok() {
                swap(&inner, elements);
                above = Ref::List(inner);
            }
        }
    }
}

fn swap<'a, O>(list: &Shared<'a, List<'a, O>>, elements: &mut Vector<'a, Value<'a, O>>) {
    if let Ok(mut theirs) = list.elements.try_borrow_mut() {
        mem::swap(&mut *theirs, elements);
    }
}
