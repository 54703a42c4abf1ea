"""The node cases of the onnx package: one test an operator's case, on any target."""
