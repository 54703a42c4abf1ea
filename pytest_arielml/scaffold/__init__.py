"""A first test of a model, and the configuration to run it with."""

from pytest_arielml.scaffold.configuration import Addition, Configuration, configuration, plan
from pytest_arielml.scaffold.recipes import Recipe, recipes
from pytest_arielml.scaffold.source import Budgets, FirstTest, name_test

__all__ = [
    "Addition",
    "Budgets",
    "Configuration",
    "FirstTest",
    "Recipe",
    "configuration",
    "name_test",
    "plan",
    "recipes",
]
