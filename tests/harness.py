"""What several test files share: R done slowly, golden data, random parameters, odd input.

Everything here is written apart from `hiertools`, so that it can disagree with it.
"""

import csv
import datetime as dt
import math
import warnings
from fractions import Fraction
from pathlib import Path
from statistics import NormalDist

import numpy as np
from hypothesis import strategies as st

from hiertools import CompletePooling, GroupedData, Hierarchical, Unpooled, log_likelihood

MODELS = [Unpooled(), CompletePooling(), Hierarchical()]
UNUSUAL_MODELS = [
    Unpooled(alpha_low=-7.0, alpha_high=9.0, beta_low=-3.0, beta_high=4.0, sigma_high=3.0),
    CompletePooling(alpha_low=1.0, alpha_high=1.5, beta_low=-9.0, beta_high=-8.0, sigma_high=0.5),
    Hierarchical(
        mu_alpha_mean=1.0,
        mu_alpha_sd=0.7,
        mu_beta_mean=-2.0,
        mu_beta_sd=5.0,
        sigma_alpha_high=2.0,
        sigma_beta_high=30.0,
        sigma_high=4.0,
    ),
]


def name_of(model):
    return type(model).__name__


def golden(name):
    """A table of what R printed, as a dict of columns; numbers are floats."""
    path = Path(__file__).parent / "golden" / f"{name}.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    words = ("par", "model", "quantity")
    return {
        column: [row[column] if column in words else float(row[column]) for row in rows]
        for column in rows[0]
    }


class SlowR:
    """R's generator one number at a time, in plain Python: seeding, Mersenne Twister, Inversion.

    The normal quantile is that of Python's `statistics`, which is Wichura's, as R's is.
    """

    def __init__(self, seed):
        word, kept = seed % 2**32, []
        for step in range(675):
            word = (word * 69069 + 1) % 2**32
            if step > 50:
                kept.append(word)
        self.words, self.place = kept, 624

    def next_word(self):
        if self.place == 624:
            w = self.words
            for k in range(624):
                joined = (w[k] & 0x80000000) | (w[(k + 1) % 624] & 0x7FFFFFFF)
                w[k] = w[(k + 397) % 624] ^ (joined >> 1) ^ (0x9908B0DF if joined & 1 else 0)
            self.place = 0
        v = self.words[self.place]
        self.place += 1
        v ^= v >> 11
        v ^= (v << 7) & 0x9D2C5680
        v ^= (v << 15) & 0xEFC60000
        return v ^ (v >> 18)

    def runif(self, low=0.0, high=1.0):
        half_step = 2.328306437080797e-10 / 2
        u = self.next_word() * 2.3283064365386963e-10
        return low + (high - low) * min(max(u, half_step), 1 - half_step)

    def rnorm(self, mean=0.0, sd=1.0):
        coarse = math.floor(134217728 * self.runif())
        return mean + sd * NormalDist().inv_cdf((coarse + self.runif()) / 134217728)


