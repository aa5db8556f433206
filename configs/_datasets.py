"""Where a data set's pairs are, by the short name given to a config."""

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
