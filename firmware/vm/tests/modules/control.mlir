// Branches, calls within the module, failure and selection.
vm.module @control {
  // The sum of the i64s from 1 to %n, by a loop that carries two of them.
  vm.export @sum
  vm.func @sum(%n: i64) -> i64 {
    %c0 = vm.const.i64.zero
    %c1 = vm.const.i64 1
    vm.br ^loop(%c0, %c0 : i64, i64)
  ^loop(%i: i64, %sum: i64):
    %more = vm.cmp.lt.i64.s %i, %n : i64
    vm.cond_br %more, ^body, ^done
  ^body:
    %next = vm.add.i64 %i, %c1 : i64
    %total = vm.add.i64 %sum, %next : i64
    vm.br ^loop(%next, %total : i64, i64)
  ^done:
    vm.return %sum : i64
  }

  // Swaps two values %n times.
  vm.export @swap
  vm.func @swap(%n: i32, %a: i32, %b: i32) -> (i32, i32) {
    %c1 = vm.const.i32 1
    vm.br ^loop(%n, %a, %b : i32, i32, i32)
  ^loop(%i: i32, %x: i32, %y: i32):
    %more = vm.cmp.nz.i32 %i : i32
    %next = vm.sub.i32 %i, %c1 : i32
    vm.cond_br %more, ^loop(%next, %y, %x : i32, i32, i32), ^done
  ^done:
    vm.return %x, %y : i32, i32
  }

  vm.export @table
  vm.func @table(%index: i32, %a: i32, %b: i32) -> i32 {
    %c7 = vm.const.i32 7
    vm.br_table %index {
      default: ^done(%c7 : i32),
      0: ^done(%a : i32),
      1: ^done(%b : i32),
      2: ^double(%a, %b : i32, i32)
    }
  ^double(%x: i32, %y: i32):
    %sum = vm.add.i32 %x, %y : i32
    vm.br ^done(%sum : i32)
  ^done(%result: i32):
    vm.return %result : i32
  }

  vm.export @choose
  vm.func @choose(%i: i32, %a: i32, %b: i32, %c: i64, %d: i64) -> (i32, i64, i32, i64) {
    %0 = vm.select.i32 %i, %a, %b : i32
    %1 = vm.select.i64 %i, %c, %d : i64
    %2 = vm.switch.i32 %i[%b, %a] else %i : i32
    %3 = vm.switch.i64 %i[%d, %c] else %d : i64
    vm.return %0, %1, %2, %3 : i32, i64, i32, i64
  }

  // The compiler takes no recursion, so the test points this call at the
  // function itself.
  vm.export @recurse
  vm.func @recurse(%n: i32) -> i32 {
    %c1 = vm.const.i32 1
    %more = vm.cmp.nz.i32 %n : i32
    vm.cond_br %more, ^deeper, ^done
  ^deeper:
    %less = vm.sub.i32 %n, %c1 : i32
    %inner = vm.call @replaced(%less) : (i32) -> i32
    %count = vm.add.i32 %inner, %c1 : i32
    vm.return %count : i32
  ^done:
    vm.return %n : i32
  }
  vm.func private @replaced(%n: i32) -> i32 attributes {inlining_policy = #util.inline.never} {
    vm.return %n : i32
  }

  // Never ends unless %a is 0.
  vm.export @forever
  vm.func @forever(%a: i32) {
    vm.br ^loop
  ^loop:
    vm.cond_br %a, ^loop, ^done
  ^done:
    vm.return
  }

  // 64-bit arguments and results keep both halves across a call.
  vm.export @wide_call
  vm.func @wide_call(%x: i64, %y: i32, %z: i64) -> (i64, i32, i64) {
    %0:3 = vm.call @rotate(%x, %y, %z) : (i64, i32, i64) -> (i64, i32, i64)
    vm.return %0#0, %0#1, %0#2 : i64, i32, i64
  }
  vm.func private @rotate(%x: i64, %y: i32, %z: i64) -> (i64, i32, i64) attributes {inlining_policy = #util.inline.never} {
    %c1 = vm.const.i32 1
    %sum = vm.add.i32 %y, %c1 : i32
    vm.return %z, %sum, %x : i64, i32, i64
  }

  // References are moved into a call and back.
  vm.export @ref_call
  vm.func @ref_call(%a: !vm.buffer, %b: !vm.buffer) -> (!vm.buffer, !vm.buffer, !vm.buffer) {
    %0:3 = vm.call @refs(%a, %b) : (!vm.buffer, !vm.buffer) -> (!vm.buffer, !vm.buffer, !vm.buffer)
    vm.return %0#0, %0#1, %0#2 : !vm.buffer, !vm.buffer, !vm.buffer
  }
  vm.func private @refs(%a: !vm.buffer, %b: !vm.buffer) -> (!vm.buffer, !vm.buffer, !vm.buffer) attributes {inlining_policy = #util.inline.never} {
    vm.return %b, %a, %b : !vm.buffer, !vm.buffer, !vm.buffer
  }

  vm.export @fail_if
  vm.func @fail_if(%condition: i32) -> i32 {
    %code = vm.const.i32 9
    vm.cond_fail %condition, %code, "this was asked for"
    vm.return %condition : i32
  }

  vm.export @fail_with
  vm.func @fail_with(%code: i32) {
    vm.fail %code, "some message"
  }

  // A failure below with references alive in both frames.
  vm.export @fail_below
  vm.func @fail_below(%code: i32) -> !vm.buffer {
    %length = vm.const.i64 40
    %alignment = vm.const.i32 16
    %buffer = vm.buffer.alloc %length, %alignment : !vm.buffer
    vm.call @fail_holding(%code, %buffer) : (i32, !vm.buffer) -> ()
    vm.return %buffer : !vm.buffer
  }
  vm.func private @fail_holding(%code: i32, %buffer: !vm.buffer) attributes {inlining_policy = #util.inline.never} {
    %length = vm.const.i64 24
    %alignment = vm.const.i32 16
    %other = vm.buffer.alloc %length, %alignment : !vm.buffer
    vm.cond_fail %code, "below"
    vm.buffer.copy %buffer, %length, %other, %length, %length : !vm.buffer -> !vm.buffer
    vm.return
  }

  vm.export @yield
  vm.func @yield(%a: i32, %b: i32) -> i32 {
    %0 = vm.add.i32 %a, %b : i32
    vm.yield ^resumed(%0 : i32)
  ^resumed(%sum: i32):
    %1 = vm.add.i32 %sum, %b : i32
    vm.return %1 : i32
  }

  vm.export @debug
  vm.func @debug(%a: i32, %buffer: !vm.buffer) -> i32 {
    vm.trace "event"(%a, %buffer) : i32, !vm.buffer
    vm.print "message"(%a) : i32
    vm.break ^next(%a : i32)
  ^next(%b: i32):
    vm.return %b : i32
  }
}
