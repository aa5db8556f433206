"""Picture files in and out: pixels in sRGB, upright, and everything that is kept."""

from lled_jax.photos.kinds import SUFFIXES as SUFFIXES
from lled_jax.photos.photo import Metadata as Metadata
from lled_jax.photos.photo import Photo as Photo
from lled_jax.photos.reading import read as read
from lled_jax.photos.reading import read_bytes as read_bytes
from lled_jax.photos.reading import size_of as size_of
from lled_jax.photos.reading import size_of_bytes as size_of_bytes
from lled_jax.photos.writing import FORMATS as FORMATS
from lled_jax.photos.writing import format_for as format_for
from lled_jax.photos.writing import format_of as format_of
from lled_jax.photos.writing import suffix_for as suffix_for
from lled_jax.photos.writing import write as write
