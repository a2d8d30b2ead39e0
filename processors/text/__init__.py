"""Text of any encoding and any size, in constant memory: how it is encoded, how much there is, how it begins."""

import codecs
from typing import get_args

from processors.base import Work
from processors.text.encoding import FALLBACK, SAMPLE_BYTES, Encoding, recognise
from processors.text.models import LIMITS, MEDIA_TYPES, Charset, TextParams, TextResult
from processors.text.reading import Reading


class TextProcessor:
    kind = "text"
    version = "1.0"
    media_types = MEDIA_TYPES
    limits = LIMITS
    Params = TextParams
    Result = TextResult

    def warm(self) -> None:
        """Python imports a codec when it is first used, and a cell may have no file system to import it from."""
        for name in get_args(Charset):
            codecs.lookup(name)

    def process(self, work: Work[TextParams]) -> TextResult:
        with work.open() as file:
            encoding = recognise(file.read(SAMPLE_BYTES), work.params.encoding)
            reading = Reading(encoding, work.params.preview_characters)
            reading.run(work, file)
            if reading.is_wrong():
                behind = file.tell()
                guess = Encoding(FALLBACK, "fallback", encoding.mark_bytes)
                reading = Reading(guess, work.params.preview_characters)
                reading.run(work, file, behind)
        return reading.result()


processor = TextProcessor()
