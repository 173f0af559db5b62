"""A path of leapfrog steps on a slice of the posterior (chapter 8)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from hiertools import plots
from hiertools._checks import FloatArray
from hiertools.better_samplers.adaptation import Point
from hiertools.better_samplers.hamiltonian import energy, leapfrog
from hiertools.better_samplers.nuts import turns_back
from hiertools.better_samplers.parametrisation import centred
from hiertools.data import simulate
from hiertools.exact import exact_posterior
from hiertools.explorers.explorer import Control, Explorer, Frame
from hiertools.explorers.shared import new_figure, panels
from hiertools.priors import Hierarchical
from hiertools.rrandom import RRandom


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
    figure = new_figure(5.6)
    above = panels(figure, 1, 1, left=0.75, bottom=2.0)[0, 0]
    inside = np.clip(it.path, [-40, -40], [40, 40])
    plots.orbit(_surface(), inside, turned=it.turned, ax=above)
    above.set(xlim=(-0.5, 4.7), ylim=(-4.8, 0.4), title=f"{n_steps} steps of {step_size:g}")
    below = panels(figure, 1, 1, left=0.75, top=4.15)[0, 0]
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
