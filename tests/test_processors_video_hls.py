"""HTTP Live Streaming: what ffmpeg and a browser play, and what the playlists promise of it."""

import http.server
import math
import re
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from processors.base import Rejected
from processors.video import VideoProcessor
from processors.video.hls import Cuts, among, every, ladder
from processors.video.models import HlsMade, VideoResult
from processors.work import OUTPUT_NAME, run_alone
from tests.browser import open_browser
from tests.films import RATE, film, noise, still
from tests.programs import require
from tests.scenes import beep, onsets, scene, times

PICTURES = {"preset": "ultrafast", "g": "25"}


def stream(path: Path, scratch: Path, **settings: Any) -> tuple[HlsMade, Path]:
    """What was made, and the folder of the files."""
    params = {"operations": ["probe"], "hls": {"segment_s": 2, **settings}}
    scratch.mkdir(exist_ok=True)
    finished = run_alone(VideoProcessor(), path, params, scratch=scratch)
    assert isinstance(finished.result, VideoResult)
    assert finished.result.hls is not None
    names = {output.name for output in finished.outputs}
    assert names == {file.name for file in (scratch / "out").iterdir()}
    assert all(OUTPUT_NAME.fullmatch(name) for name in names)
    return finished.result.hls, scratch / "out"


def tags(playlist: Path, name: str) -> list[str]:
    return re.findall(rf"^#{name}:(.*)$", playlist.read_text(), re.MULTILINE)


def extents(playlist: Path) -> list[tuple[Path, int, int]]:
    """File, offset and size of each segment."""
    found, asked = [], ""
    for line in playlist.read_text().splitlines():
        if line.startswith("#EXT-X-BYTERANGE:"):
            asked = line.partition(":")[2]
        elif line and not line.startswith("#"):
            file = playlist.parent / line
            size, offset = map(int, asked.split("@")) if asked else (file.stat().st_size, 0)
            found.append((file, offset, size))
    return found


def head(playlist: Path) -> bytes:
    (told,) = tags(playlist, "EXT-X-MAP")
    uri, length = re.fullmatch(r'URI="([^"]+)"(?:,BYTERANGE="(\d+)@0")?', told).groups()  # type: ignore[union-attr]
    return (playlist.parent / uri).read_bytes()[: int(length) if length else None]


