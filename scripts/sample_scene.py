"""Paints the landscape that the sample photo and the sample clip show: a lake at dusk. Needs nothing but Pillow."""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Stops = Sequence[tuple[float, Colour]]
Size = tuple[int, int]

SEED = 2026
HORIZON = 0.56  # of the height
SKY: Stops = (
    (0.00, (20, 28, 72)),
    (0.30, (64, 62, 128)),
    (0.58, (168, 92, 138)),
    (0.80, (242, 138, 98)),
    (1.00, (255, 214, 140)),
)
# Far to near: height of the crest over the horizon, roughness, colour.
RIDGES = (
    (0.150, 0.075, (148, 98, 142)),
    (0.105, 0.060, (104, 74, 124)),
    (0.060, 0.045, (62, 52, 98)),
)
SHORE: Colour = (18, 22, 44)
SUN: Colour = (255, 244, 206)


def paint(size: Size, moment: float = 0.35) -> Image.Image:
    """The scene in RGB. `moment` runs from 0, when the sun stands high, to 1, when it touches the mountains."""
    width, height = size
    horizon = round(height * HORIZON)
    land = _sky((width, horizon), moment)
    for layer, (crest, roughness, colour) in enumerate(RIDGES):
        land.paste(colour, mask=_ridge((width, horizon), SEED + layer, crest * height, roughness * height))
    picture = Image.new("RGB", size)
    picture.paste(land)
    picture.paste(_water(land, (width, height - horizon), moment), (0, horizon))
    for side, reach in ((0, 0.34), (1, 0.24)):
        picture.paste(SHORE, mask=_trees(size, side, reach))
    return ImageChops.multiply(picture, _vignette(size))


