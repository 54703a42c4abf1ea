// Buffers: allocation, element access, fills, copies, comparison and hash.
vm.module @buffers {
  vm.rodata private @decimal "0123456789"
  vm.rodata private @words dense<[1, -2, 0x7FFFFFFF]> : tensor<3xi32>

  vm.export @digits
  vm.func @digits() -> !vm.buffer {
    %0 = vm.const.ref.rodata @decimal : !vm.buffer
    vm.return %0 : !vm.buffer
  }

  vm.export @word
  vm.func @word(%index: i64) -> i32 {
    %words = vm.const.ref.rodata @words : !vm.buffer
    %0 = vm.buffer.load.i32 %words[%index] : !vm.buffer -> i32
    vm.return %0 : i32
  }

  vm.export @alloc
  vm.func @alloc(%length: i64, %alignment: i32) -> (!vm.buffer, i64) {
    %0 = vm.buffer.alloc %length, %alignment : !vm.buffer
    %1 = vm.buffer.length %0 : !vm.buffer -> i64
    vm.return %0, %1 : !vm.buffer, i64
  }

  vm.export @clone
  vm.func @clone(%source: !vm.buffer, %offset: i64, %length: i64) -> !vm.buffer {
    %alignment = vm.const.i32 8
    %0 = vm.buffer.clone %source, %offset, %length, %alignment : !vm.buffer -> !vm.buffer
    vm.return %0 : !vm.buffer
  }

  vm.export @loads
  vm.func @loads(%buffer: !vm.buffer, %index: i64) -> (i32, i32, i32, i32, i32, i64) {
    %0 = vm.buffer.load.i8.u %buffer[%index] : !vm.buffer -> i32
    %1 = vm.buffer.load.i8.s %buffer[%index] : !vm.buffer -> i32
    %2 = vm.buffer.load.i16.u %buffer[%index] : !vm.buffer -> i32
    %3 = vm.buffer.load.i16.s %buffer[%index] : !vm.buffer -> i32
    %4 = vm.buffer.load.i32 %buffer[%index] : !vm.buffer -> i32
    %5 = vm.buffer.load.i64 %buffer[%index] : !vm.buffer -> i64
    vm.return %0, %1, %2, %3, %4, %5 : i32, i32, i32, i32, i32, i64
  }

  vm.export @stores
  vm.func @stores(%buffer: !vm.buffer, %i8: i64, %i16: i64, %i32: i64, %i64: i64, %value: i32, %wide: i64) {
    vm.buffer.store.i8 %value, %buffer[%i8] : i32 -> !vm.buffer
    vm.buffer.store.i16 %value, %buffer[%i16] : i32 -> !vm.buffer
    vm.buffer.store.i32 %value, %buffer[%i32] : i32 -> !vm.buffer
    vm.buffer.store.i64 %wide, %buffer[%i64] : i64 -> !vm.buffer
    vm.return
  }

  vm.export @fill_i8
  vm.func @fill_i8(%buffer: !vm.buffer, %offset: i64, %count: i64, %value: i32) {
    vm.buffer.fill.i8 %buffer, %offset, %count, %value : i32 -> !vm.buffer
    vm.return
  }
  vm.export @fill_i16
  vm.func @fill_i16(%buffer: !vm.buffer, %offset: i64, %count: i64, %value: i32) {
    vm.buffer.fill.i16 %buffer, %offset, %count, %value : i32 -> !vm.buffer
    vm.return
  }
  vm.export @fill_i32
  vm.func @fill_i32(%buffer: !vm.buffer, %offset: i64, %count: i64, %value: i32) {
    vm.buffer.fill.i32 %buffer, %offset, %count, %value : i32 -> !vm.buffer
    vm.return
  }
  vm.export @fill_i64
  vm.func @fill_i64(%buffer: !vm.buffer, %offset: i64, %count: i64, %value: i64) {
    vm.buffer.fill.i64 %buffer, %offset, %count, %value : i64 -> !vm.buffer
    vm.return
  }

  vm.export @copy
  vm.func @copy(%source: !vm.buffer, %from: i64, %target: !vm.buffer, %to: i64, %length: i64) {
    vm.buffer.copy %source, %from, %target, %to, %length : !vm.buffer -> !vm.buffer
    vm.return
  }

  vm.export @compare
  vm.func @compare(%a: !vm.buffer, %at: i64, %b: !vm.buffer, %bt: i64, %length: i64) -> i32 {
    %0 = vm.buffer.compare %a, %at, %b, %bt, %length : !vm.buffer, !vm.buffer
    vm.return %0 : i32
  }

  vm.export @hash
  vm.func @hash(%buffer: !vm.buffer, %offset: i64, %length: i64) -> i64 {
    %0 = vm.buffer.hash %buffer, %offset, %length : !vm.buffer -> i64
    vm.return %0 : i64
  }
}
