//! Imports called with arguments of which some are anything.

use super::*;
use crate::support::ran;

/// Calls that are as they should be: a letter for an object of each kind (`z`
/// is null, the capital ones are names), and numbers.
const CALLS: [(&str, &str); 49] = [
    ("allocator_allocate", "a -1 50 3075 64"),
    ("allocator_import", "a 1 -1 48 527363 B 0 64"),
    ("allocator_select", "48 3075 0 d -1"),
    ("buffer_allocation_discard", "b"),
    ("buffer_allocation_is_terminal", "b"),
    ("buffer_allocation_preserve", "b"),
    ("buffer_assert", "b N a 4 16 3075"),
    ("buffer_length", "b"),
    ("buffer_load", "b 4 4"),
    ("buffer_store", "7 b 4 4"),
    ("buffer_subspan", "b 16 16"),
    ("buffer_view_assert", "v N 268435488 1 2 2"),
    ("buffer_view_buffer", "v"),
    ("buffer_view_create", "b 0 16 268435488 1 2 2"),
    ("buffer_view_dim", "v 1"),
    ("buffer_view_rank", "v"),
    ("buffer_view_trace", "N v"),
    ("command_buffer_advise_buffer", "c b 0 0 0 0"),
    ("command_buffer_begin_debug_group", "c N"),
    ("command_buffer_copy_buffer", "c 0 0 b 0 z 16 16 0"),
    ("command_buffer_create", "d 0 3 -1 2"),
    ("command_buffer_dispatch", "c e 0 2 1 1 0 7 0 0 b 0 4 0 1 z 4 4"),
    ("command_buffer_dispatch", "c e 0 3 2 1 0 7 0 0 b 0 4 0 0 b 8 4"),
    ("command_buffer_dispatch", "c e 0 1 1 5 0 7 0 0 b 0 -1 0 0 b 0 -1"),
    ("command_buffer_dispatch_indirect", "c e 0 0 b 32 0 7 0 0 z 0 4 0 0 b 4 4"),
    ("command_buffer_end_debug_group", "c"),
    ("command_buffer_execution_barrier", "c 28 13 0"),
    ("command_buffer_fill_buffer", "c z 0 16 1 1 4 0"),
    ("command_buffer_finalize", "c"),
    ("command_buffer_update_buffer", "c B 0 b 0 4 0 0"),
    ("device_query_i64", "d D S"),
    ("device_queue_alloca", "d -1 z f 0 48 3075 64 0"),
    ("device_queue_copy", "d -1 f z b 0 b 16 16 0"),
    ("device_queue_dealloca", "d -1 z f b 0"),
    ("device_queue_execute", "d -1 z z c 0"),
    ("device_queue_execute_indirect", "d -1 f z c 0 b 0 64 b 0 -1"),
    ("device_queue_execute_indirect", "d -1 z z c 0 b 0 64 b 0 -1"),
    ("device_queue_execute_indirect", "d -1 z f c 0 b 0 64 b 0 -1"),
    ("device_queue_fill", "d -1 z z b 0 16 1 4 0"),
    ("device_queue_read", "d -1 z f m 0 b 0 16 0"),
    ("device_queue_update", "d -1 z z B 0 b 0 16 0"),
    ("ex_file_from_memory", "d -1 1 B 0 64 0"),
    ("executable_create", "d -1 S L z"),
    ("executable_lookup_function", "e N"),
    ("fence_await", "0 0 f z"),
    ("fence_create", "d 0"),
    ("fence_fail", "f 5"),
    ("fence_join", "0 f f"),
    ("fence_signal", "f"),
];

/// Numbers around every limit.
const NUMBERS: [i64; 16] =
    [0, 1, 2, 3, 5, 17, 63, 64, 65, -1, -2, 0xFFFF, 1 << 31, (1 << 32) - 1, i64::MAX, i64::MIN];

/// A generator of numbers that are the same on every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }

    fn pick<'p, T>(&mut self, pool: &'p [T]) -> &'p T {
        &pool[self.below(pool.len())]
    }
}

