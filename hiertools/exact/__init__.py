"""The exact posterior of the three models, with no Markov chain (chapter 7).

Whatever is normal given the standard deviations is integrated out in closed form (`rays` for
partial pooling, `truncated` for flat priors); the one or three standard deviations that are
left go to the panels of `quadrature`.
"""

from __future__ import annotations

import warnings

from hiertools.data import GroupedData
from hiertools.exact.flat import FlatPosterior
from hiertools.exact.hierarchical import HierarchicalPosterior
from hiertools.exact.posterior import ExactPosterior
from hiertools.priors import CompletePooling, Hierarchical, Model, Unpooled

__all__ = ["ExactPosterior", "exact_posterior"]


def exact_posterior(data: GroupedData, model: Model) -> ExactPosterior:
    r"""The posterior by integration: means, sds, intervals, independent draws, evidence.

    .. math:: p(\theta \mid y) = \int p(\theta \mid y, \sigma_\cdot)\,
        p(\sigma_\cdot \mid y)\,d\sigma_\cdot

    Given the standard deviations everything else is normal, and done in closed form. Over the
    standard deviations a deterministic rule finds its own region and refines itself.

    Parameters
    ----------
    data : GroupedData
        One dataset; groups may differ in size.
    model : Unpooled, CompletePooling or Hierarchical

    Returns
    -------
    ExactPosterior

    Warns
    -----
    UserWarning
        If over 1 % of the posterior lies within 1 % of a prior bound: the data are then on
        another scale than the prior.

    Raises
    ------
    ValueError
        If the model is none of the three, `data` holds replicated datasets, or there is no
        proper posterior, because lines fit perfectly with observations to spare; if the data are
        hundreds of prior standard deviations away from the prior's mean.

    References
    ----------
    Gelman et al. (2013), sections 5.4 and 14.2; chapter 7.

    Examples
    --------
    >>> from hiertools import Hierarchical, RRandom, rmse, simulate
    >>> data, truth = simulate(rng=RRandom(1))
    >>> posterior = exact_posterior(data, Hierarchical())
    >>> round(float(rmse(posterior.mean["alpha"], truth["alpha"])), 4)
    0.7361
    >>> posterior.interval(0.9)["sigma"].round(3).tolist()
    [2.054, 2.381]
    >>> posterior.sample(1000, rng=1)["beta"].shape
    (1000, 75)
    """
    posterior = integrate(data, model)
    for message in posterior._near_bounds():
        warnings.warn(message, UserWarning, stacklevel=2)
    return posterior


def integrate(data: GroupedData, model: Model) -> ExactPosterior:
    """`exact_posterior` without its look at the prior's bounds, for many small datasets in a row.

    With few individuals that look takes most of the time. Parameters and exceptions are those
    of `exact_posterior`.

    Returns
    -------
    ExactPosterior
    """
    if not isinstance(data, GroupedData):
        raise ValueError(
            f"data must be GroupedData, got {type(data).__name__}; GroupedData.from_long makes "
            "it from three columns"
        )
    if data.y.ndim > 1:
        raise ValueError(
            f"data must hold one dataset, got y of shape {data.y.shape}; make a GroupedData of "
            "each replicate, y[k], and call exact_posterior for each"
        )
    if isinstance(model, Hierarchical):
        return HierarchicalPosterior(data, model)
    if isinstance(model, Unpooled | CompletePooling):
        return FlatPosterior(data, model)
    raise ValueError(
        "model must be Unpooled(), CompletePooling() or Hierarchical(), got "
        f"{model if isinstance(model, type) else type(model).__name__}"
    )
