"""Our samplers and their peers on the same data: effective draws a second, and errors.

Run ``make bench``, on a machine that does nothing else: forty minutes. It measures every sampler
on the article's data and on 1,000 and 10,000 individuals, prints a table, and stores the result
in benchmarks/results/samplers.json, which chapter 8 reads (`hiertools.load_benchmark`). A run that
was broken off goes on where it stopped. How to read the table: benchmarks/README.md.

``python benchmarks/compare.py --only exact nutpie --n 75`` measures a part and only prints it.
"""

import argparse
import contextlib
import datetime as dt
import functools
import hashlib
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

import hiertools as ht

HERE = Path(__file__).resolve().parent
WORK = HERE.parent / ".bench"
RESULT = HERE / "results" / "samplers.json"
N_CHAINS, N_DRAWS, N_WARMUP, M = 4, 1_000, 1_000, 5
LIMITS = {75: 180, 1_000: 300, 10_000: 330}
"""Seconds that a process may take, by the number of individuals."""
GROWTH = 15
"""How sampling grows with ten times the individuals, at least: trees of NUTS get deeper, and data
leave the cache. What would so pass the limit is not tried; the result says so."""
RUNS, QUICK = 3, 35
"""Runs of each sampler at each n; one of what takes more seconds than `QUICK`, or fails."""
MOST_RHATS = 500
"""R-hat is looked at where it matters: at the parameters of smallest ESS, so many of them."""


class Sampler(NamedTuple):
    """What is measured: a script of benchmarks/peers, run in an environment, with its settings."""

    name: str
    label: str
    group: str
    script: str
    environment: str | None
    settings: dict
    sizes: tuple


def ours(name, label, group="chain"):
    """A sampler of this package."""
    return Sampler(name, label, group, "run_hiertools", None, {"sampler": name}, (*LIMITS,))


def peer(environment, label, name=None, *, settings=None, sizes=tuple(LIMITS)):
    """A sampler of somebody else's."""
    name = name or environment
    return Sampler(name, label, "peer", f"run_{environment}", environment, settings or {}, sizes)


SAMPLERS = [
    ours("exact", "exact draws", "exact"),
    ours("gibbs", "Gibbs"),
    ours("blockwise", "blockwise Metropolis"),
    ours("nuts", "NUTS"),
    ours("hmc", "HMC"),
    ours("tuned", "tuned Metropolis"),
    ours("metropolis", "the article's Metropolis"),
    peer("nutpie", "nutpie"),
    peer("numpyro", "NumPyro"),
    peer("blackjax", "BlackJAX"),
    # A model is compiled once and kept: the first run has its cache emptied, the second finds it.
    peer("pystan", "PyStan", settings={"empty_cache": True}, sizes=(75,)),
    peer("pystan", "PyStan, compiled before", "pystan_compiled"),
    peer("pymc", "PyMC"),
    peer(
        "pymc",
        "PyMC's Metropolis",
        "pymc_metropolis",
        settings={"step": "metropolis"},
        sizes=(75,),
    ),
]


MEASURES = ("ess", "rhat", "error_sd", "error_mcse", "sampling", "whole")
MEASURES += ("per_sampling", "per_whole")


class NotMeasuredError(Exception):
    """Why there are no draws, in a few words."""


def dataset(n):
    """The article's data, or more individuals of the same population."""
    return ht.simulate(n, M, rng=ht.RRandom(1) if n == 75 else n)[0]


@functools.cache
def python_of(environment):
    """The Python of an environment, made if it is not there or its list has changed.

    A text if it cannot be made: the reason.
    """
    if environment is None:
        return Path(sys.executable)
    folder, wanted = WORK / "env" / environment, HERE / "peers" / f"{environment}.txt"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    stamp, made_of = folder / "made_of", hashlib.sha256(wanted.read_bytes()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == made_of):
        print(f"making an environment for {environment} ...", flush=True)
        install = [python, "-m", "pip", "install", "--quiet", "--requirement", wanted]
        for command in ([sys.executable, "-m", "venv", "--clear", folder], install):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return f"not installed: {last_line(done.stderr, 'ERROR')}"
        stamp.write_text(made_of)
    return python


def last_line(text, word=""):
    """The last line with a word in it, else the last line; paths of this machine taken out."""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or ["no message"]
    chosen = next((line for line in reversed(lines) if word in line), lines[-1])
    return chosen.replace(str(HERE.parent), ".").replace(str(Path.home()), "~")[:160]


