"""HEIC images for Pillow (the extra `heif`): libheif and libde265, on one thread and within libheif's own limits."""

from pillow_heif import register_heif_opener


def register() -> None:
    """`Image.open` knows them from then on; whether a file may be one is decided before it is asked."""
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
