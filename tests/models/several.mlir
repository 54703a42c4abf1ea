// Functions of several inputs and outputs; `helper` is not to be called from outside.
module @several {
  func.func private @helper(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %two = arith.constant dense<2.0> : tensor<2x3xf32>
    %y = arith.mulf %x, %two : tensor<2x3xf32>
    return %y : tensor<2x3xf32>
  }

  func.func @divide(%a: tensor<3xi32> {iree.identifier = "a"},
                    %b: tensor<3xi32> {iree.identifier = "b"})
      -> (tensor<3xi32> {iree.identifier = "quotient"},
          tensor<3xi32> {iree.identifier = "remainder"}) {
    %q = arith.divsi %a, %b : tensor<3xi32>
    %r = arith.remsi %a, %b : tensor<3xi32>
    return %q, %r : tensor<3xi32>, tensor<3xi32>
  }

  func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
    %y = func.call @helper(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
    return %y : tensor<2x3xf32>
  }

  func.func @constant() -> tensor<2xi64> {
    %c = arith.constant dense<[7, -7]> : tensor<2xi64>
    return %c : tensor<2xi64>
  }

  // Gives its inputs in the other order: a mix-up would show in the types.
  func.func @swap(%x: tensor<2xi8>, %y: tensor<3xui16>, %z: tensor<i1>)
      -> (tensor<i1>, tensor<3xui16>, tensor<2xi8>) {
    return %z, %y, %x : tensor<i1>, tensor<3xui16>, tensor<2xi8>
  }
}
