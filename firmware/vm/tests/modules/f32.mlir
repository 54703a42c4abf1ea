// Operations of the f32 extension: one function per shape, one result per
// operation.
vm.module @f32 {
  vm.export @binary
  vm.func @binary(%a: f32, %b: f32) -> (f32, f32, f32, f32, f32, f32, f32) {
    %0 = vm.add.f32 %a, %b : f32
    %1 = vm.sub.f32 %a, %b : f32
    %2 = vm.mul.f32 %a, %b : f32
    %3 = vm.div.f32 %a, %b : f32
    %4 = vm.rem.f32 %a, %b : f32
    %5 = vm.min.f32 %a, %b : f32
    %6 = vm.max.f32 %a, %b : f32
    vm.return %0, %1, %2, %3, %4, %5, %6 : f32, f32, f32, f32, f32, f32, f32
  }
  vm.export @compare
  vm.func @compare(%a: f32, %b: f32) -> (i32, i32, i32, i32, i32, i32, i32, i32) {
    %0 = vm.cmp.eq.f32.o %a, %b : f32
    %1 = vm.cmp.eq.f32.u %a, %b : f32
    %2 = vm.cmp.ne.f32.o %a, %b : f32
    %3 = vm.cmp.ne.f32.u %a, %b : f32
    %4 = vm.cmp.lt.f32.o %a, %b : f32
    %5 = vm.cmp.lt.f32.u %a, %b : f32
    %6 = vm.cmp.lte.f32.o %a, %b : f32
    %7 = vm.cmp.lte.f32.u %a, %b : f32
    vm.return %0, %1, %2, %3, %4, %5, %6, %7 : i32, i32, i32, i32, i32, i32, i32, i32
  }
  vm.export @nan
  vm.func @nan(%a: f32) -> (i32) {
    %0 = vm.cmp.nan.f32 %a : f32
    vm.return %0 : i32
  }
  vm.export @unary
  vm.func @unary(%a: f32) -> (f32, f32, f32, f32, f32, f32) {
    %0 = vm.abs.f32 %a : f32
    %1 = vm.neg.f32 %a : f32
    %2 = vm.ceil.f32 %a : f32
    %3 = vm.floor.f32 %a : f32
    %4 = vm.round.f32 %a : f32
    %5 = vm.round.f32.even %a : f32
    vm.return %0, %1, %2, %3, %4, %5 : f32, f32, f32, f32, f32, f32
  }
  vm.export @fma
  vm.func @fma(%a: f32, %b: f32, %c: f32) -> f32 {
    %0 = vm.fma.f32 %a, %b, %c : f32
    vm.return %0 : f32
  }
  vm.export @to_integer
  vm.func @to_integer(%a: f32) -> (i32, i32, i64, i64, i32) {
    %0 = vm.cast.f32.si32 %a : f32 -> i32
    %1 = vm.cast.f32.ui32 %a : f32 -> i32
    %2 = vm.cast.f32.si64 %a : f32 -> i64
    %3 = vm.cast.f32.ui64 %a : f32 -> i64
    %4 = vm.bitcast.f32.i32 %a : f32 -> i32
    vm.return %0, %1, %2, %3, %4 : i32, i32, i64, i64, i32
  }
  vm.export @from_i32
  vm.func @from_i32(%a: i32) -> (f32, f32, f32) {
    %0 = vm.cast.si32.f32 %a : i32 -> f32
    %1 = vm.cast.ui32.f32 %a : i32 -> f32
    %2 = vm.bitcast.i32.f32 %a : i32 -> f32
    vm.return %0, %1, %2 : f32, f32, f32
  }
  vm.export @from_i64
  vm.func @from_i64(%a: i64) -> (f32, f32) {
    %0 = vm.cast.si64.f32 %a : i64 -> f32
    %1 = vm.cast.ui64.f32 %a : i64 -> f32
    vm.return %0, %1 : f32, f32
  }
}
