"""What a person writes first: `python -m bench.naive_waveform FFMPEG CLIP FOLDER`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

RATE, POINTS = 8000, 2000


def waveform(ffmpeg: str, clip: str, folder: str) -> None:
    """FFmpeg decodes, and numpy looks for the peaks."""
    command = [ffmpeg, "-v", "error", "-i", clip, "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-"]
    samples = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.int16)
    per_point = len(samples) // POINTS
    points = samples[: per_point * POINTS].reshape(POINTS, per_point)
    pairs = np.stack([points.min(axis=1), points.max(axis=1)], axis=1) >> 8
    Path(folder, "waveform.json").write_text(json.dumps({"length": POINTS, "data": pairs.ravel().tolist()}))


if __name__ == "__main__":
    waveform(*sys.argv[1:])
