// Each workgroup reverses its 64 elements by way of its worker's local memory.
// What it finds there is another workgroup's if two workers share it.
#layout = #hal.pipeline.layout<bindings = [
  #hal.pipeline.binding<storage_buffer, ReadOnly>,
  #hal.pipeline.binding<storage_buffer>
]>
hal.executable.source private @local_memory {
  hal.executable.export public @main_dispatch_0 ordinal(0) layout(#layout)
      count(%device: !hal.device) -> (index, index, index) {
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    hal.return %c4, %c1, %c1 : index, index, index
  }
  builtin.module {
    func.func @main_dispatch_0() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c63 = arith.constant 63 : index
      %c64 = arith.constant 64 : index
      %id = hal.interface.workgroup.id[0] : index
      %base = arith.muli %id, %c64 : index
      %in = hal.interface.binding.subspan layout(#layout) binding(0) alignment(64) offset(%c0)
          : memref<256xi32>
      %out = hal.interface.binding.subspan layout(#layout) binding(1) alignment(64) offset(%c0)
          : memref<256xi32>
      %scratch = memref.alloc() : memref<64xi32, #iree_codegen.workgroup_local>
      scf.for %i = %c0 to %c64 step %c1 {
        %from = arith.addi %base, %i : index
        %value = memref.load %in[%from] : memref<256xi32>
        %to = arith.subi %c63, %i : index
        memref.store %value, %scratch[%to] : memref<64xi32, #iree_codegen.workgroup_local>
      }
      scf.for %i = %c0 to %c64 step %c1 {
        %value = memref.load %scratch[%i] : memref<64xi32, #iree_codegen.workgroup_local>
        %to = arith.addi %base, %i : index
        memref.store %value, %out[%to] : memref<256xi32>
      }
      return
    }
  }
}
func.func @main(%in: tensor<256xi32>) -> tensor<256xi32> {
  %out = flow.dispatch @local_memory::@main_dispatch_0(%in) : (tensor<256xi32>) -> tensor<256xi32>
  return %out : tensor<256xi32>
}