def grain(image: Image.Image, strength: float) -> Image.Image:
    """Film grain, the same in every run."""
    small = (image.width // 2, image.height // 2)
    noise = Image.frombytes("L", small, random.Random(SEED).randbytes(small[0] * small[1]))
    noise = noise.filter(ImageFilter.GaussianBlur(0.8)).resize(image.size, Image.Resampling.BICUBIC)
    return Image.blend(image, ImageChops.overlay(image, Image.merge("RGB", (noise,) * 3)), strength)


def _gradient(size: Size, stops: Stops) -> Image.Image:
    column = Image.new("RGB", (1, 512))
    for row in range(512):
        at = row / 511
        (low, start), (high, end) = next(pair for pair in pairwise(stops) if at <= pair[1][0])
        part = (at - low) / (high - low)
        column.putpixel((0, row), tuple(round(a + (b - a) * part) for a, b in zip(start, end, strict=True)))
    return column.resize(size, Image.Resampling.BICUBIC)


def _sun(size: Size, moment: float) -> tuple[float, float, float]:
    """Centre and radius."""
    scale = min(size[0], size[1] * 1.4)
    return size[0] * 0.62, size[1] * (0.52 + 0.26 * moment), scale * 0.042


def _disc(size: Size, x: float, y: float, radius: float, blur: float) -> Image.Image:
    """A soft disc as a mask, drawn small when it is very soft."""
    shrink = max(1, int(blur / 4))
    mask = Image.new("L", (max(1, size[0] // shrink), max(1, size[1] // shrink)))
    box = [(v / shrink) for v in (x - radius, y - radius, x + radius, y + radius)]
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask.filter(ImageFilter.GaussianBlur(blur / shrink)).resize(size, Image.Resampling.BICUBIC)


def _sky(size: Size, moment: float) -> Image.Image:
    sky = _gradient(size, SKY)
    sky.paste((255, 176, 150), mask=_clouds(size))
    x, y, radius = _sun(size, moment)
    for spread, light in ((6.5, 80), (3.4, 120), (1.7, 170)):
        glow = _disc(size, x, y, radius * spread * 0.5, radius * spread * 0.5)
        sky.paste((255, 206, 140), mask=glow.point(lambda v, light=light: v * light // 255))
    sky.paste(SUN, mask=_disc(size, x, y, radius, radius * 0.05 + 0.5))
    return sky


def _clouds(size: Size) -> Image.Image:
    """Streaks: noise that is drawn out sideways, and only its crests, most of them low in the sky."""
    rng = random.Random(SEED)
    noise = Image.new("L", size, 0)
    for columns, rows, weight in ((5, 26, 0.5), (11, 60, 0.33), (23, 130, 0.25)):
        octave = Image.frombytes("L", (columns, rows), rng.randbytes(columns * rows))
        noise = Image.blend(noise, octave.resize(size, Image.Resampling.BICUBIC), weight)
    crests = noise.point(lambda v: max(0, min(255, (v - 112) * 7)))
    fade = _gradient(size, ((0.0, (0, 0, 0)), (0.35, (70, 70, 70)), (0.8, (150, 150, 150)), (1.0, (30, 30, 30))))
    return ImageChops.multiply(crests, fade.convert("L")).filter(ImageFilter.GaussianBlur(size[0] / 600))


def _ridge(size: Size, seed: int, crest: float, roughness: float) -> Image.Image:
    """A mountain range as a mask, by midpoint displacement."""
    rng = random.Random(seed)
    heights = [rng.uniform(0.4, 1.0) * crest, rng.uniform(0.4, 1.0) * crest]
    swing = roughness
    for _ in range(9):
        between = [(a + b) / 2 + rng.uniform(-swing, swing) for a, b in pairwise(heights)]
        heights = [height for pair in zip(heights, [*between, 0.0], strict=True) for height in pair][:-1]
        swing *= 0.52
    step = size[0] / (len(heights) - 1)
    outline = [(index * step, size[1] - max(height, 0)) for index, height in enumerate(heights)]
    return _polygon(size, [(0, size[1]), *outline, (size[0], size[1])])


def _polygon(size: Size, points: Sequence[tuple[float, float]]) -> Image.Image:
    """With smooth edges: drawn twice as large."""
    mask = Image.new("L", (size[0] * 2, size[1] * 2))
    ImageDraw.Draw(mask).polygon([(x * 2, y * 2) for x, y in points], fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def _water(land: Image.Image, size: Size, moment: float) -> Image.Image:
    """The land upside down, drawn out and rippled more the nearer it is, darker below, and the sun's path on it."""
    width, height = size
    mirrored = land.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((width, round(height * 1.25)))
    rng = random.Random(SEED + 100)
    phases = [rng.uniform(0, math.tau) for _ in range(3)]
    water = Image.new("RGB", size)
    for row in range(height):
        near = (row + 1) / height
        wave = sum(
            math.sin(phase + 22 * (n + 1) * math.log(0.06 + near) + moment * 9 * (n + 1))
            for n, phase in enumerate(phases)
        )
        shift = round(wave * near * width * 0.006)
        source = min(mirrored.height - 1, max(0, row + round(wave * near * height * 0.012)))
        strip = mirrored.crop((0, source, width, source + 1))
        water.paste(ImageChops.offset(strip, shift, 0), (0, row))
    shade = _gradient(size, ((0.0, (225, 215, 235)), (1.0, (92, 84, 118))))
    water = ImageChops.multiply(water, shade)
    water.paste((255, 220, 160), mask=_glitter(size, moment))
    return water


def _glitter(size: Size, moment: float) -> Image.Image:
    """The broken path of light below the sun."""
    width, height = size
    rng = random.Random(SEED + 7 + int(moment * 30))
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    centre = _sun(size, moment)[0]
    for _ in range(420):
        near = rng.random() ** 1.4
        y = near * height
        spread = width * (0.018 + 0.055 * near)
        x = rng.gauss(centre, spread)
        length, thick = width * (0.004 + 0.022 * near) * rng.random(), max(1.0, height * 0.004 * near)
        draw.ellipse((x - length, y - thick / 2, x + length, y + thick / 2), fill=round(210 * (1 - 0.55 * near)))
    return mask.filter(ImageFilter.GaussianBlur(max(0.6, width / 1800)))


def _trees(size: Size, side: int, reach: float) -> Image.Image:
    """Firs on a bank at the left (0) or the right (1), as a mask."""
    width, height = size
    rng = random.Random(SEED + 40 + side)
    unit = min(width, height)
    bank = [(t, 0.985 - 0.16 * (1 - t / reach) ** 1.6) for t in (reach * n / 24 for n in range(25))]
    mask = _polygon(size, [(0, height), *((x * width, y * height) for x, y in bank), (reach * width, height)])
    for x, y in (rng.choice(bank[:20]) for _ in range(13)):
        tall = unit * rng.uniform(0.16, 0.34) * (1 - 0.6 * x / reach)
        mask = ImageChops.lighter(mask, _fir(size, x * width, y * height + unit * 0.02, tall, rng))
    return mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if side else mask


def _fir(size: Size, x: float, foot: float, tall: float, rng: random.Random) -> Image.Image:
    right, left = [(x, foot - tall)], [(x, foot - tall)]
    tiers = 11
    for tier in range(1, tiers + 1):
        y = foot - tall * (1 - tier / tiers)
        reach = tall * 0.19 * (tier / tiers) ** 0.9
        for points, sign in ((right, 1), (left, -1)):
            out = reach * rng.uniform(0.75, 1.15) * sign
            points += [(x + out, y), (x + out * 0.42, y - tall * 0.012)]
    return _polygon(size, [*right, (x, foot), *reversed(left)])


def _vignette(size: Size) -> Image.Image:
    light = Image.radial_gradient("L").resize(size, Image.Resampling.BICUBIC).point(lambda v: 255 - max(0, v - 90) // 2)
    return Image.merge("RGB", (light,) * 3)
