"""The way of an image: inspect, open, decode, turn upright, bring to its colours, render, encode, describe."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO

from processors.base import Rejected, Work
from processors.image import backends
from processors.image.backends import Backend
from processors.image.colour import read_profile
from processors.image.description import describe, small_layout, srcset
from processors.image.extras import Extras
from processors.image.facts import read_header
from processors.image.metadata import Metadata, passed_on, read_metadata, tell
from processors.image.models import MAX_FRAMES, ImageParams, ImageResult, Rendered
from processors.image.opening import FORMATS, collecting, decoding, inspect, load, open_image
from processors.image.renderer import Renderer
from processors.image.renditions import Plan, Pyramid, can_stay_ycc, check, needed, plan
from processors.image.source import Source
from processors.image.watermark import open_picture
from processors.partial import Tolerance

DECODING, DESCRIBING = 1, 1  # steps, besides one for each rendition


@dataclass(frozen=True, slots=True)
class Equipment:
    """What files may be decoded, and by what."""

    backend: Backend
    formats: Collection[str]


@cache
def equip(extras: Extras) -> Equipment:
    """Imports what the extras need."""
    if extras.heif:
        from processors.image.backends import heif

        heif.register()
    return Equipment(backends.load(extras.backend), (*FORMATS, "HEIF") if extras.heif else tuple(FORMATS))


def run(work: Work[ImageParams], equipment: Equipment) -> ImageResult:
    notes: list[str] = []
    with work.open() as file, collecting(notes):
        return Job(work, file, equipment, notes).run()


@dataclass(slots=True)
class Job:
    """Reports count steps, each of which begins with one. `clock` gives seconds."""

    work: Work[ImageParams]
    file: BinaryIO
    equipment: Equipment
    notes: list[str]
    rendered: dict[str, Rendered] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    step: str = field(default="beginning", init=False)
    tolerance: Tolerance = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.tolerance = Tolerance(self.work.params.on_error)

    def run(self) -> ImageResult:
        params = self.work.params
        self._report("decoding", 0)
        logo = open_picture(params.watermark, params.colorspace, self.notes) if params.watermark else None
        source, metadata = self._open()
        animated = source.is_animated
        plans = self._possible(plan(source.size, params, animated=animated), source)
        pyramid = Pyramid(source.first(needed(source.size, plans)), source.size)
        if any(rendition.gravity == "attention" for rendition in params.renditions):
            plans = [
                one
                for one in plan(source.size, params, animated=animated, find=pyramid.look)
                if not self.tolerance.left_out(one.rendition.name)
            ]
        self._render(plans, Renderer(self.work, source, pyramid, self._exif(metadata), logo))
        self._report("describing", DECODING + len(params.renditions))
        result = self._result(source, metadata, pyramid, plans)
        self._report("done", DECODING + len(params.renditions) + DESCRIBING)
        return result

    def _report(self, stage: str, step: float, message: str = "") -> None:
        """Also where a cancelled job stops, and one that took too long."""
        steps = DECODING + len(self.work.params.renditions) + DESCRIBING
        self.work.report(stage, step, steps, "steps", message)
        most = self.work.params.limits.timeout_s
        if self.clock() - self.started > most:
            raise Rejected("limit_exceeded", f"It took longer than {most:g} s; the step was: {self.step}.")
        self.step = f"{stage} {message}".strip()

    def _open(self) -> tuple[Source, Metadata]:
        params = self.work.params
        found = inspect(self.file, params.limits, params.frames_wanted, self.equipment.formats)
        image = open_image(self.file, found)
        with decoding():
            header = read_header(image)
        if header.format == "PNG" and not self.equipment.backend.takes(image, self.file):
            load(image, found)  # its EXIF may stand behind its pixels
        metadata = read_metadata(image, self.file, self.notes)
        profile = read_profile(image.info.get("icc_profile"), self.notes)
        source = Source(
            image=image,
            file=self.file,
            found=found,
            header=header,
            stored=image.size,
            backend=self.equipment.backend,
            profile=profile,
            turn=metadata.turn if params.auto_orient else 1,
            colorspace=params.colorspace,
            ycc=can_stay_ycc(params) and (profile is None or (params.colorspace == "srgb" and profile.is_srgb())),
            notes=self.notes,
        )
        return source, metadata

    def _exif(self, metadata: Metadata) -> bytes:
        params = self.work.params
        return passed_on(metadata, params.strip_metadata, params.gps, 1 if params.auto_orient else metadata.turn)

    def _possible(self, plans: list[Plan], source: Source) -> list[Plan]:
        """Without those that would be too much, where that is tolerated."""
        frames, all_frames = (len(source.shown(most)) for most in (self.work.params.max_frames, MAX_FRAMES))
        if frames < all_frames and any(one.animated for one in plans):
            self.notes.append(f"The animation has {all_frames:,} frames; the first {frames:,} were kept.")
        for one in plans:
            with self.tolerance.tolerating(one.rendition.name):
                check(one, frames, has_alpha=source.header.has_alpha)
        possible = [one for one in plans if not self.tolerance.left_out(one.rendition.name)]
        if not possible:
            raise Rejected("limit_exceeded", "None of the renditions can be made.")
        return possible

    def _render(self, plans: list[Plan], renderer: Renderer) -> None:
        for step, one in enumerate(plans, DECODING):
            name = one.rendition.name

            def report(part: float, step: int = step, name: str = name) -> None:
                self._report("rendering", step + part, name)

            report(0)
            with self.tolerance.tolerating(one.rendition.name):
                self.rendered[name] = renderer.render(one, report)

    def _result(self, source: Source, metadata: Metadata, pyramid: Pyramid, plans: list[Plan]) -> ImageResult:
        params, header = self.work.params, source.header
        told = tell(metadata, params.metadata, params.gps)
        looks = describe(pyramid.draw(small_layout(source.size)), source.icc, params)
        rendered = [self.rendered[one.name] for one in params.renditions if one.name in self.rendered]
        whole = [one.rendition.name for one in plans if one.layout.is_whole(source.size) and not one.animated]
        return ImageResult(
            format=header.format,
            width=source.size[0],
            height=source.size[1],
            mode=header.mode,
            bit_depth=header.bit_depth,
            has_alpha=header.has_alpha,
            is_animated=source.is_animated,
            frames=header.frames,
            orientation=metadata.orientation,
            icc_profile=source.profile.name if source.profile else None,
            camera=told.camera,
            exposure=told.exposure,
            taken_at=told.taken_at,
            exif=told.exif,
            gps=told.gps,
            placeholder=looks.placeholder,
            dominant_colour=looks.palette[0].hex if looks.palette else None,
            palette=looks.palette,
            phash=looks.phash,
            srcset=srcset(rendered, whole),
            renditions=rendered,
            errors=self.tolerance.errors,
            warnings=list(dict.fromkeys(self.notes)),
        )
