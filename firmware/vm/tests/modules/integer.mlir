// Integer operations: one function per shape, one result per operation.
vm.module @integer {
  vm.export @binary_i32
  vm.func @binary_i32(%a: i32, %b: i32) -> (i32, i32, i32, i32, i32, i32, i32, i32, i32, i32) {
    %0 = vm.add.i32 %a, %b : i32
    %1 = vm.sub.i32 %a, %b : i32
    %2 = vm.mul.i32 %a, %b : i32
    %3 = vm.and.i32 %a, %b : i32
    %4 = vm.or.i32 %a, %b : i32
    %5 = vm.xor.i32 %a, %b : i32
    %6 = vm.min.i32.s %a, %b : i32
    %7 = vm.min.i32.u %a, %b : i32
    %8 = vm.max.i32.s %a, %b : i32
    %9 = vm.max.i32.u %a, %b : i32
    vm.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9 : i32, i32, i32, i32, i32, i32, i32, i32, i32, i32
  }
  vm.export @divide_i32
  vm.func @divide_i32(%a: i32, %b: i32) -> (i32, i32, i32, i32) {
    %0 = vm.div.i32.s %a, %b : i32
    %1 = vm.div.i32.u %a, %b : i32
    %2 = vm.rem.i32.s %a, %b : i32
    %3 = vm.rem.i32.u %a, %b : i32
    vm.return %0, %1, %2, %3 : i32, i32, i32, i32
  }
  vm.export @compare_i32
  vm.func @compare_i32(%a: i32, %b: i32) -> (i32, i32, i32, i32) {
    %0 = vm.cmp.eq.i32 %a, %b : i32
    %1 = vm.cmp.ne.i32 %a, %b : i32
    %2 = vm.cmp.lt.i32.s %a, %b : i32
    %3 = vm.cmp.lt.i32.u %a, %b : i32
    vm.return %0, %1, %2, %3 : i32, i32, i32, i32
  }
  vm.export @unary_i32
  vm.func @unary_i32(%a: i32) -> (i32, i32, i32) {
    %0 = vm.not.i32 %a : i32
    %1 = vm.abs.i32 %a : i32
    %2 = vm.ctlz.i32 %a : i32
    vm.return %0, %1, %2 : i32, i32, i32
  }
  vm.export @nonzero_i32
  vm.func @nonzero_i32(%a: i32) -> (i32) {
    %0 = vm.cmp.nz.i32 %a : i32
    vm.return %0 : i32
  }
  vm.export @shift_i32
  vm.func @shift_i32(%a: i32, %b: i32) -> (i32, i32, i32) {
    %0 = vm.shl.i32 %a, %b : i32
    %1 = vm.shr.i32.s %a, %b : i32
    %2 = vm.shr.i32.u %a, %b : i32
    vm.return %0, %1, %2 : i32, i32, i32
  }
  vm.export @fma_i32
  vm.func @fma_i32(%a: i32, %b: i32, %c: i32) -> i32 {
    %0 = vm.fma.i32 %a, %b, %c : i32
    vm.return %0 : i32
  }
  vm.export @binary_i64
  vm.func @binary_i64(%a: i64, %b: i64) -> (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64) {
    %0 = vm.add.i64 %a, %b : i64
    %1 = vm.sub.i64 %a, %b : i64
    %2 = vm.mul.i64 %a, %b : i64
    %3 = vm.and.i64 %a, %b : i64
    %4 = vm.or.i64 %a, %b : i64
    %5 = vm.xor.i64 %a, %b : i64
    %6 = vm.min.i64.s %a, %b : i64
    %7 = vm.min.i64.u %a, %b : i64
    %8 = vm.max.i64.s %a, %b : i64
    %9 = vm.max.i64.u %a, %b : i64
    vm.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9 : i64, i64, i64, i64, i64, i64, i64, i64, i64, i64
  }
  vm.export @divide_i64
  vm.func @divide_i64(%a: i64, %b: i64) -> (i64, i64, i64, i64) {
    %0 = vm.div.i64.s %a, %b : i64
    %1 = vm.div.i64.u %a, %b : i64
    %2 = vm.rem.i64.s %a, %b : i64
    %3 = vm.rem.i64.u %a, %b : i64
    vm.return %0, %1, %2, %3 : i64, i64, i64, i64
  }
  vm.export @compare_i64
  vm.func @compare_i64(%a: i64, %b: i64) -> (i32, i32, i32, i32) {
    %0 = vm.cmp.eq.i64 %a, %b : i64
    %1 = vm.cmp.ne.i64 %a, %b : i64
    %2 = vm.cmp.lt.i64.s %a, %b : i64
    %3 = vm.cmp.lt.i64.u %a, %b : i64
    vm.return %0, %1, %2, %3 : i32, i32, i32, i32
  }
  vm.export @unary_i64
  vm.func @unary_i64(%a: i64) -> (i64, i64, i64) {
    %0 = vm.not.i64 %a : i64
    %1 = vm.abs.i64 %a : i64
    %2 = vm.ctlz.i64 %a : i64
    vm.return %0, %1, %2 : i64, i64, i64
  }
  vm.export @nonzero_i64
  vm.func @nonzero_i64(%a: i64) -> (i32) {
    %0 = vm.cmp.nz.i64 %a : i64
    vm.return %0 : i32
  }
  vm.export @shift_i64
  vm.func @shift_i64(%a: i64, %b: i32) -> (i64, i64, i64) {
    %0 = vm.shl.i64 %a, %b : i64
    %1 = vm.shr.i64.s %a, %b : i64
    %2 = vm.shr.i64.u %a, %b : i64
    vm.return %0, %1, %2 : i64, i64, i64
  }
  vm.export @fma_i64
  vm.func @fma_i64(%a: i64, %b: i64, %c: i64) -> i64 {
    %0 = vm.fma.i64 %a, %b, %c : i64
    vm.return %0 : i64
  }
  vm.export @convert_i32
  vm.func @convert_i32(%a: i32) -> (i32, i32, i32, i32, i32, i32, i64, i64) {
    %0 = vm.trunc.i32.i8 %a : i32 -> i32
    %1 = vm.trunc.i32.i16 %a : i32 -> i32
    %2 = vm.ext.i8.i32.s %a : i32 -> i32
    %3 = vm.ext.i8.i32.u %a : i32 -> i32
    %4 = vm.ext.i16.i32.s %a : i32 -> i32
    %5 = vm.ext.i16.i32.u %a : i32 -> i32
    %6 = vm.ext.i32.i64.s %a : i32 -> i64
    %7 = vm.ext.i32.i64.u %a : i32 -> i64
    vm.return %0, %1, %2, %3, %4, %5, %6, %7 : i32, i32, i32, i32, i32, i32, i64, i64
  }
  vm.export @convert_i64
  vm.func @convert_i64(%a: i64) -> (i32) {
    %0 = vm.trunc.i64.i32 %a : i64 -> i32
    vm.return %0 : i32
  }
}
