"""What every processor must do: the contract of `processors/base.py`, run by the built-in ones and by the example."""

import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import get_args

import pytest
from pydantic import ValidationError

from processors import registry
from processors.base import ONE_THREAD, AnyProcessor, Cancelled, Limits, Rejected, RejectionCode, Report
from processors.vet import DECODERS, STRANGERS
from processors.work import OUTPUT_NAME, Finished, run_alone
from tests.architecture import REPOSITORY

SECONDS = 60.0

# In a fresh interpreter: warm, then process each file, and say what was imported, opened or started meanwhile.
WATCHED = """
import json, os, sys
from pathlib import Path
from {module} import processor
from processors.base import Rejected
from processors.work import FileWork
early = sorted(sys.modules)
processor.warm()
threads = len(os.listdir("/proc/self/task"))
scratch, *names = sys.argv[1:]
sources = [open(name, "rb") for name in names]
seen = []
def watch(event, arguments):
    if event == "import" or event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn")):
        seen.append([event, str(arguments[0])])
    elif event == "open" and not str(arguments[0]).startswith(scratch):
        seen.append([event, str(arguments[0])])
sys.addaudithook(watch)
for n, source in enumerate(sources):
    own = Path(scratch, str(n))
    own.mkdir()
    work = FileWork(params=processor.Params(), name="x", media_type="application/octet-stream",
                    size=os.fstat(source.fileno()).st_size, scratch=own, descriptor=source.fileno())
    try:
        processor.process(work)
    except Rejected:
        pass
found = list(seen)
print(json.dumps({{"early": early, "threads": threads, "seen": found}}))
"""


