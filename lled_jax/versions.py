"""Which versions of packages made something: written into every result."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

NOT_INSTALLED = "not installed"


def version(package: str) -> str:
    """As ``0.1.0``; `NOT_INSTALLED` where the package is not, as in a bare checkout."""
    try:
        return installed(package)
    except PackageNotFoundError:
        return NOT_INSTALLED
