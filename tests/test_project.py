"""The project's own papers agree with one another."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import hiertools

ROOT = Path(__file__).parents[1]
PAPERS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))
PROJECT = PAPERS["project"]


def requirements(name):
    """Requirements of a file by canonical name, comments and empty lines apart."""
    lines = (ROOT / name).read_text(encoding="utf8").splitlines()
    found = [Requirement(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


def test_requirements_txt_is_the_list_in_pyproject():
    extras = PROJECT["optional-dependencies"]
    declared = PROJECT["dependencies"] + extras["book"] + extras["classroom"] + extras["test"]
    assert sorted(map(str, map(Requirement, declared))) == sorted(
        map(str, requirements("requirements.txt").values())
    )


def test_every_requirement_has_a_lower_bound():
    bare = [str(r) for r in requirements("requirements.txt").values() if ">=" not in str(r)]
    assert not bare


def test_lock_pins_every_requirement_within_its_bounds():
    lock = requirements("requirements.lock")
    for name, wanted in requirements("requirements.txt").items():
        assert name in lock, f"{name} is not in requirements.lock: run `make lock`"
        pin = next(iter(lock[name].specifier)).version
        assert wanted.specifier.contains(pin), f"{wanted} but the lock has {pin}"


def test_lock_holds_exact_pins_and_no_place():
    text = (ROOT / "requirements.lock").read_text(encoding="utf8")
    pins = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert all(re.fullmatch(r"[\w.\-]+==[^\s;]+( ; .+)?", pin) for pin in pins)
    assert "://" not in text
    assert "--" not in text


def test_version_is_said_once():
    assert PROJECT["version"] == hiertools.__version__


def test_the_wheel_holds_every_package():
    there = [path.parent.relative_to(ROOT) for path in ROOT.glob("hiertools/**/__init__.py")]
    assert (
        sorted(".".join(path.parts) for path in there) == PAPERS["tool"]["setuptools"]["packages"]
    )