def run(sampler, n, seed, *, n_draws=N_DRAWS, n_warmup=N_WARMUP):
    """One fresh process: its draws and its report (seconds and versions)."""
    python = python_of(sampler.environment)
    if isinstance(python, str):
        raise NotMeasuredError(python)
    cache = WORK / "cache" / str(sampler.environment)
    if sampler.settings.get("empty_cache"):
        shutil.rmtree(cache, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        job = Path(name) / "job.json"
        paths = {
            part: str(job.with_name(part)) for part in ("data.npz", "draws.npz", "report.json")
        }
        data = dataset(n)
        np.savez(paths["data.npz"], y=data.y, x=data.x, group=data.group)
        settings = {"n_chains": N_CHAINS, "n_draws": n_draws, "n_warmup": n_warmup, "seed": seed}
        job.write_text(json.dumps(settings | sampler.settings | {"paths": paths}), encoding="utf8")
        command = [python, HERE / "peers" / f"{sampler.script}.py", job]
        finish(command, LIMITS[n], job.with_name("log.txt"), cache)
        with np.load(paths["draws.npz"]) as file:
            return dict(file), json.loads(Path(paths["report.json"]).read_text(encoding="utf8"))


def finish(command, limit, log, cache):
    """Run a script to its end, or say why there is none; what it prints goes to a file."""
    # Where PyStan and PyMC keep what they have compiled.
    caches = {"XDG_CACHE_HOME": str(cache), "PYTENSOR_FLAGS": f"base_compiledir={cache}"}
    with log.open("w", encoding="utf8") as output:
        process = subprocess.Popen(
            [*command, repr(time.monotonic())],
            stdout=output,
            stderr=output,
            env=os.environ | caches,
            start_new_session=True,
        )
        try:
            failed = process.wait(limit)
        except subprocess.TimeoutExpired:
            raise NotMeasuredError(f"no draws within {limit} s") from None
        finally:
            end(process)
    if failed:
        text = log.read_text(encoding="utf8", errors="replace")
        raise NotMeasuredError(f"failed: {last_line(text, 'Error')}")


def end(process):
    """End a process and whatever it has started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def quality(draws, posterior):
    """How good draws are, each (n_chains, n_draws, ...): ESS, R-hat, errors of the means."""
    flat = {name: values.reshape(*values.shape[:2], -1) for name, values in draws.items()}
    every = np.concatenate([flat[name] for name in posterior.mean], axis=2, dtype=np.float64)
    exact, sd = (
        np.concatenate([np.ravel(part[name]) for name in posterior.mean])
        for part in (posterior.mean, posterior.sd)
    )
    if not np.isfinite(every).all():
        raise NotMeasuredError("its draws are not all finite")
    if (every == every[:, :1]).all():
        raise NotMeasuredError("no chain ever moved")
    ess = ht.ess_bulk({"all": every})["all"]
    worst = np.argsort(ess)[:MOST_RHATS]
    error = every.mean(axis=(0, 1)) - exact
    return {
        "ess": ess.min(),
        "rhat": ht.rhat({"worst": every[..., worst]})["worst"].max(),
        "error_sd": np.abs(error / sd).max(),
        "error_mcse": np.sqrt(np.mean((error / ht.mcse_mean({"all": every})["all"]) ** 2)),
    }


def measure(sampler, n, number, posterior):
    """One run and what came of it; of a run without draws, why."""
    try:
        draws, report = run(sampler, n, seed=number)
        found = quality(draws, posterior)
    except NotMeasuredError as reason:
        return {"status": str(reason)}
    seconds = report["seconds"]
    found |= {"sampling": seconds["sampling"], "whole": seconds["whole"]}
    found |= {f"per_{part}": found["ess"] / found[part] for part in ("sampling", "whole")}
    return {"status": "ok", "found": found, **report}


def row(sampler, n, runs):
    """A row of the result: median, least and most of the runs that have draws."""
    good = [one for one in runs if one["status"] == "ok"]
    bad = [one["status"] for one in runs if one["status"] != "ok"]
    result = {"sampler": sampler.name, "label": sampler.label, "group": sampler.group, "n": n}
    result |= {"status": "ok" if good else bad[0], "runs": len(good)}
    for name in MEASURES:
        values = [one["found"][name] for one in good]
        result[name] = spread(values) if values else None
    parts = sorted({part for one in good for part in one["seconds"]} - {"whole"})
    result["parts"] = {part: spread([one["seconds"][part] for one in good])[0] for part in parts}
    return result | {"versions": good[-1]["versions"] if good else {}}


def spread(values):
    """Median, smallest and largest, with four digits."""
    return [float(f"{f(values):.4g}") for f in (statistics.median, min, max)]


def machine():
    """What it ran on, without names of hosts or people."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.split(":") for line in info.read_text().splitlines()]
        model = next((line[1].strip() for line in lines if line[0].strip() == "model name"), model)
    words = {"cpu": model, "cores": os.cpu_count()}
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        words["memory_gb"] = round(memory / 2**30)
    return words | {"system": platform.system(), "python": platform.python_version()}


def write(path, text):
    """All of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf8")
    part.replace(path)


def hopeless(sampler, n, rows):
    """Why it is not tried at this n, after what it took at the size before; None if it is."""
    before = [row for row in rows if row["sampler"] == sampler.name and row["n"] < n]
    if not before:
        return None
    last, size = before[-1], f"n = {before[-1]['n']:,}"
    if last["sampling"] is None:
        why = last["status"]
        return why if why.startswith("not ") else f"not tried; at {size} {why}"
    seconds = last["sampling"][0]
    if n >= 10 * last["n"] and GROWTH * seconds > LIMITS[n]:
        return f"not tried; {seconds:.0f} s of sampling at {size}"
    return None


def compare(samplers, sizes, n_runs=None, keep=None):
    """All rows; each run is kept as a file in the folder `keep`, and not made again."""
    for sampler in samplers:
        python_of(sampler.environment)  # nothing is installed while something is measured
    rows = []
    for n in sizes:
        posterior = ht.exact_posterior(dataset(n), ht.Hierarchical())
        here = [sampler for sampler in samplers if n in sampler.sizes]
        found = {sampler.name: [] for sampler in here}
        # Round by round, so that a disturbance does not hit all the runs of one sampler.
        for number in range(1, (n_runs or RUNS) + 1):
            for sampler in here:
                if number > 1 and not is_quick(found[sampler.name][0]):
                    continue
                stored = keep and keep / f"{sampler.name}-{n}-{number}.json"
                if stored and stored.exists():
                    one = json.loads(stored.read_text(encoding="utf8"))
                else:
                    reason = hopeless(sampler, n, rows)
                    one = {"status": reason} if reason else measure(sampler, n, number, posterior)
                    say(sampler, n, one)
                    if stored:
                        write(stored, json.dumps(one))
                found[sampler.name].append(one)
        rows += [row(sampler, n, found[sampler.name]) for sampler in here]
    return rows


def is_quick(one):
    """Whether a run took so little time that more of them can be had."""
    return one["status"] == "ok" and one["found"]["whole"] <= QUICK


def say(sampler, n, one):
    """A line for each run as it ends."""
    line = one["status"]
    if line == "ok":
        line = "ESS {ess:.0f}, {sampling:.2f} s sampling, {whole:.2f} s whole".format(
            **one["found"]
        )
    print(f"n = {n:6,d}  {sampler.label:25s} {line}", flush=True)


def main(arguments=None):
    """Measure, print, store."""
    names = [sampler.name for sampler in SAMPLERS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="SAMPLER")
    parser.add_argument("--n", nargs="+", type=int, choices=LIMITS, default=[*LIMITS])
    parser.add_argument("--runs", type=int, help=f"of each sampler, in place of {RUNS}")
    parser.add_argument("--out", type=Path, help="where to store the result")
    chosen = parser.parse_args(arguments)
    everything = (chosen.only, chosen.n, chosen.runs) == (names, [*LIMITS], None)
    keep = WORK / "runs" if everything else None
    if keep and keep.exists():
        print("going on with a run that was broken off; delete .bench/runs to start anew")
    WORK.mkdir(exist_ok=True)

    result = {
        "script": "benchmarks/compare.py",
        "date": dt.date.today().isoformat(),
        "machine": machine(),
        "settings": {"n_chains": N_CHAINS, "n_draws": N_DRAWS, "n_warmup": N_WARMUP, "m": M}
        | {"limits": {str(n): limit for n, limit in LIMITS.items()}},
    }
    samplers = [sampler for sampler in SAMPLERS if sampler.name in chosen.only]
    result["rows"] = compare(samplers, chosen.n, chosen.runs, keep)
    with tempfile.TemporaryDirectory(dir=WORK) as folder:
        out = chosen.out or (RESULT if everything else Path(folder) / "result.json")
        write(out, json.dumps(result, indent=1) + "\n")
        found = ht.load_benchmark(out)
    for n in chosen.n:
        print(f"\nn = {n:,d}\n{found.of(n)}")
    if keep:
        shutil.rmtree(keep, ignore_errors=True)


if __name__ == "__main__":
    main()
