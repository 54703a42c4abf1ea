//! Traced tensors, as frames.

use arielml_arena::Vector;
use arielml_hal::{Buffer, DENSE_ROW_MAJOR, Tracer, View, dense_length};

use super::*;
use crate::trace::{Frames, Inlet};

/// What is sent for a tensor whose bytes count up.
fn traced(key: &[u8], element_type: u32, dims: &[usize]) -> Vec<Vec<Value>> {
    let mut region = vec![MaybeUninit::uninit(); 16 * 1024];
    let arena = Arena::new(&mut region);
    let length = dense_length(element_type, dims).unwrap();
    let buffer = Buffer::allocate(&arena, length + 8).unwrap();
    let bytes: Vec<u8> = (0..length).map(|index| index as u8).collect();
    buffer.write(8, &bytes).unwrap();
    let dims = Vector::from_fn(&arena, dims.len(), |index| dims[index]).unwrap();
    let view = View::new(&arena, buffer, 8, length, element_type, DENSE_ROW_MAJOR, dims).unwrap();
    let mut wire = Wire::default();
    Frames::trace(&mut Inlet(&mut wire), key, 3, &view);
    let sent = wire.0.take();
    bodies(&sent).into_iter().map(|body| body.into_array().unwrap()).collect()
}

#[test]
fn a_tensor_comes_in_pieces_that_make_it_whole() {
    let frames = traced(b"d::d inputs", FLOAT32, &[3, 500]);
    assert!(frames.len() > 5);
    let mut data = Vec::new();
    for frame in frames {
        let head = [0u32.into(), 4u32.into(), "d::d inputs".into(), 3u32.into(), FLOAT32.into()];
        assert_eq!(frame[..5], head);
        assert_eq!(frame[5], dims_of(&[3, 500]));
        assert_eq!(frame[6], Value::from(data.len() as u64));
        data.extend_from_slice(frame[7].as_bytes().unwrap());
        assert_eq!(frame.len(), 8);
    }
    assert_eq!(data.len(), 6000);
    assert!(data.iter().enumerate().all(|(index, &byte)| byte == index as u8));
}

#[test]
fn whatever_the_tensor_a_frame_holds_its_piece() {
    // `bodies` holds each against the largest body.
    assert_eq!(traced(b"k", FLOAT32, &[0, 7]).len(), 1);
    assert_eq!(traced(b"k", SINT8, &[])[0][7], Value::Bytes(vec![0]));
    let long = [b'k'; 1000];
    let frames = traced(&long, SINT8, &[1; 100]);
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0][2].as_text().unwrap().len(), 400);
    assert_eq!(frames[0][5].as_array().unwrap().len(), 64);
    assert_eq!(traced(b"\xFF", SINT8, &[1])[0][2].as_text().unwrap(), "(not UTF-8)");
}
