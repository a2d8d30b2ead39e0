"""Text of any encoding and any size, in constant memory: how it is encoded, how much there is, and what is in it."""

import codecs
from typing import get_args

from processors.base import Work
from processors.text.charsets import Charset, codec
from processors.text.models import LIMITS, MEDIA_TYPES, TextParams, TextResult


class TextProcessor:
    kind = "text"
    version = "2.0"
    media_types = MEDIA_TYPES
    limits = LIMITS
    Params = TextParams
    Result = TextResult

    def warm(self) -> None:
        """Python imports a codec when it is first used, and a cell may have no file system to import it from."""
        from processors.text import pipeline, plausibility  # noqa: F401
        from processors.text.data import runs

        for name in get_args(Charset):
            codecs.lookup(codec(name))
        plausibility.warm()
        runs.warm()

    def process(self, work: Work[TextParams]) -> TextResult:
        from processors.text import pipeline

        return pipeline.run(work)


processor = TextProcessor()
