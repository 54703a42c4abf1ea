// Operations of the f64 extension: one function per shape, one result per
// operation.
vm.module @f64 {
  vm.export @binary
  vm.func @binary(%a: f64, %b: f64) -> (f64, f64, f64, f64, f64, f64, f64) {
    %0 = vm.add.f64 %a, %b : f64
    %1 = vm.sub.f64 %a, %b : f64
    %2 = vm.mul.f64 %a, %b : f64
    %3 = vm.div.f64 %a, %b : f64
    %4 = vm.rem.f64 %a, %b : f64
    %5 = vm.min.f64 %a, %b : f64
    %6 = vm.max.f64 %a, %b : f64
    vm.return %0, %1, %2, %3, %4, %5, %6 : f64, f64, f64, f64, f64, f64, f64
  }
  vm.export @compare
  vm.func @compare(%a: f64, %b: f64) -> (i32, i32, i32, i32, i32, i32, i32, i32) {
    %0 = vm.cmp.eq.f64.o %a, %b : f64
    %1 = vm.cmp.eq.f64.u %a, %b : f64
    %2 = vm.cmp.ne.f64.o %a, %b : f64
    %3 = vm.cmp.ne.f64.u %a, %b : f64
    %4 = vm.cmp.lt.f64.o %a, %b : f64
    %5 = vm.cmp.lt.f64.u %a, %b : f64
    %6 = vm.cmp.lte.f64.o %a, %b : f64
    %7 = vm.cmp.lte.f64.u %a, %b : f64
    vm.return %0, %1, %2, %3, %4, %5, %6, %7 : i32, i32, i32, i32, i32, i32, i32, i32
  }
  vm.export @nan
  vm.func @nan(%a: f64) -> (i32) {
    %0 = vm.cmp.nan.f64 %a : f64
    vm.return %0 : i32
  }
  vm.export @unary
  vm.func @unary(%a: f64) -> (f64, f64, f64, f64, f64, f64) {
    %0 = vm.abs.f64 %a : f64
    %1 = vm.neg.f64 %a : f64
    %2 = vm.ceil.f64 %a : f64
    %3 = vm.floor.f64 %a : f64
    %4 = vm.round.f64 %a : f64
    %5 = vm.round.f64.even %a : f64
    vm.return %0, %1, %2, %3, %4, %5 : f64, f64, f64, f64, f64, f64
  }
  vm.export @fma
  vm.func @fma(%a: f64, %b: f64, %c: f64) -> f64 {
    %0 = vm.fma.f64 %a, %b, %c : f64
    vm.return %0 : f64
  }
  vm.export @to_integer
  vm.func @to_integer(%a: f64) -> (i64, i64, i64, f32) {
    %2 = vm.cast.f64.si64 %a : f64 -> i64
    %3 = vm.cast.f64.ui64 %a : f64 -> i64
    %4 = vm.bitcast.f64.i64 %a : f64 -> i64
    %5 = vm.trunc.f64.f32 %a : f64 -> f32
    vm.return %2, %3, %4, %5 : i64, i64, i64, f32
  }
  vm.export @from_i64
  vm.func @from_i64(%a: i64) -> (f64, f64, f64) {
    %0 = vm.cast.si64.f64 %a : i64 -> f64
    %1 = vm.cast.ui64.f64 %a : i64 -> f64
    %2 = vm.bitcast.i64.f64 %a : i64 -> f64
    vm.return %0, %1, %2 : f64, f64, f64
  }
  vm.export @from_f32
  vm.func @from_f32(%a: f32) -> (f64) {
    %0 = vm.ext.f32.f64 %a : f32 -> f64
    vm.return %0 : f64
  }
}
