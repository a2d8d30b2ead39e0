"""Separable cosine sums over a small plane of numbers: the shared core of BlurHash, ThumbHash and pHash.

Plain Python, since two passes over some 32 x 32 values take a quarter of a millisecond, which is less than it takes
to import an array library.
"""

from collections.abc import Sequence
from math import cos, pi
from operator import mul

Waves = Sequence[Sequence[float]]


def waves(count: int, length: int, phase: float) -> Waves:
    """The first `count` cosines over `length` samples; a `phase` of 0.5 samples pixels in their middle (DCT-II)."""
    return [[cos(pi * k * (x + phase) / length) for x in range(length)] for k in range(count)]


def project(plane: Sequence[float], across: Waves, down: Waves) -> list[list[float]]:
    """For each wave down and each wave across (`[v][u]`): the sum of plane x wave x wave. The plane is row by row."""
    width = len(across[0])
    rows = [plane[at : at + width] for at in range(0, len(plane), width)]
    columns = [[sum(map(mul, row, wave)) for row in rows] for wave in across]
    return [[sum(map(mul, column, wave)) for column in columns] for wave in down]
