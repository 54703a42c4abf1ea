"""What a user waits for, and what the runtime costs beside the kernels.

    python -m benchmarks.deploy

Seconds are this machine's and vary with its load; instructions and bytes do not.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from pytest_arielml.session import Workbench

_EXAMPLE = Path(__file__).parent.parent / "examples" / "lenet5"
_TURNS = 5


def main() -> None:
    """Prints one line a figure."""
    model = _EXAMPLE / "lenet5-int8.onnx"
    with np.load(_EXAMPLE / "digits-500.npz") as digits:
        image = digits["images"][:1].astype(np.float32)[:, None] / 255
    with Workbench("emu-nrf52840") as bench:
        bench.deploy(model).run(image)
    seconds = []
    for _ in range(_TURNS):
        start = time.perf_counter()
        with Workbench("emu-nrf52840") as bench:
            deployment = bench.deploy(model)
            result = deployment.run(image)
            seconds.append(time.perf_counter() - start)
            size, init = deployment.size, deployment.init_instructions
    print(f"{model.name} on emu-nrf52840")
    fastest, slowest = min(seconds), max(seconds)
    print(f"  cached deploy and one call   {fastest:9.3f} s at least, {slowest:.3f} s at most")
    print(f"  instructions of a call       {result.instructions:9,}")
    print(f"    of them the runtime's      {result.overhead:9,}")
    print(f"  instructions of init         {init:9,}")
    print(f"  flash                        {size.flash:9,} bytes")
    print(f"  RAM                          {size.ram:9,} bytes")
    for name, part in sorted(size.parts.items(), key=lambda item: -item[1]):
        print(f"    {name:<26} {part:9,}")


if __name__ == "__main__":
    main()
