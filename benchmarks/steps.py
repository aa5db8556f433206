"""The training steps that `benchmarks/training.py` compares.

Each takes a `Case` and gives a function that trains on by one step, waits for the end
and returns the loss.  Weights are those of seed 0 everywhere.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
import timing
from jax.sharding import AxisType

from lled_jax import objectives
from lled_jax.data.parallel import cores
from lled_jax.models import variants
from lled_jax.models.network import Network
from lled_jax.training import optimizer, sharding, state, step

LOSSES = {
    "l1": {"l1": 1.0},
    # Section 4.1 of the paper.
    "paper": {"l1": 1.0, "perceptual": 0.1, "ssim": 1.0, "gradient": 1.0},
}
LR, EMA = 2e-4, 0.999


class Case(NamedTuple):
    """One training problem, the same for every candidate."""

    model: str
    loss: str
    batch: dict[str, np.ndarray]
    vgg: Any
    cpu: bool
    torch_ema: bool


def one_device() -> jax.sharding.Mesh:
    """One device, also where there are several: so does PyTorch."""
    return jax.make_mesh(
        (1,), ("data",), axis_types=(AxisType.Auto,), devices=jax.devices()[:1]
    )


def trainer(
    model: Network, loss: str, vgg: Any, mesh: jax.sharding.Mesh
) -> Callable[[Any], tuple[state.TrainState, jax.Array]]:
    """A function that trains on a device batch: the new state and the loss, to come."""
    objective = objectives.reference(model, LOSSES[loss], ())
    schedule = optimizer.constant(LR, 0)
    adam = optimizer.adam(schedule)
    take = step.make_step(objective, adam, schedule, EMA, mesh)
    now = [state.create(variants.init(model, 0), adam)]
    frozen = {"vgg": vgg} if "perceptual" in LOSSES[loss] else {}

    def train(batch: Any) -> tuple[state.TrainState, jax.Array]:
        now[0], metrics = take(now[0], frozen, batch)
        return now[0], metrics["loss"]

    return train


def ours(
    case: Case,
    folded: bool = True,
    dtype: str | None = None,
    precision: str = "float32",
    mesh: jax.sharding.Mesh | None = None,
) -> Callable[[], float]:
    """A step of this library, EMA included, on one device or on those of `mesh`."""
    mesh = mesh or one_device()
    model = variants.build(case.model, folded=folded, dtype=dtype)
    train = trainer(model, case.loss, case.vgg, mesh)
    batch = jax.device_put(case.batch, sharding.batch_sharding(mesh))

    def run() -> float:
        with jax.default_matmul_precision(precision):
            state_and_loss = train(batch)
        return float(jax.block_until_ready(state_and_loss)[1])

    return run


def torch_step(
    case: Case,
    channels_last: bool = False,
    compiled: bool = False,
    mode: str = "float32",
) -> Callable[[], float]:
    """The same step in PyTorch: autocast for bfloat16, losses in float32."""
    try:
        import peers
        import torch
    except ModuleNotFoundError as error:
        raise timing.Unavailable(str(error)) from error
    device = "cuda" if torch.cuda.is_available() and not case.cpu else "cpu"
    torch.set_num_threads(cores())
    layout = torch.channels_last if channels_last else torch.contiguous_format
    net, loss_now = _torch_loss(case, device, layout, mode, compiled)
    adam = torch.optim.Adam(net.parameters(), lr=LR)
    average = [p.detach().clone() for p in net.parameters()]

    def run() -> float:
        peers.tf32(mode != "float32")
        adam.zero_grad(set_to_none=True)
        loss = loss_now()
        loss.backward()
        adam.step()
        if case.torch_ema:
            with torch.no_grad():
                torch._foreach_lerp_(average, list(net.parameters()), 1 - EMA)
        if device == "cuda":
            torch.cuda.synchronize()
        return float(loss.detach())

    return run


def _torch_loss(
    case: Case, device: str, layout: Any, mode: str, compiled: bool
) -> tuple[Any, Callable[[], Any]]:
    """The network, and its loss on the case's batch as a function of nothing."""
    import peers
    import torch

    params = jax.tree.map(np.asarray, variants.init(variants.build(case.model), 0))
    net = peers.network(case.model, params).to(device, memory_format=layout)
    vgg = None
    if "perceptual" in LOSSES[case.loss]:
        vgg = peers.Vgg16(case.vgg.params).to(device, memory_format=layout)
    forward = net
    if compiled:
        # The networks, not the whole loss: on its layouts the compiler fails (2.13).
        forward = torch.compile(net, dynamic=False)
        vgg = vgg and torch.compile(vgg, dynamic=False)
    loss_of = peers.loss(LOSSES[case.loss], vgg)
    # A copy first: a view of NHWC would already be channels_last.
    low_u8, high_u8 = (
        torch.from_numpy(case.batch[name])
        .permute(0, 3, 1, 2)
        .contiguous()
        .to(device, memory_format=layout)
        for name in ("low", "high")
    )

    def loss_now() -> torch.Tensor:
        low, high = (x.to(torch.float32) / 255 for x in (low_u8, high_u8))
        with torch.autocast(device, torch.bfloat16, enabled=mode == "bfloat16"):
            enhanced = forward(low)
        return loss_of(enhanced.float(), high)

    return net, loss_now


CPU = {
    "ours": ours,
    "linen": functools.partial(ours, folded=False),
    "torch": torch_step,
    "torch_channels_last": functools.partial(torch_step, channels_last=True),
}
_BF16 = functools.partial(ours, dtype="bfloat16", precision="tensorfloat32")
_COMPILED = functools.partial(torch_step, channels_last=True, compiled=True)
REDUCED = {
    "ours_tf32": functools.partial(ours, precision="tensorfloat32"),
    "ours_bf16": _BF16,
    "torch_compile": _COMPILED,
    "torch_compile_tf32": functools.partial(_COMPILED, mode="tf32"),
    "torch_compile_bf16": functools.partial(_COMPILED, mode="bfloat16"),
}
"""Compared by default on a GPU, elsewhere where named."""
ALL = CPU | REDUCED
