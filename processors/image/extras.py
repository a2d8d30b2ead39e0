"""What the operator chose beside plain Pillow. It comes by the environment: a cell learns of nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

BACKEND, HEIF = "DROPOFF_IMAGE_BACKEND", "DROPOFF_IMAGE_HEIF"
HEIC = "image/heic"


@dataclass(frozen=True, slots=True)
class Extras:
    """`backend` is a name in `processors.image.backends`; with `heif`, HEIC images are taken too."""

    backend: str = "pillow"
    heif: bool = False

    @classmethod
    def chosen(cls, environment: Mapping[str, str]) -> Self:
        """An empty variable means the default, as in all settings."""
        return cls(environment.get(BACKEND) or "pillow", environment.get(HEIF) == "on")
