"""Model files in, one normal form and a signature out."""

from pytest_arielml.frontends.dims import Dims
from pytest_arielml.frontends.liveness import least_memory
from pytest_arielml.frontends.load import load_model
from pytest_arielml.frontends.model import Dim, Function, Model, Signature, TensorSpec, shape_text

__all__ = [
    "Dim",
    "Dims",
    "Function",
    "Model",
    "Signature",
    "TensorSpec",
    "least_memory",
    "load_model",
    "shape_text",
]
