"""One image tool, warm, in a process of its own: an order a line in, the CPU seconds that it took a line out.

Started as `python -m bench.image_worker dropoff|naive|pyvips`; `sharp_worker.js` speaks the same. An order is an object
with `input`, `output` (an empty folder), `widths` and `options`; the answer has `cpu_seconds` (user and system, of all
threads) and `files`, from the widest on. Nothing is enlarged.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Options = Mapping[str, Any]
Render = Callable[[str, Path, Sequence[int], Options], list[Path]]


def dropoff() -> Render:
    """The processor as a cell runs it, but in this process: everything that its result tells is worked out too."""
    from processors.image import processor
    from processors.work import run_alone

    processor.warm()

    def render(source: str, folder: Path, widths: Sequence[int], options: Options) -> list[Path]:
        renditions = [{"name": f"w{width}", "width": width, **options} for width in widths]
        finished = run_alone(processor, Path(source), {"renditions": renditions}, scratch=folder)
        return [folder / "out" / output.name for output in finished.outputs]

    return render


def naive() -> Render:
    """As tutorials have it: decode everything, turn it, bring it to sRGB, and make each thumbnail from the whole."""
    import io

    from PIL import Image, ImageCms, ImageOps

    srgb = ImageCms.createProfile("sRGB")

    def render(source: str, folder: Path, widths: Sequence[int], options: Options) -> list[Path]:
        paths = []
        with Image.open(source) as stored:
            whole = ImageOps.exif_transpose(stored)
        if icc := whole.info.get("icc_profile"):
            ImageCms.profileToProfile(whole, io.BytesIO(icc), srgb, inPlace=True)
        for width in widths:
            small = whole.copy()
            small.thumbnail((width, 1 << 16), Image.Resampling.LANCZOS)
            paths.append(folder / f"{width}.{options['format']}")
            small.save(paths[-1], **options)
        return paths

    return render


def vips() -> Render:
    """libvips as its documents advise: shrink while loading, then each width from the next wider one."""
    import pyvips

    pyvips.cache_set_max(0)

    def render(source: str, folder: Path, widths: Sequence[int], options: Options) -> list[Path]:
        image = pyvips.Image.thumbnail(source, widths[0], height=1 << 16, size="down", **_to_srgb(source))
        settings = {name: value for name, value in options.items() if name != "format"}
        paths = []
        for width in widths:
            if width < image.width:
                image = image.thumbnail_image(width, height=1 << 16, size="down")
            image = image.copy_memory()
            paths.append(folder / f"{width}.{options['format']}")
            image.write_to_file(str(paths[-1]), keep="none", **settings)
        return paths

    def _to_srgb(source: str) -> dict[str, str]:
        """Asked for without need, the transform alone costs as much as the rest."""
        image = pyvips.Image.new_from_file(source)
        has_profile = image.get_typeof("icc-profile-data") and b"sRGB" not in image.get("icc-profile-data")
        return {"output_profile": "srgb"} if has_profile else {}

    return render


TOOLS = {"dropoff": dropoff, "naive": naive, "pyvips": vips}


def main() -> None:
    render = TOOLS[sys.argv[1]]()
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        order = json.loads(line)
        before = time.process_time()
        files = render(order["input"], Path(order["output"]), order["widths"], order["options"])
        took = time.process_time() - before
        print(json.dumps({"cpu_seconds": took, "files": [str(path) for path in files]}), file=answers, flush=True)


if __name__ == "__main__":
    main()
