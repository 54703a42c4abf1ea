"""Arrays from and for files of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pytest_arielml.errors import InputError
from pytest_arielml.session.result import Array


def read_arrays(paths: Sequence[Path]) -> tuple[Array, ...]:
    """One array a `.npy` file. Raises: InputError naming the file."""
    return tuple(_read(path) for path in paths)


def write_arrays(folder: Path, arrays: Sequence[Array]) -> None:
    """Writes ``output_0.npy``, ``output_1.npy``, ... Raises: InputError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for index, array in enumerate(arrays):
            np.save(folder / f"output_{index}.npy", array)
    except OSError as error:
        raise InputError(
            f"cannot write the outputs to {folder}",
            found=str(error),
            advice="name a folder that you can write to: --output DIR",
        ) from None


def _read(path: Path) -> Array:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(
            f"cannot read {path} as an array",
            expected="a .npy file, as numpy.save writes",
            found=str(error),
            advice="save it with numpy.save(path, array)",
        ) from None
    if not isinstance(array, np.ndarray):
        raise InputError(
            f"{path} holds several arrays",
            expected="one array, as numpy.save writes",
            advice="save each in a file of its own, and name one --input for each",
        )
    return array
