"""The network and its losses in PyTorch, with weights taken from our parameter tree.

A peer, not a port: written as a PyTorch user would write it, with the operations that
PyTorch runs best.  It imports no JAX, so that its memory can be measured alone;
`benchmarks/inference.py` and `training.py` check it against ours before they time it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

# As lled_jax.models.variants and lled_jax.models.vgg have them.
SIZES = {"teacher": (6, 96), "student": (3, 48)}
VGG16_TO_RELU3_3 = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3")
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Tree = Mapping[str, Any]


class FAB(nn.Module):
    """Feature attention block of `c` channels."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 3, padding=1)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1)
        self.channel = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(c, c // 8, 1),
            nn.ReLU(),
            nn.Conv2d(c // 8, c, 1),
            nn.Sigmoid(),
        )
        self.pixel = nn.Sequential(
            nn.Conv2d(c, c // 8, 1), nn.ReLU(), nn.Conv2d(c // 8, 1, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(torch.relu(self.conv1(x)) + x)
        y = y * self.channel(y)
        return y * self.pixel(y) + x


class Net(nn.Module):
    """The two-branch network: [b 3 h w] in [0, 1] -> [b 3 h w], not clipped."""

    def __init__(self, fabs: int, c: int) -> None:
        super().__init__()
        self.enhance_head = nn.Conv2d(3, c, 3, stride=2, padding=1)
        self.gradient_head = nn.Conv2d(3, c, 3, stride=2, padding=1)
        self.enhance = nn.ModuleList(FAB(c) for _ in range(fabs))
        self.gradient = nn.ModuleList(FAB(c) for _ in range(fabs))
        self.up = nn.ConvTranspose2d(c, c, 3, stride=2, padding=1, output_padding=1)
        self.out = nn.Conv2d(c, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        e, g = self.enhance_head(x), self.gradient_head(sobel(x))
        e = e + g
        for fab_e, fab_g in zip(self.enhance, self.gradient, strict=True):
            e, g = fab_e(e), fab_g(g)
            e = e + g
        return self.out(self.up(e))[:, :, : x.shape[2], : x.shape[3]]


def sobel(x: Tensor) -> Tensor:
    """Gradient magnitude of each channel, the border replicated.

    A grouped convolution: sums of slices are as fast in channels_last but several
    times slower in PyTorch's default layout.
    """
    kx = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], device=x.device)
    kernels = torch.stack([kx, kx.T])[:, None].repeat(3, 1, 1, 1)
    g = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernels, groups=3)
    gx, gy = g[:, 0::2], g[:, 1::2]
    return torch.sqrt(gx * gx + gy * gy + 1e-8)


def network(name: str, params: Tree) -> Net:
    """The network called `name` with the weights of our parameter tree."""
    fabs, channels = SIZES[name]
    net = Net(fabs, channels)
    net.load_state_dict(dict(_state(params, fabs)))
    return net


def _state(params: Tree, fabs: int) -> Iterator[tuple[str, Tensor]]:
    names = [("enhance_head", "enhance_head"), ("gradient_head", "gradient_head")]
    for branch in ("enhance", "gradient"):
        for n in range(fabs):
            theirs, ours = f"{branch}.{n}", f"{branch}_fab{n}"
            names += [(f"{theirs}.{c}", f"{ours}/{c}") for c in ("conv1", "conv2")]
            for gate, (squeeze, excite) in (("channel", (1, 3)), ("pixel", (0, 2))):
                attention = f"{ours}/{gate}_attention"
                names.append((f"{theirs}.{gate}.{squeeze}", f"{attention}/squeeze"))
                names.append((f"{theirs}.{gate}.{excite}", f"{attention}/excite"))
    for theirs, ours in names:
        layer: Any = params
        for key in ours.split("/"):
            layer = layer[key]
        yield f"{theirs}.weight", _kernel(layer["kernel"])
        yield f"{theirs}.bias", _tensor(layer["bias"])
    tail = params["tail"]
    # A transposed convolution: ours is the correlation, PyTorch's its adjoint.
    up = np.asarray(tail["up_kernel"])[::-1, ::-1].transpose(2, 3, 0, 1)
    yield "up.weight", _tensor(up)
    yield "up.bias", _tensor(tail["up_bias"])
    yield "out.weight", _kernel(tail["out_kernel"])
    yield "out.bias", _tensor(tail["out_bias"])


def _kernel(kernel: Any) -> Tensor:
    """HWIO to OIHW."""
    return _tensor(np.asarray(kernel).transpose(3, 2, 0, 1))


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.array(array, np.float32, order="C"))


