// More exports than one reply holds.
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_00() -> i32 {
  %0 = arith.constant 0 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_01() -> i32 {
  %0 = arith.constant 1 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_02() -> i32 {
  %0 = arith.constant 2 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_03() -> i32 {
  %0 = arith.constant 3 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_04() -> i32 {
  %0 = arith.constant 4 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_05() -> i32 {
  %0 = arith.constant 5 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_06() -> i32 {
  %0 = arith.constant 6 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_07() -> i32 {
  %0 = arith.constant 7 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_08() -> i32 {
  %0 = arith.constant 8 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_09() -> i32 {
  %0 = arith.constant 9 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_10() -> i32 {
  %0 = arith.constant 10 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_11() -> i32 {
  %0 = arith.constant 11 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_12() -> i32 {
  %0 = arith.constant 12 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_13() -> i32 {
  %0 = arith.constant 13 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_14() -> i32 {
  %0 = arith.constant 14 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_15() -> i32 {
  %0 = arith.constant 15 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_16() -> i32 {
  %0 = arith.constant 16 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_17() -> i32 {
  %0 = arith.constant 17 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_18() -> i32 {
  %0 = arith.constant 18 : i32
  return %0 : i32
}
func.func @one_of_twenty_functions_whose_name_is_rather_long_number_19() -> i32 {
  %0 = arith.constant 19 : i32
  return %0 : i32
}