/// The objects that calls get, by letter. Those that calls give take the place
/// of the ones before.
struct Objects(Vec<(char, Argument)>);

impl Objects {
    fn new(session: &mut Session) -> Self {
        // In memory that can be written: whether a dispatch function writes to
        // a binding, only the compiler knows.
        let bytes: &'static [u8] = &Box::leak(Box::new(Aligned([3; 64]))).0;
        let buffer = session.buffer(&[1; 16]);
        let fence = session.fence();
        let create = [buffer.clone(), l(0), l(16), INT32, i(1), l(2), l(2)];
        let view = session.one("buffer_view_create", &create);
        let file = [DEVICE, ANY, i(1), data(bytes), l(0), l(64), i(0)];
        let file = session.one("ex_file_from_memory", &file);
        let create = [DEVICE, ANY, data(b"static"), data(b"lib"), NULL];
        let executable = session.one("executable_create", &create);
        let commands = session.one("command_buffer_create", &[DEVICE, i(0), i(3), ANY, i(2)]);
        Objects(vec![
            ('d', DEVICE),
            ('a', ALLOCATOR),
            ('b', buffer),
            ('v', view),
            ('f', fence),
            ('c', commands),
            ('e', executable),
            ('m', file),
            ('z', NULL),
            ('B', data(bytes)),
            ('N', data(b"add")),
            ('S', data(b"static")),
            ('L', data(b"lib")),
            ('D', data(b"hal.executable.format")),
        ])
    }

    fn get(&self, letter: char) -> Argument {
        self.0.iter().find(|(known, _)| *known == letter).unwrap().1.clone()
    }

    fn put(&mut self, value: Argument) {
        let letter = match reference(&value) {
            Ref::Host(Object::Buffer(_)) => 'b',
            Ref::Host(Object::View(_)) => 'v',
            Ref::Host(Object::Fence(_)) => 'f',
            Ref::Host(Object::CommandBuffer(_)) => 'c',
            Ref::Host(Object::Executable(_)) => 'e',
            Ref::Host(Object::File(_)) => 'm',
            _ => return,
        };
        self.0.retain(|(known, _)| *known != letter);
        self.0.push((letter, value));
    }
}

#[test]
fn nothing_that_bytecode_passes_breaks_the_device() {
    let mut session = session();
    let live = session.arena.usage().live;
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let (mut given, mut refused, mut workgroups) = (0, 0, 0);
    for _ in 0..100 {
        let mut objects = Objects::new(&mut session);
        for _ in 0..400 {
            let (export, tokens) = *random.pick(&CALLS);
            let module = session.instance.module();
            let cconv = module.exports().find(|(name, _)| *name == export).unwrap().1;
            let letters = cconv.trim_start_matches('0').chars();
            // One argument in so many is replaced; sometimes none is.
            let rarity = *random.pick(&[3, 12, 1000]);
            let arguments: Vec<Argument> = tokens
                .split(' ')
                .zip(letters)
                .map(|(token, letter)| {
                    let wild = random.below(rarity) == 0;
                    if letter == 'r' {
                        let known = token.chars().next().unwrap();
                        if wild { random.pick(&objects.0).1.clone() } else { objects.get(known) }
                    } else {
                        let number =
                            if wild { *random.pick(&NUMBERS) } else { token.parse().unwrap() };
                        if letter == 'i' { i(number as i32) } else { l(number) }
                    }
                })
                .collect();
            match session.call(export, &arguments) {
                Ok(results) => {
                    given += 1;
                    let results = results.into_iter();
                    results.filter(|value| matches!(value, Value::Ref(_))).for_each(|value| {
                        objects.put(value);
                    });
                }
                Err(error) => {
                    refused += 1;
                    assert_ne!(error.message, "a command buffer is corrupt", "{export}");
                }
            }
        }
        drop(objects);
        workgroups += ran().len();
        assert_eq!(session.arena.usage().live, live);
    }
    let counts = format!("{given} calls, {refused} refused, {workgroups} workgroups");
    assert!(given > 5000 && refused > 5000 && workgroups > 500, "{counts}");
}
