"""Kernels written by hand, as MLIR text: what IREE's own code generation leaves slow."""
