// Keeps a running sum and a count between calls.
module @counter {
  util.global private mutable @sum = dense<0.0> : tensor<4xf32>
  ml_program.global private mutable @calls(dense<0> : tensor<i32>) : tensor<i32>

  // Adds x to the sum; gives the sum.
  func.func @add(%x: tensor<4xf32> {iree.identifier = "x"})
      -> (tensor<4xf32> {iree.identifier = "sum"}) {
    %sum = util.global.load @sum : tensor<4xf32>
    %next = arith.addf %sum, %x : tensor<4xf32>
    util.global.store %next, @sum : tensor<4xf32>
    return %next : tensor<4xf32>
  }

  // Counts this call; gives how many there were.
  func.func @tick() -> tensor<i32> {
    %calls = ml_program.global_load @calls : tensor<i32>
    %one = arith.constant dense<1> : tensor<i32>
    %next = arith.addi %calls, %one : tensor<i32>
    ml_program.global_store @calls = %next : tensor<i32>
    return %next : tensor<i32>
  }

  // Fails where x is not positive.
  func.func @positive(%x: tensor<i32>) -> tensor<i32> {
    %value = tensor.extract %x[] : tensor<i32>
    %zero = arith.constant 0 : i32
    %ok = arith.cmpi sgt, %value, %zero : i32
    cf.assert %ok, "x must be positive"
    return %x : tensor<i32>
  }

  // Counts to n, one step of bytecode after the other.
  func.func @count(%n: tensor<i64>) -> tensor<i64> {
    %bound = tensor.extract %n[] : tensor<i64>
    %zero = arith.constant 0 : i64
    %one = arith.constant 1 : i64
    %end = scf.while (%i = %zero) : (i64) -> i64 {
      %more = arith.cmpi slt, %i, %bound : i64
      scf.condition(%more) %i : i64
    } do {
    ^bb0(%i: i64):
      %next = util.optimization_barrier %i : i64
      %sum = arith.addi %next, %one : i64
      scf.yield %sum : i64
    }
    %result = tensor.from_elements %end : tensor<i64>
    return %result : tensor<i64>
  }
}
