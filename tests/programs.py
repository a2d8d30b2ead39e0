"""What some tests need of the system. A newcomer's machine may lack it; CI's may not, or a test would pass unrun."""

import os
import shutil

import pytest


def require(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            lack(f"{program} is not installed")


def lack(what: str) -> None:
    """Skip the test; in CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)
