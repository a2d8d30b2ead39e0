"""Large frames, in the memory that a cell has."""

import subprocess
import sys
from pathlib import Path

from tests.architecture import REPOSITORY
from tests.films import film, still

MOST_MEGABYTES = 200

PROGRAM = r"""
import re, sys
from pathlib import Path
from processors.video import VideoProcessor
from processors.work import run_alone
params = {"poster": {}, "storyboard": {"accuracy": "exact"}, "preview": {}}
result = run_alone(VideoProcessor(), Path(sys.argv[1]), params, scratch=Path(sys.argv[2])).result
peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())  # getrusage tells of the parent, too
print(result.storyboard.accuracy, int(peak[1]) // 1024)
"""


def test_large_frames_are_decoded_one_at_a_time(tmp_path: Path) -> None:
    """5K: six frames of it would be 130 MB, beside all else."""
    path = film(tmp_path / "a.mp4", still((5120, 2880)), 3, options={"preset": "ultrafast", "g": "1"})
    command = [sys.executable, "-c", PROGRAM, str(path), str(tmp_path)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    done, megabytes = ran.stdout.split()
    assert done == "keyframe"
    assert int(megabytes) <= MOST_MEGABYTES