@pytest.fixture(scope="module")
def two_rungs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds with a keyframe each second and a flash with a beep at five, in a rung copied and one encoded."""
    folder = tmp_path_factory.mktemp("hls")
    light = still((640, 360))
    source = scene(folder / "a.mp4", light, 7 * RATE, sound=beep(5.0), options=PICTURES)
    stream(source, folder / "one", ladder=[720, 240])
    stream(source, folder / "many", ladder=[720, 240], single_file=False)
    return folder


def test_a_rung_is_copied_where_it_can_be_and_the_others_are_cut_at_the_same_times(two_rungs: Path) -> None:
    out = two_rungs / "one" / "out"
    lengths = [tags(out / f"hls-{height}p.m3u8", "EXTINF") for height in (360, 240)]
    assert lengths[0] == lengths[1] == ["2.000000,", "2.000000,", "2.000000,", "1.000000,"]
    source, copied = (path.read_bytes() for path in (two_rungs / "a.mp4", out / "hls-360p.mp4"))
    at = source.index(b"x264 - core")
    assert source[at : at + 800] in copied  # the settings of its encoder, and a picture
    assert tags(out / "hls-360p.m3u8", "EXT-X-TARGETDURATION") == ["2"]


@pytest.mark.parametrize("form", ["one", "many"])
def test_ffmpeg_plays_every_frame_of_every_rung_at_its_time(form: str, two_rungs: Path) -> None:
    require("ffmpeg", "ffprobe")
    wanted = [number / RATE for number in range(7 * RATE)]
    for height in (360, 240):
        playlist = two_rungs / form / "out" / f"hls-{height}p.m3u8"
        assert times(playlist) == pytest.approx(wanted, abs=0.001)
        assert onsets(playlist) == pytest.approx([5.0], abs=0.03)
    whole = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(two_rungs / form / "out" / "hls.m3u8"), "-f", "null", "-"],
        capture_output=True,
        check=True,
    )
    assert whole.stderr == b""


@pytest.mark.parametrize("form", ["one", "many"])
def test_every_segment_begins_with_a_keyframe_and_plays_by_itself(form: str, two_rungs: Path, tmp_path: Path) -> None:
    require("ffprobe")
    for height in (360, 240):
        playlist = two_rungs / form / "out" / f"hls-{height}p.m3u8"
        for number, (file, offset, size) in enumerate(extents(playlist)):
            alone = tmp_path / f"{form}-{height}-{number}.mp4"
            alone.write_bytes(head(playlist) + file.read_bytes()[offset : offset + size])
            command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=flags", "-of"]
            flags = subprocess.check_output([*command, "csv=p=0", str(alone)], text=True).split()
            assert flags[0].startswith("K")
            assert len(flags) == (50 if number < 3 else 25)
            assert len(times(alone)) == len(flags)


def test_the_two_forms_hold_the_same_bytes(two_rungs: Path) -> None:
    one, many = (two_rungs / form / "out" / "hls-240p.m3u8" for form in ("one", "many"))
    pieces = [[f.read_bytes()[offset : offset + size] for f, offset, size in extents(each)] for each in (one, many)]
    assert pieces[0] == pieces[1]
    assert head(one) == head(many)
    assert extents(many)[0][0].name == "hls-240p-00001.m4s"


def test_what_the_multivariant_playlist_says_is_so(two_rungs: Path) -> None:
    out = two_rungs / "one" / "out"
    first, second = tags(out / "hls.m3u8", "EXT-X-STREAM-INF")
    assert "RESOLUTION=640x360,FRAME-RATE=25.000" in first
    assert "RESOLUTION=426x240,FRAME-RATE=25.000" in second
    for told, height in ((first, 360), (second, 240)):
        playlist = out / f"hls-{height}p.m3u8"
        sizes = [size for _, _, size in extents(playlist)]
        lengths = [float(text.strip(",")) for text in tags(playlist, "EXTINF")]
        bandwidth = int(re.search(r"(?<!-)BANDWIDTH=(\d+)", told)[1])  # type: ignore[index]
        assert bandwidth >= max(8 * size / length for size, length in zip(sizes[:3], lengths, strict=False)) - 1
        mean = int(re.search(r"AVERAGE-BANDWIDTH=(\d+)", told)[1])  # type: ignore[index]
        assert mean == math.ceil(8 * sum(sizes) / sum(lengths))
        (profile,) = re.findall(r'CODECS="avc1\.([0-9a-f]{6}),mp4a\.40\.2"', told)
        at = head(playlist).index(b"avcC") + 5
        assert head(playlist)[at : at + 3].hex() == profile


# -- in a browser

PLAYER = """<!doctype html><link rel="icon" href="data:,"><video muted></video><script>
const video = document.querySelector("video"), source = new MediaSource();
window.state = {};
video.src = URL.createObjectURL(source);
const lines = async name => (await (await fetch(name)).text()).split("\\n");
const bytes = async (name, range) => {
  const headers = range ? {Range: `bytes=${range[1]}-${range[1] + range[0] - 1}`} : {};
  return await (await fetch(name, {headers})).arrayBuffer();
};
const range = text => text && text.split("@").map(Number);
source.onsourceopen = async () => {
  const all = await lines("hls.m3u8"), at = all.findIndex(line => line.includes("RESOLUTION=426x240"));
  const codecs = all[at].match(/CODECS="([^"]+)"/)[1];
  const buffer = source.addSourceBuffer(`video/mp4; codecs="${codecs}"`);
  const append = data => new Promise(done => { buffer.onupdateend = done; buffer.appendBuffer(data); });
  let part;
  for (const line of await lines(all[at + 1])) {
    const map = line.match(/EXT-X-MAP:URI="([^"]+)"(?:,BYTERANGE="([^"]+)")?/);
    if (map) await append(await bytes(map[1], range(map[2])));
    else if (line.startsWith("#EXT-X-BYTERANGE:")) part = range(line.split(":")[1]);
    else if (line && !line.startsWith("#")) await append(await bytes(line, part));
  }
  source.endOfStream();
  window.state = {start: buffer.buffered.start(0), end: buffer.buffered.end(0), parts: buffer.buffered.length};
  await video.play();
  video.currentTime = 4;
};
</script>"""


@pytest.fixture
def served(two_rungs: Path) -> Iterator[Any]:
    """A folder on the loopback, with byte ranges."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if asked is None:
                return super().do_GET()
            first, last = map(int, asked.groups())
            data = Path(self.translate_path(self.path)).read_bytes()[first : last + 1]
            self.send_response(206)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return None

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=two_rungs)) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_browser_plays_it_and_seeks_in_it(served: str, two_rungs: Path) -> None:
    form = "one"  # the other form has the same bytes, as a test above says
    (two_rungs / form / "out" / "player.html").write_text(PLAYER)
    with open_browser("--autoplay-policy=no-user-gesture-required") as browser:
        browser.open(f"{served}/{form}/out/player.html")
        browser.wait_for("video.currentTime > 4.3 || video.error")
        assert browser.ask("video.error && video.error.message") is None
        assert browser.ask("[video.videoWidth, video.videoHeight]") == [426, 240]
        state = browser.ask("window.state")
        assert state["parts"] == 1
        assert state["start"] == pytest.approx(0, abs=0.05)
        assert state["end"] == pytest.approx(7, abs=0.1)
        assert browser.complaints == []


