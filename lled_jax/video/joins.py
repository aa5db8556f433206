"""Recordings that were joined to one file: their time stamps go on."""

from fractions import Fraction

import av

from lled_jax.video.probe import fraction

# Where the time stamps of a stream fall back by so many seconds, another recording
# begins.
JOINED = 0.2
# FFmpeg's flag of formats in which they may, as MPEG-TS; in others they never do.
_TS_DISCONT = 0x0200


class Joins:
    """Lets recordings that were joined, as by `cat`, follow each other.

    The stamps of each begin anew.  They are put behind the end of all that came before,
    by as much for every stream, so that picture and sound stay together.
    """

    def __init__(self, reader: av.container.InputContainer) -> None:
        self._possible = bool(int(reader.format.flags) & _TS_DISCONT)
        self._end, self._shift = Fraction(0), Fraction(0)
        self._last: dict[int, Fraction] = {}
        self._step: dict[int, Fraction] = {}  # from packet to packet

    def mend(self, packet: av.Packet) -> bool:
        """Move its stamps; whether they are still not behind the last of its stream."""
        tick = fraction(packet.time_base)
        if not self._possible or packet.dts is None or tick is None:
            return False
        number = packet.stream.index
        time = packet.dts * tick + self._shift
        last = self._last.get(number)
        if last is not None and time < last - Fraction(JOINED):
            first = packet.dts if packet.pts is None else packet.pts
            self._shift = self._end - first * tick
            time = packet.dts * tick + self._shift
        moved = round(self._shift / tick)
        packet.dts += moved
        packet.pts = None if packet.pts is None else packet.pts + moved
        if last is not None and time > last:
            self._step[number] = time - last
        self._last[number] = time if last is None else max(time, last)
        shown = packet.dts if packet.pts is None else packet.pts
        length = (packet.duration or 0) * tick or self._step.get(number, Fraction(0))
        self._end = max(self._end, shown * tick + length)
        # Of what is joined the sound may begin a little sooner than the picture.
        return bool(self._shift) and last is not None and time <= last
