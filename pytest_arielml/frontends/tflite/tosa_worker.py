"""Converts a model: ``python tosa_worker.py < MODEL.tflite > MODEL.mlirbc``."""

from __future__ import annotations

import sys

from tosa_converter_for_tflite import TosaConverterOutputFormat, tflite_flatbuffer_to_tosa_mlir

if __name__ == "__main__":
    tflite_flatbuffer_to_tosa_mlir("-", sys.stdout.buffer, TosaConverterOutputFormat.Bytecode)
