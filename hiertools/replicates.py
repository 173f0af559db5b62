"""Truths from the prior, data for each, and what checks of calibration look at (chapter 9)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hiertools._checks import FloatArray, whole_number
from hiertools.data import GroupedData, grouped
from hiertools.likelihood import log_likelihood, squared_residuals
from hiertools.priors import Hierarchical, Model
from hiertools.rrandom import Rng, as_rng


def draw_joint(
    model: Model, design: GroupedData, n_replicates: int, rng: Rng
) -> tuple[GroupedData, dict[str, FloatArray]]:
    r"""Parameters from the prior, and a dataset for each: independent draws of both together.

    .. math:: \theta \sim p(\theta), \qquad y \sim p(y \mid \theta)

    Parameters
    ----------
    model : Unpooled, CompletePooling or Hierarchical
    design : GroupedData
        Its x and group are those of every dataset; its y is not used.
    n_replicates : int
        Number of draws, at least 1.
    rng : int, numpy.random.Generator or RRandom

    Returns
    -------
    data : GroupedData
        With y of shape (n_replicates, N).
    params : dict of ndarray, each of shape (n_replicates, ...)

    Raises
    ------
    ValueError
        If an argument is of the wrong kind or `n_replicates` is below 1.

    Examples
    --------
    >>> from hiertools import Hierarchical, simulate
    >>> design, _ = simulate(n=3, m=4, rng=1)
    >>> data, params = draw_joint(Hierarchical(), design, 10, rng=2)
    >>> data.y.shape, params["alpha"].shape
    ((10, 12), (10, 3))
    """
    checked_model(model)
    n_replicates = whole_number("n_replicates", n_replicates, least=1)
    x, group, n, rng = grouped(design).x, design.group, design.n, as_rng(rng)
    params = model.sample_prior(n, rng, n_draws=n_replicates)
    alpha, beta = (np.broadcast_to(params[k], (n_replicates, n)) for k in ("alpha", "beta"))
    noise = np.asarray(rng.standard_normal((n_replicates, x.size)))
    y = alpha[:, group] + beta[:, group] * x + params["sigma"][:, None] * noise
    return GroupedData(y=y, x=x, group=group), params


def quantities(
    model: Model, data: GroupedData, params: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    r"""What the checks look at: every parameter by itself, and numbers that join them.

    The log likelihood, and of the standardised residuals
    :math:`z_{ij} = (y_{ij} - \alpha_i - \beta_i x_{ij}) / \sigma` the sum, and the log of the mean
    square. They see what no parameter by itself does: draws from the prior have the right
    margins on average, and forget the data. (The log has light tails where the log likelihood of
    a wrong posterior has heavy ones, in which a mean of differences drowns.) Under partial pooling
    also the log mean square of the lines' standardised distances from the population: both may
    be right by themselves, and not fit together.

    Parameters
    ----------
    model : Unpooled, CompletePooling or Hierarchical
    data : GroupedData
        With replicates on y's leading axes.
    params : dict of ndarray
        By name, with leading axes that broadcast against those of y.

    Returns
    -------
    dict of ndarray, each of shape (...)
        Entries of vectors are named ``alpha[0]`` and so on.

    Raises
    ------
    ValueError
        If a parameter is missing, contains NaN, or does not fit in shape.

    References
    ----------
    Modrák et al. (2023); chapter 9.

    Examples
    --------
    >>> from hiertools import CompletePooling
    >>> data = GroupedData(y=[1.0, 3.0], x=[0.0, 1.0], group=[0, 0])
    >>> params = {"alpha": np.array([1.0]), "beta": np.array([1.0]), "sigma": np.array(2.0)}
    >>> list(quantities(CompletePooling(), data, params))
    ['alpha[0]', 'beta[0]', 'sigma', 'log_likelihood', 'residual_sum', 'log_residual_square']
    """
    found: dict[str, FloatArray] = {}
    for name, values in params.items():
        if name in ("alpha", "beta"):
            found |= {f"{name}[{i}]": values[..., i] for i in range(values.shape[-1])}
        else:
            found[name] = values
    found["log_likelihood"] = log_likelihood(data, params)
    s, alpha, beta, sigma = data.statistics, params["alpha"], params["beta"], params["sigma"]
    gap = s.y_mean - alpha - beta * s.x_mean
    squares = squared_residuals(s, alpha, beta).sum(axis=-1)
    with np.errstate(all="ignore"):  # a kernel that leaves the support is for the caller to see
        found["residual_sum"] = (s.m * gap).sum(axis=-1) / sigma
        found["log_residual_square"] = np.log(squares / sigma**2 / s.m.sum())
        if isinstance(model, Hierarchical):
            z = [
                (params[line] - params[f"mu_{line}"][..., None])
                / params[f"sigma_{line}"][..., None]
                for line in ("alpha", "beta")
            ]
            found["log_population_square"] = np.log((z[0] ** 2 + z[1] ** 2).mean(axis=-1))
    return found


def checked_model(model: Model) -> None:
    """A ValueError where `model` is no model of this package, nor made after them."""
    if not isinstance(model, Model):
        raise ValueError(
            "model must be Unpooled(), CompletePooling() or Hierarchical(), got "
            f"{model if isinstance(model, type) else type(model).__name__}"
        )
