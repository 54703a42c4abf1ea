"""Channels last: products and what lies between them, as the kernels take them.

ONNX has channels first. A value of rank 4 gets a twin with its channels last
where a kernel wants one, and what follows goes on with the twin as far as it
can; the value itself is made, by a `Transpose`, only for who asks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from pytest_arielml.compiler.kernels.cores import Style
from pytest_arielml.compiler.kernels.depthwise import Depthwise
from pytest_arielml.compiler.kernels.kernel import Kernel, Window
from pytest_arielml.compiler.kernels.match import Matched, match
from pytest_arielml.compiler.kernels.product import Product
from pytest_arielml.frontends.integer import DOMAIN, FLIP, LOOKUP, REQUANTIZE
from pytest_arielml.frontends.passes.graph import (
    Array,
    Namer,
    attributes,
    copy_of,
    is_own,
    names,
    replace_nodes,
    subgraphs,
)
from pytest_arielml.frontends.passes.integer.build import Values
from pytest_arielml.frontends.passes.integer.scales import is_eight_bits, read

#: Operator of a kernel; which one, `Kernels` says by the name of its output.
KERNEL: Final = "Kernel"
#: MaxPool of int8, channels last. Attributes: `kernel_shape`, `strides`.
POOL: Final = "MaxPool"

#: `QuantizeLinear` of float32 with one scale. Attributes: `scale`, `zero_point`, `to`.
QUANTIZE: Final = "Quantize"

#: Kernels by the value that they make.
Kernels = dict[str, Kernel]

_LAST: Final = (0, 2, 3, 1)
_FIRST: Final = (0, 3, 1, 2)
_POINTWISE: Final = frozenset({"Add", "Cast", "Mul", "Sub", "Relu", "Clip", "Max", "Min"})
_OURS: Final = frozenset({REQUANTIZE, LOOKUP, FLIP})


def channels_last(model: onnx.ModelProto, style: Style) -> tuple[onnx.ModelProto, Kernels]:
    """The model with its products as kernels in `style`, and those kernels.

    Args:
        model: a normal form, with the shapes of its values.
        style: of the core that it is for.
    """
    changed = copy_of(model)
    rewriter = _Rewriter(changed.graph, style)
    if not rewriter.matched:
        return model, {}
    rewriter.run()
    return changed, rewriter.kernels


@dataclass(frozen=True)
class _Twin:
    """The value with its channels last, and its shape (channels last, too)."""

    name: str
    shape: tuple[int, ...]


class _Rewriter:
    def __init__(self, graph: onnx.GraphProto, style: Style) -> None:
        self._graph = graph
        self._style = style
        self._values = Values(graph)
        self._facts = self._values.facts
        self._namer = Namer(graph)
        self.matched = match(graph, self._values)
        self.kernels: Kernels = {}
        self._nodes: list[onnx.NodeProto] = []
        self._at = ""
        self._twins: dict[str, _Twin] = {}
        # Values of which there is only the twin so far.
        self._hidden: set[str] = set()
        # Values that a kernel made together with an earlier one.
        self._skipped: set[str] = set()
        self._readers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self._readers.setdefault(name, []).append(node)

    def run(self) -> None:
        """Rewrites the graph in place."""
        taken = {name for each in self.matched.values() for name in each.within}
        for node in self._graph.node:
            self._at = node.name
            found = self.matched.get(node.output[0])
            if found is not None:
                self._product(found)
            elif node.output[0] in taken or node.output[0] in self._skipped:
                continue
            elif not self._follow(node):
                self._keep(node)
        for output in self._graph.output:
            self._first(output.name)
        replace_nodes(self._graph, self._nodes)

    def _add(
        self, kind: str, inputs: list[str], output: str, *, domain: str = "", **options: Any
    ) -> None:
        node = onnx.helper.make_node(kind, inputs, [output], self._at, domain=domain, **options)
        self._nodes.append(node)

    def _constant(self, value: Array) -> str:
        name = self._namer("constant")
        self._add("Constant", [], name, value=numpy_helper.from_array(np.ascontiguousarray(value)))
        return name

    def _stored(self, value: Array) -> str:
        """Name of a constant in flash, flat, for a kernel.

        IREE fills one whose elements are all equal into RAM at every call; another element
        behind them, which nothing reads, prevents that.
        """
        if np.all(value == value[0]):
            value = np.append(value, ~value[:1])
        return self._constant(value)

    def _describe(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        element = onnx.helper.np_dtype_to_tensor_dtype(dtype)
        self._graph.value_info.append(
            onnx.helper.make_tensor_value_info(name, element, list(shape))
        )

    def _twin(self, name: str) -> str:
        """Name for the twin of a value, which is made next."""
        known = self._facts.type(name)
        assert known is not None
        shape = tuple(known.shape[axis] for axis in _LAST)
        twin = self._namer(f"{name}_last")
        self._twins[name] = _Twin(twin, shape)
        self._graph.value_info.append(
            onnx.helper.make_tensor_value_info(twin, known.element, list(shape))
        )
        return twin

    def _first(self, name: str) -> None:
        """Sees to it that a value is there itself."""
        if name not in self._hidden:
            return
        self._hidden.remove(name)
        twin = self._twins[name]
        if twin.shape[1:3] == (1, 1):
            sizes = np.asarray([twin.shape[axis] for axis in _FIRST], np.int64)
            self._add("Reshape", [twin.name, self._constant(sizes)], name)
        else:
            self._add("Transpose", [twin.name], name, perm=_FIRST)

    def _last(self, name: str) -> str:
        """Name of a value's twin."""
        if name not in self._twins:
            twin = self._twin(name)
            self._add("Transpose", [name], twin, perm=_LAST)
        return self._twins[name].name

    def _keep(self, node: onnx.NodeProto) -> None:
        for name in node.input:
            self._first(name)
        for inner in subgraphs(node):
            for name in sorted(self._hidden & names(inner)):
                self._first(name)
        self._nodes.append(node)

    def _product(self, found: Matched) -> None:
        style = self._style
        weights = found.weights
        if found.dense:
            rows, channels = found.shape
            window = Window(1, rows, (1, 1), (1, 1))
            source = found.source
            spatial = self._flattened(source)
            if spatial is not None and rows == 1:
                # The dense layer reads the twin as it lies; its weights follow.
                name, (_, high, wide, deep) = spatial
                weights = (
                    weights.reshape(-1, deep, high, wide)
                    .transpose(0, 2, 3, 1)
                    .reshape(-1, channels)
                )
                source = self._namer(f"{source}_last")
                self._describe(source, np.dtype(np.int8), (1, channels))
                sizes = np.asarray([1, channels], np.int64)
                self._add("Reshape", [name, self._constant(sizes)], source)
            else:
                self._first(source)
            weights = weights[:, None, None, :]
            output = found.result
        else:
            _, channels, high, wide = found.shape
            window = Window(high, wide, found.kernel, found.strides)
            source = self._last(found.source)
            weights = weights.transpose(0, 2, 3, 1)
            output = ""
        made = Depthwise if found.depthwise else Product
        pool = found.pool
        # A dense layer has few results for each loop, and needs the register there.
        scaling = replace(found.scaling, joined=style.dsp and not found.dense)
        if style.narrow:
            reach = np.abs(weights.astype(np.int64)).reshape(len(weights), -1).sum(axis=1) * 128
            factors = scaling.factor if found.factors is None else int(found.factors.max())
            assert factors is not None
            scaling = scaling.narrowed(int((np.abs(found.bias) + reach).max()), factors)
        kernel = made(window, channels, len(weights), scaling, style, pool)
        padding = self._padding(found)
        if padding is not None:
            border, fill = padding
            kernel = replace(kernel, border=border, fill=fill)
        if isinstance(kernel, Depthwise) and np.all(weights == weights.flat[0]):
            kernel = replace(kernel, uniform=int(weights.flat[0]))
        if not output:
            result = found.result
            if padding is not None:
                result = self._readers[result][0].output[0]
                self._skipped.add(result)
            output = self._twin(result)
            self._hidden.add(result)
        self.kernels[output] = kernel
        inputs = [
            source,
            self._stored(kernel.weights(weights)),
            self._stored(kernel.parameters(found.bias, found.factors)),
        ]
        self._add(KERNEL, inputs, output, domain=DOMAIN)

    def _padding(self, found: Matched) -> tuple[tuple[int, int, int, int], int] | None:
        """Border and its value, where one `Pad` reads a convolution, and a product reads that."""
        readers = self._readers.get(found.result, [])
        if found.dense or len(readers) != 1 or not self._values.is_used_once(found.result):
            return None
        pad = readers[0]
        widths = self._widths(pad)
        fill = self._facts.value(pad.input[2]) if len(pad.input) > 2 and pad.input[2] else None
        if widths is None or any(widths[[0, 1, 4, 5]]) or np.any(widths < 0):
            return None
        if not any(each.source == pad.output[0] for each in self.matched.values()):
            return None
        top, left, bottom, right = (int(widths[at]) for at in (2, 3, 6, 7))
        number = 0 if fill is None else int(fill.reshape(-1)[0])
        return (top, left, bottom, right), number - 256 if number > 127 else number

    def _widths(self, node: onnx.NodeProto) -> Array | None:
        """Widths of a `Pad` of a value of rank 4 with one constant; else `None`."""
        mode = attributes(node).get("mode", b"constant")
        if not is_own(node, "Pad") or mode != b"constant" or len(node.input) < 2:
            return None
        if len(node.input) > 3 and node.input[3]:
            return None
        widths = self._facts.value(node.input[1])
        return widths if widths is not None and len(widths) == 8 else None

    def _flattened(self, name: str) -> tuple[str, tuple[int, ...]] | None:
        """Name and shape of the twin that a value is a flat view of; the view may be left out."""
        maker = self._values.makers.get(name)
        if maker is None or not is_own(maker, "Flatten", "Reshape"):
            return None
        twin = self._twins.get(maker.input[0])
        return None if twin is None else (twin.name, twin.shape)

    def _follow(self, node: onnx.NodeProto) -> bool:
        """Goes on with the twins of what `node` reads; whether it could."""
        if is_own(node, "Flatten", "Reshape") and self._flat_uses(node):
            return True
        if is_own(node, "Transpose"):
            return self._transposed(node)
        if is_own(node, "QuantizeLinear"):
            return self._quantized(node)
        if not node.input or node.input[0] not in self._twins:
            return is_own(node, "Pad") and self._padded(node)
        if is_own(node, "Pad"):
            return self._padded(node)
        if is_own(node, "MaxPool"):
            return self._pooled(node)
        if is_own(node, "ReduceSum", "ReduceMean"):
            return self._reduced(node)
        if node.op_type in _OURS and node.domain == DOMAIN:
            return self._mapped(node)
        if is_own(node) and node.op_type in _POINTWISE:
            return self._pointwise(node)
        return False

    def _flat_uses(self, node: onnx.NodeProto) -> bool:
        """Whether only dense layers read a flat view, each of which takes the twin itself."""
        shape = self._facts.shape(node.output[0])
        if node.input[0] not in self._twins or shape is None or shape[:1] != (1,):
            return False
        readers = self._readers.get(node.output[0], [])
        outputs = {each.name for each in self._graph.output}
        dense = {
            each.product for each in self.matched.values() if each.dense and each.shape[0] == 1
        }
        return node.output[0] not in outputs and all(each.output[0] in dense for each in readers)

    def _transposed(self, node: onnx.NodeProto) -> bool:
        perm = tuple(attributes(node).get("perm", ()))
        source, result = node.input[0], node.output[0]
        shape = self._facts.shape(source)
        if perm == _FIRST and shape is not None and source not in self._hidden:
            self._twins[result] = _Twin(source, shape)
            self._hidden.add(result)
            return True
        if perm == _LAST and source in self._twins:
            self._add("Identity", [self._twins[source].name], result)
            return True
        return False

    def _padded(self, node: onnx.NodeProto) -> bool:
        """`Pad` in front of a product, or behind what has a twin."""
        source, result = node.input[0], node.output[0]
        shape = self._facts.shape(source)
        widths = self._widths(node)
        wanted = source in self._twins or any(
            each.source == result for each in self.matched.values()
        )
        if not wanted or shape is None or len(shape) != 4 or widths is None:
            return False
        moved = np.concatenate([widths[:4][list(_LAST)], widths[4:][list(_LAST)]])
        inputs = [self._last(source), self._constant(moved), *node.input[2:3]]
        self._emit(node, inputs)
        return True

    def _emit(self, node: onnx.NodeProto, inputs: list[str]) -> None:
        """The node, from twins to the twin of its result."""
        twin = self._twin(node.output[0])
        self._hidden.add(node.output[0])
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        del copy.input[:], copy.output[:]
        copy.input.extend(inputs)
        copy.output.append(twin)
        self._nodes.append(copy)

    def _pooled(self, node: onnx.NodeProto) -> bool:
        options = attributes(node)
        kernel = options["kernel_shape"]
        plain = (
            len(kernel) == 2
            and len(node.output) == 1
            and self._facts.dtype(node.input[0]) == np.int8
            and not any(options.get("pads", []))
            and not options.get("ceil_mode", 0)
            and all(each == 1 for each in options.get("dilations", []))
            and options.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
        )
        if not plain:
            return False
        source = self._twins[node.input[0]].name
        twin = self._twin(node.output[0])
        self._hidden.add(node.output[0])
        strides = options.get("strides", [1, 1])
        self._add(POOL, [source], twin, domain=DOMAIN, kernel_shape=kernel, strides=strides)
        return True

    def _reduced(self, node: onnx.NodeProto) -> bool:
        axes = self._facts.value(node.input[1]) if len(node.input) > 1 else None
        rank = len(self._twins[node.input[0]].shape)
        if axes is None or sorted(int(axis) % rank for axis in axes) != [2, 3]:
            return False
        inputs = [self._twins[node.input[0]].name, self._constant(np.asarray([1, 2], np.int64))]
        if attributes(node).get("keepdims", 1):
            self._emit(node, inputs)
        else:
            self._add(node.op_type, inputs, node.output[0], keepdims=0)
        return True

    def _quantized(self, node: onnx.NodeProto) -> bool:
        source, result = node.input[0], self._facts.dtype(node.output[0])
        known = read(node, self._facts, result)
        if known is None or not known.per_tensor or not is_eight_bits(known):
            return False
        if self._facts.dtype(source) != np.float32 or self._facts.shape(source) is None:
            return False
        self._first(source)
        options = {
            "scale": float(known.scale),
            "zero_point": known.zero,
            "to": onnx.helper.np_dtype_to_tensor_dtype(known.dtype),
        }
        self._add(QUANTIZE, [source], node.output[0], domain=DOMAIN, **options)
        return True

    def _mapped(self, node: onnx.NodeProto) -> bool:
        axis = attributes(node).get("axis")
        if axis not in (None, 1):
            return False
        self._emit(node, [self._twins[node.input[0]].name, *node.input[1:]])
        for attribute in self._nodes[-1].attribute:
            if attribute.name == "axis":
                attribute.i = 3
        return True

    def _pointwise(self, node: onnx.NodeProto) -> bool:
        """An operator on values of one shape, and constants that are one number."""
        result = self._facts.shape(node.output[0])
        inputs = []
        for name in node.input:
            twin, value = self._twins.get(name), self._facts.value(name)
            if twin is not None and self._facts.shape(name) == result:
                inputs.append(twin.name)
            elif not name or (value is not None and value.size == 1 and value.ndim <= 4):
                inputs.append(name)
            else:
                return False
        self._emit(node, inputs)
        return True
