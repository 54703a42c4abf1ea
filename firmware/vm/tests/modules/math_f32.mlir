// Functions of the f32 extension from atan to erf.
vm.module @math_f32 {
  vm.export @unary
  vm.func @unary(%a: f32) -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32) {
    %0 = vm.atan.f32 %a : f32
    %1 = vm.cos.f32 %a : f32
    %2 = vm.sin.f32 %a : f32
    %3 = vm.exp.f32 %a : f32
    %4 = vm.exp2.f32 %a : f32
    %5 = vm.expm1.f32 %a : f32
    %6 = vm.log.f32 %a : f32
    %7 = vm.log10.f32 %a : f32
    %8 = vm.log1p.f32 %a : f32
    %9 = vm.log2.f32 %a : f32
    %10 = vm.rsqrt.f32 %a : f32
    %11 = vm.sqrt.f32 %a : f32
    %12 = vm.tanh.f32 %a : f32
    %13 = vm.erf.f32 %a : f32
    vm.return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13 : f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32
  }
  vm.export @binary
  vm.func @binary(%a: f32, %b: f32) -> (f32, f32) {
    %0 = vm.atan2.f32 %a, %b : f32
    %1 = vm.pow.f32 %a, %b : f32
    vm.return %0, %1 : f32, f32
  }
}
