"""Turns the normal form into MLIR: ``python -m pytest_arielml.compiler.importer IN OUT [STYLE]``.

In a process of its own, so that a fault in MLIR's libraries ends it alone;
`import_worker` keeps one for many models.
Every operation carries the number of its ONNX node as its location: that
is how a diagnostic of the compiler leads back to the node.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import onnx
from iree.compiler.extras import onnx_importer
from iree.compiler.ir import Context, InsertionPoint, StringAttr

from pytest_arielml.compiler.integer_ops import Lowering, is_integer_op
from pytest_arielml.compiler.kernels.cores import STYLES
from pytest_arielml.compiler.kernels.form import Kernels, channels_last
from pytest_arielml.compiler.nodes import location, walk

#: Name of the module, which the query function of its kernels is named after.
MODULE = "model"


def import_model(source: Path, target: Path, style: str = "") -> int:
    """Imports `source` (ONNX) and writes `target` (MLIR); the status to exit with.

    `style`, of `kernels.STYLES`, has products computed by kernels of our own.
    """
    model = onnx.load(source)
    for index, node in enumerate(walk(model.graph)):
        node.name = location(index)
    kernels: Kernels = {}
    if style:
        model, kernels = channels_last(model, STYLES[style])
    info = onnx_importer.ModelInfo(model)
    module = info.create_module(context=Context()).operation
    module.attributes["sym_name"] = StringAttr.get(MODULE, context=module.context)
    opset = max((each.version for each in model.opset_import if not each.domain), default=1)
    at = _follow(Lowering(module, opset, kernels))
    try:
        importer = onnx_importer.NodeImporter.define_function(info.main_graph, module)
        importer.import_all()
        module.verify()
    # Whatever it is, it is about that node; the parent makes a sentence of it.
    except Exception as error:
        sys.stderr.write(f'error: loc("{at[-1]}"): {error}\n')
        return 1
    with target.open("w", encoding="utf-8") as file:
        file.write(module.get_asm(enable_debug_info=True, assume_verified=True))
    return 0


def _follow(lowering: Lowering) -> list[str]:
    """Has the importer tell which node it is at: the last of the list.

    Nodes of the integer form go to `lowering`.
    """
    at = ["graph"]
    import_node = onnx_importer.NodeImporter.import_node

    def import_and_tell(self: Any, node: onnx.NodeProto) -> None:
        at[:] = [node.name]
        if is_integer_op(node):
            values = [self._nv_map[name] for name in node.input]
            self._nv_map[node.output[0]] = lowering.lower(node, values, InsertionPoint(self._b))
        else:
            import_node(self, node)

    onnx_importer.NodeImporter.import_node = import_and_tell
    return at


if __name__ == "__main__":
    sys.exit(import_model(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:4]))
