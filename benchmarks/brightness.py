"""How much of the error is how bright the photographer wanted it.

    python benchmarks/brightness.py [RUN] [--data data/LOL] [--output FILE]

LOL has most scenes several times, and their targets are not equally bright.  How far
they scatter in stops (log2 of the mean), over all pairs and within scenes, and how much
of the latter the inputs explain.  Beside it, a network's error in brightness (default:
the shipped student) on scenes it was trained on and on others.  Then the PSNR of its
pictures if only that scatter were left of this error: each scaled to its target's mean
and a random number of stops off, many times over.  Chooses nothing.  Writes
benchmarks/results/brightness.json.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import timing
from jax import Array
from jaxtyping import Float, Int
from known_scenes import trained_and_held_out

from lled_jax.cli.process import exit_status
from lled_jax.data import scenes
from lled_jax.data.pairs import PairSource
from lled_jax.errors import InputError
from lled_jax.evaluation import Enhance
from lled_jax.images import luminance, to_float
from lled_jax.inference import enhancer
from lled_jax.locate import load_weights, open_source
from lled_jax.metrics import psnr, scale_to_mean

EVERY = 3  # of the training pairs, for the network's error
STOPS = np.linspace(-1.5, 1.5, 151)  # scores between them are interpolated
DRAWS = 10_000
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
RIDGE = 10.0  # on standardised columns; 1 to 1000 say the same


def main() -> None:
    """Measure, print and write."""
    parser = timing.parser(__doc__.splitlines()[0])
    parser.add_argument("weights", nargs="?", type=Path, default=Path("student"))
    parser.add_argument("--data", default="data/LOL")
    options = parser.parse_args()
    draw = enhancer(*load_weights(options.weights))
    source = open_source(options.data, "train")
    training, heldout = trained_and_held_out(options.data, [options.weights])
    among = scatter(source, scenes.scene_groups(source))
    sets = {
        "training scenes": training.subset(range(0, len(training), EVERY)),
        "held-out scenes": heldout,
        "eval15": open_source(options.data, "test"),
    }
    rows = []
    for what, pairs in sets.items():
        chosen = pairs.subset(range(min(2, len(pairs)))) if options.quick else pairs
        rows.append({"of": what} | measured(draw, chosen, among["within_scenes"]))
    data = {"what": __doc__.splitlines()[0], "scatter": among, "rows": rows}
    print({key: round(value, 3) for key, value in among.items()})
    timing.finish("brightness", options.output, options.quick, data)


def scatter(source: PairSource, scene: Int[np.ndarray, " n"]) -> dict[str, float]:
    """Standard deviations of targets in stops, and what inputs say about them.

    `explained` is the share of the variance within scenes (R^2) that a ridge regression
    on statistics of the input predicts of scenes that it was not fitted to.
    """
    several = np.bincount(scene)[scene] > 1
    if not several.any():
        raise InputError("every scene is there once: nothing scatters within scenes")
    pairs = [source[n] for n in range(len(source))]
    high = np.array([stops(target) for _, target in pairs])
    low = np.array([statistics(image) for image, _ in pairs])
    low, wanted = within(low, scene)[several], within(high, scene)[several]
    # Each scene's mean is of its own pairs, which takes one degree of freedom.
    freedom = several.sum() - len(np.unique(scene[several]))
    left = wanted - predicted(low, wanted, scene[several])
    return {
        "pairs": len(high),
        "pairs_of_such_scenes": int(several.sum()),
        "all_pairs": float(high.std(ddof=1)),
        "within_scenes": float(np.sqrt((wanted**2).sum() / freedom)),
        "inputs_within_scenes": float(np.sqrt((low[:, 0] ** 2).sum() / freedom)),
        "correlation_within_scenes": float(np.corrcoef(low[:, 0], wanted)[0, 1]),
        "explained": float(1 - (left**2).sum() / (wanted**2).sum()),
    }


def stops(image: Array | np.ndarray) -> float:
    """log2 of the mean of 8-bit levels, which is at least a tenth of one."""
    return float(np.log2(np.maximum(np.mean(image), 0.1)))


def statistics(image: np.ndarray) -> Float[np.ndarray, " k"]:
    """Of one input, in stops: the mean, quantiles, and the mean of differences."""
    luma = np.asarray(luminance(to_float(image)))[..., 0] * 255
    levels = np.quantile(luma, QUANTILES)
    rough = np.abs(np.diff(luma)).mean()
    return np.array([stops(image), *np.log2(levels + 0.5), np.log2(rough + 0.05)])


def within(values: np.ndarray, scene: Int[np.ndarray, " n"]) -> np.ndarray:
    """Values without the mean of their scene; values [n] or [n k]."""
    ours = np.eye(scene.max() + 1)[scene]
    means = (ours.T @ values).T / ours.sum(0)
    return values - means.T[scene]


def predicted(
    x: Float[np.ndarray, "n k"],
    y: Float[np.ndarray, " n"],
    scene: Int[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """y of each scene by a ridge regression on all the others."""
    x = x / x.std(0)
    result = np.zeros_like(y)
    for left_out in np.unique(scene):
        a, b = x[scene != left_out], y[scene != left_out]
        weights = np.linalg.solve(a.T @ a + RIDGE * np.eye(a.shape[1]), a.T @ b)
        result[scene == left_out] = x[scene == left_out] @ weights
    return result


def measured(draw: Enhance, pairs: PairSource, spread: float) -> dict[str, float]:
    """The network's score and error in brightness, and the score at `spread` stops."""
    errors, plain, curves = [], [], []
    for n in range(len(pairs)):
        low, high = pairs[n]
        ours, high = (to_float(image[None]) for image in (draw(low), high))
        errors.append(stops(ours * 255) - stops(high * 255))
        plain.append(float(psnr(ours, high)[0]))
        curves.append(np.asarray(off_by(ours, high)))
    off = np.random.default_rng(0).normal(0, spread, (len(curves), DRAWS))
    read = [np.interp(x, STOPS, curve) for x, curve in zip(off, curves, strict=True)]
    means = np.mean(read, 0)
    return {
        "pairs": len(pairs),
        "psnr": float(np.mean(plain)),
        "error_mean": float(np.mean(errors)),
        "error_deviation": float(np.std(errors, ddof=1)),
        "psnr_gt_mean": float(np.mean(curves, 0)[len(STOPS) // 2]),
        "psnr_at_scatter": float(np.mean(means)),
        "psnr_at_scatter_deviation": float(np.std(means)),
    }


@jax.jit
def off_by(enhanced: Array, target: Array) -> Array:
    """PSNR at each of `STOPS` off the target's mean."""
    right = scale_to_mean(enhanced, target)

    def score(gain: Array) -> Array:
        return psnr(jnp.clip(right * gain, 0, 1), target)[0]

    return jax.lax.map(score, jnp.exp2(STOPS))


if __name__ == "__main__":
    sys.exit(exit_status(main))
