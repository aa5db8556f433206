"""What files are read from and written to."""

from io import BytesIO
from typing import BinaryIO

Stream = BinaryIO | BytesIO
"""An open binary file; BytesIO is one too, but not to every checker of types."""
