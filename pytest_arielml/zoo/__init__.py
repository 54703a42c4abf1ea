"""Public models to test with: a catalogue, and how to get at the files."""

from pytest_arielml.zoo.catalogue import ZooModel, model, models
from pytest_arielml.zoo.locate import VARIABLE, cache_folder, find

__all__ = ["VARIABLE", "ZooModel", "cache_folder", "find", "model", "models"]
