"""How fast the package is, against R's run of the article's listing.

Run: python benchmarks/speed.py. Prints, asserts nothing: times on a shared machine are noisy.
R's seconds stand in tests/golden/r_run.csv; they were measured once, on two cores like those
that this was written on.
"""

import csv
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

import hiertools as ht

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "r_run.csv"
MODELS = {"unpooled": (ht.Unpooled(), 0.125), "hierarchical": (ht.Hierarchical(), 0.1)}


def best_seconds(function, tries=3):
    """The shortest of a few runs: what the work takes when nothing else disturbs it."""
    times = []
    for _ in range(tries):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def draws_per_second(data, model, proposal_sd, n_chains, n_draws):
    """Draws of all chains together, with NumPy's generator."""
    rng = np.random.default_rng(1)
    starts = [ht.article_start(model, data.n, rng) for _ in range(n_chains)]
    start = {name: np.stack([s[name] for s in starts]) for name in starts[0]}
    if n_chains == 1:
        start = starts[0]
    run = partial(
        ht.metropolis,
        partial(model.log_posterior, data),
        start,
        proposal_sd=proposal_sd,
        n_draws=n_draws,
        rng=rng,
    )
    return n_chains * n_draws / best_seconds(run)


def main():
    """Print the table."""
    with GOLDEN.open() as file:
        r_seconds = {row["quantity"]: row for row in csv.DictReader(file)}["seconds"]
    data, _ = ht.simulate(rng=ht.RRandom(1))

    imported = best_seconds(
        lambda: subprocess.run([sys.executable, "-c", "import hiertools"], check=True)
    )
    bare = best_seconds(lambda: subprocess.run([sys.executable, "-c", ""], check=True))
    print(f"import hiertools         {imported - bare:8.2f} s")
    whole_run = best_seconds(ht.replicate_article)
    total = sum(float(r_seconds[name]) for name in MODELS)
    print(f"the article's run        {whole_run:8.2f} s, in R {total:.0f} s")

    print(f"\n{'draws per second':16s} {'R':>8s} {'one chain':>16s} {'64 chains':>18s}")
    for name, (model, proposal_sd) in MODELS.items():
        r = 10_000 / float(r_seconds[name])
        one = draws_per_second(data, model, proposal_sd, 1, 5_000)
        many = draws_per_second(data, model, proposal_sd, 64, 1_000)
        print(f"{name:16s} {r:8.0f} {one:8.0f} ({one / r:4.0f} x) {many:8.0f} ({many / r:5.0f} x)")

    print(f"\n{'exact posterior':16s} {'means and sds':>14s} {'4,000 draws':>14s}")
    for model in (ht.Unpooled(), ht.CompletePooling(), ht.Hierarchical()):
        answer = ht.exact_posterior(data, model)
        means = best_seconds(lambda model=model: ht.exact_posterior(data, model))
        draws = best_seconds(lambda answer=answer: answer.sample(4_000, np.random.default_rng(1)))
        print(f"{type(model).__name__:16s} {means * 1e3:11.1f} ms {draws * 1e3:11.1f} ms")


if __name__ == "__main__":
    main()
