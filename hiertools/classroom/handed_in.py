"""What a class handed in: the files of a folder, and where the result of each is kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

NOT_HANDED_IN = (".ipynb_checkpoints", "__MACOSX", "__pycache__")


class Job(NamedTuple):
    """One file that was handed in."""

    path: Path
    file: str
    """Its place in the folder of submissions."""
    key: str
    """Changes if the file does, or the tests, or the limits."""
    kept: Path
    """Where its result is kept."""
    page: str
    """Name of its page of feedback; no two files share one."""


def handed_in(submissions: Path) -> list[Path]:
    """Everything in a folder that is no folder itself.

    Links are listed and not followed. What is hidden is passed over, unless it is a notebook:
    those that systems make beside one's own begin with ``._``, or lie in folders of their own.

    Parameters
    ----------
    submissions : Path

    Returns
    -------
    list of Path
    """
    found = []
    for place, folders, names in os.walk(submissions):
        here = Path(place)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(f for f in folders if f[0] != "." and f not in NOT_HANDED_IN)
        found += [here / name for name in sorted(names + links) if not _passed_over(name)]
    return found


def _passed_over(name: str) -> bool:
    return name.startswith(".") and (not name.endswith(".ipynb") or name.startswith("._"))


def job_of(path: Path, submissions: Path, key: str, parts: Path) -> Job:
    """All about one file but its contents.

    Parameters
    ----------
    path, submissions : Path
    key : str
        Of the tests and limits.
    parts : Path
        Folder of the results.

    Returns
    -------
    Job
    """
    file = path.relative_to(submissions).as_posix()
    digest = hashlib.sha256(key.encode())
    with contextlib.suppress(OSError):  # what cannot be read is told of later
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as opened:
                while block := opened.read(2**20):
                    digest.update(block)
    named = hashlib.sha256(os.fsencode(file)).hexdigest()[:32]
    return Job(path, file, digest.hexdigest(), parts / f"{named}.json", _page_name(file, named))


def _page_name(file: str, named: str) -> str:
    """The file's own name where it can be, else a part of it and its number."""
    plain = re.sub(r"[^\w.()-]", "_", file, flags=re.ASCII)
    if plain == file and len(plain) < 200 and not plain.startswith((".", "-")):
        return f"{plain}.html"
    return f"{plain.strip('.-')[:60]}~{named[:12]}.html"


def kept(job: Job) -> dict[str, Any] | None:
    """The result that an earlier run left, if it is of the same file and the same tests.

    Parameters
    ----------
    job : Job

    Returns
    -------
    dict or None
    """
    try:
        result: dict[str, Any] = json.loads(job.kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return result if result.get("key") == job.key else None


def keep(job: Job, result: Mapping[str, Any]) -> None:
    """Keep a result for later runs."""
    write_whole(job.kept, json.dumps(result))


def write_whole(path: Path, text: str) -> None:
    """Write a file beside itself, and put it in place in one step: it is never half there.

    Parameters
    ----------
    path : Path
    text : str
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", newline="", encoding="utf-8", errors="replace") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