# -- which rungs, and how


@pytest.mark.parametrize(
    ("display", "wanted", "heights"),
    [
        ((3840, 2160), "auto", [1080, 720, 480, 240]),
        ((1080, 1920), "auto", [1080, 720, 480, 240]),
        ((854, 480), "auto", [480, 240]),
        ((320, 180), "auto", [180]),
        ((1280, 720), (480, 1080), [720, 480]),
        ((192, 108), (61, 60, 30), [60, 30]),
    ],
)
def test_the_ladder_has_what_the_video_reaches_the_highest_first(
    display: tuple[int, int], wanted: Any, heights: list[int]
) -> None:
    assert [height for height, _ in ladder(display, wanted)] == heights


def test_cuts_are_at_the_first_picture_from_each_bound_on() -> None:
    cuts = Cuts(every(2.0))
    shown = [0.5, 1.0, 1.9, 2.0, 2.5, 7.0, 7.1, 8.0]
    assert [second for second in shown if cuts(second)] == cuts.times == [0.5, 2.0, 7.0, 8.0]


def test_cuts_follow_another_rung_s_bounds() -> None:
    cuts = Cuts(among([0.0, 2.4, 3.0]))
    assert [second for second in (0.0, 2.3, 2.4, 2.9, 3.0, 90.0) if cuts(second)] == [0.0, 2.4, 3.0]


