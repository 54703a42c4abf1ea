// A grid of 5 x 4 x 20 workgroups: each writes, where its place in the grid
// says, that place and the element that it read there.
#layout = #hal.pipeline.layout<bindings = [
  #hal.pipeline.binding<storage_buffer, ReadOnly>,
  #hal.pipeline.binding<storage_buffer>
]>
hal.executable.source private @many_items {
  hal.executable.export public @main_dispatch_0 ordinal(0) layout(#layout)
      count(%device: !hal.device) -> (index, index, index) {
    %c5 = arith.constant 5 : index
    %c4 = arith.constant 4 : index
    %c20 = arith.constant 20 : index
    hal.return %c5, %c4, %c20 : index, index, index
  }
  builtin.module {
    func.func @main_dispatch_0() {
      %c0 = arith.constant 0 : index
      %x = hal.interface.workgroup.id[0] : index
      %y = hal.interface.workgroup.id[1] : index
      %z = hal.interface.workgroup.id[2] : index
      %count_x = hal.interface.workgroup.count[0] : index
      %count_y = hal.interface.workgroup.count[1] : index
      %rows = arith.muli %z, %count_y : index
      %row = arith.addi %rows, %y : index
      %cells = arith.muli %row, %count_x : index
      %cell = arith.addi %cells, %x : index
      %in = hal.interface.binding.subspan layout(#layout) binding(0) alignment(64) offset(%c0)
          : memref<400xi32>
      %out = hal.interface.binding.subspan layout(#layout) binding(1) alignment(64) offset(%c0)
          : memref<400xi32>
      %value = memref.load %in[%cell] : memref<400xi32>
      %place = arith.index_cast %cell : index to i32
      %sum = arith.addi %value, %place : i32
      memref.store %sum, %out[%cell] : memref<400xi32>
      return
    }
  }
}
func.func @main(%in: tensor<400xi32>) -> tensor<400xi32> {
  %out = flow.dispatch @many_items::@main_dispatch_0(%in) : (tensor<400xi32>) -> tensor<400xi32>
  return %out : tensor<400xi32>
}
