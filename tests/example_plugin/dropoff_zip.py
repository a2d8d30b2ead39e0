"""A kind for Dropoff: what is in a ZIP archive, without unpacking it."""

from zipfile import BadZipFile, ZipFile

from pydantic import RootModel

from processors.base import Limits, NoParams, Rejected, Work

Sizes = RootModel[dict[str, int]]


class ZipProcessor:
    kind, version, media_types = "zip", "1.0", frozenset({"application/zip"})
    limits, Params, Result = Limits(total_seconds=60), NoParams, Sizes

    def warm(self) -> None:
        "".encode("cp437")  # loads what zipfile would load late: every job starts from here

    def process(self, work: Work[NoParams]) -> Sizes:
        try:
            with work.open() as file, ZipFile(file) as archive:
                members = archive.infolist()[:1000]
        except (BadZipFile, RuntimeError, ValueError) as wrong:
            raise Rejected("corrupt_input", f"The archive can't be read: {wrong}.") from wrong
        work.report("listing", len(members), len(members), "files")
        return Sizes({member.filename: member.file_size for member in members})


processor = ZipProcessor()