def test_a_film_whose_times_jump_by_millions_of_years_is_cut_at_once() -> None:
    cuts = Cuts(every(2.0))
    assert [second for second in (0.0, 1.0, 1e15, 1e15 + 1, 1e15 + 2) if cuts(second)] == [0.0, 1e15, 1e15 + 2]


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        ("a.mp4", "libx264", "yuv420p", {"preset": "ultrafast", "g": "1000"}),  # a single keyframe
        ("a.mp4", "libx264", "yuv444p", PICTURES),
        ("a.mkv", "libx264", "yuv420p", PICTURES),  # no index that tells all keyframes
        ("a.mp4", "libx265", "yuv420p", {"x265-params": "log-level=none"}),
    ],
)
def test_what_cannot_be_copied_is_encoded(
    name: str, codec: str, pix_fmt: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = film(tmp_path / name, still(), 5 * RATE, codec, pix_fmt, options=options)
    made, out = stream(path, tmp_path)
    assert [(rung.height, rung.copied, rung.segments) for rung in made.rungs] == [(128, False, 3)]
    assert len(times(out / "hls-128p.m3u8")) == 5 * RATE
    assert 'CODECS="avc1.' in (out / "hls.m3u8").read_text()
    assert "mp4a" not in (out / "hls.m3u8").read_text()


def test_a_sparse_film_is_cut_at_its_own_keyframes(tmp_path: Path) -> None:
    """One every three seconds, where two were asked for: copied all the same."""
    path = film(tmp_path / "a.mp4", still((640, 360)), 7 * RATE, options={"preset": "ultrafast", "g": "75"})
    made, out = stream(path, tmp_path, ladder=[360, 240])
    assert [rung.copied for rung in made.rungs] == [True, False]
    for height in (360, 240):
        assert tags(out / f"hls-{height}p.m3u8", "EXTINF") == ["3.000000,", "3.000000,", "1.000000,"]
        assert tags(out / f"hls-{height}p.m3u8", "EXT-X-TARGETDURATION") == ["3"]


def test_a_sound_that_not_every_player_plays_is_encoded_beside_a_copied_picture(tmp_path: Path) -> None:
    with_sound = scene(tmp_path / "a.mp4", still(), 3 * RATE, sound=beep(1.0), options=PICTURES)
    path = tmp_path / "b.mp4"
    require("ffmpeg")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(with_sound), "-c:v", "copy", "-c:a", "ac3", str(path)]
    subprocess.run(command, check=True)
    made, out = stream(path, tmp_path / "s")
    assert made.rungs[0].copied
    assert onsets(out / "hls-128p.m3u8") == pytest.approx([1.0], abs=0.03)
    assert 'mp4a.40.2"' in (out / "hls.m3u8").read_text()


def test_a_phone_held_upright_is_turned_and_not_copied(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still((320, 180)), RATE, rotation=-90, options=PICTURES)
    made, _ = stream(path, tmp_path)
    assert [(rung.width, rung.height, rung.copied) for rung in made.rungs] == [(180, 320, False)]


def test_too_many_files_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    """An hour and a half of a picture that stands still, in segments of a second."""
    path = scene(tmp_path / "a.mp4", still((64, 64)), 2, stamps=lambda number: number * RATE * 5400)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    params = {"operations": ["probe"], "hls": {"segment_s": 1, "single_file": False}}
    with pytest.raises(Rejected, match="longer segments") as rejected:
        run_alone(VideoProcessor(), path, params, scratch=scratch)
    assert rejected.value.code == "limit_exceeded"
    assert list(scratch.iterdir()) == []


def test_the_same_film_gives_the_same_stream_again(tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", noise, 3 * RATE, sound=beep(1.0), options={"g": "1000"})
    folders = [stream(path, tmp_path / name)[1] for name in ("x", "y")]
    first, again = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert first == again


def test_a_stream_that_was_given_up_leaves_no_file(tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", noise, 100, options=PICTURES)

    def late() -> bool:  # asked at every report, even one that isn't sent
        if any(tmp_path.glob("*.m4s")):
            raise Rejected("limit_exceeded", "It takes too long.")
        return False

    params = {"operations": ["probe"], "hls": {"segment_s": 1, "single_file": False}, "on_error": "partial"}
    finished = run_alone(VideoProcessor(), path, params, scratch=tmp_path, cancelled=late)
    assert isinstance(finished.result, VideoResult)
    assert [one.name for one in finished.result.errors] == ["hls"]
    assert (finished.outputs, [*tmp_path.glob("hls*")]) == ((), [])
