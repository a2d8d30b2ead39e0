"""How many pictures a decoder keeps: the decoded picture buffer, as the headers of a film promise it.

H.264 (ITU-T H.264 §7.3.2.1.1) and HEVC (ITU-T H.265 §7.3.2.2.1) say it in their sequence parameter sets; the other
codecs have as many as their formats allow.
"""

from collections.abc import Iterator, Mapping

from av.video.codeccontext import VideoCodecContext

MOST = 16  # of H.264 and HEVC, whatever the level: for what can't be read
KEPT: Mapping[str, int] = {"vp9": 8, "av1": 8, "vp8": 3, "theora": 2, "mjpeg": 0, "prores": 0}
USUAL = 2  # of codecs with one picture before and one behind
START_CODE, EMULATION = b"\0\0\1", b"\0\0\3"
NAL_TYPES: Mapping[str, int] = {"h264": 7, "hevc": 33}
WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})  # profiles


def kept(codec: VideoCodecContext) -> int:
    """References, and pictures that wait for their turn. Never too few, unless the film says one thing and is another.

    `codec` is that of an opened container.
    """
    name = codec.codec.canonical_name
    if name not in NAL_TYPES:
        return KEPT.get(name, USUAL)
    found = [_pictures(name, unit) for unit in _units(name, codec.extradata or b"")]
    references = max(found, default=MOST)
    return references + codec.reorder_depth if name == "h264" else references


def _units(name: str, headers: bytes) -> Iterator[bytes]:
    """The sequence parameter sets, without what keeps start codes out of them. From `avcC`, `hvcC` or Annex B."""
    if headers[:1] == b"\1":
        units = _of_avcc(headers) if name == "h264" else _of_hvcc(headers)
    else:
        units = iter(headers.split(START_CODE)[1:])
    for unit in units:
        if unit and (unit[0] & 0x1F if name == "h264" else unit[0] >> 1 & 0x3F) == NAL_TYPES[name]:
            yield unit.replace(EMULATION, b"\0\0")


def _of_avcc(headers: bytes) -> Iterator[bytes]:
    """ISO/IEC 14496-15 §5.3.3.1."""
    at = 6
    for _ in range(headers[5] & 0x1F if len(headers) > 5 else 0):
        length = int.from_bytes(headers[at : at + 2])
        yield headers[at + 2 : at + 2 + length]
        at += 2 + length


def _of_hvcc(headers: bytes) -> Iterator[bytes]:
    """ISO/IEC 14496-15 §8.3.3.1: arrays of units of one type."""
    at = 23
    for _ in range(headers[22] if len(headers) > 22 else 0):
        count, at = int.from_bytes(headers[at + 1 : at + 3]), at + 3
        for _ in range(count):
            length = int.from_bytes(headers[at : at + 2])
            yield headers[at + 2 : at + 2 + length]
            at += 2 + length
            if at > len(headers):
                return


def _pictures(name: str, unit: bytes) -> int:
    try:
        return min(_of_h264(_Bits(unit[1:])) if name == "h264" else _of_hevc(_Bits(unit[2:])), MOST)
    except EOFError:
        return MOST


class _Bits:
    """Raises `EOFError` past the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise EOFError
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        """Exp-Golomb, unsigned (§9.1)."""
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.golomb()
        return -(code // 2) if code % 2 == 0 else (code + 1) // 2


def _of_h264(bits: _Bits) -> int:
    """max_num_ref_frames."""
    profile = bits.take(8)
    bits.take(16)  # constraints, level
    bits.golomb()
    if profile in WITH_CHROMA:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        bits.golomb(), bits.golomb(), bits.take(1)  # depths of luma and chroma, bypass
        if bits.take(1):
            for number in range(12 if chroma == 3 else 8):
                if bits.take(1):
                    _skip_scaling_list(bits, 16 if number < 6 else 64)
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1), bits.golomb(), bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()
    return bits.golomb()


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _of_hevc(bits: _Bits) -> int:
    """sps_max_dec_pic_buffering, of all layers the most."""
    bits.take(4)
    layers = bits.take(3)
    bits.take(1 + 88 + 8)  # nesting; profile and level
    there = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    bits.take(2 * (8 - layers) if layers else 0)
    for profile, level in there:
        bits.take(88 * profile + 8 * level)
    bits.golomb()
    if bits.golomb() == 3:
        bits.take(1)
    bits.golomb(), bits.golomb()  # width, height
    if bits.take(1):
        _ = [bits.golomb() for _ in range(4)]
    bits.golomb(), bits.golomb(), bits.golomb()  # depths of luma and chroma, order
    most = 0
    for _ in range(layers + 1 if bits.take(1) else 1):
        most = max(most, bits.golomb() + 1)
        bits.golomb(), bits.golomb()
    return most
