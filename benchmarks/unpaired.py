"""How bright photos without ground truth are, and how bright they come out.

    python benchmarks/unpaired.py FOLDER [WEIGHTS ...] [--output FILE]

One row for each photo at full size: the mean value of 255 as it is, and its ratio after
over before for each network (default: the shipped student and teacher).  A photo that
is bright already should keep its brightness.  Writes benchmarks/results/unpaired.json.
"""

import argparse
from pathlib import Path

import timing

from lled_jax.data.decode import FORMATS, read_image
from lled_jax.inference import enhancer
from lled_jax.locate import load_weights
from lled_jax.shipped import SHIPPED


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", nargs="*", type=Path, default=[*map(Path, SHIPPED)])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    methods = {of.stem: enhancer(*load_weights(of)) for of in options.weights}
    rows = []
    for path in sorted(options.folder.iterdir()):
        if path.suffix.lower() not in FORMATS:
            continue
        photo = read_image(path)
        photo = photo[:48, :64] if options.quick else photo
        mean = float(photo.mean())
        ratios = {of: float(draw(photo).mean()) / mean for of, draw in methods.items()}
        rows.append({"photo": path.name, "mean": mean} | ratios)
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("unpaired", options.output, options.quick, data)


if __name__ == "__main__":
    main()
