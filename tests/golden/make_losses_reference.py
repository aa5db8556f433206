"""Write losses.npz: what PyTorch computes for the losses, VGG and distillation.

    python tests/golden/make_losses_reference.py [vgg19.npz]

Needs PyTorch, which the tests do not.  The optional argument is VGG19 with Keras'
names, complete or up to block3_conv4; without it the arrays `vgg19_*` are left out.
Made with torch 2.13.0 (CPU).
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

OUTPUT = Path(__file__).parent / "losses.npz"
# A narrow VGG19, with random weights: the structure is what is tested.
WIDTHS = (4, 6, 8)
LAYERS = ("relu1_2", "relu2_2", "relu3_4")


def pictures(rng: np.random.Generator, n: int, h: int, w: int) -> np.ndarray:
    """Smooth pictures with noise and some saturation, [n h w 3] in [0, 1]."""
    coarse = torch.from_numpy(rng.uniform(-0.3, 1.3, (n, 3, 4, 4)))
    smooth = F.interpolate(coarse, (h, w), mode="bilinear", align_corners=True)
    noisy = smooth.numpy() + rng.normal(0, 0.03, smooth.shape)
    return np.clip(noisy, 0, 1).transpose(0, 2, 3, 1).astype(np.float32)


def nchw(x: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).double()


def sobel(x: torch.Tensor) -> torch.Tensor:
    c = x.shape[1]
    kx = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=x.dtype)
    padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
    gx = F.conv2d(padded, kx.expand(c, 1, 3, 3), groups=c)
    gy = F.conv2d(padded, kx.T.expand(c, 1, 3, 3), groups=c)
    return (gx**2 + gy**2 + 1e-8).sqrt()


def small_vgg(rng: np.random.Generator) -> dict[str, np.ndarray]:
    weights, channels = {}, 3
    for block, (width, depth) in enumerate(zip(WIDTHS, (2, 2, 4), strict=True), 1):
        for i in range(1, depth + 1):
            scale = (2 / (9 * channels)) ** 0.5
            kernel = rng.normal(0, scale, (3, 3, channels, width))
            weights[f"conv{block}_{i}/kernel"] = kernel.astype(np.float32)
            bias = rng.normal(0, 0.1, width)
            weights[f"conv{block}_{i}/bias"] = bias.astype(np.float32)
            channels = width
    return weights


def vgg(weights: dict, x: torch.Tensor, kind: str) -> dict[str, torch.Tensor]:
    if kind == "caffe":
        mean = torch.tensor([103.939, 116.779, 123.68], dtype=x.dtype)
        x = x.flip(1) * 255 - mean.view(1, 3, 1, 1)
    else:
        mean = torch.tensor([0.485, 0.456, 0.406], dtype=x.dtype)
        std = torch.tensor([0.229, 0.224, 0.225], dtype=x.dtype)
        x = (x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)
    found = {}
    for block, depth in enumerate((2, 2, 4), 1):
        x = F.max_pool2d(x, 2) if block > 1 else x
        for i in range(1, depth + 1):
            kernel = torch.from_numpy(weights[f"conv{block}_{i}/kernel"]).to(x)
            bias = torch.from_numpy(weights[f"conv{block}_{i}/bias"]).to(x)
            x = F.relu(F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, padding=1))
            found[f"relu{block}_{i}"] = x
    return found


def distances(student: torch.Tensor, teacher: torch.Tensor) -> dict[str, np.ndarray]:
    def literal(f):
        return f.abs().sum(1) / f.flatten(1).norm(dim=1).square().view(-1, 1, 1)

    def unit_l2(f):
        return F.normalize(f.abs().sum(1).flatten(1), dim=1)

    def l1(f):
        flat = f.abs().sum(1).flatten(1)
        return flat.shape[1] * F.normalize(flat, p=1, dim=1)

    return {
        "distance_literal": (literal(student) - literal(teacher)).pow(2).mean((1, 2)),
        "distance_unit_l2": (unit_l2(student) - unit_l2(teacher)).pow(2).sum(1),
        "distance_l1": (l1(student) - l1(teacher)).pow(2).mean(1),
    }


def losses(enhanced: np.ndarray, target: np.ndarray, weights: dict) -> dict:
    e, t = nchw(enhanced).requires_grad_(), nchw(target)
    dims = (1, 2, 3)
    out = {
        "l1": (e - t).abs().mean(dims),
        "charbonnier": ((e - t).square() + 1e-6).sqrt().mean(dims),
        "gradient": (sobel(e) - sobel(t)).square().mean(dims),
    }
    for kind in ("caffe", "torch"):
        ours, theirs = vgg(weights, e, kind), vgg(weights, t, kind)
        for name in LAYERS:
            value = (ours[name] - theirs[name]).abs().mean(dims)
            out[f"perceptual_{kind}_{name}"] = value
    slopes = {}
    for name in ("gradient", "perceptual_torch_relu3_4"):
        (slope,) = torch.autograd.grad(out[name].sum(), e, retain_graph=True)
        slopes[f"slope_{name}"] = slope.permute(0, 2, 3, 1)
    return out | slopes


def real_vgg19(path: str, images: np.ndarray) -> dict[str, torch.Tensor]:
    def short(key: str) -> str:
        """block3_conv4/kernel -> conv3_4/kernel."""
        return key.replace("_conv", "_").replace("block", "conv")

    with np.load(path) as file:
        weights = {short(key): file[key] for key in file.files}
    found = vgg(weights, nchw(images), "caffe")
    return {
        f"vgg19_{name}": torch.stack([x.mean(), x.std(correction=0), x.max()])
        for name, x in found.items()
    } | {"vgg19_corner_relu3_4": found["relu3_4"][:, :64, 1, 1]}


def main() -> None:
    rng = np.random.default_rng(20220101)
    enhanced, target = pictures(rng, 3, 13, 18), pictures(rng, 3, 13, 18)
    student = rng.normal(0, 1, (2, 5, 7, 4)) * rng.uniform(0, 2, (2, 5, 7, 1))
    teacher = rng.normal(0, 3, (2, 5, 7, 6)) * rng.uniform(0, 2, (2, 5, 7, 1))
    student, teacher = student.astype(np.float32), teacher.astype(np.float32)
    weights = small_vgg(rng)
    arrays = losses(enhanced, target, weights)
    arrays |= distances(nchw(student), nchw(teacher))
    if len(sys.argv) > 1:
        arrays |= real_vgg19(sys.argv[1], enhanced)
    arrays = {k: v.detach().numpy().astype(np.float32) for k, v in arrays.items()}
    inputs = {"enhanced": enhanced, "target": target}
    inputs |= {"student": student, "teacher": teacher} | weights
    np.savez_compressed(OUTPUT, **inputs, **arrays)


if __name__ == "__main__":
    main()
