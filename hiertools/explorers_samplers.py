"""Interactive figures of the better samplers: the funnel, a path of leapfrog steps (chapter 8)."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.adaptation import Point
from hiertools.data import simulate
from hiertools.exact import exact_posterior
from hiertools.explorer import Control, Explorer, Frame, _figure, _panels
from hiertools.hamiltonian import energy, leapfrog
from hiertools.nuts import turns_back
from hiertools.parametrisation import centred
from hiertools.priors import Hierarchical
from hiertools.rrandom import RRandom

# --- the funnel ----------------------------------------------------------------------------------

N_DRAWS: Final = 1500


class FunnelNumbers(NamedTuple):
    """Independent draws of one individual in both coordinates, and their shape."""

    sigma_alpha: FloatArray
    coordinate: dict[str, FloatArray]
    """By form: `centred` the distance from the mean, `noncentred` the same in sds."""
    widening: dict[str, float]
    """How many times as wide it is in the upper third of sigma_alpha as in the lower."""
    correlation: dict[str, float]
    """Of its size with log sigma_alpha."""
    weight: float
    """Of an individual's own data in its intercept, at the posterior mean of the sds."""


def funnel_numbers(*, n: int, m: int, sigma_alpha: float) -> FunnelNumbers:
    """The exact posterior of data with these settings, for the individual farthest out."""
    data, _ = simulate(n, m, sigma_alpha=sigma_alpha, rng=RRandom(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few data may lean on a prior's bound
        exact = exact_posterior(data, Hierarchical())
    draws = exact.sample(N_DRAWS, np.random.default_rng([8, 1]))
    sd = draws["sigma_alpha"]
    i = int(np.argmax(np.abs(exact.mean["alpha"] - exact.mean["mu_alpha"])))
    distance = draws["alpha"][:, i] - draws["mu_alpha"]
    coordinate = {"centred": distance, "noncentred": distance / sd}
    low, high = np.quantile(sd, [1 / 3, 2 / 3])
    widening = {k: float(v[sd > high].std() / v[sd < low].std()) for k, v in coordinate.items()}
    correlation = {
        k: float(np.corrcoef(np.abs(v), np.log(sd))[0, 1]) for k, v in coordinate.items()
    }
    own = float(exact.mean["sigma_alpha"]) ** 2
    weight = own / (own + float(exact.mean["sigma"]) ** 2 / m)
    return FunnelNumbers(sd, coordinate, widening, correlation, weight)


def funnel_frame(**settings: Any) -> Frame:
    """The same draws twice: in centred and in non-centred coordinates."""
    it = funnel_numbers(**settings)
    figure = _figure(3.6)
    labels = {"centred": r"$\alpha_i - \mu_\alpha$", "noncentred": r"$\eta_i$"}
    titles = {"centred": "centred", "noncentred": "non-centred"}
    for ax, form in zip(_panels(figure, 1, 2)[0], labels, strict=True):
        plots.funnel(it.coordinate[form], it.sigma_alpha, xlabel=labels[form], ax=ax)
        ax.set(title=titles[form], xlim=(-6, 6), ylim=(-2.6, 1.1))
        ax.label_outer()
    n, m = settings["n"], settings["m"]
    small = float(np.mean(it.sigma_alpha < 0.1))
    better = "non-centred" if it.weight < 0.5 else "centred"
    alt = f"""Draws from the exact posterior of {n} individuals with {m} observations each, of
        the individual farthest out, against sigma alpha on a log scale from
        {it.sigma_alpha.min():.3f} to {it.sigma_alpha.max():.2f}. From the lower third of sigma
        alpha to the upper, the centred coordinate becomes {it.widening["centred"]:.1f} times
        as wide, the non-centred {it.widening["noncentred"]:.1f} times."""
    reading = f"""From the lower third of σ_alpha to the upper the centred cloud becomes
        {it.widening["centred"]:.1f} times as wide, the non-centred
        {it.widening["noncentred"]:.1f} times; the correlation of its distance from the middle
        with log σ_alpha is {it.correlation["centred"]:.2f} and
        {it.correlation["noncentred"]:.2f}. Share of the posterior with σ_alpha below 0.1:
        {small:.1%}. An individual's own data have weight {it.weight:.2f} in its intercept, which
        speaks for {better} coordinates."""
    return Frame(figure, alt, reading)


def funnel_explorer() -> Explorer:
    """The funnel in both coordinates: n, m and the true sigma_alpha (chapter 8).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> "speaks for centred" in " ".join(funnel_explorer().frame(m=100).reading.split())
    True
    """
    sizes, observations = (5, 10, 25, 75, 200), (2, 5, 10, 20, 100)
    sds = (0.1, 0.3, 1.0, 2.0, 4.0)
    fine = (*range(5, 30), *range(30, 100, 5), *range(100, 201, 10))
    fine_m = (*range(2, 20), *range(20, 101, 5))
    fine_sds = tuple(round(0.1 * k, 1) for k in range(1, 51))
    return Explorer(
        "funnel-explorer",
        funnel_frame,
        (
            Control("n", "individuals, n", sizes, 75, fine),
            Control("m", "observations of each, m", observations, 5, fine_m),
            Control("sigma_alpha", "true sd of intercepts, σ_alpha", sds, 1.0, fine_sds),
        ),
        grids=(("n", "m"), ("m", "sigma_alpha")),
        kind="png",
    )


# --- a path of leapfrog steps --------------------------------------------------------------------


class OrbitNumbers(NamedTuple):
    """A path on the slice, and what became of its energy."""

    path: FloatArray
    """Shape (n_steps + 1, 2): intercept and slope of individual 1."""
    lost: FloatArray
    """Energy at each point less that at the start, shape (n_steps + 1,)."""
    turned: int | None
    """The first step at which the path comes back towards its start."""


@lru_cache(maxsize=1)
def slice_target() -> Slice:
    """The article's posterior of one line, all else at its exact mean."""
    return Slice()


class Slice:
    """Intercept and slope of individual 1 in the article's posterior, all else at its mean."""

    def __init__(self) -> None:
        data, model = simulate(rng=RRandom(1))[0], Hierarchical()
        self.whole = centred(data, model)
        self.middle = self.whole.from_params(exact_posterior(data, model).mean)
        self.places = [0, data.n]

    def log_density_and_gradient(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The log density of two coordinates, and its gradient."""
        full = np.broadcast_to(self.middle, (*z.shape[:-1], self.middle.size)).copy()
        full[..., self.places] = z
        log_density, gradient = self.whole.log_density_and_gradient(full)
        return log_density, gradient[..., self.places]

    def to_params(self, z: FloatArray) -> dict[str, FloatArray]:
        """The two by one name."""
        return {"line": z}

    def from_params(self, params: Any) -> FloatArray:
        """Back again."""
        return np.asarray(params["line"], dtype=np.float64)


@lru_cache(maxsize=1)
def _surface() -> tuple[FloatArray, FloatArray, FloatArray]:
    alpha, beta = np.linspace(-0.5, 4.7, 61), np.linspace(-4.8, 0.4, 61)
    grid = np.stack(np.meshgrid(alpha, beta), axis=-1)
    return alpha, beta, slice_target().log_density_and_gradient(grid)[0]


def orbit_numbers(*, step_size: float, n_steps: int, push: int) -> OrbitNumbers:
    """Leapfrog steps from the same start, with a random push."""
    target = slice_target()
    z = np.array([1.0, -2.0])
    momentum = np.random.default_rng([8, 2, push]).standard_normal(2)
    point = Point(z, *target.log_density_and_gradient(z))
    first, h = (z, momentum), energy(point, momentum)
    path, lost, turned = [z], [0.0], None
    eps, scale = np.asarray(step_size), np.ones(2)
    with np.errstate(all="ignore"):
        for k in range(1, n_steps + 1):
            point, momentum = leapfrog(target, point, momentum, eps, scale)
            path.append(point.z)
            lost.append(float(energy(point, momentum) - h))
            if turned is None and turns_back(point.z - first[0], first[1], momentum):
                turned = k
    return OrbitNumbers(np.array(path), np.array(lost), turned)


def orbit_frame(**settings: Any) -> Frame:
    """The path on its contours; below, the energy that the steps have lost."""
    it = orbit_numbers(**settings)
    step_size, n_steps = settings["step_size"], settings["n_steps"]
    figure = _figure(5.6)
    above = _panels(figure, 1, 1, left=0.75, bottom=2.0)[0, 0]
    inside = np.clip(it.path, [-40, -40], [40, 40])
    plots.orbit(_surface(), inside, turned=it.turned, ax=above)
    above.set(xlim=(-0.5, 4.7), ylim=(-4.8, 0.4), title=f"{n_steps} steps of {step_size:g}")
    below = _panels(figure, 1, 1, left=0.75, top=4.15)[0, 0]
    below.plot(np.clip(it.lost, -5, 5), "-o", color=plots.STYLES["hierarchical"].colour, ms=3)
    below.axhline(0, color="black", lw=1.0, ls="--")
    below.set(xlabel="step", ylabel="energy lost", xlim=(0, max(n_steps, 1)), ylim=(-1, 3))
    end, start = it.path[-1], it.path[0]
    far = float(np.sqrt(((end - start) ** 2).sum()))
    accept = float(np.exp(-max(it.lost[-1], 0.0)))
    where = f"{far:.2f}" if far < 1e3 else "over 1,000"
    turning = (
        f"It turns back at step {it.turned}, after a way of {it.turned * step_size:.2f}"
        if it.turned
        else "It does not turn back yet"
    )
    most = float(np.max(np.abs(it.lost)))
    amount = f"{most:.3f}" if most < 1e3 else "over 1,000"
    reading = f"""{n_steps} step{"s" if n_steps > 1 else ""} of {step_size:g} lead to a place at
        distance {where} from the start. {turning}. On the way the energy is off by at most
        {amount}; the end is accepted with probability {accept:.3f}."""
    alt = f"""Contours of the posterior of one individual's intercept and slope, with a path of
        {n_steps} leapfrog steps of {step_size:g} from {start[0]:.1f}, {start[1]:.1f}, ending at
        distance {where}. Below, the energy lost at each step, at most {amount}. {turning}."""
    return Frame(figure, alt, reading)


def leapfrog_explorer() -> Explorer:
    """A path of Hamiltonian Monte Carlo: how long its steps, and how many (chapter 8).

    Returns
    -------
    Explorer

    Examples
    --------
    >>> frame = leapfrog_explorer().frame(step_size=0.05, n_steps=1)
    >>> "accepted with probability 1.000" in " ".join(frame.reading.split())
    True
    """
    sizes = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
    fine = {float(f"{size:.2g}") for size in np.geomspace(0.02, 2, 41)}
    return Explorer(
        "leapfrog-explorer",
        orbit_frame,
        (
            Control("step_size", "step size", sizes, 0.2, tuple(sorted(fine | {*sizes}))),
            Control("n_steps", "number of steps", (1, 2, 5, 10, 20, 40), 10, tuple(range(1, 61))),
            Control("push", "Another push", (1, 2, 3, 4), 1, tuple(range(1, 21)), kind="again"),
        ),
        grids=(("step_size", "n_steps"), ("n_steps", "push")),
    )
