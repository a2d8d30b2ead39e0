"""Makes one rendition: drawn, finished, encoded, and announced as an output once it is whole."""

from collections.abc import Callable, Iterator

from PIL import Image

from processors.base import Work
from processors.image.animation import Frame, save_animation
from processors.image.encode import EXTENSIONS, MAX_SIDES, Embedded, Trial, options, save, usual_quality, within
from processors.image.geometry import Size
from processors.image.models import Format, ImageParams, Rendered
from processors.image.renditions import Plan, Pyramid, finish, format_of, needed
from processors.image.resample import resize
from processors.image.source import Source

DRAFT = "draft"  # in the scratch folder

Report = Callable[[float], None]  # what part of the rendition is done, 0 to 1; raises `Cancelled`


class Renderer:
    """`exif` is what every rendition carries of the image's own, `logo` the watermark's picture."""

    def __init__(
        self, work: Work[ImageParams], source: Source, pyramid: Pyramid, exif: bytes, logo: Image.Image | None
    ) -> None:
        self._work = work
        self._params = work.params
        self._source = source
        self._pyramid = pyramid
        self._logo = logo
        self._embedded = Embedded(source.icc, exif)
        self._draft = work.scratch / DRAFT

    def render(self, one: Plan, report: Report) -> Rendered:
        rendition = one.rendition
        if one.animated:
            format_: Format = "webp"
            write = self._animation(one, report)
        else:
            format_, write = self._still(one, report)
        quality = usual_quality(format_, rendition.effort)
        if quality is not None:
            quality = rendition.quality or self._params.quality or quality
        try:
            trial, fits = within(rendition.max_bytes, one.layout.canvas, quality, write)
            self._note(one, format_, trial, fits)
            return self._announce(one, format_, trial)
        finally:
            self._draft.unlink(missing_ok=True)

    def _still(self, one: Plan, report: Report) -> tuple[Format, Callable[[Size, int | None], int]]:
        drawn = self._pyramid.draw(one.layout)
        format_ = format_of(one, has_alpha=drawn.mode == "RGBA")
        picture = finish(drawn, one, self._params, format_, self._logo)

        def write(size: Size, quality: int | None) -> int:
            report(0)
            arguments = options(format_, one.rendition.effort, quality, self._embedded)
            return save(resize(picture, size), self._draft, format_, arguments)

        return format_, write

    def _animation(self, one: Plan, report: Report) -> Callable[[Size, int | None], int]:
        count = self._frames(one)

        def write(size: Size, quality: int | None) -> int:
            frames = self._moving(one, size, report)
            arguments = options("webp", one.rendition.effort, quality, self._embedded)
            return save_animation(frames, count, self._draft, self._source.loops(), arguments)

        return write

    def _moving(self, one: Plan, size: Size, report: Report) -> Iterator[Frame]:
        wanted = needed(self._source.size, [one])
        count = self._frames(one)
        for number, (whole, duration) in enumerate(self._source.frames(count, wanted)):
            report(number / count)
            drawn = Pyramid(whole, self._source.size).draw(one.layout)
            yield resize(finish(drawn, one, self._params, "webp", self._logo), size), duration

    def _frames(self, one: Plan) -> int:
        return len(self._source.shown(self._params.max_frames)) if one.animated else 1

    def _note(self, one: Plan, format_: Format, trial: Trial, fits: bool) -> None:
        name, notes = one.rendition.name, self._source.notes
        if not fits:
            notes.append(f"{name} has {trial.bytes:,} bytes: it could not be brought to {one.rendition.max_bytes:,}.")
        if one.too_long:
            notes.append(f"{name} was scaled down: {format_} has no side above {MAX_SIDES[format_]:,} pixels.")
        if one.rendition.format == "auto" and format_ != "webp":
            notes.append(f"{name} is {format_}: webp has no side above {MAX_SIDES['webp']:,} pixels.")
        if self._params.frames == "all" and self._source.is_animated and not one.animated:
            notes.append(f"{name} shows the first frame: only webp is animated.")

    def _announce(self, one: Plan, format_: Format, trial: Trial) -> Rendered:
        width, height = trial.size
        file = f"{one.rendition.name}.{EXTENSIONS[format_]}"
        path = self._work.output(file, f"image/{format_}", format=format_, width=width, height=height)
        self._draft.replace(path)
        return Rendered(
            name=one.rendition.name,
            file=file,
            format=format_,
            width=width,
            height=height,
            bytes=trial.bytes,
            quality=trial.quality,
            frames=self._frames(one),
        )
