// Globals with initial values, loaded and stored directly and by address.
vm.module @globals {
  vm.global.i32 private mutable @a = 17 : i32
  vm.global.i64 private mutable @b = 0x0102030405060708 : i64
  vm.global.ref private mutable @buffer : !vm.buffer
  vm.global.ref private mutable @other : !vm.buffer
  vm.rodata private @text "hello"

  vm.export @values
  vm.func @values() -> (i32, i64) {
    %0 = vm.global.load.i32 @a : i32
    %1 = vm.global.load.i64 @b : i64
    vm.return %0, %1 : i32, i64
  }

  vm.export @set_values
  vm.func @set_values(%x: i32, %y: i64) {
    vm.global.store.i32 %x, @a : i32
    vm.global.store.i64 %y, @b : i64
    vm.return
  }

  vm.export @indirect
  vm.func @indirect(%x: i32, %y: i64) -> (i32, i64) {
    %a = vm.global.address @a : !util.ptr<i32>
    %b = vm.global.address @b : !util.ptr<i64>
    %0 = vm.global.load.indirect.i32 %a : !util.ptr<i32> -> i32
    %1 = vm.global.load.indirect.i64 %b : !util.ptr<i64> -> i64
    vm.global.store.indirect.i32 %x, %a : i32 -> !util.ptr<i32>
    vm.global.store.indirect.i64 %y, %b : i64 -> !util.ptr<i64>
    vm.return %0, %1 : i32, i64
  }

  vm.export @set_buffer
  vm.func @set_buffer(%buffer: !vm.buffer) {
    vm.global.store.ref %buffer, @buffer : !vm.buffer
    vm.return
  }

  vm.export @set_text
  vm.func @set_text() {
    %text = vm.const.ref.rodata @text : !vm.buffer
    vm.global.store.ref %text, @other : !vm.buffer
    vm.return
  }

  vm.export @buffers
  vm.func @buffers() -> (!vm.buffer, !vm.buffer) {
    %0 = vm.global.load.ref @buffer : !vm.buffer
    %address = vm.global.address @other : !util.ptr<!vm.buffer>
    %1 = vm.global.load.indirect.ref %address : !util.ptr<!vm.buffer> -> !vm.buffer
    vm.return %0, %1 : !vm.buffer, !vm.buffer
  }

  vm.export @exchange
  vm.func @exchange() {
    %buffer = vm.global.load.ref @buffer : !vm.buffer
    %other = vm.global.load.ref @other : !vm.buffer
    %address = vm.global.address @other : !util.ptr<!vm.buffer>
    vm.global.store.indirect.ref %buffer, %address : !vm.buffer -> !util.ptr<!vm.buffer>
    vm.global.store.ref %other, @buffer : !vm.buffer
    vm.return
  }
}
