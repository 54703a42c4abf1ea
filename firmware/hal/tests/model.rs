//! A compiled model from load to result. Its dispatch functions are written
//! here, under the names that the module asks for.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // Tests, helpers included.

mod support;

use arielml_arena::{Arena, Vector};
use arielml_hal::{Buffer, DENSE_ROW_MAJOR, Object, View};
use arielml_vm::{Code, Error, Ref, Value};
use support::session::{Argument, Failure, Session, arena};
use support::{Fake, ran};

const INT32: u32 = 0x1000_0020;

/// The dispatch functions of `model.vmfb`.
fn library() -> Fake {
    // Both weight tables are one buffer: 8x16 at 0, 16x16 after it.
    let first = function!("layers_dispatch_0_matvec_16x16_i32", 0, 3, 0, |call| {
        let weights = &call.binding::<i32>(0)[128..];
        matvec(call, weights, 4);
        0
    });
    let second = function!("layers_dispatch_1_matvec_8x16_i32", 0, 3, 0, |call| {
        let weights = &call.binding::<i32>(0)[..128];
        matvec(call, weights, 4);
        0
    });
    let scaled = function!("scaled_dispatch_0_elementwise_D_i32", 2, 3, 0, |call| {
        let factor = call.binding::<i32>(1)[0];
        let first = call.workgroup.id_x as usize * 4096;
        let count = (call.constants()[0] as usize - first).min(4096);
        for index in first..first + count {
            let value = call.binding::<i32>(0)[index] * factor;
            call.binding::<i32>(2)[index] = value;
        }
        0
    });
    Fake::new("model_linked", &[first, second, scaled])
}

/// `rows` rows of a matrix of 16 columns times binding 1, into binding 2.
fn matvec(call: &support::Arguments<'_>, weights: &[i32], rows: usize) {
    let first = call.workgroup.id_x as usize * rows;
    for row in first..first + rows {
        let columns = &weights[row * 16..][..16];
        let products = columns.iter().zip(call.binding::<i32>(1)).map(|(w, x)| w.wrapping_mul(*x));
        call.binding::<i32>(2)[row] = products.fold(0, i32::wrapping_add);
    }
}

fn tensor(
    arena: &'static Arena<'static>,
    dims: &[usize],
    values: &[i32],
) -> Result<Argument, Failure> {
    let buffer = Buffer::allocate(arena, values.len() * 4)?;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    buffer.write(0, &bytes)?;
    let dims = Vector::from_fn(arena, dims.len(), |index| dims[index])
        .map_err(|_| Error::arena_full(arena))?;
    let view = View::new(arena, buffer, 0, bytes.len(), INT32, DENSE_ROW_MAJOR, dims)?;
    Ok(Value::Ref(Ref::Host(Object::View(view))))
}

/// Shape and elements.
fn contents(value: &Argument) -> (Vec<usize>, Vec<i32>) {
    let Value::Ref(Ref::Host(Object::View(view))) = value else { panic!("not a view") };
    assert_eq!((view.element_type, view.encoding), (INT32, DENSE_ROW_MAJOR));
    let mut bytes = vec![0; view.length];
    view.buffer.read(view.offset, &mut bytes).unwrap();
    let values = bytes.as_chunks().0.iter().map(|chunk| i32::from_le_bytes(*chunk)).collect();
    (view.dims.to_vec(), values)
}

fn input() -> Vec<i32> {
    (0..16).map(|value| value * value - 40).collect()
}

/// What `layers` computes.
fn expected() -> Vec<i32> {
    let input = input();
    let hidden: Vec<i32> =
        (0..16).map(|i| (0..16).map(|j| (i * 16 + j) * input[j as usize]).sum()).collect();
    (0..8).map(|i| (0..16).map(|j| (i - j) * hidden[j as usize]).sum()).collect()
}

#[test]
fn two_layers_run_over_and_over_in_the_same_memory() {
    library().install();
    let arena = arena(16 << 10);
    let mut session = Session::new(arena, module!("modules/model.vmfb")).unwrap();
    assert_eq!(ran(), [], "nothing runs before a call");
    let idle = arena.usage();
    for _ in 0..3 {
        let input = tensor(arena, &[16], &input()).unwrap();
        let output = session.call("layers", &[input]).unwrap();
        assert_eq!(contents(&output[0]), (vec![8], expected()));
        drop(output);
        let ran = ran();
        let functions: Vec<_> = ran.iter().map(|ran| (ran.function, ran.id[0])).collect();
        let first = "layers_dispatch_0_matvec_16x16_i32";
        let second = "layers_dispatch_1_matvec_8x16_i32";
        assert_eq!(
            functions,
            [(first, 0), (first, 1), (first, 2), (first, 3), (second, 0), (second, 1)]
        );
        assert_eq!(arena.usage().used, idle.used);
        assert_eq!(arena.usage().live, idle.live);
    }
    drop(session);
    assert_eq!(arena.usage().live, 0);
}

#[test]
fn a_dynamic_shape_reaches_the_dispatch_as_constants() {
    library().install();
    let arena = arena(256 << 10);
    let mut session = Session::new(arena, module!("modules/model.vmfb")).unwrap();
    let live = arena.usage().live;
    for size in [1, 5, 5000] {
        let values: Vec<i32> = (0..size).collect();
        let input = tensor(arena, &[values.len()], &values).unwrap();
        let factor = tensor(arena, &[], &[-3]).unwrap();
        let output = session.call("scaled", &[input, factor]).unwrap();
        let expected = values.iter().map(|value| value * -3).collect();
        assert_eq!(contents(&output[0]), (vec![values.len()], expected));
        let ran = ran();
        assert_eq!(ran.len(), values.len().div_ceil(4096));
        assert_eq!(ran[0].constants, [size as u32, 0]);
        drop(output);
        assert_eq!(arena.usage().live, live, "a one-shot command buffer is gone");
    }
}