def some_data(sizes, rng, *, centre=0.0, replicates=(), shuffle=True):
    """Data of individuals of the given sizes, x and y about `centre` with sd 1, rows shuffled."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    if shuffle:
        rng.shuffle(group)
    x = centre + rng.normal(size=group.size)
    y = centre + rng.normal(size=(*replicates, group.size))
    return GroupedData(y=y, x=x, group=group)


def inside_support(model, n, rng, leading=()):
    """Random parameters well inside the support; every sigma differs from 1."""
    if isinstance(model, Hierarchical):
        means = {name: rng.normal(0.5, 2.0, leading) for name in ("mu_alpha", "mu_beta")}
        spread = {
            name: getattr(model, f"{name}_high") * rng.uniform(0.05, 0.95, leading)
            for name in ("sigma_alpha", "sigma_beta", "sigma")
        }
        lines = {name: rng.normal(0.5, 2.0, (*leading, n)) for name in ("alpha", "beta")}
        return lines | means | spread
    lines = 1 if isinstance(model, CompletePooling) else n
    return {
        "alpha": rng.uniform(model.alpha_low, model.alpha_high, (*leading, lines)),
        "beta": rng.uniform(model.beta_low, model.beta_high, (*leading, lines)),
        "sigma": model.sigma_high * rng.uniform(0.05, 0.95, leading),
    }


def exact_log_likelihood(y, x, group, alpha, beta, sigma):
    """The log likelihood with residuals and their squares in exact fractions; rounded at the end.

    Plain lists and numbers; `alpha` and `beta` have one entry for each individual.
    """
    residuals = (
        Fraction(yi) - Fraction(alpha[i]) - Fraction(beta[i]) * Fraction(xi)
        for yi, xi, i in zip(y, x, group, strict=True)
    )
    z2 = sum(r * r for r in residuals) / Fraction(sigma) ** 2
    return -0.5 * float(z2) - len(y) * (math.log(sigma) + 0.5 * math.log(2 * math.pi))


def z_score(differences):
    """Mean over the first axis in units of its standard error (zero where nothing varies)."""
    differences = np.asarray(differences)
    standard_error = differences.std(axis=0, ddof=1) / np.sqrt(len(differences))
    return differences.mean(axis=0) / np.where(standard_error > 0, standard_error, 1.0)


JOINT_MODELS = [
    Unpooled(alpha_low=-3, alpha_high=3, beta_low=-3, beta_high=3, sigma_high=4),
    CompletePooling(alpha_low=-3, alpha_high=3, beta_low=-3, beta_high=3, sigma_high=4),
    Hierarchical(
        mu_alpha_sd=1.0, mu_beta_sd=1.0, sigma_alpha_high=2, sigma_beta_high=2, sigma_high=4
    ),
]


def joint_z(kernel, model, seed, *, n_steps, n_replicates=1500, sizes=(2, 3, 4)):
    """z of f(theta_k, y) - f(theta_0, y) for each f, over independent replicates.

    theta_0 from the prior and y from the model make a draw of their joint distribution; steps
    that leave the posterior invariant keep it one. The replicates are chains, each with a
    dataset of its own on y's leading axis; `kernel(data, model, theta, n_steps, rng)` moves
    them.
    """
    rng = np.random.default_rng(seed)
    n, group = len(sizes), np.repeat(np.arange(len(sizes)), sizes)
    x = rng.normal(size=group.size)
    theta = model.sample_prior(n, rng, n_draws=n_replicates)

    def lines(params):
        alpha, beta = (np.broadcast_to(params[k], (n_replicates, n)) for k in ("alpha", "beta"))
        return alpha[:, group] + beta[:, group] * x

    y = rng.normal(lines(theta), theta["sigma"][:, None])
    data = GroupedData(y=y, x=x, group=group)

    def f(params):
        residual_sum = ((y - lines(params)) / params["sigma"][:, None]).sum(axis=1)
        columns = [log_likelihood(data, params), residual_sum, residual_sum**2]
        if isinstance(model, Hierarchical):
            # Lines and sds may each be right, and not together. A share is bounded: squares in
            # units of a wrong sd have such long tails that z would not notice.
            for line in ("alpha", "beta"):
                off = params[line] - params[f"mu_{line}"][:, None]
                columns.append((np.abs(off) < params[f"sigma_{line}"][:, None]).mean(axis=1))
        for name in model.parameter_names:
            value = params[name].reshape(n_replicates, -1)
            columns += [*value.T, *(value**2).T]
        return np.column_stack(columns)

    return z_score(f(kernel(data, model, theta, n_steps, rng)) - f(theta))


def last_draw(chain):
    """The last draw of every chain."""
    return {name: value[:, -1] for name, value in chain.draws.items()}


# What a reader might pass by mistake: everything under the sun.
ODD_FLOATS = st.floats(allow_nan=True, allow_infinity=True)
ODD_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, 2**31, -1, 0, 1, 2]),
    ODD_FLOATS,
    st.complex_numbers(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.dates(),
    st.timedeltas(),
    st.decimals(),
    st.builds(object),
    st.sampled_from([np.datetime64("NaT"), np.datetime64(dt.date(2020, 1, 1)), np.nan]),
)
ODD_ARRAYS = st.sampled_from(
    [
        np.array([]),
        np.array(1.0),
        np.zeros((0, 2)),
        np.zeros((2, 0)),
        np.zeros((2, 3, 2)),
        np.array([np.nan, 1.0]),
        np.array([1e308, 1e308, -1e308]),
        np.array([np.inf, -np.inf]),
        np.array([5e-324, 1.0]),
        np.array(["a", "b"]),
        np.array([None, 1.0], dtype=object),
        np.array(["2020-01-01", "NaT"], dtype="M8[ns]"),
        np.array([3, 4], dtype="m8[D]"),
        np.array([1j]),
        np.array([True, False]),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.ma.array([1.0, 2.0], mask=[False, True]),
    ]
)
ANYTHING = st.recursive(
    ODD_SCALARS | ODD_ARRAYS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(ODD_FLOATS | st.integers(-3, 3), max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=3),
        st.frozensets(st.integers(), max_size=3),
    ),
    max_leaves=6,
)


def answers_or_value_error(function, *args, **settings):
    """Call; a ValueError is fine, an answer must be free of NaN, all else (warnings too) fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            answer = function(*args, **settings)
        except ValueError:
            return None
    assert_no_nan(answer)
    return answer


def asks_for_much(size):
    """Whether `size` asks for so many numbers that memory, and no check, is the limit."""
    lengths = size if isinstance(size, tuple | list) else (size,)
    return any(isinstance(length, int) and length > 50 for length in lengths)


def assert_no_nan(answer):
    """No NaN anywhere in an answer: numbers, arrays, records, dicts."""
    if isinstance(answer, dict):
        answer = tuple(answer.values())
    if isinstance(answer, GroupedData):
        answer = (answer.y, answer.x, *answer.statistics)
    if isinstance(answer, tuple):
        for part in answer:
            assert_no_nan(part)
    elif isinstance(answer, float | np.ndarray | np.number):
        assert not np.isnan(answer).any(), answer
