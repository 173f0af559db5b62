"""False alarms of the classroom's checks: what they say of answers that are right.

Run: python benchmarks/classroom_checks.py PART --batches 0 4. Each batch has random numbers of its
own, so the parts of a long measurement may run apart; results/classroom_checks.json keeps them
all. Without PART it prints the table. Prints and asserts nothing about seconds.
"""

import argparse
import json
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
from scipy import stats

import hiertools as ht
from hiertools import classroom
from hiertools.classroom.faulty import START, STEP, log_target
from hiertools.classroom.samplers import (
    N_PEOPLE,
    N_SKEWED,
    PEOPLE_START,
    PEOPLE_STEP,
    LogPosterior,
    Skewed,
    three_people,
)
from hiertools.faults import Fault, Place, choose, propose, right_step

RESULTS = Path(__file__).parent / "results" / "classroom_checks.json"
MODELS = (ht.Unpooled(), ht.CompletePooling(), ht.Hierarchical())


# --- right samplers of many kinds, many chains at once ---


def with_steps(draw):
    """Steps of another symmetric distribution, of sd 1 each."""

    def step(here, log_posterior, proposal_sd, rng):
        params = {k: v + proposal_sd * draw(rng, v.shape) for k, v in here.params.items()}
        there = Place(params, np.asarray(log_posterior(params)))
        accepted = np.log(rng.random(there.log_density.shape)) < (
            there.log_density - here.log_density
        )
        return choose(accepted, there, here), accepted

    return step


def barker(here, log_posterior, proposal_sd, rng):
    """Another right rule: u < r / (1 + r)."""
    there = propose(here, log_posterior, proposal_sd, rng)
    odds = np.exp(np.clip(here.log_density - there.log_density, -700, 700))
    accepted = rng.random(odds.shape) < 1 / (1 + odds)
    return choose(accepted, there, here), accepted


def one_block(name, here, log_posterior, proposal_sd, rng):
    """Move one parameter, and leave the others where they are."""
    others = {k: v for k, v in here.params.items() if k != name}
    there = propose(here, log_posterior, proposal_sd, rng, **others)
    accepted = np.log(rng.random(there.log_density.shape)) < there.log_density - here.log_density
    return choose(accepted, there, here), accepted


def blockwise(here, log_posterior, proposal_sd, rng):
    """One parameter after the other."""
    moved = False
    for name in here.params:
        here, accepted = one_block(name, here, log_posterior, proposal_sd, rng)
        moved = moved | accepted
    return here, moved


def random_block(here, log_posterior, proposal_sd, rng):
    """One parameter, picked at random."""
    name = rng.choice(list(here.params))
    return one_block(name, here, log_posterior, proposal_sd, rng)


def log_scale(here, log_posterior, proposal_sd, rng):
    """Walk on the log of sigma, with its Jacobian."""
    new = here.params["sigma"] * np.exp(proposal_sd * rng.standard_normal(here.log_density.shape))
    there = propose(here, log_posterior, proposal_sd, rng, sigma=new)
    log_ratio = there.log_density - here.log_density + np.log(new / here.params["sigma"])
    accepted = np.log(rng.random(log_ratio.shape)) < log_ratio
    return choose(accepted, there, here), accepted


SAMPLERS = {
    "all at once": right_step,
    "parameter by parameter": blockwise,
    "a parameter at random": random_block,
    "log scale, with Jacobian": log_scale,
    "uniform steps": with_steps(lambda rng, k: rng.uniform(-(3**0.5), 3**0.5, k)),
    "steps with long tails": with_steps(lambda rng, k: rng.standard_t(5, k) * 0.6**0.5),
    "Barker's rule": barker,
}


class Replay:
    """A student's sampler that hands out one chain of many that were run together."""

    def __init__(self, step, skewed, people):
        self.sample, self.skewed, self.people = Fault("", step).sample, skewed, people

    def __call__(self, log_posterior, start, *, proposal_sd, n_draws, rng):
        """Stored draws where the check asks for its two long runs, else a run of its own."""
        if isinstance(log_posterior, Skewed) and n_draws == N_SKEWED:
            return {"sigma": self.skewed}
        if isinstance(log_posterior, LogPosterior) and n_draws == N_PEOPLE:
            return self.people
        settings = {"proposal_sd": proposal_sd, "n_draws": n_draws, "rng": rng}
        return self.sample(log_posterior, start, **settings).draws


