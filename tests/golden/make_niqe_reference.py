"""Write niqe.json: what BasicSR 1.4.2 computes for pictures of scikit-image.

    pip download --no-deps --no-binary :all: basicsr==1.4.2
    tar xzf basicsr-1.4.2.tar.gz
    pip install torch numpy scipy opencv-python-headless scikit-image
    python tests/golden/make_niqe_reference.py basicsr-1.4.2

BasicSR's function states MATLAB's own result for a test picture to five digits.  Its
files are loaded one by one, since the package does not install with a new PyTorch.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path

import numpy as np
import skimage.io

OUTPUT = Path(__file__).parent / "niqe.json"
PICTURES = ("astronaut", "chelsea", "coffee")


def load(root: Path, name: str) -> types.ModuleType:
    path = root / f"{name.replace('.', '/')}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main(root: Path) -> None:
    for package in ("basicsr", "basicsr.utils", "basicsr.metrics"):
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = []
    load(root, "basicsr.utils.registry")
    colour = load(root, "basicsr.utils.color_util")
    sys.modules["basicsr.utils"].bgr2ycbcr = colour.bgr2ycbcr
    load(root, "basicsr.utils.matlab_functions")
    load(root, "basicsr.metrics.metric_util")
    niqe = load(root, "basicsr.metrics.niqe").calculate_niqe
    scores = {}
    folder = Path(skimage.__file__).parent / "data"
    for name in PICTURES:
        picture = skimage.io.imread(folder / f"{name}.png")
        dark = picture // 8
        black = picture.copy()
        black[:150, :250] = 0  # blocks without statistics
        for kind, image in (("", picture), ("-dark", dark), ("-black", black)):
            scores[name + kind] = float(niqe(image[..., ::-1].astype(np.float32), 0))
    OUTPUT.write_text(json.dumps(scores, indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
