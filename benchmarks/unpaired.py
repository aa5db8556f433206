"""How bright photos without ground truth are, and how bright they come out.

    python benchmarks/unpaired.py [WEIGHTS ...] --photos FOLDER [--output FILE]

One row for each photo at full size: the mean value of 255 as it is, the share that is
lit (pixels of a mean of LIT or more), and for each network (default: the shipped ones)
the ratio after over before of the mean value and of that of the lit part.  A photo that
is bright already should keep its brightness, and so should what is bright in a dark
one, as the sky.  Writes benchmarks/results/unpaired.json.
"""

import sys
from pathlib import Path

import timing
from weights_asked import networks, parser_of_weights

from lled_jax.cli.process import exit_status
from lled_jax.data.decode import photos_in, read_image
from lled_jax.data.pairs import as_eight_bit

LIT = 100


def main() -> None:
    """Measure, print and write."""
    parser = parser_of_weights(__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True)
    options = parser.parse_args()
    methods, rows = networks(options.weights), []
    for path in photos_in(options.photos):
        photo = as_eight_bit(read_image(path))
        photo = photo[:48, :64] if options.quick else photo
        lit = photo.mean(-1) >= LIT
        row = {
            "photo": path.name,
            "mean": float(photo.mean()),
            "lit": float(lit.mean()),
        }
        for of, draw in methods.items():
            bright = draw(photo)
            row[of] = float(bright.mean() / photo.mean())
            row[f"{of}, lit"] = (
                float(bright[lit].mean() / photo[lit].mean()) if lit.any() else None
            )
        rows.append(row)
    data = {"what": __doc__.splitlines()[0], "rows": rows}
    timing.finish("unpaired", options.output, options.quick, data)


if __name__ == "__main__":
    sys.exit(exit_status(main))
