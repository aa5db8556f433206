"""Write model_reference.npz: the student's network in PyTorch, independent of ours.

    pip install torch numpy && python tests/golden/make_model_reference.py

A plain nn.Module after the paper's text, small (2 FABs, 16 channels), with its own
random weights; the file holds weights, inputs of even and odd size, outputs of a FAB
and of the whole network, and one gradient, so that PyTorch is no test dependency.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class FAB(nn.Module):
    def __init__(self, c: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c, c, 3, padding=1)
        self.conv2 = nn.Conv2d(c, c, 3, padding=1)
        self.ca = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(c, c // 8, 1),
            nn.ReLU(),
            nn.Conv2d(c // 8, c, 1),
            nn.Sigmoid(),
        )
        self.pa = nn.Sequential(
            nn.Conv2d(c, c // 8, 1), nn.ReLU(), nn.Conv2d(c // 8, 1, 1), nn.Sigmoid()
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.relu(self.conv1(x)) + x
        y = self.conv2(y)
        y = y * self.ca(y)
        y = y * self.pa(y)
        return y + x


class Net(nn.Module):
    def __init__(self, fabs: int, c: int) -> None:
        super().__init__()
        self.enhance_head = nn.Conv2d(3, c, 3, stride=2, padding=1)
        self.gradient_head = nn.Conv2d(3, c, 3, stride=2, padding=1)
        self.enhance = nn.ModuleList(FAB(c) for _ in range(fabs))
        self.gradient = nn.ModuleList(FAB(c) for _ in range(fabs))
        self.up = nn.ConvTranspose2d(c, c, 3, stride=2, padding=1, output_padding=1)
        self.out = nn.Conv2d(c, 3, 3, padding=1)

    def sobel(self, x: torch.Tensor) -> torch.Tensor:
        kx = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype)
        kernels = torch.stack([kx, kx.T])[:, None].repeat(3, 1, 1, 1)
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        g = F.conv2d(padded, kernels, groups=3)
        g = g.reshape(x.shape[0], 3, 2, *x.shape[2:])
        return torch.sqrt((g * g).sum(2) + 1e-8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        e, g = self.enhance_head(x), self.gradient_head(self.sobel(x))
        e = e + g
        for fab_e, fab_g in zip(self.enhance, self.gradient, strict=True):
            e, g = fab_e(e), fab_g(g)
            e = e + g
        return self.out(self.up(e))[:, :, : x.shape[2], : x.shape[3]]


def main() -> None:
    torch.manual_seed(0)
    net = Net(2, 16).double()
    arrays = {f"param/{k}": v.detach().numpy() for k, v in net.state_dict().items()}
    for height, width in ((12, 16), (13, 11), (1, 1)):
        x = torch.rand(2, 3, height, width, dtype=torch.float64)
        arrays[f"in/{height}x{width}"] = x.permute(0, 2, 3, 1).numpy()
        y = net(x)
        arrays[f"out/{height}x{width}"] = y.detach().permute(0, 2, 3, 1).numpy()
        net.zero_grad()
        (y**2).mean().backward()
        for name in ("up.weight", "enhance_head.weight", "gradient.0.conv1.bias"):
            grad = net.get_parameter(name).grad
            arrays[f"grad/{height}x{width}/{name}"] = grad.numpy()
    x = torch.randn(2, 16, 6, 5, dtype=torch.float64)
    arrays["fab/in"] = x.permute(0, 2, 3, 1).numpy()
    arrays["fab/out"] = net.enhance[0](x).detach().permute(0, 2, 3, 1).numpy()
    path = Path(__file__).with_name("model_reference.npz")
    np.savez_compressed(path, **{k: v.astype(np.float32) for k, v in arrays.items()})


if __name__ == "__main__":
    main()
