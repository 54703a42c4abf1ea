// Fails with its own words when its input is negative.
func.func @main(%in: tensor<1xi32>) -> tensor<1xi32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %value = tensor.extract %in[%c0] : tensor<1xi32>
  %is_fine = arith.cmpi sge, %value, %zero : i32
  cf.assert %is_fine, "the input is negative"
  %sum = arith.addi %in, %in : tensor<1xi32>
  return %sum : tensor<1xi32>
}
