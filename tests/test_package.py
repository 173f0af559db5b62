"""The package as a whole: light to import, one way round, documented, typed."""

import ast
import inspect
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import hiertools

SOURCE = Path(hiertools.__file__).parent
STORY = [
    *(
        "_checks",
        "_tables",
        "rrandom",
        "data",
        "likelihood",
        "priors",
        "metropolis",
        "comparison",
        "article",
    ),
    *("summary", "diagnostics"),
    "exact.chunks",
    *("exact.quadrature", "exact.readout", "exact.truncated", "exact.individuals", "exact.rays"),
    *("exact.posterior", "exact.improper", "exact.flat", "exact.hierarchical", "exact"),
    *(f"better_samplers.{name}" for name in ("tuned", "blockwise", "gibbs", "parametrisation")),
    *(f"better_samplers.{name}" for name in ("adaptation", "hamiltonian", "nuts")),
    "better_samplers",
    *("benchmark", "uniformity", "replicates", "calibration", "faults"),
    *("simulation_study", "real_data", "without_bayes", "in_practice"),
    *("plots.style", "plots.data", "plots.metropolis", "plots.comparison", "plots.diagnostics"),
    *("plots.better_samplers", "plots.calibration", "plots", "notebook"),
    *("explorers.explorer", "explorers.shared", "explorers.data"),
    *("explorers.stepper", "explorers.sampler", "explorers.shrinkage", "explorers.pooling"),
    *("explorers.comparison", "explorers.nodes", "explorers.funnel"),
    *("explorers.leapfrog", "explorers"),
    "hiertools",  # as a whole: from here on `from hiertools import ...` will do
    *("classroom.students", "classroom.verdicts", "classroom.repeats", "classroom.draws"),
    *("classroom.numbers", "classroom.proposals", "classroom.written", "classroom.points"),
    *("classroom.density_faults", "classroom.densities", "classroom.estimates"),
    *("classroom.faulty", "classroom.samplers"),
    *("classroom.exercises.article", "classroom.exercises.known"),
    *("classroom.exercises.data", "classroom.exercises.likelihood", "classroom.exercises.priors"),
    *("classroom.exercises.metropolis", "classroom.exercises.comparison"),
    *("classroom.exercises.thinned", "classroom.exercises.diagnostics"),
    *("classroom.exercises.exact", "classroom.exercises.paths", "classroom.exercises.targets"),
    *("classroom.exercises.better_samplers", "classroom.exercises.steps"),
    "classroom.exercises.calibration",
    *("classroom.exercises", "classroom", "classroom.isolation"),
    *("classroom.wire", "classroom.sandbox", "classroom.notebooks", "classroom.submission"),
    *("classroom.assignment", "classroom.judging", "classroom.editions", "classroom.handed_in"),
    *("classroom.scores", "classroom.feedback", "classroom.marking", "classroom.__main__"),
]
PICTURES = {"plots", "notebook", "explorers"}
RUN_NOTEBOOKS = {"classroom.sandbox", "classroom.submission", "classroom.marking"}
FILES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(SOURCE.rglob("*.py"))
    if path != SOURCE / "__init__.py"
}
MODULES = list(FILES)
PUBLIC = [getattr(hiertools, name) for name in hiertools.__all__]


def imports_of(module):
    """Top-level names imported anywhere in a module, hiertools' own modules by their own name.

    `from hiertools import rmse` needs the whole package, and counts as "hiertools".
    """
    names = set()
    for node in ast.walk(ast.parse(FILES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            own = node.module == "hiertools"
            modules = [f"hiertools.{a.name}" for a in node.names if own and a.name in MODULES]
            names |= set(modules or [node.module])
    return {n.removeprefix("hiertools.") if "hiertools." in n else n.split(".")[0] for n in names}


def run_python(program):
    command = [sys.executable, "-W", "error", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_import_is_light():
    """Neither pictures nor widgets nor SciPy's functions: those who want numbers wait less."""
    loaded = run_python("import sys, hiertools; print(*sys.modules)").split()
    numbers, pictures = "scipy.special scipy.stats arviz_stats pandas", "matplotlib ipywidgets"
    others = "tqdm IPython numpyro pymc"
    assert not set(f"{numbers} {pictures} {others}".split()) & set(loaded)


def test_import_takes_little_longer_than_numpy_and_scipy():
    """A share of one process's time, so that a slow machine counts on both sides."""
    program = """
import time
start = time.process_time()
import numpy, scipy.special
theirs = time.process_time()
import hiertools
print((time.process_time() - theirs) / (theirs - start))
"""
    shares = []
    while len(shares) < 10 and min(shares, default=1.0) >= 0.5:
        shares.append(float(run_python(program)))
    assert min(shares) < 0.5, shares


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way_in_the_order_of_the_story(module):
    assert module in STORY, "a new module needs its place in the story"
    earlier = set(STORY[: STORY.index(module)])
    own = imports_of(module) & (set(STORY) | {"hiertools"})
    assert own <= earlier, f"{module} imports {sorted(own - earlier)}, which come after it"


@pytest.mark.parametrize(
    "module", [m for m in MODULES if m.split(".")[0] not in PICTURES and m not in RUN_NOTEBOOKS]
)
def test_only_pictures_import_matplotlib_and_widgets(module):
    assert not imports_of(module) & {"matplotlib", "ipywidgets", "IPython"}


def test_all_names_are_there_sorted_and_have_a_home():
    assert sorted(hiertools.__all__) == hiertools.__all__
    for thing in PUBLIC:
        assert thing.__module__.startswith("hiertools.")


def public_functions():
    """Every public function, class and method, with a name to show."""
    for thing in PUBLIC:
        yield pytest.param(thing, id=thing.__name__)
        if inspect.isclass(thing):
            for name, member in inspect.getmembers(thing, callable):
                own = getattr(member, "__module__", "") or ""
                if not name.startswith("_") and own.startswith("hiertools."):
                    yield pytest.param(member, id=f"{thing.__name__}.{name}")


def is_record(thing):
    return inspect.isclass(thing) and issubclass(thing, tuple)


@pytest.mark.parametrize("thing", list(public_functions()))
def test_docstrings_are_numpydoc_with_an_example(thing):
    """A record explains its fields; all else has parameters, what comes back, an example."""
    doc = inspect.getdoc(thing)
    first = doc.splitlines()[0]
    assert first.endswith((".", ":"))
    assert len(first) <= 100
    if is_record(thing):
        return
    assert "\nExamples\n--------\n" in doc
    assert ">>> " in doc
    names = [n for n in inspect.signature(thing).parameters if n != "self"]
    assert not names or "\nParameters\n----------\n" in doc
    for name in names:
        assert any(line.split(" : ")[0].split(", ").count(name) for line in doc.splitlines()), name
    if not inspect.isclass(thing):
        assert "\nReturns\n-------\n" in doc


@pytest.mark.parametrize("thing", [t for t in PUBLIC if is_record(t)])
def test_every_field_of_a_record_is_typed(thing):
    assert set(thing._fields) == set(thing.__annotations__)


def test_package_says_that_it_is_typed_and_which_version_it_is():
    assert resources.files("hiertools").joinpath("py.typed").is_file()
    assert hiertools.__version__.count(".") == 2
