"""Settings come from DROPOFF_* alone, and a wrong one is refused by name, value and what is allowed."""

from pathlib import Path

import pytest

from ingest.settings import Settings, SettingsError, listed

RANGES = [
    ("PORT", "-1", "0"),
    ("PORT", "65536", "65535"),
    ("PORT", "http", "integer"),
    ("WEB_PROCESSES", "0", "1"),
    ("WORKERS", "257", "256"),
    ("MAX_FILE_BYTES", "0", "1"),
    ("MAX_FIELD_BYTES", "10", "1024"),
    ("MAX_PARTS", "1025", "1024"),
    ("BODY_PATIENCE_SECONDS", "0", "0"),
    ("HEADER_TIMEOUT_SECONDS", "601", "600"),
    ("RESERVE_BYTES", "-1", "0"),
    ("MAX_ATTEMPTS", "101", "100"),
    ("LEASE_SECONDS", "0.5", "1"),
    ("GRACE_SECONDS", "nan", "0"),
    ("SEARCH_BYTES", "-1", "0"),
    ("SEARCH_BYTES", "67108865", "67108864"),
    ("SWEEP_SECONDS", "soon", "number"),
    ("IMAGE_BACKEND", "magick", "'pillow', 'fast' or 'vips'"),
    ("IMAGE_HEIF", "yes", "'off' or 'on'"),
    ("VIDEO_MEMORY_MIB", "127", "128"),
    ("VIDEO_MEMORY_MIB", "961", "960"),
    ("VIDEO_MEMORY_MIB", "2 GiB", "integer"),
    ("HTTP", "h2", "'httptools' or 'h11'"),
    ("LOG_FORMAT", "xml", "'text' or 'json'"),
    ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DROPOFF_{name.upper()}", raising=False)


def test_without_a_variable_everything_lies_in_the_data_folder() -> None:
    settings = Settings.from_env()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.files_url == "file:data/files"
    assert settings.jobs_url == "sqlite:data/jobs.db"
    assert settings.search_url == "sqlite:data/search.db"
    assert settings.dispatch_url == "local:data/run/nudge.sock"
    assert settings.owners_folder == Path("data/owners")
    assert settings.scratch_folder == Path("data/scratch")
    assert settings.workers >= 1


def test_a_url_that_is_set_wins_over_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPOFF_DATA", "/srv/dropoff")
    monkeypatch.setenv("DROPOFF_FILES", "file:/mnt/blobs")
    settings = Settings.from_env()
    assert settings.files_url == "file:/mnt/blobs"
    assert settings.jobs_url == "sqlite:/srv/dropoff/jobs.db"


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A DROPOFF_DATA that a script left empty must not mean the working folder."""
    monkeypatch.setenv(f"DROPOFF_{name.upper()}", "")
    assert Settings.from_env() == Settings()


@pytest.mark.parametrize(("name", "value", "allowed"), RANGES, ids=[f"{row[0]}={row[1]}" for row in RANGES])
def test_a_wrong_setting_is_refused_by_name_value_and_range(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(f"DROPOFF_{name}", value)
    with pytest.raises(SettingsError) as refused:
        Settings.from_env()
    message = str(refused.value)
    assert f"DROPOFF_{name}=" in message
    assert value in message
    assert allowed in message.partition(": ")[2]


def test_every_wrong_setting_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPOFF_PORT", "-1")
    monkeypatch.setenv("DROPOFF_WORKERS", "many")
    with pytest.raises(SettingsError) as refused:
        Settings.from_env()
    assert len(str(refused.value).splitlines()) == 2


def test_a_setting_tells_which_extra_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.from_env().extras == {}
    monkeypatch.setenv("DROPOFF_IMAGE_BACKEND", "vips")
    monkeypatch.setenv("DROPOFF_IMAGE_HEIF", "on")
    settings = Settings.from_env()
    assert settings.extras == {"vips": "DROPOFF_IMAGE_BACKEND=vips", "heif": "DROPOFF_IMAGE_HEIF=on"}


def test_processors_get_their_own_settings_as_the_environment_names_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPOFF_API_KEY", "hunter2")
    monkeypatch.setenv("DROPOFF_IMAGE_BACKEND", "fast")
    monkeypatch.setenv("DROPOFF_CELL_READABLE", "/srv/models")
    monkeypatch.setenv("DROPOFF_FFMPEG", "/usr/bin/ffmpeg")
    monkeypatch.setenv("DROPOFF_VIDEO_MEMORY_MIB", "512")
    assert Settings.from_env().of_processors == {
        "DROPOFF_IMAGE_BACKEND": "fast",
        "DROPOFF_IMAGE_HEIF": "off",
        "DROPOFF_CELL_READABLE": "/srv/models",
        "DROPOFF_FFMPEG": "/usr/bin/ffmpeg",
        "DROPOFF_VIDEO_MEMORY_MIB": "512",
    }


@pytest.mark.parametrize("folders", ["models", "/srv/models:more", ":", "/srv:"])
def test_folders_that_cells_may_read_are_given_whole(folders: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPOFF_CELL_READABLE", folders)
    with pytest.raises(SettingsError, match="DROPOFF_CELL_READABLE"):
        Settings.from_env()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_open_door_needs_a_key(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DROPOFF_HOST", host)
    with pytest.raises(SettingsError, match="DROPOFF_API_KEY"):
        Settings.from_env()
    monkeypatch.setenv("DROPOFF_API_KEY", "a key")
    assert Settings.from_env().host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_key(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("DROPOFF_HOST", host)
    assert Settings.from_env().api_key == ""


def test_a_key_never_shows_in_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DROPOFF_API_KEY", "hunter2")
    monkeypatch.setenv("DROPOFF_PORT", "-1")
    with pytest.raises(SettingsError) as refused:
        Settings.from_env()
    assert "hunter2" not in str(refused.value)


def test_variables_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "1")
    monkeypatch.setenv("DROPOFF_SOMETHING_ELSE", "1")
    assert Settings.from_env().port == 8000


def test_settings_can_not_be_changed_later() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.from_env().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "items"), [("", ()), ("image", ("image",)), (" image , text,", ("image", "text")), (",", ())]
)
def test_a_list_is_separated_by_commas(value: str, items: tuple[str, ...]) -> None:
    assert listed(value) == items
