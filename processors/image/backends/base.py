"""What a back end for images promises: the same pixels as Pillow's, sooner or in less memory.

Rules that must stay true:
1. It is asked only about images that were inspected and opened: format, size and limits are settled, and Pillow has
   read the header. A back end brings pixels, and decides nothing.
2. What it doesn't take, and whatever seems damaged to it, Pillow decodes, and has the last word. So a damaged file
   ends the same way with every back end; a whole one may be taken that Pillow would need too much memory for.
3. Loading it starts no thread: cells are forked from the process that does.
"""

import io
from typing import BinaryIO, Protocol

from PIL.Image import Image
from PIL.ImageFile import ImageFile

Size = tuple[int, int]


class Backend(Protocol):
    def takes(self, image: ImageFile, file: BinaryIO) -> bool:
        """Whether `decode` may bring something. Then all that the image says of itself is known without loading it.

        `image` is opened and not loaded; `file` is the whole of it, and its offset may be changed, here and below.
        """
        ...

    def decode(self, image: ImageFile, file: BinaryIO, wanted: Size, *, ycc: bool = False) -> Image | None:
        """All of the first frame, scaled down by factors that leave both sides at least as long as `wanted`'s.

        As stored: neither turned nor brought to another colour space; 8 bits a channel, in the mode that Pillow names,
        or, with `ycc`, in YCbCr where that says RGB. None: it can't be done, and Pillow shall.
        """
        ...


def whole(file: BinaryIO, most: int) -> bytes | None:
    """All of the file, unless it has more than `most` bytes."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return file.read(size) if size <= most else None


def can_halve(size: Size, wanted: Size) -> bool:
    """Whether Pillow may decode a JPEG at 1/2 or less: libjpeg-turbo has vector code for it, and nothing is quicker."""
    return size[0] >= 2 * wanted[0] and size[1] >= 2 * wanted[1]
