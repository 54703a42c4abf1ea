// Sizes that the arrays of a call set.
func.func @scale(%x: tensor<?x4xf32> {iree.identifier = "x"},
                 %factor: tensor<f32> {iree.identifier = "factor"}) -> tensor<?x4xf32> {
  %f = tensor.extract %factor[] : tensor<f32>
  %zero = arith.constant 0 : index
  %rows = tensor.dim %x, %zero : tensor<?x4xf32>
  %room = tensor.empty(%rows) : tensor<?x4xf32>
  %y = linalg.generic {
    indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]
  } ins(%x : tensor<?x4xf32>) outs(%room : tensor<?x4xf32>) {
  ^bb0(%value: f32, %unused: f32):
    %scaled = arith.mulf %value, %f : f32
    linalg.yield %scaled : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
