"""What a person may ask for beyond the network's answer."""

from typing import NamedTuple

from lled_jax.errors import InputError

_RANGES = {
    "strength": (0.0, 1.0),
    "exposure": (-4.0, 4.0),
    "saturation": (0.0, 3.0),
    "denoise": (0.0, 1.0),
}

# Mean luma up to which a photo gets the whole change, and from where on none.  Of LOL's
# dark training images 99 in 100 lie below 0.28, half of the well-lit ones above 0.45.
LIT = (0.30, 0.45)


class Amounts(NamedTuple):
    """How much of each adjustment one photo gets; None leaves it out of the program."""

    strength: float | None = None
    exposure: float | None = None
    saturation: float | None = None
    denoise: float | None = None


class Look(NamedTuple):
    """How the enhanced picture shall look; the default is the network's own answer.

    Attributes:
        strength: 0 (the photo as it was) to 1 (the network's answer).
        exposure: stops of light, -4 to 4, added to the network's answer.
        saturation: 0 (grey) to 3 times the colour; 1 leaves it.
        denoise: 0 (off) to 1, an edge-preserving smoothing of the network's answer.
        spare_bright: whether a photo that is bright already is left as it was.
    """

    strength: float = 1.0
    exposure: float = 0.0
    saturation: float = 1.0
    denoise: float = 0.0
    spare_bright: bool = False

    def checked(self) -> "Look":
        """The same; raises `InputError` if a value is out of its range."""
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    f"{name} is {value:g}; choose a value from {low:g} to {high:g}"
                )
        return self

    def amounts(self, luma: float) -> Amounts:
        """For a photo of that mean luma (0 to 1)."""
        strength = self.strength
        if self.spare_bright:
            dark, lit = LIT
            strength *= min(1.0, max(0.0, (lit - luma) / (lit - dark)))
        return Amounts(
            strength if self.spare_bright or strength != 1 else None,
            self.exposure or None,
            self.saturation if self.saturation != 1 else None,
            self.denoise or None,
        )
