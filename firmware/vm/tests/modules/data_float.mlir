// Floats that are moved and not computed with: globals, constants, lists,
// selections and buffers.
vm.module @data_float {
  vm.global.f32 private mutable @g32 : f32
  vm.global.f64 private mutable @g64 : f64

  vm.export @globals
  vm.func @globals(%a: f32, %b: f64) -> (f32, f64, f32, f64) {
    vm.global.store.f32 %a, @g32 : f32
    vm.global.store.f64 %b, @g64 : f64
    %0 = vm.global.load.f32 @g32 : f32
    %1 = vm.global.load.f64 @g64 : f64
    %p32 = vm.global.address @g32 : !util.ptr<f32>
    %p64 = vm.global.address @g64 : !util.ptr<f64>
    %2 = vm.add.f32 %0, %0 : f32
    %3 = vm.add.f64 %1, %1 : f64
    vm.global.store.indirect.f32 %2, %p32 : f32 -> !util.ptr<f32>
    vm.global.store.indirect.f64 %3, %p64 : f64 -> !util.ptr<f64>
    %4 = vm.global.load.indirect.f32 %p32 : !util.ptr<f32> -> f32
    %5 = vm.global.load.indirect.f64 %p64 : !util.ptr<f64> -> f64
    vm.return %0, %1, %4, %5 : f32, f64, f32, f64
  }

  vm.export @constants
  vm.func @constants() -> (f32, f64, f32, f64) {
    %0 = vm.const.f32 1.5
    %1 = vm.const.f64 -2.25
    %2 = vm.const.f32.zero
    %3 = vm.const.f64.zero
    vm.return %0, %1, %2, %3 : f32, f64, f32, f64
  }

  vm.export @choose
  vm.func @choose(%i: i32, %a: f32, %b: f32, %c: f64, %d: f64) -> (f32, f64, f32, f64) {
    %0 = vm.select.f32 %i, %a, %b : f32
    %1 = vm.select.f64 %i, %c, %d : f64
    %2 = vm.switch.f32 %i[%b, %a] else %a : f32
    %3 = vm.switch.f64 %i[%d, %c] else %c : f64
    vm.return %0, %1, %2, %3 : f32, f64, f32, f64
  }

  vm.export @buffers
  vm.func @buffers(%a: f32, %b: f64) -> (f32, f64, f32, f64, i32) {
    %c0 = vm.const.i64 0
    %c1 = vm.const.i64 1
    %c2 = vm.const.i64 2
    %c3 = vm.const.i64 3
    %c8 = vm.const.i64 8
    %c32 = vm.const.i64 32
    %alignment = vm.const.i32 16
    %buf = vm.buffer.alloc %c32, %alignment : !vm.buffer
    vm.buffer.fill.f32 %buf, %c0, %c8, %a : f32 -> !vm.buffer
    %0 = vm.buffer.load.f32 %buf[%c3] : !vm.buffer -> f32
    %bits = vm.buffer.load.i32 %buf[%c2] : !vm.buffer -> i32
    vm.buffer.fill.f64 %buf, %c1, %c3, %b : f64 -> !vm.buffer
    %1 = vm.buffer.load.f64 %buf[%c3] : !vm.buffer -> f64
    vm.buffer.store.f32 %0, %buf[%c3] : f32 -> !vm.buffer
    %2 = vm.buffer.load.f32 %buf[%c3] : !vm.buffer -> f32
    vm.buffer.store.f64 %1, %buf[%c0] : f64 -> !vm.buffer
    %3 = vm.buffer.load.f64 %buf[%c0] : !vm.buffer -> f64
    vm.return %0, %1, %2, %3, %bits : f32, f64, f32, f64, i32
  }

  vm.export @lists
  vm.func @lists(%a: f32, %b: f64) -> (f32, f64, f32, i32, i64) {
    %c0 = vm.const.i32 0
    %c1 = vm.const.i32 1
    %c2 = vm.const.i32 2
    %f32s = vm.list.alloc %c2 : (i32) -> !vm.list<f32>
    %any = vm.list.alloc %c2 : (i32) -> !vm.list<?>
    vm.list.resize %f32s, %c2 : (!vm.list<f32>, i32)
    vm.list.resize %any, %c2 : (!vm.list<?>, i32)
    vm.list.set.f32 %f32s, %c0, %a : (!vm.list<f32>, i32, f32)
    vm.list.set.f64 %any, %c0, %b : (!vm.list<?>, i32, f64)
    vm.list.set.f32 %any, %c1, %a : (!vm.list<?>, i32, f32)
    %0 = vm.list.get.f32 %f32s, %c0 : (!vm.list<f32>, i32) -> f32
    %1 = vm.list.get.f64 %any, %c0 : (!vm.list<?>, i32) -> f64
    %2 = vm.list.get.f32 %any, %c0 : (!vm.list<?>, i32) -> f32
    %3 = vm.list.get.i32 %any, %c1 : (!vm.list<?>, i32) -> i32
    %4 = vm.list.get.i64 %any, %c1 : (!vm.list<?>, i32) -> i64
    vm.return %0, %1, %2, %3, %4 : f32, f64, f32, i32, i64
  }
}