class ProcessorContract:
    """Subclasses give `processor`, its `module`, some `good` files, and `bad` ones with the code that each deserves."""

    module: str
    environment: Mapping[str, str] = MappingProxyType({})  # that a cell gets for it
    import_path: Path = REPOSITORY

    def run(self, processor: AnyProcessor, path: Path, scratch: Path) -> Finished:
        scratch.mkdir(exist_ok=True)
        return run_alone(processor, path, scratch=scratch)

    # -- what it is

    def test_it_shows_everything_that_the_registry_asks_for(self, processor: AnyProcessor) -> None:
        assert list(registry.faults(processor.kind, processor)) == []

    def test_its_limits_are_all_above_zero(self, processor: AnyProcessor) -> None:
        assert all(getattr(processor.limits, field.name) > 0 for field in fields(Limits) if field.name != "processes")
        assert processor.limits.silent_seconds <= processor.limits.total_seconds

    def test_params_and_result_are_published_as_json_schema(self, processor: AnyProcessor) -> None:
        params, result = processor.Params.model_json_schema(), processor.Result.model_json_schema()
        assert json.loads(json.dumps(params)) == params
        assert params["additionalProperties"] is False
        assert json.loads(json.dumps(result))["type"] == "object"

    def test_params_have_defaults_are_frozen_and_refuse_what_they_do_not_know(self, processor: AnyProcessor) -> None:
        params = processor.Params()
        with pytest.raises(ValidationError):
            processor.Params.model_validate({"no_such_param": 1})
        for name in processor.Params.model_fields:
            with pytest.raises(ValidationError):
                setattr(params, name, None)

    # -- what it does with files

    def test_a_good_file_gives_a_result_and_every_output_that_it_names(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        for number, path in enumerate(good):
            scratch = tmp_path / str(number)
            finished = self.run(processor, path, scratch)
            again = processor.Result.model_validate_json(finished.result.model_dump_json())
            assert again == finished.result
            assert len(finished.outputs) <= processor.limits.output_files
            for output in finished.outputs:
                file = scratch / "out" / output.name
                assert OUTPUT_NAME.fullmatch(output.name)
                assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+(; charset=[a-z0-9-]+)?", output.media_type)
                assert file.is_file()
                assert not file.is_symlink()
                assert 0 < file.stat().st_size <= processor.limits.output_bytes

    def test_it_leaves_its_outputs_in_the_scratch_folder_and_nothing_else(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        scratch = tmp_path / "scratch"
        finished = self.run(processor, good[0], scratch)
        left = {str(path.relative_to(scratch)) for path in scratch.rglob("*") if path.is_file()}
        assert left == {f"out/{output.name}" for output in finished.outputs}

    def test_the_same_file_gives_the_same_result_again(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        first, second = (self.run(processor, good[0], tmp_path / name) for name in ("a", "b"))
        assert first.result == second.result
        for output in first.outputs:
            assert (tmp_path / "a/out" / output.name).read_bytes() == (tmp_path / "b/out" / output.name).read_bytes()

    def test_a_bad_file_is_rejected_with_its_code_and_words_for_a_person(
        self, processor: AnyProcessor, bad: Sequence[tuple[bytes, RejectionCode]], tmp_path: Path
    ) -> None:
        path = tmp_path / "secret-name"
        for number, (data, code) in enumerate(bad):
            path.write_bytes(data)
            with pytest.raises(Rejected) as rejected:
                self.run(processor, path, tmp_path / str(number))
            assert rejected.value.code == code
            assert re.match(r"[A-Z].*\.$", rejected.value.detail)
            assert "secret-name" not in rejected.value.detail

    def test_whatever_the_bytes_it_ends_in_a_result_or_a_rejection(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        """Empty, random, cut off and overwritten files; any other exception fails the test by itself."""
        path = tmp_path / "file"
        for number, data in enumerate(_mutations([source.read_bytes() for source in good])):
            path.write_bytes(data)
            code = None
            try:
                self.run(processor, path, tmp_path / str(number))
            except Rejected as rejected:
                code = rejected.code
            assert code in (None, *get_args(RejectionCode))

    # -- how it speaks

    def test_progress_counts_units_and_never_goes_back_within_a_stage(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        for number, path in enumerate(good):
            reports: list[Report] = []
            scratch = tmp_path / str(number)
            scratch.mkdir()
            run_alone(processor, path, scratch=scratch, on_report=reports.append)
            assert reports
            for before, after in pairwise(reports):
                assert before.stage != after.stage or before.done <= after.done
            assert all(report.unit for report in reports if report.total is not None)
            assert all(report.done <= report.total for report in reports if report.total is not None)

    def test_a_cancelled_job_stops_at_its_next_report(
        self, processor: AnyProcessor, good: Sequence[Path], tmp_path: Path
    ) -> None:
        reports: list[Report] = []
        with pytest.raises(Cancelled):
            run_alone(processor, good[0], scratch=tmp_path, on_report=reports.append, cancelled=lambda: True)
        assert reports == []

    def test_in_a_cell_it_imports_opens_and_starts_nothing_more(
        self, processor: AnyProcessor, good: Sequence[Path], bad: Sequence[tuple[bytes, str]], tmp_path: Path
    ) -> None:
        """A module is light until it is warm; once it is, it needs no file system but its scratch folder."""
        paths = [*good, *_written(bad, tmp_path)]
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        ran = subprocess.run(
            [sys.executable, "-c", WATCHED.format(module=self.module), str(scratch), *map(str, paths)],
            env={"PYTHONPATH": f"{self.import_path}:{REPOSITORY}", **ONE_THREAD, **self.environment},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        assert {name.partition(".")[0] for name in told["early"]} & (DECODERS | STRANGERS) == set()
        assert told["threads"] == 1
        assert told["seen"] == []


def _mutations(sources: Sequence[bytes]) -> Iterator[bytes]:
    rng = random.Random(20260621)
    yield b""
    yield from (bytes([byte]) for byte in (0x00, 0x0A, 0xFF))
    yield from (rng.randbytes(size) for size in (2, 64, 1000, 5000))
    for source in sources:
        size = len(source)
        yield from (source[: size * part // 9] for part in range(1, 9))
        yield source + rng.randbytes(100)
        for _ in range(12):
            changed = bytearray(source)
            for _ in range(rng.choice((1, 4, 30))):
                changed[rng.randrange(min(size, 400) if rng.random() < 0.5 else size)] = rng.randrange(256)
            yield bytes(changed)


def _written(bad: Sequence[tuple[bytes, str]], folder: Path) -> Iterator[Path]:
    for number, (data, _code) in enumerate(bad):
        path = folder / f"bad-{number}"
        path.write_bytes(data)
        yield path
