"""What decodes images beside Pillow, by name: the operator chooses one (`DROPOFF_IMAGE_BACKEND`)."""

from collections.abc import Callable, Mapping

from processors.image.backends.base import Backend

__all__ = ["Backend", "load"]


def _plain() -> Backend:
    from processors.image.backends.plain import Plain

    return Plain()


def _fast() -> Backend:
    from processors.image.backends.fast import Fast

    return Fast()


def _vips() -> Backend:
    from processors.image.backends.vips import Vips

    return Vips()


LOADERS: Mapping[str, Callable[[], Backend]] = {"pillow": _plain, "fast": _fast, "vips": _vips}


def load(name: str) -> Backend:
    """Imports what it needs. Raises ImportError if its extra isn't installed."""
    return LOADERS[name]()
