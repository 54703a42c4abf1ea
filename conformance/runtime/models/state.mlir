// A running sum that lasts from call to call.
util.global private mutable @sum = dense<0> : tensor<8xi32>
func.func @main(%in: tensor<8xi32>) -> tensor<8xi32> {
  %old = util.global.load @sum : tensor<8xi32>
  %new = arith.addi %old, %in : tensor<8xi32>
  util.global.store %new, @sum : tensor<8xi32>
  return %new : tensor<8xi32>
}
