// Calls of imports: plain, variadic, yieldable, optional.
vm.module @imports {
  vm.import private @host.scale(%a: i32, %b: i64, %c: f32, %d: f64) -> (i64, f64)
  vm.import private @host.sum(%start: i32, %values: i32 ...) -> i32
  vm.import private @host.tuples(%pairs: tuple<i32, i64> ..., %last: i32) -> i64
  vm.import private @host.keep(%what: !vm.ref<?>) -> i32
  vm.import private @host.make(%number: i32) -> !vm.ref<!hal.device>
  vm.import private @host.number(%thing: !vm.ref<!hal.device>) -> i32
  vm.import private @host.fail(%code: i32)
  vm.import private @host.wait(%a: i32) -> i32 attributes {vm.yield}
  vm.import private @host.wait_all(%a: i32, %values: i32 ...) -> i32 attributes {vm.yield}
  vm.import private optional @host.missing(%a: i32) -> i32

  vm.export @scale
  vm.func @scale(%a: i32, %b: i64, %c: f32, %d: f64) -> (i64, f64) {
    %0:2 = vm.call @host.scale(%a, %b, %c, %d) : (i32, i64, f32, f64) -> (i64, f64)
    vm.return %0#0, %0#1 : i64, f64
  }

  vm.export @sums
  vm.func @sums(%a: i32, %b: i32) -> (i32, i32, i32) {
    %0 = vm.call.variadic @host.sum(%a, []) : (i32, i32 ...) -> i32
    %1 = vm.call.variadic @host.sum(%a, [%b]) : (i32, i32 ...) -> i32
    %2 = vm.call.variadic @host.sum(%a, [%b, %b, %a]) : (i32, i32 ...) -> i32
    vm.return %0, %1, %2 : i32, i32, i32
  }

  vm.export @tuples
  vm.func @tuples(%a: i32, %b: i64) -> (i64, i64) {
    %0 = vm.call.variadic @host.tuples([(%a, %b), (%a, %b)], %a) : (tuple<i32, i64> ..., i32) -> i64
    %1 = vm.call.variadic @host.tuples([], %a) : (tuple<i32, i64> ..., i32) -> i64
    vm.return %0, %1 : i64, i64
  }

  // The buffer's last use is the call: it is gone when the call is over.
  vm.export @give_away
  vm.func @give_away() -> i32 {
    %length = vm.const.i64 16
    %alignment = vm.const.i32 16
    %buffer = vm.buffer.alloc %length, %alignment : !vm.buffer
    %any = vm.cast.ref.any %buffer : !vm.buffer -> !vm.ref<?>
    %0 = vm.call @host.keep(%any) : (!vm.ref<?>) -> i32
    vm.return %0 : i32
  }

  vm.export @things
  vm.func @things(%a: i32) -> (i32, !vm.ref<!hal.device>) {
    %0 = vm.call @host.make(%a) : (i32) -> !vm.ref<!hal.device>
    %1 = vm.call @host.number(%0) : (!vm.ref<!hal.device>) -> i32
    vm.return %1, %0 : i32, !vm.ref<!hal.device>
  }

  vm.export @fail
  vm.func @fail(%code: i32) -> !vm.ref<!hal.device> {
    %0 = vm.call @host.make(%code) : (i32) -> !vm.ref<!hal.device>
    vm.call @host.fail(%code) : (i32) -> ()
    vm.return %0 : !vm.ref<!hal.device>
  }

  vm.export @wait
  vm.func @wait(%a: i32) -> i32 {
    vm.call.yieldable @host.wait(%a) : (i32) -> ^resume(i32)
  ^resume(%0: i32):
    %1 = vm.add.i32 %0, %a : i32
    vm.return %1 : i32
  }

  vm.export @wait_all
  vm.func @wait_all(%a: i32, %b: i32) -> i32 {
    "vm.call.variadic.yieldable"(%a, %b, %b)[^resume] <{
      callee = @host.wait_all,
      segment_sizes = dense<[-1, 2]> : vector<2xi16>,
      segment_types = [i32, i32],
      result_types = [i32]
    }> : (i32, i32, i32) -> ()
  ^resume(%0: i32):
    %1 = vm.add.i32 %0, %a : i32
    vm.return %1 : i32
  }

  // A yieldable call within the module.
  vm.export @wait_inside
  vm.func @wait_inside(%a: i32) -> i32 {
    vm.call.yieldable @inside(%a) : (i32) -> ^resume(i32)
  ^resume(%0: i32):
    %1 = vm.add.i32 %0, %a : i32
    vm.return %1 : i32
  }
  vm.func private @inside(%a: i32) -> i32 attributes {inlining_policy = #util.inline.never} {
    %0 = vm.add.i32 %a, %a : i32
    vm.yield ^resumed
  ^resumed:
    vm.return %0 : i32
  }

  vm.export @missing
  vm.func @missing(%call: i32) -> i32 {
    %resolved = vm.import.resolved @host.missing : i32
    vm.cond_br %call, ^call, ^done
  ^call:
    %0 = vm.call @host.missing(%call) : (i32) -> i32
    vm.return %0 : i32
  ^done:
    vm.return %resolved : i32
  }
}
