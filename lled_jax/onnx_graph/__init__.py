"""The network as an ONNX graph, written by hand from the parameters."""

from lled_jax.onnx_graph.model import ENCODINGS, IR_VERSION, OPSET, build

__all__ = ["ENCODINGS", "IR_VERSION", "OPSET", "build"]