def replays(step, n_chains, rng, made=Replay):
    """Samplers for `check_sampler`, all of the same kind."""
    sample = Fault("", step).sample
    with np.errstate(invalid="ignore"):
        skewed = sample(
            log_target,
            {"sigma": np.full(n_chains, START)},
            proposal_sd=STEP,
            n_draws=N_SKEWED,
            rng=rng,
        ).draws["sigma"]
        start = {k: np.broadcast_to(v, (n_chains, *v.shape)) for k, v in PEOPLE_START.items()}
        people = sample(
            three_people(), start, proposal_sd=PEOPLE_STEP, n_draws=N_PEOPLE, rng=rng
        ).draws
    return [made(step, z, chain_of(people, k)) for k, z in enumerate(skewed)]


def chain_of(draws, k):
    """Draws of one chain."""
    return {name: value[k] for name, value in draws.items()}


def samplers(batch):
    """`check_sampler`: 60 chains of each kind."""
    for number, (kind, step) in enumerate(SAMPLERS.items()):
        rng = np.random.default_rng([60, batch, number])
        for k, sampler in enumerate(replays(step, 60, rng)):
            yield kind, classroom.check_sampler(sampler, seed=1000 * batch + k)


# --- whole chains ---


def walk(data, model, n_chains, rng, *, proposal_sd, n_draws):
    """The article's sampler and starts."""
    like = UNPOOLED if model == COMPLETE else model
    lines = 1 if model == COMPLETE else data.n
    starts = [ht.article_start(like, lines, rng) for _ in range(n_chains)]
    start = {name: np.stack([s[name] for s in starts]) for name in starts[0]}
    log_posterior = partial(model.log_posterior, data)
    return ht.metropolis(
        log_posterior, start, proposal_sd=proposal_sd, n_draws=n_draws, rng=rng
    ).draws


def tuned(data, model, n_chains, rng, *, n_draws):
    """Steps of a width of its own for each parameter."""
    start = model.sample_prior(data.n, rng, n_draws=n_chains)
    log_posterior = partial(model.log_posterior, data)
    return ht.tuned_metropolis(
        log_posterior, start, n_draws=n_draws, n_warmup=n_draws // 2, rng=rng
    ).draws


def of_chapter_8(sampler, data, model, n_chains, rng, **settings):
    """Blockwise Metropolis or Gibbs, started in the prior."""
    start = model.sample_prior(data.n, rng, n_draws=n_chains)
    return sampler(data, model, start, rng=rng, **settings).draws


def hamiltonian(data, model, n_chains, rng, *, n_draws):
    """HMC, non-centred."""
    target = ht.noncentred(data, model)
    start = model.sample_prior(data.n, rng, n_draws=n_chains)
    return ht.hmc(target, start, n_leapfrog=8, n_draws=n_draws, n_warmup=500, rng=rng).draws


UNPOOLED, COMPLETE, PARTIAL = MODELS
CHAINS = {
    "Metropolis, 12 x 5, partial": (12, 5, PARTIAL, partial(walk, proposal_sd=0.1, n_draws=10_000)),
    "Metropolis, 12 x 5, none": (12, 5, UNPOOLED, partial(walk, proposal_sd=0.125, n_draws=10_000)),
    "Metropolis, 3 x 6, none": (3, 6, UNPOOLED, partial(walk, proposal_sd=0.3, n_draws=20_000)),
    "Metropolis, 4 x 8, partial": (4, 8, PARTIAL, partial(walk, proposal_sd=0.3, n_draws=30_000)),
    "Metropolis, 12 x 5, complete": (
        12,
        5,
        COMPLETE,
        partial(walk, proposal_sd=0.3, n_draws=6000),
    ),
    "tuned, 12 x 5, partial": (12, 5, PARTIAL, partial(tuned, n_draws=10_000)),
    "blockwise, 12 x 5, partial": (
        12,
        5,
        PARTIAL,
        partial(of_chapter_8, ht.blockwise_metropolis, n_draws=8000, n_warmup=1000),
    ),
    "Gibbs, 12 x 5, partial": (
        12,
        5,
        PARTIAL,
        partial(of_chapter_8, ht.gibbs, n_draws=2000, n_warmup=200),
    ),
    "textbook Gibbs, 12 x 5, partial": (
        12,
        5,
        PARTIAL,
        partial(
            of_chapter_8, ht.gibbs, collapse=False, interweave=False, n_draws=6000, n_warmup=500
        ),
    ),
    "HMC, 12 x 5, partial": (12, 5, PARTIAL, partial(hamiltonian, n_draws=1500)),
}


