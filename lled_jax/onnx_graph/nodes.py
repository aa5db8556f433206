"""An ONNX graph that grows node by node."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from onnx import NodeProto, TensorProto, helper, numpy_helper


class Graph:
    """Nodes and constants as they are added; a value is its name.

    `dtype` is the type of the computation and of the constants unless told.
    """

    def __init__(self, dtype: DTypeLike = np.float32) -> None:
        self.dtype = np.dtype(dtype)
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._scope = ""

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Names inside begin with `name`, as they do in the parameters."""
        outer, self._scope = self._scope, f"{self._scope}{name}/"
        try:
            yield
        finally:
            self._scope = outer

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """The one output of a new node."""
        return self.split(op, 1, *inputs, **attributes)[0]

    def split(self, op: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """The `count` outputs of a new node."""
        stem = f"{self._scope}{op.lower()}_{len(self.nodes)}"
        outputs = [f"{stem}_{n}" if count > 1 else stem for n in range(count)]
        self.nodes.append(helper.make_node(op, inputs, outputs, stem, **attributes))
        return outputs

    def name_last(self, name: str) -> None:
        """Call the output of the last node `name`, as one of the model's outputs."""
        self.nodes[-1].output[0] = name

    def constant(self, value: Any, dtype: DTypeLike | None = None) -> str:
        """`value` as a constant of the graph."""
        name = f"{self._scope}constant_{len(self.constants)}"
        array = np.ascontiguousarray(np.asarray(value, dtype or self.dtype))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def cast(self, x: str, dtype: DTypeLike) -> str:
        """`x` as `dtype`."""
        to = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", x, to=to)

    def to_own(self, x: str) -> str:
        """A float32 `x` as the type of the computation."""
        return x if self.dtype == np.float32 else self.cast(x, self.dtype)

    def to_float32(self, x: str) -> str:
        """`x` of the type of the computation as float32."""
        return x if self.dtype == np.float32 else self.cast(x, np.float32)

    def conv(
        self,
        x: str,
        kernel: Any,
        bias: Any = None,
        pads: Any = (0,) * 4,
        dtype: DTypeLike | None = None,
        **more: Any,
    ) -> str:
        """A convolution with an HWIO kernel; `pads` are top, left, bottom, right."""
        weights = self.constant(np.asarray(kernel).transpose(3, 2, 0, 1), dtype)
        biases = () if bias is None else (self.constant(bias, dtype),)
        return self.add("Conv", x, weights, *biases, pads=pads, **more)

    def first(self, x: str, axes: tuple[int, ...]) -> str:
        """The slice [0:1] along each of `axes`."""
        starts, ends = (self.constant([n] * len(axes), np.int64) for n in (0, 1))
        return self.add("Slice", x, starts, ends, self.constant(axes, np.int64))
