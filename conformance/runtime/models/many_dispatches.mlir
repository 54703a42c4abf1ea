// 48 dispatches in a row, of two functions by turns: one rotates its elements
// by one, the other adds each element's place to it. None can be left out or
// run twice without another result.
#layout = #hal.pipeline.layout<bindings = [
  #hal.pipeline.binding<storage_buffer, ReadOnly>,
  #hal.pipeline.binding<storage_buffer>
]>
hal.executable.source private @many_dispatches {
  hal.executable.export public @main_dispatch_0 ordinal(0) layout(#layout)
      count(%device: !hal.device) -> (index, index, index) {
    %c1 = arith.constant 1 : index
    hal.return %c1, %c1, %c1 : index, index, index
  }
  hal.executable.export public @main_dispatch_1 ordinal(1) layout(#layout)
      count(%device: !hal.device) -> (index, index, index) {
    %c1 = arith.constant 1 : index
    hal.return %c1, %c1, %c1 : index, index, index
  }
  builtin.module {
    func.func @main_dispatch_0() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c15 = arith.constant 15 : index
      %c16 = arith.constant 16 : index
      %in = hal.interface.binding.subspan layout(#layout) binding(0) alignment(64) offset(%c0)
          : memref<16xi32>
      %out = hal.interface.binding.subspan layout(#layout) binding(1) alignment(64) offset(%c0)
          : memref<16xi32>
      scf.for %i = %c0 to %c16 step %c1 {
        %next = arith.addi %i, %c1 : index
        %from = arith.andi %next, %c15 : index
        %value = memref.load %in[%from] : memref<16xi32>
        memref.store %value, %out[%i] : memref<16xi32>
      }
      return
    }
    func.func @main_dispatch_1() {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      %c16 = arith.constant 16 : index
      %in = hal.interface.binding.subspan layout(#layout) binding(0) alignment(64) offset(%c0)
          : memref<16xi32>
      %out = hal.interface.binding.subspan layout(#layout) binding(1) alignment(64) offset(%c0)
          : memref<16xi32>
      scf.for %i = %c0 to %c16 step %c1 {
        %value = memref.load %in[%i] : memref<16xi32>
        %place = arith.index_cast %i : index to i32
        %sum = arith.addi %value, %place : i32
        memref.store %sum, %out[%i] : memref<16xi32>
      }
      return
    }
  }
}
func.func @main(%v0: tensor<16xi32>) -> tensor<16xi32> {
  %v1 = flow.dispatch @many_dispatches::@main_dispatch_0(%v0) : (tensor<16xi32>) -> tensor<16xi32>
  %v2 = flow.dispatch @many_dispatches::@main_dispatch_1(%v1) : (tensor<16xi32>) -> tensor<16xi32>
  %v3 = flow.dispatch @many_dispatches::@main_dispatch_0(%v2) : (tensor<16xi32>) -> tensor<16xi32>
  %v4 = flow.dispatch @many_dispatches::@main_dispatch_1(%v3) : (tensor<16xi32>) -> tensor<16xi32>
  %v5 = flow.dispatch @many_dispatches::@main_dispatch_0(%v4) : (tensor<16xi32>) -> tensor<16xi32>
  %v6 = flow.dispatch @many_dispatches::@main_dispatch_1(%v5) : (tensor<16xi32>) -> tensor<16xi32>
  %v7 = flow.dispatch @many_dispatches::@main_dispatch_0(%v6) : (tensor<16xi32>) -> tensor<16xi32>
  %v8 = flow.dispatch @many_dispatches::@main_dispatch_1(%v7) : (tensor<16xi32>) -> tensor<16xi32>
  %v9 = flow.dispatch @many_dispatches::@main_dispatch_0(%v8) : (tensor<16xi32>) -> tensor<16xi32>
  %v10 = flow.dispatch @many_dispatches::@main_dispatch_1(%v9) : (tensor<16xi32>) -> tensor<16xi32>
  %v11 = flow.dispatch @many_dispatches::@main_dispatch_0(%v10) : (tensor<16xi32>) -> tensor<16xi32>
  %v12 = flow.dispatch @many_dispatches::@main_dispatch_1(%v11) : (tensor<16xi32>) -> tensor<16xi32>
  %v13 = flow.dispatch @many_dispatches::@main_dispatch_0(%v12) : (tensor<16xi32>) -> tensor<16xi32>
  %v14 = flow.dispatch @many_dispatches::@main_dispatch_1(%v13) : (tensor<16xi32>) -> tensor<16xi32>
  %v15 = flow.dispatch @many_dispatches::@main_dispatch_0(%v14) : (tensor<16xi32>) -> tensor<16xi32>
  %v16 = flow.dispatch @many_dispatches::@main_dispatch_1(%v15) : (tensor<16xi32>) -> tensor<16xi32>
  %v17 = flow.dispatch @many_dispatches::@main_dispatch_0(%v16) : (tensor<16xi32>) -> tensor<16xi32>
  %v18 = flow.dispatch @many_dispatches::@main_dispatch_1(%v17) : (tensor<16xi32>) -> tensor<16xi32>
  %v19 = flow.dispatch @many_dispatches::@main_dispatch_0(%v18) : (tensor<16xi32>) -> tensor<16xi32>
  %v20 = flow.dispatch @many_dispatches::@main_dispatch_1(%v19) : (tensor<16xi32>) -> tensor<16xi32>
  %v21 = flow.dispatch @many_dispatches::@main_dispatch_0(%v20) : (tensor<16xi32>) -> tensor<16xi32>
  %v22 = flow.dispatch @many_dispatches::@main_dispatch_1(%v21) : (tensor<16xi32>) -> tensor<16xi32>
  %v23 = flow.dispatch @many_dispatches::@main_dispatch_0(%v22) : (tensor<16xi32>) -> tensor<16xi32>
  %v24 = flow.dispatch @many_dispatches::@main_dispatch_1(%v23) : (tensor<16xi32>) -> tensor<16xi32>
  %v25 = flow.dispatch @many_dispatches::@main_dispatch_0(%v24) : (tensor<16xi32>) -> tensor<16xi32>
  %v26 = flow.dispatch @many_dispatches::@main_dispatch_1(%v25) : (tensor<16xi32>) -> tensor<16xi32>
  %v27 = flow.dispatch @many_dispatches::@main_dispatch_0(%v26) : (tensor<16xi32>) -> tensor<16xi32>
  %v28 = flow.dispatch @many_dispatches::@main_dispatch_1(%v27) : (tensor<16xi32>) -> tensor<16xi32>
  %v29 = flow.dispatch @many_dispatches::@main_dispatch_0(%v28) : (tensor<16xi32>) -> tensor<16xi32>
  %v30 = flow.dispatch @many_dispatches::@main_dispatch_1(%v29) : (tensor<16xi32>) -> tensor<16xi32>
  %v31 = flow.dispatch @many_dispatches::@main_dispatch_0(%v30) : (tensor<16xi32>) -> tensor<16xi32>
  %v32 = flow.dispatch @many_dispatches::@main_dispatch_1(%v31) : (tensor<16xi32>) -> tensor<16xi32>
  %v33 = flow.dispatch @many_dispatches::@main_dispatch_0(%v32) : (tensor<16xi32>) -> tensor<16xi32>
  %v34 = flow.dispatch @many_dispatches::@main_dispatch_1(%v33) : (tensor<16xi32>) -> tensor<16xi32>
  %v35 = flow.dispatch @many_dispatches::@main_dispatch_0(%v34) : (tensor<16xi32>) -> tensor<16xi32>
  %v36 = flow.dispatch @many_dispatches::@main_dispatch_1(%v35) : (tensor<16xi32>) -> tensor<16xi32>
  %v37 = flow.dispatch @many_dispatches::@main_dispatch_0(%v36) : (tensor<16xi32>) -> tensor<16xi32>
  %v38 = flow.dispatch @many_dispatches::@main_dispatch_1(%v37) : (tensor<16xi32>) -> tensor<16xi32>
  %v39 = flow.dispatch @many_dispatches::@main_dispatch_0(%v38) : (tensor<16xi32>) -> tensor<16xi32>
  %v40 = flow.dispatch @many_dispatches::@main_dispatch_1(%v39) : (tensor<16xi32>) -> tensor<16xi32>
  %v41 = flow.dispatch @many_dispatches::@main_dispatch_0(%v40) : (tensor<16xi32>) -> tensor<16xi32>
  %v42 = flow.dispatch @many_dispatches::@main_dispatch_1(%v41) : (tensor<16xi32>) -> tensor<16xi32>
  %v43 = flow.dispatch @many_dispatches::@main_dispatch_0(%v42) : (tensor<16xi32>) -> tensor<16xi32>
  %v44 = flow.dispatch @many_dispatches::@main_dispatch_1(%v43) : (tensor<16xi32>) -> tensor<16xi32>
  %v45 = flow.dispatch @many_dispatches::@main_dispatch_0(%v44) : (tensor<16xi32>) -> tensor<16xi32>
  %v46 = flow.dispatch @many_dispatches::@main_dispatch_1(%v45) : (tensor<16xi32>) -> tensor<16xi32>
  %v47 = flow.dispatch @many_dispatches::@main_dispatch_0(%v46) : (tensor<16xi32>) -> tensor<16xi32>
  %v48 = flow.dispatch @many_dispatches::@main_dispatch_1(%v47) : (tensor<16xi32>) -> tensor<16xi32>
  return %v48 : tensor<16xi32>
}
