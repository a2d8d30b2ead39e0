"""Settings come from `DROPOFF_*` environment variables alone; docs/settings.md lists them."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

Names = Annotated[tuple[str, ...], NoDecode]


class SettingsError(Exception):
    """A setting is wrong: names the variable, its value, and what is allowed."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DROPOFF_", env_ignore_empty=True, frozen=True, extra="ignore")

    host: str = Field("127.0.0.1", description="Address to bind. Anything but loopback needs an API key.")
    port: int = Field(8000, ge=0, le=65535, description="Port to bind; 0 picks a free one.")
    data: Path = Field(Path("data"), description="The folder of everything.")
    files: str = Field("", description="URL of the file store: `file:PATH`. Default: `files` in the data folder.")
    jobs: str = Field("", description="URL of the job table: `sqlite:PATH`. Default: `jobs.db` in the data folder.")
    search: str = Field(
        "", description="URL of the index of texts: `sqlite:PATH`. Default: `search.db` in the data folder."
    )
    dispatch: str = Field("", description="URL of the dispatcher: `local:PATH`. Default: a socket in the data folder.")
    web_processes: int = Field(1, ge=1, le=64, description="How many web processes share the socket.")
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=0,
        le=256,
        description="Cells at once; 0 accepts only.",
    )
    api_key: str = Field("", description="If set, every request under /v1 and every page needs it.")
    hosts: str = Field("", description="Extra names, comma separated, that the Host header may carry.")
    kinds: str = Field("", description="Kinds to offer, comma separated. Default: every installed one.")
    max_file_bytes: int = Field(5 << 30, ge=1, description="The largest file accepted.")
    max_field_bytes: int = Field(64 << 10, ge=1024, le=16 << 20, description="The largest form field.")
    max_parts: int = Field(16, ge=1, le=1024, description="The most parts in one multipart body.")
    min_body_rate: int = Field(1024, ge=0, description="The slowest acceptable body, in bytes a second.")
    body_patience_seconds: float = Field(
        30.0, gt=0, le=3600, description="For how long a body may stay below that rate."
    )
    header_timeout_seconds: float = Field(10.0, gt=0, le=600, description="How long request headers may take.")
    reserve_bytes: int = Field(64 << 20, ge=0, description="Free space that uploads never use.")
    max_attempts: int = Field(3, ge=1, le=100, description="How often cells may die under one job.")
    lease_seconds: float = Field(15.0, ge=1, le=3600, description="After this a silent owner on another host is dead.")
    grace_seconds: float = Field(10.0, ge=0, le=3600, description="How long running jobs may go on in a drain.")
    search_bytes: int = Field(
        1 << 20, ge=0, le=64 << 20, description="How much of each text can be searched; 0 switches the search off."
    )
    sweep_seconds: float = Field(3600.0, ge=1, description="How often the store is walked for orphans.")
    image_backend: Literal["pillow", "fast", "vips"] = Field(
        "pillow", description="What decodes images; `vips` needs the extra of that name."
    )
    image_heif: Literal["off", "on"] = Field("off", description="Take HEIC images too; needs the extra `heif`.")
    cell_readable: str = Field(
        "",
        pattern=r"^(/[^:]*(:/[^:]*)*)?$",
        description="Folders, with colons between them, that cells may read besides the interpreter's own.",
    )
    ffmpeg: str = Field(
        "", description="Path of an ffmpeg program for transcodes of videos. Default: the FFmpeg that comes with PyAV."
    )
    video_memory_mib: int = Field(
        960, ge=128, le=960, description="MiB that encoding a video may take; what would take more is refused."
    )
    http: Literal["httptools", "h11"] = Field(
        "httptools", description="The HTTP parser; h11 is pure Python and slower."
    )
    log_format: Literal["text", "json"] = Field("text", description="How log lines look.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")

    @model_validator(mode="after")
    def _guard_the_door(self) -> Self:
        if self.host not in LOOPBACK and not self.api_key:
            raise ValueError("binding to anything but loopback needs DROPOFF_API_KEY")
        return self

    @classmethod
    def from_env(cls) -> Self:
        """The settings of this environment. Raises `SettingsError`."""
        try:
            return cls()
        except ValidationError as wrong:
            raise SettingsError("\n".join(_explain(error) for error in wrong.errors())) from None

    @property
    def extras(self) -> dict[str, str]:
        """The extras that must be installed, each with the setting that asks for it."""
        chosen: dict[str, str] = {}
        if self.image_backend == "vips":
            chosen["vips"] = "DROPOFF_IMAGE_BACKEND=vips"
        if self.image_heif == "on":
            chosen["heif"] = "DROPOFF_IMAGE_HEIF=on"
        return chosen

    @property
    def of_processors(self) -> dict[str, str]:
        """What the processors may know of this environment; nothing else of it reaches a cell."""
        return {
            "DROPOFF_IMAGE_BACKEND": self.image_backend,
            "DROPOFF_IMAGE_HEIF": self.image_heif,
            "DROPOFF_CELL_READABLE": self.cell_readable,
            "DROPOFF_FFMPEG": self.ffmpeg,
            "DROPOFF_VIDEO_MEMORY_MIB": str(self.video_memory_mib),
        }

    @property
    def ffmpeg_fault(self) -> str:
        """What is wrong with the program that was chosen; empty if nothing is."""
        is_program = Path(self.ffmpeg).is_absolute() and Path(self.ffmpeg).is_file() and os.access(self.ffmpeg, os.X_OK)
        return "" if is_program or not self.ffmpeg else f"{self.ffmpeg} is no absolute path of a program"

    @property
    def files_url(self) -> str:
        return self.files or f"file:{self.data / 'files'}"

    @property
    def jobs_url(self) -> str:
        return self.jobs or f"sqlite:{self.data / 'jobs.db'}"

    @property
    def search_url(self) -> str:
        return self.search or f"sqlite:{self.data / 'search.db'}"

    @property
    def dispatch_url(self) -> str:
        return self.dispatch or f"local:{self.data / 'run' / 'nudge.sock'}"

    @property
    def owners_folder(self) -> Path:
        return self.data / "owners"

    @property
    def scratch_folder(self) -> Path:
        return self.data / "scratch"


def listed(value: str) -> tuple[str, ...]:
    """A comma-separated setting as a tuple."""
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _explain(error: object) -> str:
    assert isinstance(error, dict)
    where = ".".join(str(part) for part in error["loc"])
    if not where:
        return f"DROPOFF_HOST: {error['msg'].removeprefix('Value error, ')}"
    value = "***" if where == "api_key" else repr(error["input"])
    return f"DROPOFF_{where.upper()}={value}: {error['msg']}"
