"""Planted faults against the classroom's checks: how often each is seen, and known by name.

Run: python benchmarks/classroom_faults.py; a few minutes. Prints and asserts nothing.
"""

from functools import partial

import numpy as np
from classroom_checks import Replay, chain_of, replays

import hiertools as ht
from hiertools import classroom
from hiertools.classroom.faulty import MISTAKES
from hiertools.classroom.samplers import PEOPLE_START, PEOPLE_STEP, three_people
from hiertools.faults import FAULTS, choose, propose, right_step

N = 40
"""Answers with each fault."""


# --- samplers: the faults of chapter 9, and others that students make ---


def accept_if(rule):
    """A step with another accept rule, a function of u and the log ratio."""

    def step(here, log_posterior, proposal_sd, rng):
        there = propose(here, log_posterior, proposal_sd, rng)
        log_ratio = there.log_density - here.log_density
        accepted = rule(rng.random(log_ratio.shape), log_ratio)
        return choose(accepted, there, here), accepted

    return step


def other_width(change):
    """A step whose sd is not the one that was asked for."""

    def step(here, log_posterior, proposal_sd, rng):
        return right_step(here, log_posterior, change(proposal_sd), rng)

    return step


def one_step_for_all(here, log_posterior, proposal_sd, rng):
    """Every parameter takes the same step."""
    z = proposal_sd * rng.standard_normal(here.log_density.shape)
    params = {k: v + z.reshape(z.shape + (1,) * (v.ndim - z.ndim)) for k, v in here.params.items()}
    there = here._replace(params=params, log_density=np.asarray(log_posterior(params)))
    accepted = np.log(rng.random(z.shape)) < there.log_density - here.log_density
    return choose(accepted, there, here), accepted


STEPS = {name: mistake.step for name, mistake in MISTAKES.items()} | {
    "wrong accept rule: always": accept_if(lambda _, r: r > -np.inf),
    "wrong accept rule: uphill only": accept_if(lambda _, r: r > 0),
    "wrong accept rule: u < log ratio": accept_if(lambda u, r: u < r),
    "wrong accept rule: upside down": accept_if(lambda u, r: (np.log(u) < -r) & np.isfinite(r)),
    "wrong accept rule: u is 1/2": accept_if(lambda _, r: r > np.log(0.5)),
    "variance used as sd": other_width(np.square),
    "sd used as variance": other_width(np.sqrt),
    "proposal_sd not used": other_width(lambda _: 1.0),
    "one step for all": one_step_for_all,
}


class Dropped(Replay):
    """Draws of a right sampler without those that repeat the one before."""

    def __call__(self, log_posterior, start, **settings):
        """As few draws as were accepted."""
        draws = super().__call__(log_posterior, start, **settings)
        first = next(iter(draws.values())).reshape(settings["n_draws"], -1)
        moved = np.append(True, (np.diff(first, axis=0) != 0).any(axis=1))
        return {name: value[moved] for name, value in draws.items()}


def samplers():
    """`check_sampler` on each fault."""
    for fault, step in STEPS.items():
        for k, sampler in enumerate(replays(step, N, np.random.default_rng([70, len(fault)]))):
            yield fault, fault.split(":")[0], classroom.check_sampler(sampler, seed=k)
    for k, sampler in enumerate(replays(right_step, N, np.random.default_rng(71), Dropped)):
        fault = "rejected draws dropped: left out"
        yield fault, fault.split(":")[0], classroom.check_sampler(sampler, seed=k)


# --- whole chains: the faults of chapter 9 ---


def draws():
    """`check_draws`, `check_estimate` and `check_interval` on chains of three individuals."""
    target = three_people()
    start = {name: np.stack([value] * N) for name, value in PEOPLE_START.items()}
    for fault, planted in FAULTS.items():
        rng = np.random.default_rng([72, len(fault)])
        log_posterior = partial(planted.log_posterior, target.model, target.data)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            run = planted.sample(
                log_posterior, start, proposal_sd=PEOPLE_STEP, n_draws=16_000, rng=rng
            ).draws
        for k in range(N):
            kept = {name: value[2000:] for name, value in chain_of(run, k).items()}
            told = classroom.check_draws(kept, target.data, target.model)
            yield f"draws: {fault}", fault, told
            sigma = kept["sigma"]
            told = classroom.check_estimate(
                sigma.mean(), target.data, target.model, "sigma", draws=sigma
            )
            yield f"estimate of sigma: {fault}", fault, told
            ends = np.quantile(sigma, [0.05, 0.95])
            told = classroom.check_interval(ends, target.data, target.model, "sigma", draws=sigma)
            yield f"interval of sigma: {fault}", fault, told


def densities():
    """`check_log_posterior` on the two faults that lie in the log posterior, and on none."""
    model = ht.Hierarchical()
    for fault in ("none", "sd used as variance", "data forgotten"):
        for k in range(N):
            data, _ = classroom.student_data(k, 1)
            function = partial(FAULTS[fault].log_posterior, model, data)
            name = "likelihood missing" if fault == "data forgotten" else fault
            yield (
                f"log posterior: {fault}",
                name,
                classroom.check_log_posterior(function, data, model, rng=k),
            )


def main():
    """Print a line for each fault and check."""
    print(
        f"{'fault':48s} {'agrees':>7s} {'too few':>8s} {'seen':>6s} {'by name':>8s} {'hinted':>7s}"
    )
    table = {}
    for part in (samplers, draws, densities):
        for line, fault, told in part():
            counts = table.setdefault(line, dict.fromkeys(("agrees", "undecided", "disagrees"), 0))
            counts[told.outcome] += 1
            known = told.fault == fault
            for key, on in (
                ("name", not told and known),
                ("hint", told.outcome != "disagrees" and known),
            ):
                counts[key] = counts.get(key, 0) + (on and fault != "none")
        for line in list(table):
            c = table.pop(line)
            print(
                f"{line:48s} {c['agrees']:7d} {c['undecided']:8d} {c['disagrees']:6d} "
                f"{c['name']:8d} {c['hint']:7d}",
                flush=True,
            )


if __name__ == "__main__":
    main()
