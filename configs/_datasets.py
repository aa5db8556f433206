"""Where a data set's pairs are, and its teacher, by the name given to a config."""

FOLDERS = {
    "lol": "data/LOL",
    "lol_v2_real": "data/lol_v2_real",
    "lol_v2_synthetic": "data/lol_v2_synthetic",
    "fivek": "data/fivek",
    "sid": "data/sid",
}


def root(dataset: str) -> str:
    """The folder of a known name; a folder, "demo" or "tfds:NAME" is itself."""
    return FOLDERS.get(dataset, dataset)


def teacher_run(dataset: str) -> str:
    """Where configs/teacher.py trains on that data set, unless told otherwise."""
    name = dataset.rstrip("/").rpartition("/")[2]
    return "runs/teacher" if dataset == "lol" else f"runs/teacher_{name}"
