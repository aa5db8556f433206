"""The network as an ONNX graph, written by hand from the parameters."""

from lled_jax.onnx_graph.model import build

__all__ = ["build"]
