"""Which parts of the runtime an image takes, by what its module needs.

The runtime reaches the parts named here through symbols that only the linker
defines: at a part's own symbol where the module needs it, at 0 where it does
not. The linker then drops what nothing refers to, and the runtime refuses a
module that needs what is not there.
"""

from __future__ import annotations

from pytest_arielml.compiler import ModuleFacts


def selection(module: ModuleFacts) -> list[str]:
    """Options of the linker that keep what `module` needs and drop the rest."""
    parts = {"arielml_vm_floats": "ARIELML_FLOATS" if module.floats else "0"}
    return [f"--defsym={symbol}={value}" for symbol, value in parts.items()]
