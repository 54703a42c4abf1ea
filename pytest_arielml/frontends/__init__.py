"""Model files in, one normal form and a signature out."""

from pytest_arielml.frontends.load import load_model
from pytest_arielml.frontends.model import Function, Model, Signature, TensorSpec

__all__ = ["Function", "Model", "Signature", "TensorSpec", "load_model"]
