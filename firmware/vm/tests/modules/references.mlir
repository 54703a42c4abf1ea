// References: selection, comparison, casts, and references of the host.
vm.module @references {
  vm.export @choose
  vm.func @choose(%i: i32, %a: !vm.buffer, %b: !vm.buffer) -> (!vm.buffer, !vm.buffer) {
    %0 = vm.select.ref %i, %a, %b : !vm.buffer
    %1 = vm.switch.ref %i[%b, %a] else %b : !vm.buffer
    vm.return %0, %1 : !vm.buffer, !vm.buffer
  }

  // The operands' last use: whichever is not taken is released.
  vm.export @choose_last
  vm.func @choose_last(%i: i32, %a: !vm.buffer, %b: !vm.buffer) -> !vm.buffer {
    %0 = vm.select.ref %i, %a, %b : !vm.buffer
    vm.return %0 : !vm.buffer
  }

  vm.export @compare
  vm.func @compare(%a: !vm.ref<?>, %b: !vm.ref<?>) -> (i32, i32, i32) {
    %0 = vm.cmp.eq.ref %a, %b : !vm.ref<?>
    %1 = vm.cmp.ne.ref %a, %b : !vm.ref<?>
    %2 = vm.cmp.nz.ref %a : !vm.ref<?>
    vm.return %0, %1, %2 : i32, i32, i32
  }

  vm.export @cast
  vm.func @cast(%a: !vm.ref<?>) -> !vm.buffer {
    %0 = vm.cast.any.ref %a : !vm.ref<?> -> !vm.buffer
    vm.return %0 : !vm.buffer
  }

  vm.export @cast_thing
  vm.func @cast_thing(%a: !vm.ref<?>) -> !vm.ref<!hal.device> {
    %0 = vm.cast.any.ref %a : !vm.ref<?> -> !vm.ref<!hal.device>
    vm.return %0 : !vm.ref<!hal.device>
  }

  // Carries two references around a loop, exchanging them.
  vm.export @exchange
  vm.func @exchange(%n: i32, %a: !vm.buffer, %b: !vm.buffer) -> (!vm.buffer, !vm.buffer) {
    %c1 = vm.const.i32 1
    vm.br ^loop(%n, %a, %b : i32, !vm.buffer, !vm.buffer)
  ^loop(%i: i32, %x: !vm.buffer, %y: !vm.buffer):
    %more = vm.cmp.nz.i32 %i : i32
    %next = vm.sub.i32 %i, %c1 : i32
    vm.cond_br %more, ^loop(%next, %y, %x : i32, !vm.buffer, !vm.buffer), ^done
  ^done:
    vm.return %x, %y : !vm.buffer, !vm.buffer
  }

  vm.export @null
  vm.func @null() -> !vm.buffer {
    %0 = vm.const.ref.zero : !vm.buffer
    vm.return %0 : !vm.buffer
  }
}