class Vgg16(nn.Module):
    """VGG16 up to relu3_3, frozen: [b 3 h w] in [0, 1] -> [b 256 h/4 w/4]."""

    def __init__(self, params: Tree) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for name in VGG16_TO_RELU3_3:
            kernel = _kernel(params[f"conv{name}"]["kernel"])
            conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], 3, padding=1)
            bias = _tensor(params[f"conv{name}"]["bias"])
            conv.load_state_dict({"weight": kernel, "bias": bias})
            if name in ("2_1", "3_1"):
                layers.append(nn.MaxPool2d(2))
            layers += [conv, nn.ReLU()]
        self.layers = nn.Sequential(*layers).requires_grad_(False)
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values).reshape(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers((x - self.mean) / self.std)


def l1(enhanced: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference."""
    return F.l1_loss(enhanced, target)


def gradient(enhanced: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of the Sobel magnitudes."""
    return F.mse_loss(sobel(enhanced), sobel(target))


def perceptual(vgg: Vgg16, enhanced: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the activations after relu3_3."""
    with torch.no_grad():
        theirs = vgg(target)
    return F.l1_loss(vgg(enhanced), theirs)


def ssim(x: Tensor, y: Tensor) -> Tensor:
    """SSIM with the Gaussian window (11 taps, sigma 1.5), valid region, the mean.

    The five separable filters in two grouped convolutions, as the usual packages do.
    """
    offsets = torch.arange(11, dtype=torch.float32, device=x.device) - 5
    taps = torch.exp(-0.5 * (offsets / 1.5) ** 2)
    maps = torch.cat([x, y, x * x, y * y, x * y], 1)
    channels = maps.shape[1]
    kernel = (taps / taps.sum()).expand(channels, 1, 1, 11)
    filtered = F.conv2d(maps, kernel, groups=channels)
    filtered = F.conv2d(filtered, kernel.transpose(2, 3), groups=channels)
    mx, my, xx, yy, xy = filtered.chunk(5, 1)
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mx * my + c1) / (mx * mx + my * my + c1)
    covariance, variances = xy - mx * my, xx - mx * mx + yy - my * my
    return (luminance * (2 * covariance + c2) / (variances + c2)).mean()


Loss = Callable[[Tensor, Tensor], Tensor]


def loss(weights: Mapping[str, float], vgg: Vgg16 | None) -> Loss:
    """The weighted sum of `l1`, `perceptual`, `ssim` (1 - SSIM) and `gradient`."""
    terms: dict[str, Loss] = {
        "l1": l1,
        "ssim": lambda enhanced, target: 1 - ssim(enhanced, target),
        "gradient": gradient,
    }
    if vgg is not None:
        terms["perceptual"] = lambda enhanced, target: perceptual(vgg, enhanced, target)
    chosen: Sequence[tuple[float, Loss]] = [
        (weight, terms[name]) for name, weight in weights.items() if weight != 0
    ]

    def total(enhanced: Tensor, target: Tensor) -> Tensor:
        return sum(weight * term(enhanced, target) for weight, term in chosen)

    return total


def tf32(allowed: bool) -> None:
    """Whether CUDA may round float32 products to 10 bits."""
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed
