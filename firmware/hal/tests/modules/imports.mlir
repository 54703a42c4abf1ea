// Each import of the HAL behind an export of its own (dots become
// underscores) with the same arguments, for tests to call it as bytecode does.
// Variadic arguments have a fixed number, one or two.
module attributes {vm.toplevel} {
vm.module public @imports {
  vm.import private @hal.ex.file.from_memory(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : i32, %3 : !vm.buffer, %4 : i64, %5 : i64, %6 : i32) -> !vm.ref<!hal.file>
  vm.import private @hal.allocator.select(%0 : i32, %1 : i32, %2 : i64, %3 : tuple<!vm.ref<!hal.device>, i64>...) -> (!vm.ref<!hal.device>, i64)
  vm.import private @hal.allocator.allocate(%0 : !vm.ref<!hal.allocator>, %1 : i64, %2 : i32, %3 : i32, %4 : i64) -> !vm.ref<!hal.buffer>
  vm.import private @hal.allocator.import(%0 : !vm.ref<!hal.allocator>, %1 : i32, %2 : i64, %3 : i32, %4 : i32, %5 : !vm.buffer, %6 : i64, %7 : i64) -> !vm.ref<!hal.buffer>
  vm.import private @hal.buffer.assert(%0 : !vm.ref<!hal.buffer>, %1 : !vm.buffer, %2 : !vm.ref<!hal.allocator>, %3 : i64, %4 : i32, %5 : i32)
  vm.import private @hal.buffer.allocation.preserve(%0 : !vm.ref<!hal.buffer>)
  vm.import private @hal.buffer.allocation.discard(%0 : !vm.ref<!hal.buffer>) -> i32
  vm.import private @hal.buffer.allocation.is_terminal(%0 : !vm.ref<!hal.buffer>) -> i32
  vm.import private @hal.buffer.subspan(%0 : !vm.ref<!hal.buffer>, %1 : i64, %2 : i64) -> !vm.ref<!hal.buffer>
  vm.import private @hal.buffer.length(%0 : !vm.ref<!hal.buffer>) -> i64
  vm.import private @hal.buffer.load(%0 : !vm.ref<!hal.buffer>, %1 : i64, %2 : i32) -> i32
  vm.import private @hal.buffer.store(%0 : i32, %1 : !vm.ref<!hal.buffer>, %2 : i64, %3 : i32)
  vm.import private @hal.buffer_view.create(%0 : !vm.ref<!hal.buffer>, %1 : i64, %2 : i64, %3 : i32, %4 : i32, %5 : i64 ...) -> !vm.ref<!hal.buffer_view>
  vm.import private @hal.buffer_view.assert(%0 : !vm.ref<!hal.buffer_view>, %1 : !vm.buffer, %2 : i32, %3 : i32, %4 : i64 ...)
  vm.import private @hal.buffer_view.buffer(%0 : !vm.ref<!hal.buffer_view>) -> !vm.ref<!hal.buffer>
  vm.import private @hal.buffer_view.element_type(%0 : !vm.ref<!hal.buffer_view>) -> i32
  vm.import private @hal.buffer_view.encoding_type(%0 : !vm.ref<!hal.buffer_view>) -> i32
  vm.import private @hal.buffer_view.rank(%0 : !vm.ref<!hal.buffer_view>) -> i32
  vm.import private @hal.buffer_view.dim(%0 : !vm.ref<!hal.buffer_view>, %1 : i32) -> i64
  vm.import private @hal.buffer_view.trace(%0 : !vm.buffer, %1 : !vm.ref<!hal.buffer_view> ...)
  vm.import private @hal.command_buffer.create(%0 : !vm.ref<!hal.device>, %1 : i32, %2 : i32, %3 : i64, %4 : i32) -> !vm.ref<!hal.command_buffer>
  vm.import private @hal.command_buffer.finalize(%0 : !vm.ref<!hal.command_buffer>)
  vm.import private @hal.command_buffer.begin_debug_group(%0 : !vm.ref<!hal.command_buffer>, %1 : !vm.buffer)
  vm.import private @hal.command_buffer.end_debug_group(%0 : !vm.ref<!hal.command_buffer>)
  vm.import private @hal.command_buffer.execution_barrier(%0 : !vm.ref<!hal.command_buffer>, %1 : i32, %2 : i32, %3 : i64)
  vm.import private @hal.command_buffer.advise_buffer(%0 : !vm.ref<!hal.command_buffer>, %1 : !vm.ref<!hal.buffer>, %2 : i64, %3 : i64, %4 : i64, %5 : i32)
  vm.import private @hal.command_buffer.fill_buffer(%0 : !vm.ref<!hal.command_buffer>, %1 : !vm.ref<!hal.buffer>, %2 : i64, %3 : i64, %4 : i32, %5 : i64, %6 : i32, %7 : i64)
  vm.import private @hal.command_buffer.update_buffer(%0 : !vm.ref<!hal.command_buffer>, %1 : !vm.buffer, %2 : i64, %3 : !vm.ref<!hal.buffer>, %4 : i64, %5 : i64, %6 : i32, %7 : i64)
  vm.import private @hal.command_buffer.copy_buffer(%0 : !vm.ref<!hal.command_buffer>, %1 : i32, %2 : i32, %3 : !vm.ref<!hal.buffer>, %4 : i64, %5 : !vm.ref<!hal.buffer>, %6 : i64, %7 : i64, %8 : i64)
  vm.import private @hal.command_buffer.dispatch(%0 : !vm.ref<!hal.command_buffer>, %1 : !vm.ref<!hal.executable>, %2 : i64, %3 : i32, %4 : i32, %5 : i32, %6 : i64, %7 : i32 ..., %8 : tuple<i32, i32, !vm.ref<!hal.buffer>, i64, i64>...)
  vm.import private @hal.command_buffer.dispatch.indirect(%0 : !vm.ref<!hal.command_buffer>, %1 : !vm.ref<!hal.executable>, %2 : i64, %3 : i32, %4 : !vm.ref<!hal.buffer>, %5 : i64, %6 : i64, %7 : i32 ..., %8 : tuple<i32, i32, !vm.ref<!hal.buffer>, i64, i64>...)
  vm.import private @hal.device.allocator(%0 : !vm.ref<!hal.device>) -> !vm.ref<!hal.allocator>
  vm.import private @hal.device.query.i64(%0 : !vm.ref<!hal.device>, %1 : !vm.buffer, %2 : !vm.buffer) -> (i32, i64)
  vm.import private @hal.device.queue.alloca(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : i64, %5 : i32, %6 : i32, %7 : i64, %8 : i64) -> !vm.ref<!hal.buffer>
  vm.import private @hal.device.queue.dealloca(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.buffer>, %5 : i64)
  vm.import private @hal.device.queue.fill(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.buffer>, %5 : i64, %6 : i64, %7 : i64, %8 : i32, %9 : i64)
  vm.import private @hal.device.queue.update(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.buffer, %5 : i64, %6 : !vm.ref<!hal.buffer>, %7 : i64, %8 : i64, %9 : i64)
  vm.import private @hal.device.queue.copy(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.buffer>, %5 : i64, %6 : !vm.ref<!hal.buffer>, %7 : i64, %8 : i64, %9 : i64)
  vm.import private @hal.device.queue.read(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.file>, %5 : i64, %6 : !vm.ref<!hal.buffer>, %7 : i64, %8 : i64, %9 : i64)
  vm.import private @hal.device.queue.write(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.buffer>, %5 : i64, %6 : !vm.ref<!hal.file>, %7 : i64, %8 : i64, %9 : i64)
  vm.import private @hal.device.queue.barrier(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : i64)
  vm.import private @hal.device.queue.execute(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.command_buffer>, %5 : i64)
  vm.import private @hal.device.queue.execute.indirect(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.ref<!hal.fence>, %3 : !vm.ref<!hal.fence>, %4 : !vm.ref<!hal.command_buffer>, %5 : i64, %6 : tuple<!vm.ref<!hal.buffer>, i64, i64>...)
  vm.import private @hal.device.queue.flush(%0 : !vm.ref<!hal.device>, %1 : i64)
  vm.import private @hal.devices.count() -> i32
  vm.import private @hal.devices.get(%0 : i32) -> !vm.ref<!hal.device>
  vm.import private @hal.executable.create(%0 : !vm.ref<!hal.device>, %1 : i64, %2 : !vm.buffer, %3 : !vm.buffer, %4 : !vm.buffer) -> !vm.ref<!hal.executable>
  vm.import private @hal.executable.lookup.function(%0 : !vm.ref<!hal.executable>, %1 : !vm.buffer) -> i64
  vm.import private @hal.fence.create(%0 : !vm.ref<!hal.device>, %1 : i64) -> !vm.ref<!hal.fence>
  vm.import private @hal.fence.join(%0 : i64, %1 : !vm.ref<!hal.fence> ...) -> !vm.ref<!hal.fence>
  vm.import private @hal.fence.query(%0 : !vm.ref<!hal.fence>) -> i32
  vm.import private @hal.fence.signal(%0 : !vm.ref<!hal.fence>)
  vm.import private @hal.fence.fail(%0 : !vm.ref<!hal.fence>, %1 : i32)
  vm.import private @hal.fence.await(%0 : i32, %1 : i64, %2 : !vm.ref<!hal.fence> ...) -> i32 attributes {vm.yield}

  vm.export @ex_file_from_memory
  vm.func private @ex_file_from_memory(%0: !vm.ref<!hal.device>, %1: i64, %2: i32, %3: !vm.buffer, %4: i64, %5: i64, %6: i32) -> !vm.ref<!hal.file> {
    %r0 = vm.call @hal.ex.file.from_memory(%0, %1, %2, %3, %4, %5, %6) : (!vm.ref<!hal.device>, i64, i32, !vm.buffer, i64, i64, i32) -> !vm.ref<!hal.file>
    vm.return %r0 : !vm.ref<!hal.file>
  }

  vm.export @allocator_select
  vm.func private @allocator_select(%0: i32, %1: i32, %2: i64, %3: !vm.ref<!hal.device>, %4: i64) -> (!vm.ref<!hal.device>, i64) {
    %r:2 = vm.call.variadic @hal.allocator.select(%0, %1, %2, [(%3, %4)]) : (i32, i32, i64, tuple<!vm.ref<!hal.device>, i64> ...) -> (!vm.ref<!hal.device>, i64)
    vm.return %r#0, %r#1 : !vm.ref<!hal.device>, i64
  }

  vm.export @allocator_allocate
  vm.func private @allocator_allocate(%0: !vm.ref<!hal.allocator>, %1: i64, %2: i32, %3: i32, %4: i64) -> !vm.ref<!hal.buffer> {
    %r0 = vm.call @hal.allocator.allocate(%0, %1, %2, %3, %4) : (!vm.ref<!hal.allocator>, i64, i32, i32, i64) -> !vm.ref<!hal.buffer>
    vm.return %r0 : !vm.ref<!hal.buffer>
  }

  vm.export @allocator_import
  vm.func private @allocator_import(%0: !vm.ref<!hal.allocator>, %1: i32, %2: i64, %3: i32, %4: i32, %5: !vm.buffer, %6: i64, %7: i64) -> !vm.ref<!hal.buffer> {
    %r0 = vm.call @hal.allocator.import(%0, %1, %2, %3, %4, %5, %6, %7) : (!vm.ref<!hal.allocator>, i32, i64, i32, i32, !vm.buffer, i64, i64) -> !vm.ref<!hal.buffer>
    vm.return %r0 : !vm.ref<!hal.buffer>
  }

  vm.export @buffer_assert
  vm.func private @buffer_assert(%0: !vm.ref<!hal.buffer>, %1: !vm.buffer, %2: !vm.ref<!hal.allocator>, %3: i64, %4: i32, %5: i32) {
    vm.call @hal.buffer.assert(%0, %1, %2, %3, %4, %5) : (!vm.ref<!hal.buffer>, !vm.buffer, !vm.ref<!hal.allocator>, i64, i32, i32) -> ()
    vm.return
  }

  vm.export @buffer_allocation_preserve
  vm.func private @buffer_allocation_preserve(%0: !vm.ref<!hal.buffer>) {
    vm.call @hal.buffer.allocation.preserve(%0) : (!vm.ref<!hal.buffer>) -> ()
    vm.return
  }

  vm.export @buffer_allocation_discard
  vm.func private @buffer_allocation_discard(%0: !vm.ref<!hal.buffer>) -> i32 {
    %r0 = vm.call @hal.buffer.allocation.discard(%0) : (!vm.ref<!hal.buffer>) -> i32
    vm.return %r0 : i32
  }

  vm.export @buffer_allocation_is_terminal
  vm.func private @buffer_allocation_is_terminal(%0: !vm.ref<!hal.buffer>) -> i32 {
    %r0 = vm.call @hal.buffer.allocation.is_terminal(%0) : (!vm.ref<!hal.buffer>) -> i32
    vm.return %r0 : i32
  }

  vm.export @buffer_subspan
  vm.func private @buffer_subspan(%0: !vm.ref<!hal.buffer>, %1: i64, %2: i64) -> !vm.ref<!hal.buffer> {
    %r0 = vm.call @hal.buffer.subspan(%0, %1, %2) : (!vm.ref<!hal.buffer>, i64, i64) -> !vm.ref<!hal.buffer>
    vm.return %r0 : !vm.ref<!hal.buffer>
  }

  vm.export @buffer_length
  vm.func private @buffer_length(%0: !vm.ref<!hal.buffer>) -> i64 {
    %r0 = vm.call @hal.buffer.length(%0) : (!vm.ref<!hal.buffer>) -> i64
    vm.return %r0 : i64
  }

  vm.export @buffer_load
  vm.func private @buffer_load(%0: !vm.ref<!hal.buffer>, %1: i64, %2: i32) -> i32 {
    %r0 = vm.call @hal.buffer.load(%0, %1, %2) : (!vm.ref<!hal.buffer>, i64, i32) -> i32
    vm.return %r0 : i32
  }

  vm.export @buffer_store
  vm.func private @buffer_store(%0: i32, %1: !vm.ref<!hal.buffer>, %2: i64, %3: i32) {
    vm.call @hal.buffer.store(%0, %1, %2, %3) : (i32, !vm.ref<!hal.buffer>, i64, i32) -> ()
    vm.return
  }

  vm.export @buffer_view_create
  vm.func private @buffer_view_create(%0: !vm.ref<!hal.buffer>, %1: i64, %2: i64, %3: i32, %4: i32, %5: i64, %6: i64) -> !vm.ref<!hal.buffer_view> {
    %r0 = vm.call.variadic @hal.buffer_view.create(%0, %1, %2, %3, %4, [%5, %6]) : (!vm.ref<!hal.buffer>, i64, i64, i32, i32, i64 ...) -> !vm.ref<!hal.buffer_view>
    vm.return %r0 : !vm.ref<!hal.buffer_view>
  }

  vm.export @buffer_view_assert
  vm.func private @buffer_view_assert(%0: !vm.ref<!hal.buffer_view>, %1: !vm.buffer, %2: i32, %3: i32, %4: i64, %5: i64) {
    vm.call.variadic @hal.buffer_view.assert(%0, %1, %2, %3, [%4, %5]) : (!vm.ref<!hal.buffer_view>, !vm.buffer, i32, i32, i64 ...) -> ()
    vm.return
  }

  vm.export @buffer_view_buffer
  vm.func private @buffer_view_buffer(%0: !vm.ref<!hal.buffer_view>) -> !vm.ref<!hal.buffer> {
    %r0 = vm.call @hal.buffer_view.buffer(%0) : (!vm.ref<!hal.buffer_view>) -> !vm.ref<!hal.buffer>
    vm.return %r0 : !vm.ref<!hal.buffer>
  }

  vm.export @buffer_view_element_type
  vm.func private @buffer_view_element_type(%0: !vm.ref<!hal.buffer_view>) -> i32 {
    %r0 = vm.call @hal.buffer_view.element_type(%0) : (!vm.ref<!hal.buffer_view>) -> i32
    vm.return %r0 : i32
  }

  vm.export @buffer_view_encoding_type
  vm.func private @buffer_view_encoding_type(%0: !vm.ref<!hal.buffer_view>) -> i32 {
    %r0 = vm.call @hal.buffer_view.encoding_type(%0) : (!vm.ref<!hal.buffer_view>) -> i32
    vm.return %r0 : i32
  }

  vm.export @buffer_view_rank
  vm.func private @buffer_view_rank(%0: !vm.ref<!hal.buffer_view>) -> i32 {
    %r0 = vm.call @hal.buffer_view.rank(%0) : (!vm.ref<!hal.buffer_view>) -> i32
    vm.return %r0 : i32
  }

  vm.export @buffer_view_dim
  vm.func private @buffer_view_dim(%0: !vm.ref<!hal.buffer_view>, %1: i32) -> i64 {
    %r0 = vm.call @hal.buffer_view.dim(%0, %1) : (!vm.ref<!hal.buffer_view>, i32) -> i64
    vm.return %r0 : i64
  }

  vm.export @buffer_view_trace
  vm.func private @buffer_view_trace(%0: !vm.buffer, %1: !vm.ref<!hal.buffer_view>) {
    vm.call.variadic @hal.buffer_view.trace(%0, [%1]) : (!vm.buffer, !vm.ref<!hal.buffer_view> ...) -> ()
    vm.return
  }

  vm.export @command_buffer_create
  vm.func private @command_buffer_create(%0: !vm.ref<!hal.device>, %1: i32, %2: i32, %3: i64, %4: i32) -> !vm.ref<!hal.command_buffer> {
    %r0 = vm.call @hal.command_buffer.create(%0, %1, %2, %3, %4) : (!vm.ref<!hal.device>, i32, i32, i64, i32) -> !vm.ref<!hal.command_buffer>
    vm.return %r0 : !vm.ref<!hal.command_buffer>
  }

  vm.export @command_buffer_finalize
  vm.func private @command_buffer_finalize(%0: !vm.ref<!hal.command_buffer>) {
    vm.call @hal.command_buffer.finalize(%0) : (!vm.ref<!hal.command_buffer>) -> ()
    vm.return
  }

  vm.export @command_buffer_begin_debug_group
  vm.func private @command_buffer_begin_debug_group(%0: !vm.ref<!hal.command_buffer>, %1: !vm.buffer) {
    vm.call @hal.command_buffer.begin_debug_group(%0, %1) : (!vm.ref<!hal.command_buffer>, !vm.buffer) -> ()
    vm.return
  }

  vm.export @command_buffer_end_debug_group
  vm.func private @command_buffer_end_debug_group(%0: !vm.ref<!hal.command_buffer>) {
    vm.call @hal.command_buffer.end_debug_group(%0) : (!vm.ref<!hal.command_buffer>) -> ()
    vm.return
  }

  vm.export @command_buffer_execution_barrier
  vm.func private @command_buffer_execution_barrier(%0: !vm.ref<!hal.command_buffer>, %1: i32, %2: i32, %3: i64) {
    vm.call @hal.command_buffer.execution_barrier(%0, %1, %2, %3) : (!vm.ref<!hal.command_buffer>, i32, i32, i64) -> ()
    vm.return
  }

  vm.export @command_buffer_advise_buffer
  vm.func private @command_buffer_advise_buffer(%0: !vm.ref<!hal.command_buffer>, %1: !vm.ref<!hal.buffer>, %2: i64, %3: i64, %4: i64, %5: i32) {
    vm.call @hal.command_buffer.advise_buffer(%0, %1, %2, %3, %4, %5) : (!vm.ref<!hal.command_buffer>, !vm.ref<!hal.buffer>, i64, i64, i64, i32) -> ()
    vm.return
  }

  vm.export @command_buffer_fill_buffer
  vm.func private @command_buffer_fill_buffer(%0: !vm.ref<!hal.command_buffer>, %1: !vm.ref<!hal.buffer>, %2: i64, %3: i64, %4: i32, %5: i64, %6: i32, %7: i64) {
    vm.call @hal.command_buffer.fill_buffer(%0, %1, %2, %3, %4, %5, %6, %7) : (!vm.ref<!hal.command_buffer>, !vm.ref<!hal.buffer>, i64, i64, i32, i64, i32, i64) -> ()
    vm.return
  }

  vm.export @command_buffer_update_buffer
  vm.func private @command_buffer_update_buffer(%0: !vm.ref<!hal.command_buffer>, %1: !vm.buffer, %2: i64, %3: !vm.ref<!hal.buffer>, %4: i64, %5: i64, %6: i32, %7: i64) {
    vm.call @hal.command_buffer.update_buffer(%0, %1, %2, %3, %4, %5, %6, %7) : (!vm.ref<!hal.command_buffer>, !vm.buffer, i64, !vm.ref<!hal.buffer>, i64, i64, i32, i64) -> ()
    vm.return
  }

  vm.export @command_buffer_copy_buffer
  vm.func private @command_buffer_copy_buffer(%0: !vm.ref<!hal.command_buffer>, %1: i32, %2: i32, %3: !vm.ref<!hal.buffer>, %4: i64, %5: !vm.ref<!hal.buffer>, %6: i64, %7: i64, %8: i64) {
    vm.call @hal.command_buffer.copy_buffer(%0, %1, %2, %3, %4, %5, %6, %7, %8) : (!vm.ref<!hal.command_buffer>, i32, i32, !vm.ref<!hal.buffer>, i64, !vm.ref<!hal.buffer>, i64, i64, i64) -> ()
    vm.return
  }

  vm.export @command_buffer_dispatch
  vm.func private @command_buffer_dispatch(%0: !vm.ref<!hal.command_buffer>, %1: !vm.ref<!hal.executable>, %2: i64, %3: i32, %4: i32, %5: i32, %6: i64, %7: i32, %8: i32, %9: i32, %10: !vm.ref<!hal.buffer>, %11: i64, %12: i64, %13: i32, %14: i32, %15: !vm.ref<!hal.buffer>, %16: i64, %17: i64) {
    vm.call.variadic @hal.command_buffer.dispatch(%0, %1, %2, %3, %4, %5, %6, [%7], [(%8, %9, %10, %11, %12), (%13, %14, %15, %16, %17)]) : (!vm.ref<!hal.command_buffer>, !vm.ref<!hal.executable>, i64, i32, i32, i32, i64, i32 ..., tuple<i32, i32, !vm.ref<!hal.buffer>, i64, i64> ...) -> ()
    vm.return
  }

  vm.export @command_buffer_dispatch_indirect
  vm.func private @command_buffer_dispatch_indirect(%0: !vm.ref<!hal.command_buffer>, %1: !vm.ref<!hal.executable>, %2: i64, %3: i32, %4: !vm.ref<!hal.buffer>, %5: i64, %6: i64, %7: i32, %8: i32, %9: i32, %10: !vm.ref<!hal.buffer>, %11: i64, %12: i64, %13: i32, %14: i32, %15: !vm.ref<!hal.buffer>, %16: i64, %17: i64) {
    vm.call.variadic @hal.command_buffer.dispatch.indirect(%0, %1, %2, %3, %4, %5, %6, [%7], [(%8, %9, %10, %11, %12), (%13, %14, %15, %16, %17)]) : (!vm.ref<!hal.command_buffer>, !vm.ref<!hal.executable>, i64, i32, !vm.ref<!hal.buffer>, i64, i64, i32 ..., tuple<i32, i32, !vm.ref<!hal.buffer>, i64, i64> ...) -> ()
    vm.return
  }

  vm.export @device_allocator
  vm.func private @device_allocator(%0: !vm.ref<!hal.device>) -> !vm.ref<!hal.allocator> {
    %r0 = vm.call @hal.device.allocator(%0) : (!vm.ref<!hal.device>) -> !vm.ref<!hal.allocator>
    vm.return %r0 : !vm.ref<!hal.allocator>
  }

  vm.export @device_query_i64
  vm.func private @device_query_i64(%0: !vm.ref<!hal.device>, %1: !vm.buffer, %2: !vm.buffer) -> (i32, i64) {
    %r:2 = vm.call @hal.device.query.i64(%0, %1, %2) : (!vm.ref<!hal.device>, !vm.buffer, !vm.buffer) -> (i32, i64)
    vm.return %r#0, %r#1 : i32, i64
  }

  vm.export @device_queue_alloca
  vm.func private @device_queue_alloca(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: i64, %5: i32, %6: i32, %7: i64, %8: i64) -> !vm.ref<!hal.buffer> {
    %r0 = vm.call @hal.device.queue.alloca(%0, %1, %2, %3, %4, %5, %6, %7, %8) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, i64, i32, i32, i64, i64) -> !vm.ref<!hal.buffer>
    vm.return %r0 : !vm.ref<!hal.buffer>
  }

