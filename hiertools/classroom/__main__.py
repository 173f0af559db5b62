"""The teacher's commands: ``python -m hiertools.classroom make`` and ``... mark``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hiertools.classroom.editions import EDITIONS, SOURCES, autograder_edition, make_editions
from hiertools.classroom.isolation import Limits, unavailable


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the assignments, or mark a class.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line's when left out.

    Returns
    -------
    int
        0 if all went well.
    """
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hiertools.classroom", description=__doc__)
    commands = parser.add_subparsers(required=True)
    make = commands.add_parser("make", help="make the editions of the assignments")
    make.add_argument("sources", nargs="*", type=Path, help="notebooks; all when left out")
    make.add_argument("--out", type=Path, default=EDITIONS)
    make.set_defaults(run=_make)
    mark = commands.add_parser("mark", help="mark a folder of submissions")
    mark.add_argument("submissions", type=Path)
    mark.add_argument("--assignment", required=True, help="its number")
    mark.add_argument("--out", type=Path, default=Path("scores.csv"))
    mark.add_argument("--feedback", type=Path, help="folder for the pages")
    mark.add_argument("--editions", type=Path, default=EDITIONS)
    mark.add_argument("--jobs", type=int, help="submissions at a time; one for each core")
    mark.add_argument("--seconds", type=float, default=Limits.seconds, help="for one submission")
    mark.set_defaults(run=_mark)
    return parser


def _make(chosen: argparse.Namespace) -> int:
    sources = chosen.sources or sorted(SOURCES.glob("*.ipynb"))
    problems = make_editions(sources, chosen.out)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{len(sources)} assignments, each for students and for marking: {chosen.out}")
    return len(problems)


def _mark(chosen: argparse.Namespace) -> int:
    from hiertools.classroom.marking import mark_class

    why = unavailable()
    if why:
        raise ValueError(f"{why}. Nothing was run.")
    rows = mark_class(
        chosen.submissions,
        autograder_edition(chosen.assignment, chosen.editions),
        chosen.out,
        feedback=chosen.feedback,
        limits=Limits(seconds=chosen.seconds),
        jobs=chosen.jobs,
    )
    print(f"{len(rows)} submissions: {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
