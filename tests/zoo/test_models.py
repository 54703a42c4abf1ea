"""The catalogue against the files themselves, where they are at hand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from pytest_arielml.golden import output_policies, random_inputs, reference
from pytest_arielml.zoo import ZooModel
from pytest_arielml.zoo.content import content_sha256


def test_file_is_what_the_catalogue_says(entry: ZooModel, path: Path) -> None:
    content = path.read_bytes()
    if entry.content_sha256 is None:
        assert len(content) == entry.size
        assert hashlib.sha256(content).hexdigest() == entry.sha256
    else:
        assert content_sha256(content) == entry.content_sha256
    (slot,) = reference(content).inputs
    assert str(slot).removeprefix(f"{slot.name}: ") == entry.input


def test_the_reference_runs(path: Path) -> None:
    content = path.read_bytes()
    inputs = random_inputs(content, seed=0, samples=16)
    (output,) = reference(content).run_samples(*inputs)
    # Noise saturates the classifiers; a model that runs still tells some of it apart.
    assert len(np.unique(output, axis=0)) > 1
    (policy,) = output_policies(content)
    assert policy.step is not None