#[test]
fn an_input_that_does_not_fit_is_refused_with_its_name() {
    library().install();
    let arena = arena(16 << 10);
    let mut session = Session::new(arena, module!("modules/model.vmfb")).unwrap();
    let live = arena.usage().live;
    let mut refusal = |dims: &[usize], element_type| {
        let buffer = Buffer::allocate(arena, 64).unwrap();
        let dims = Vector::from_fn(arena, dims.len(), |index| dims[index]).unwrap();
        let view = View::new(arena, buffer, 0, 64, element_type, DENSE_ROW_MAJOR, dims).unwrap();
        let error =
            session.call("layers", &[Value::Ref(Ref::Host(Object::View(view)))]).err().unwrap();
        assert_eq!((error.code, error.subject), (Code::InvalidArgument, "input0"));
        assert!(error.at.is_some());
        assert_eq!(arena.usage().live, live);
        (error.message.to_string(), error.values)
    };
    assert_eq!(refusal(&[8], INT32), ("dimension: found, expected".to_string(), [8, 16]));
    assert_eq!(refusal(&[4, 4], INT32), ("rank: found, expected".to_string(), [2, 1]));
    let float32 = 0x2100_0020;
    assert_eq!(
        refusal(&[16], float32),
        ("element type: found, expected".to_string(), [float32, INT32])
    );
    assert_eq!(ran(), []);
}

#[test]
fn a_failing_dispatch_ends_the_call_and_the_next_call_works() {
    let mut broken = library();
    broken.functions[0] = function!("layers_dispatch_0_matvec_16x16_i32", 0, 3, 0, |call| {
        // The first call fails in its third workgroup, the second does not.
        if call.workgroup.id_x == 2 && call.binding::<i32>(1)[0] == 1 { 13 } else { 0 }
    });
    broken.install();
    let arena = arena(16 << 10);
    let mut session = Session::new(arena, module!("modules/model.vmfb")).unwrap();
    let live = arena.usage().live;
    let input = tensor(arena, &[16], &[1; 16]).unwrap();
    let error = session.call("layers", &[input]).err().unwrap();
    assert_eq!((error.code, error.values), (Code::Internal, [13, 2]));
    assert_eq!(error.subject, "layers_dispatch_0_matvec_16x16_i32");
    assert_eq!(ran().len(), 3);
    assert_eq!(arena.usage().live, live);
    let input = tensor(arena, &[16], &[2; 16]).unwrap();
    assert_eq!(session.call("layers", &[input]).unwrap().len(), 1);
    assert_eq!(ran().len(), 6);
}

#[test]
fn a_module_and_a_library_that_do_not_belong_together_are_refused() {
    let arena = arena(16 << 10);
    let refusal = |library: Fake| {
        library.install();
        let error = Session::new(arena, module!("modules/model.vmfb")).err().unwrap();
        assert_eq!(arena.usage().live, 0);
        (error.code, error.subject, error.values)
    };
    let other_name = Fake { name: "other", ..library() };
    assert_eq!(refusal(other_name), (Code::NotFound, "model_linked", [1, 0]));
    let mut missing = library();
    missing.functions.remove(1);
    let name = "layers_dispatch_1_matvec_8x16_i32";
    assert_eq!(refusal(missing), (Code::NotFound, name, [0, 0]));
    let mut other_bindings = library();
    other_bindings.functions[1].bindings = 2;
    assert_eq!(refusal(other_bindings), (Code::InvalidArgument, name, [3, 2]));
    let mut other_constants = library();
    other_constants.functions[1].constants = 1;
    assert_eq!(refusal(other_constants), (Code::InvalidArgument, name, [0, 1]));
}

#[test]
fn every_allocation_may_fail_and_leaves_nothing_behind() {
    library().install();
    let arena = arena(64 << 10);
    for allowed in 0.. {
        arena.fail_after(Some(allowed));
        let result = Session::new(arena, module!("modules/model.vmfb"));
        arena.fail_after(None);
        match result {
            Ok(_) => break,
            Err(error) => assert_eq!(error.code, Code::ResourceExhausted, "{error:?}"),
        }
        assert_eq!(arena.usage().live, 0, "after {allowed} allocations");
    }
    let mut session = Session::new(arena, module!("modules/model.vmfb")).unwrap();
    let live = arena.usage().live;
    for allowed in 0.. {
        arena.fail_after(Some(allowed));
        let input = tensor(arena, &[16], &input());
        let result = input.and_then(|input| session.call("layers", &[input]));
        arena.fail_after(None);
        match result {
            Ok(output) => {
                assert_eq!(contents(&output[0]).1, expected());
                assert!(allowed > 10);
                break;
            }
            Err(error) => assert_eq!(error.code, Code::ResourceExhausted, "{error:?}"),
        }
        assert_eq!(arena.usage().live, live, "after {allowed} allocations");
    }
    drop(session);
    assert_eq!(arena.usage().live, 0);
}

#[test]
fn weights_are_used_in_place() {
    library().install();
    let arena = arena(16 << 10);
    let module = module!("modules/model.vmfb");
    let mut session = Session::new(arena, module).unwrap();
    let input = tensor(arena, &[16], &input()).unwrap();
    session.call("layers", &[input]).unwrap();
    let (start, length) = ran()[0].bindings[0];
    assert_eq!(length, 1536);
    assert!(module.as_ptr_range().contains(&(start as *const u8)));
    assert_eq!(start % 64, 0);
}
