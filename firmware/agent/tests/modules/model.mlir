// What the agent's tests load.
func.func @main(%a: tensor<4xf32>, %b: tensor<2x3xi8>) -> (tensor<2x3xi8>, tensor<4xf32>) {
  return %b, %a : tensor<2x3xi8>, tensor<4xf32>
}
func.func @copy(%n: tensor<300xi8>) -> tensor<300xi8> {
  %0 = flow.tensor.clone %n : tensor<300xi8>
  return %0 : tensor<300xi8>
}
func.func @scalar() -> i32 {
  %0 = arith.constant 7 : i32
  return %0 : i32
}
