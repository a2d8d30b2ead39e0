"""Pillow itself, the default: what is done when a back end takes nothing."""

from typing import BinaryIO

from PIL.ImageFile import ImageFile

from processors.image.backends.base import Size


class Plain:
    def takes(self, image: ImageFile, file: BinaryIO) -> bool:
        return False

    def decode(self, image: ImageFile, file: BinaryIO, wanted: Size, *, ycc: bool = False) -> None:
        return None
