"""The shipped student as the ONNX file that the page runs.

    python web/export_model.py web/dist/student.onnx

It takes and gives the pixels of a canvas.  For tiles it takes the channel attentions'
means of the whole photo, and tells those of a part of what it sees.
"""

import sys
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from lled_jax import onnx_graph
from lled_jax.errors import InputError
from lled_jax.files import atomic_write
from lled_jax.locate import load_weights
from lled_jax.shipped import SHIPPED

VARIANT = "student"


def main(path: Path) -> None:
    """Write the file whole, or not at all."""
    name, params = load_weights(Path(VARIANT))
    model = onnx_graph.build(name, params, "rgba", tiles=True)
    measure_inside(model)
    facts = {"model": name, "weights_sha256": SHIPPED[VARIANT].sha256}
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    with atomic_write(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def measure_inside(model: onnx.ModelProto) -> None:
    """Let every mean be that of a part: with the borders of a tile it would be wrong.

    The new input `inner`, int32 [4], has the part's first row and column at half
    resolution, and those after its last.
    """
    graph = model.graph
    graph.input.append(helper.make_tensor_value_info("inner", TensorProto.INT32, [4]))
    constants = {"axes": [2, 3], "first": [0, 1], "last": [2, 3]}
    for name, value in constants.items():
        kind = TensorProto.INT32 if name == "axes" else TensorProto.INT64
        tensor = helper.make_tensor(f"inner_{name}", kind, [2], value)
        graph.initializer.append(tensor)
    nodes = [
        helper.make_node("Gather", ["inner", f"inner_{end}"], [f"inner_{end}_of"])
        for end in ("first", "last")
    ]
    for node in graph.node:
        if node.op_type == "ReduceMean":
            part = f"{node.output[0]}_inside"
            cut = [node.input[0], "inner_first_of", "inner_last_of", "inner_axes"]
            nodes.append(helper.make_node("Slice", cut, [part]))
            node.input[0] = part
        nodes.append(node)
    graph.ClearField("node")
    graph.node.extend(nodes)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python web/export_model.py FILE.onnx")
    try:
        main(Path(sys.argv[1]))
    except InputError as error:
        sys.exit(f"error: {error}")
