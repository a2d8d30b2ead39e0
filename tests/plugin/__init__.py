"""A third party's processor for tests, and an interpreter in which it is installed.

Servers, vetting children and cells are started as `sys.executable -I`, so neither PYTHONPATH nor the working folder
reaches all of them. A virtual environment does: this one holds nothing of its own and borrows the packages of ours.
"""

import sysconfig
import venv
from pathlib import Path

ECHO = Path(__file__).resolve().parent / "site"


def interpreter(folder: Path, *paths: Path, at_start: str = "") -> Path:
    """Make a virtual environment in `folder` that sees our packages, the test processor, and `paths`. Its Python.

    `at_start` is a module in one of the paths that every process imports. A `sitecustomize` would do the same, but
    for Pythons that come with one of their own, as Debian's does.
    """
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    python = folder / "bin" / "python"
    lines = [f"import site; site.addsitedir({path!r})" for path in _our_packages()]
    lines += [str(path) for path in (ECHO, *paths)]
    if at_start:
        lines.append(f"import {at_start}")
    (_packages_of(folder) / "borrowed.pth").write_text("\n".join(lines) + "\n")
    return python


def _our_packages() -> list[str]:
    return sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})


def _packages_of(folder: Path) -> Path:
    base = {"base": str(folder), "platbase": str(folder)}
    return Path(sysconfig.get_path("purelib", "venv", vars=base))