def chains(batch, only=""):
    """`check_draws`: 24 chains one by one, and 6 answers of four chains each."""
    for number, (kind, (n, m, model, sample)) in enumerate(CHAINS.items()):
        if only not in kind:
            continue
        rng = np.random.default_rng([61, batch, number])
        data, _ = classroom.student_data(f"{kind} {batch}", 1, n=n, m=m)
        draws = sample(data, model, 24, rng)
        drop = next(iter(draws.values())).shape[1] // 5
        kept = {name: value[:, drop:] for name, value in draws.items()}
        for k in range(24):
            yield kind, classroom.check_draws(chain_of(kept, k), data, model)
        for k in range(0, 24, 4):
            four = chain_of(kept, slice(k, k + 4))
            yield f"{kind}: 4 chains", classroom.check_draws(four, data, model)
        yield from summaries(kind, kept, data, model)


def summaries(kind, kept, data, model):
    """`check_estimate` and `check_interval` of what is computed from the first few chains."""
    for k in range(min(12, len(kept["sigma"]))):
        for name in ("sigma", "beta"):
            draws = kept[name][k]
            mean, ends = draws.mean(axis=0), np.quantile(draws, [0.05, 0.95], axis=0).T
            told = classroom.check_estimate(mean, data, model, name, draws=draws)
            yield f"estimate: {kind}", told
            told = classroom.check_interval(ends, data, model, name, draws=draws)
            yield f"interval: {kind}", told


def independent(batch):
    """Independent draws, and estimates and intervals made of them: 40 datasets a batch."""
    for k in range(40):
        rng = np.random.default_rng([62, batch, k])
        n, m = int(rng.integers(2, 31)), int(rng.integers(4, 9))
        data, _ = classroom.student_data(f"independent {batch} {k}", 1, n=n, m=m)
        model = MODELS[k % 3]
        exact = ht.exact_posterior(data, model)
        for n_draws in (150, 1000, 4000):
            draws = exact.sample(n_draws, rng)
            yield "independent draws", classroom.check_draws(draws, data, model)
            yield from summaries("independent draws", chain_of(draws, np.newaxis), data, model)
        for name in model.parameter_names:
            rounded = np.round(exact.mean[name] + 0.02 * exact.sd[name], 3)
            told = classroom.check_estimate(rounded, data, model, name)
            yield "estimate, no draws given", told


# --- functions and proposals ---


def loop_likelihood(data, params):
    """One term after the other."""
    total = 0.0
    for y, x, i in zip(data.y, data.x, data.group, strict=True):
        z = (y - params["alpha"][i] - params["beta"][i] * x) / params["sigma"]
        total += -0.5 * z * z - np.log(params["sigma"]) - 0.5 * np.log(2 * np.pi)
    return total


def scipy_likelihood(data, params):
    """With scipy's density."""
    line = params["alpha"][data.group] + params["beta"][data.group] * data.x
    return stats.norm(line, params["sigma"]).logpdf(data.y).sum()


def precise_likelihood(data, params):
    """With a precision in place of the sd."""
    line = params["alpha"][data.group] + params["beta"][data.group] * data.x
    tau = params["sigma"] ** -2
    squares = np.sum((data.y - line) ** 2)
    return 0.5 * data.y.size * np.log(tau / (2 * np.pi)) - 0.5 * tau * squares


LIKELIHOODS = (ht.log_likelihood, loop_likelihood, scipy_likelihood, precise_likelihood)


