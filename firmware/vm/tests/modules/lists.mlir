// Lists of values and of variants.
vm.module @lists {
  vm.rodata private @text "text"

  vm.export @i8s
  vm.func @i8s(%value: i32, %wide: i64) -> (i32, i64, i32, i32) {
    %c0 = vm.const.i32 0
    %c1 = vm.const.i32 1
    %c3 = vm.const.i32 3
    %list = vm.list.alloc %c0 : (i32) -> !vm.list<i8>
    vm.list.reserve %list, %c3 : (!vm.list<i8>, i32)
    vm.list.resize %list, %c3 : (!vm.list<i8>, i32)
    vm.list.set.i32 %list, %c0, %value : (!vm.list<i8>, i32, i32)
    vm.list.set.i64 %list, %c1, %wide : (!vm.list<i8>, i32, i64)
    %0 = vm.list.get.i32 %list, %c0 : (!vm.list<i8>, i32) -> i32
    %1 = vm.list.get.i64 %list, %c0 : (!vm.list<i8>, i32) -> i64
    %2 = vm.list.get.i32 %list, %c1 : (!vm.list<i8>, i32) -> i32
    %size = vm.list.size %list : (!vm.list<i8>) -> i32
    vm.return %0, %1, %2, %size : i32, i64, i32, i32
  }

  // Gets an element after growing to %size and storing at %at.
  vm.export @i64s
  vm.func @i64s(%size: i32, %at: i32, %value: i64, %from: i32) -> (i64, i32) {
    %list = vm.list.alloc %size : (i32) -> !vm.list<i64>
    vm.list.resize %list, %size : (!vm.list<i64>, i32)
    vm.list.set.i64 %list, %at, %value : (!vm.list<i64>, i32, i64)
    %0 = vm.list.get.i64 %list, %from : (!vm.list<i64>, i32) -> i64
    %1 = vm.list.get.i32 %list, %from : (!vm.list<i64>, i32) -> i32
    vm.return %0, %1 : i64, i32
  }

  // What was cut off is zero when the list grows again.
  vm.export @shrink
  vm.func @shrink(%value: i32) -> i32 {
    %c1 = vm.const.i32 1
    %c2 = vm.const.i32 2
    %list = vm.list.alloc %c2 : (i32) -> !vm.list<i32>
    vm.list.resize %list, %c2 : (!vm.list<i32>, i32)
    vm.list.set.i32 %list, %c1, %value : (!vm.list<i32>, i32, i32)
    vm.list.resize %list, %c1 : (!vm.list<i32>, i32)
    vm.list.resize %list, %c2 : (!vm.list<i32>, i32)
    %0 = vm.list.get.i32 %list, %c1 : (!vm.list<i32>, i32) -> i32
    vm.return %0 : i32
  }

  vm.export @new_variants
  vm.func @new_variants(%size: i32) -> !vm.list<?> {
    %list = vm.list.alloc %size : (i32) -> !vm.list<?>
    vm.list.resize %list, %size : (!vm.list<?>, i32)
    vm.return %list : !vm.list<?>
  }
  vm.export @set_i32
  vm.func @set_i32(%list: !vm.list<?>, %index: i32, %value: i32) {
    vm.list.set.i32 %list, %index, %value : (!vm.list<?>, i32, i32)
    vm.return
  }
  vm.export @get_i32
  vm.func @get_i32(%list: !vm.list<?>, %index: i32) -> i32 {
    %0 = vm.list.get.i32 %list, %index : (!vm.list<?>, i32) -> i32
    vm.return %0 : i32
  }
  vm.export @set_buffer
  vm.func @set_buffer(%list: !vm.list<?>, %index: i32, %value: !vm.buffer) {
    vm.list.set.ref %list, %index, %value : (!vm.list<?>, i32, !vm.buffer)
    vm.return
  }
  vm.export @get_buffer
  vm.func @get_buffer(%list: !vm.list<?>, %index: i32) -> !vm.buffer {
    %0 = vm.list.get.ref %list, %index : (!vm.list<?>, i32) -> !vm.buffer
    vm.return %0 : !vm.buffer
  }
  vm.export @size
  vm.func @size(%list: !vm.list<?>) -> i32 {
    %0 = vm.list.size %list : (!vm.list<?>) -> i32
    vm.return %0 : i32
  }

  // A list holds the module's text and gives it back.
  vm.export @texts
  vm.func @texts(%size: i32) -> (!vm.buffer, !vm.buffer) {
    %c0 = vm.const.i32 0
    %c1 = vm.const.i32 1
    %text = vm.const.ref.rodata @text : !vm.buffer
    %list = vm.list.alloc %size : (i32) -> !vm.list<?>
    vm.list.resize %list, %size : (!vm.list<?>, i32)
    vm.list.set.ref %list, %c1, %text : (!vm.list<?>, i32, !vm.buffer)
    %0 = vm.list.get.ref %list, %c0 : (!vm.list<?>, i32) -> !vm.buffer
    %1 = vm.list.get.ref %list, %c1 : (!vm.list<?>, i32) -> !vm.buffer
    vm.return %0, %1 : !vm.buffer, !vm.buffer
  }

  // %depth lists, each the one element of the next.
  vm.export @nest
  vm.func @nest(%depth: i32) -> !vm.list<?> {
    %c0 = vm.const.i32 0
    %c1 = vm.const.i32 1
    %first = vm.list.alloc %c1 : (i32) -> !vm.list<?>
    vm.br ^loop(%depth, %first : i32, !vm.list<?>)
  ^loop(%left: i32, %list: !vm.list<?>):
    %more = vm.cmp.nz.i32 %left : i32
    vm.cond_br %more, ^body, ^done
  ^body:
    %outer = vm.list.alloc %c1 : (i32) -> !vm.list<?>
    vm.list.resize %outer, %c1 : (!vm.list<?>, i32)
    vm.list.set.ref %outer, %c0, %list : (!vm.list<?>, i32, !vm.list<?>)
    %less = vm.sub.i32 %left, %c1 : i32
    vm.br ^loop(%less, %outer : i32, !vm.list<?>)
  ^done:
    vm.return %list : !vm.list<?>
  }
}