  vm.export @device_queue_dealloca
  vm.func private @device_queue_dealloca(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.buffer>, %5: i64) {
    vm.call @hal.device.queue.dealloca(%0, %1, %2, %3, %4, %5) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.buffer>, i64) -> ()
    vm.return
  }

  vm.export @device_queue_fill
  vm.func private @device_queue_fill(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.buffer>, %5: i64, %6: i64, %7: i64, %8: i32, %9: i64) {
    vm.call @hal.device.queue.fill(%0, %1, %2, %3, %4, %5, %6, %7, %8, %9) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.buffer>, i64, i64, i64, i32, i64) -> ()
    vm.return
  }

  vm.export @device_queue_update
  vm.func private @device_queue_update(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.buffer, %5: i64, %6: !vm.ref<!hal.buffer>, %7: i64, %8: i64, %9: i64) {
    vm.call @hal.device.queue.update(%0, %1, %2, %3, %4, %5, %6, %7, %8, %9) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.buffer, i64, !vm.ref<!hal.buffer>, i64, i64, i64) -> ()
    vm.return
  }

  vm.export @device_queue_copy
  vm.func private @device_queue_copy(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.buffer>, %5: i64, %6: !vm.ref<!hal.buffer>, %7: i64, %8: i64, %9: i64) {
    vm.call @hal.device.queue.copy(%0, %1, %2, %3, %4, %5, %6, %7, %8, %9) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.buffer>, i64, !vm.ref<!hal.buffer>, i64, i64, i64) -> ()
    vm.return
  }

  vm.export @device_queue_read
  vm.func private @device_queue_read(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.file>, %5: i64, %6: !vm.ref<!hal.buffer>, %7: i64, %8: i64, %9: i64) {
    vm.call @hal.device.queue.read(%0, %1, %2, %3, %4, %5, %6, %7, %8, %9) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.file>, i64, !vm.ref<!hal.buffer>, i64, i64, i64) -> ()
    vm.return
  }

  vm.export @device_queue_write
  vm.func private @device_queue_write(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.buffer>, %5: i64, %6: !vm.ref<!hal.file>, %7: i64, %8: i64, %9: i64) {
    vm.call @hal.device.queue.write(%0, %1, %2, %3, %4, %5, %6, %7, %8, %9) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.buffer>, i64, !vm.ref<!hal.file>, i64, i64, i64) -> ()
    vm.return
  }

  vm.export @device_queue_barrier
  vm.func private @device_queue_barrier(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: i64) {
    vm.call @hal.device.queue.barrier(%0, %1, %2, %3, %4) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, i64) -> ()
    vm.return
  }

  vm.export @device_queue_execute
  vm.func private @device_queue_execute(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.command_buffer>, %5: i64) {
    vm.call @hal.device.queue.execute(%0, %1, %2, %3, %4, %5) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.command_buffer>, i64) -> ()
    vm.return
  }

  vm.export @device_queue_execute_indirect
  vm.func private @device_queue_execute_indirect(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>, %4: !vm.ref<!hal.command_buffer>, %5: i64, %6: !vm.ref<!hal.buffer>, %7: i64, %8: i64, %9: !vm.ref<!hal.buffer>, %10: i64, %11: i64) {
    vm.call.variadic @hal.device.queue.execute.indirect(%0, %1, %2, %3, %4, %5, [(%6, %7, %8), (%9, %10, %11)]) : (!vm.ref<!hal.device>, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>, !vm.ref<!hal.command_buffer>, i64, tuple<!vm.ref<!hal.buffer>, i64, i64> ...) -> ()
    vm.return
  }

  vm.export @device_queue_flush
  vm.func private @device_queue_flush(%0: !vm.ref<!hal.device>, %1: i64) {
    vm.call @hal.device.queue.flush(%0, %1) : (!vm.ref<!hal.device>, i64) -> ()
    vm.return
  }

  vm.export @devices_count
  vm.func private @devices_count() -> i32 {
    %r0 = vm.call @hal.devices.count() : () -> i32
    vm.return %r0 : i32
  }

  vm.export @devices_get
  vm.func private @devices_get(%0: i32) -> !vm.ref<!hal.device> {
    %r0 = vm.call @hal.devices.get(%0) : (i32) -> !vm.ref<!hal.device>
    vm.return %r0 : !vm.ref<!hal.device>
  }

  vm.export @executable_create
  vm.func private @executable_create(%0: !vm.ref<!hal.device>, %1: i64, %2: !vm.buffer, %3: !vm.buffer, %4: !vm.buffer) -> !vm.ref<!hal.executable> {
    %r0 = vm.call @hal.executable.create(%0, %1, %2, %3, %4) : (!vm.ref<!hal.device>, i64, !vm.buffer, !vm.buffer, !vm.buffer) -> !vm.ref<!hal.executable>
    vm.return %r0 : !vm.ref<!hal.executable>
  }

  vm.export @executable_lookup_function
  vm.func private @executable_lookup_function(%0: !vm.ref<!hal.executable>, %1: !vm.buffer) -> i64 {
    %r0 = vm.call @hal.executable.lookup.function(%0, %1) : (!vm.ref<!hal.executable>, !vm.buffer) -> i64
    vm.return %r0 : i64
  }

  vm.export @fence_create
  vm.func private @fence_create(%0: !vm.ref<!hal.device>, %1: i64) -> !vm.ref<!hal.fence> {
    %r0 = vm.call @hal.fence.create(%0, %1) : (!vm.ref<!hal.device>, i64) -> !vm.ref<!hal.fence>
    vm.return %r0 : !vm.ref<!hal.fence>
  }

  vm.export @fence_join
  vm.func private @fence_join(%0: i64, %1: !vm.ref<!hal.fence>, %2: !vm.ref<!hal.fence>) -> !vm.ref<!hal.fence> {
    %r0 = vm.call.variadic @hal.fence.join(%0, [%1, %2]) : (i64, !vm.ref<!hal.fence> ...) -> !vm.ref<!hal.fence>
    vm.return %r0 : !vm.ref<!hal.fence>
  }

  vm.export @fence_query
  vm.func private @fence_query(%0: !vm.ref<!hal.fence>) -> i32 {
    %r0 = vm.call @hal.fence.query(%0) : (!vm.ref<!hal.fence>) -> i32
    vm.return %r0 : i32
  }

  vm.export @fence_signal
  vm.func private @fence_signal(%0: !vm.ref<!hal.fence>) {
    vm.call @hal.fence.signal(%0) : (!vm.ref<!hal.fence>) -> ()
    vm.return
  }

  vm.export @fence_fail
  vm.func private @fence_fail(%0: !vm.ref<!hal.fence>, %1: i32) {
    vm.call @hal.fence.fail(%0, %1) : (!vm.ref<!hal.fence>, i32) -> ()
    vm.return
  }

  vm.export @fence_await
  vm.func private @fence_await(%0: i32, %1: i64, %2: !vm.ref<!hal.fence>, %3: !vm.ref<!hal.fence>) -> i32 {
    vm.call.variadic.yieldable @hal.fence.await(%0, %1, %2, %3) <segment_sizes = dense<[-1, -1, 2]> : vector<3xi16>, segment_types = [i32, i64, !vm.ref<!hal.fence>]> : (i32, i64, !vm.ref<!hal.fence>, !vm.ref<!hal.fence>) -> ^bb1 (i32)
  ^bb1(%r: i32):
    vm.return %r : i32
  }
}
}