def on_log_scale(data, model, names, params):
    """Log posterior with some sds on the log scale."""
    natural = {k: v for k, v in params.items() if not k.startswith("log_")}
    natural |= {name: np.exp(params[f"log_{name}"]) for name in names}
    return model.log_posterior(data, natural) + sum(params[f"log_{name}"] for name in names)


def functions(batch):
    """Log likelihoods, priors and posteriors written in several ways: 50 datasets a batch."""
    for k in range(50):
        rng = np.random.default_rng([63, batch, k])
        n, m = int(rng.integers(1, 76)), int(rng.integers(1, 31))
        data, _ = classroom.student_data(f"functions {batch} {k}", 1, n=n, m=m)
        seed = int(rng.integers(2**31))
        for function in LIKELIHOODS:
            told = classroom.check_log_likelihood(function, data, rng=seed)
            yield "log likelihood", told
        for model in MODELS:
            constant = rng.normal() * 100
            for shift in (0.0, constant):
                prior = lambda p, model=model, shift=shift: model.log_prior(p) + shift  # noqa: E731
                yield "log prior", classroom.check_log_prior(prior, model, n=n, rng=seed)
            posterior = LogPosterior(data, model)
            yield "log posterior", classroom.check_log_posterior(posterior, data, model, rng=seed)
            sds = [name for name in model.parameter_names if name.startswith("sigma")]
            told = classroom.check_log_posterior(
                partial(on_log_scale, data, model, sds), data, model, on_log_scale=sds, rng=seed
            )
            yield "log posterior on the log scale", told


PROPOSALS = (
    lambda at, sd, rng: at + sd * rng.standard_normal(at.shape),
    lambda at, sd, rng: rng.normal(at, sd),
    lambda at, sd, rng: np.array([v + rng.normal(0, sd) for v in at]),
    lambda at, sd, rng: rng.multivariate_normal(at, sd**2 * np.eye(at.size), method="cholesky"),
)


def proposals(batch):
    """Right proposals, 60 of three ways and 5 of a slow one, of any width."""
    for k in range(60):
        rng = np.random.default_rng([64, batch, k])
        sd, n_parameters = float(np.exp(rng.normal())), int(rng.integers(2, 9))
        for propose_ in PROPOSALS[: 4 if k < 5 else 3]:
            told = classroom.check_proposal(
                propose_,
                proposal_sd=sd,
                n_parameters=n_parameters,
                seed=int(rng.integers(2**31)),
            )
            yield "proposal", told


# --- what was found ---

PARTS = {f.__name__: f for f in (samplers, chains, independent, functions, proposals)}


def measure(results, part, batch, verdicts):
    """Count outcomes by kind; what disagrees is shown."""
    counts = {}
    for kind, told in verdicts:
        counts.setdefault(kind, Counter())[told.outcome] += 1
        if told.outcome == "disagrees":
            print(f"FALSE ALARM {part} {batch} {kind}: {told}", flush=True)
    for kind, counter in counts.items():
        results.setdefault(part, {}).setdefault(kind, {})[str(batch)] = dict(counter)


def load():
    """What was measured so far."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}


def save(results):
    """Keep it."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def show(results):
    """The table."""
    print(f"{'right answers':52s} {'agrees':>8s} {'too few':>8s} {'false alarms':>13s}")
    for part in PARTS:
        for kind, batches in results.get(part, {}).items():
            total = sum((Counter(b) for b in batches.values()), Counter())
            counts = [total[outcome] for outcome in ("agrees", "undecided", "disagrees")]
            print(f"{kind:52s} {counts[0]:8d} {counts[1]:8d} {counts[2]:13d}")


def main():
    """Measure some batches, or show all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS)
    parser.add_argument("--batches", nargs=2, type=int, default=(0, 1), metavar=("FROM", "TO"))
    chosen = parser.parse_args()
    for batch in range(*chosen.batches) if chosen.part else ():
        found = {}
        measure(found, chosen.part, batch, PARTS[chosen.part](batch))
        results = load()  # another process may have added its own
        for kind, batches in found[chosen.part].items():
            results.setdefault(chosen.part, {}).setdefault(kind, {}).update(batches)
        save(results)
        print(f"{chosen.part}, batch {batch}: done", flush=True)
    show(load())


if __name__ == "__main__":
    main()
