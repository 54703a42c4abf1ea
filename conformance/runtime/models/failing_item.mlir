// Each of 64 workgroups copies its element and returns it as its status, which
// is what a workgroup that fails does; at -1 it traps, so that a board which
// runs workgroups after one has failed does not get away with it.
#layout = #hal.pipeline.layout<bindings = [
  #hal.pipeline.binding<storage_buffer, ReadOnly>,
  #hal.pipeline.binding<storage_buffer>
]>
hal.executable.source private @failing_item {
  hal.executable.export public @main_dispatch_0 ordinal(0) layout(#layout)
      count(%device: !hal.device) -> (index, index, index) {
    %c64 = arith.constant 64 : index
    %c1 = arith.constant 1 : index
    hal.return %c64, %c1, %c1 : index, index, index
  }
  builtin.module {
    llvm.func @main_dispatch_0(%environment: !llvm.ptr, %dispatch: !llvm.ptr, %workgroup: !llvm.ptr) -> i32 {
      %id = llvm.load %workgroup : !llvm.ptr -> i32
      %field = llvm.getelementptr %dispatch[0, 10] : (!llvm.ptr) -> !llvm.ptr, !llvm.struct<(i32, i32, i16, i16, i32, i32, i16, i8, i8, ptr, ptr, ptr)>
      %bindings = llvm.load %field : !llvm.ptr -> !llvm.ptr
      %in = llvm.load %bindings : !llvm.ptr -> !llvm.ptr
      %second = llvm.getelementptr %bindings[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
      %out = llvm.load %second : !llvm.ptr -> !llvm.ptr
      %from = llvm.getelementptr %in[%id] : (!llvm.ptr, i32) -> !llvm.ptr, i32
      %value = llvm.load %from : !llvm.ptr -> i32
      %to = llvm.getelementptr %out[%id] : (!llvm.ptr, i32) -> !llvm.ptr, i32
      llvm.store %value, %to : i32, !llvm.ptr
      %trap = llvm.mlir.constant(-1 : i32) : i32
      %isTrap = llvm.icmp "eq" %value, %trap : i32
      llvm.cond_br %isTrap, ^stop, ^done
    ^stop:
      llvm.intr.trap
      llvm.unreachable
    ^done:
      llvm.return %value : i32
    }
  }
}
func.func @main(%in: tensor<64xi32>) -> tensor<64xi32> {
  %out = flow.dispatch @failing_item::@main_dispatch_0(%in) : (tensor<64xi32>) -> tensor<64xi32>
  return %out : tensor<64xi32>
}
