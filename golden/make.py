"""Make the goldens of this folder anew; with `--check`, see whether they still hold."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from pytest_arielml.golden import assertion_text, check, create, inputs_digest, read, write

HERE = Path(__file__).parent
LENET5 = HERE.parent / "examples" / "lenet5"


def main() -> int:
    """Write every golden, or check it; 1 when one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare in place of writing")
    checking = parser.parse_args().check

    model, path = LENET5 / "lenet5-int8.onnx", HERE / "lenet5-int8.npz"
    with np.load(LENET5 / "digits-500.npz", allow_pickle=False) as digits:
        inputs = (digits["images"].astype(np.float32) / np.float32(255))[:, None, None]
    if not checking:
        description = "examples/lenet5/digits-500.npz: images / 255, float32 [1, 1, 28, 28] each"
        write(path, create(model, [inputs], description=description))
        return 0
    text = assertion_text(check(read(path), model, [inputs]))
    print(text or f"{path.name} holds for inputs {inputs_digest([inputs])[:12]}")  # noqa: T201
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
