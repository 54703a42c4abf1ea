// Functions of the f64 extension from atan to erf.
vm.module @math_f64 {
  vm.export @unary
  vm.func @unary(%a: f64) -> (f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64) {
    %0 = vm.atan.f64 %a : f64
    %1 = vm.cos.f64 %a : f64
    %2 = vm.sin.f64 %a : f64
    %3 = vm.exp.f64 %a : f64
    %4 = vm.exp2.f64 %a : f64
    %5 = vm.expm1.f64 %a : f64
    %6 = vm.log.f64 %a : f64
    %7 = vm.log10.f64 %a : f64
    %8 = vm.log1p.f64 %a : f64
    %9 = vm.log2.f64 %a : f64
    %10 = vm.rsqrt.f64 %a : f64
    %11 = vm.sqrt.f64 %a : f64
    %12 = vm.tanh.f64 %a : f64
    %13 = vm.erf.f64 %a : f64
    vm.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13 : f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64, f64
  }
  vm.export @binary
  vm.func @binary(%a: f64, %b: f64) -> (f64, f64) {
    %0 = vm.atan2.f64 %a, %b : f64
    %1 = vm.pow.f64 %a, %b : f64
    vm.return %0, %1 : f64, f64
  }
}
