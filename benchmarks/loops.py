"""Folders of photos enhanced without us: plain loops, for `benchmarks/enhance.py`.

Pillow decodes, the network runs as PyTorch runs or exports it, Pillow encodes; one
photo after the other.  Libraries are imported where they are used.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import candidates
import numpy as np
from PIL import Image

from lled_jax.data.parallel import cores
from lled_jax.locate import load_weights
from lled_jax.shipped import DEFAULT

QUALITY = 92  # as `lled enhance` has it

Run = Callable[[Path, Path], None]
"""Enhance all photos of one folder into another."""


def _loop(enhance: Callable[[np.ndarray], np.ndarray]) -> Run:
    def run(source: Path, target: Path) -> None:
        for path in sorted(source.iterdir()):
            with Image.open(path) as image:
                low = np.asarray(image)
            bright = Image.fromarray(enhance(low))
            bright.save(target / path.name, quality=QUALITY)

    return run


def _case(size: tuple[int, int]) -> Any:
    model, params = load_weights(Path(DEFAULT))  # as `lled enhance`
    return candidates.Case(model, params, np.zeros((*size, 3), np.uint8), True)


def torch_channels_last(jobs: int, size: tuple[int, int]) -> Run:
    """PyTorch; `size` is (height, width), `jobs` is not for loops."""
    import peers
    import torch

    case = _case(size)
    torch.set_num_threads(cores())
    net = peers.network(case.model, case.params).eval()
    net = net.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def enhance(low: np.ndarray) -> np.ndarray:
        image = torch.from_numpy(low.copy()).permute(2, 0, 1)[None] / 255
        bright = net(image.contiguous(memory_format=torch.channels_last))
        bright = (bright.clamp(0, 1) * 255).round().to(torch.uint8)
        return bright[0].permute(1, 2, 0).contiguous().numpy()

    return _loop(enhance)


def _nchw(network: candidates.Network) -> Run:
    def enhance(low: np.ndarray) -> np.ndarray:
        image = low.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
        bright = network(np.ascontiguousarray(image))
        return np.rint(bright.clip(0, 1) * 255).astype(np.uint8)[0].transpose(1, 2, 0)

    return _loop(lambda low: np.ascontiguousarray(enhance(low)))


def onnxruntime(jobs: int, size: tuple[int, int]) -> Run:
    """ONNX Runtime, of a network exported by PyTorch at that size."""
    return _nchw(candidates.onnxruntime_network(_case(size)))


def openvino(jobs: int, size: tuple[int, int]) -> Run:
    """OpenVINO, of the same network."""
    return _nchw(candidates.openvino_network(_case(size)))
