"""The two forms: densities against SciPy, gradients against differences, there and back."""

import re

import numpy as np
import pytest
from harness import UNUSUAL_MODELS, inside_support, some_data
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from hiertools import GroupedData, Unpooled, centred, noncentred

MODEL = UNUSUAL_MODELS[2]
FORMS = pytest.mark.parametrize("form", [centred, noncentred])
SIZES = pytest.mark.parametrize("sizes", [[3], [2, 1], [4, 1, 3, 2, 5, 1, 3]], ids=len)
LOGITS = {"sigma_alpha": -3, "sigma_beta": -2, "sigma": -1}


def slow_log_density(form, data, z):
    """One z, term by term from scipy.stats: a flat prior on a share is a logistic logit."""
    n = data.n
    own = {"alpha": z[:n], "beta": z[n : 2 * n]}
    mu = {"alpha": z[2 * n], "beta": z[2 * n + 1]}
    sd = {
        name: getattr(MODEL, f"{name}_high") * stats.logistic.cdf(z[place])
        for name, place in LOGITS.items()
    }
    total, lines = stats.logistic.logpdf(z[-3:]).sum(), {}
    for line in ("alpha", "beta"):
        mean, spread = getattr(MODEL, f"mu_{line}_mean"), getattr(MODEL, f"mu_{line}_sd")
        total += stats.norm.logpdf(mu[line], mean, spread)
        if form is centred:
            lines[line] = own[line]
            total += stats.norm.logpdf(own[line], mu[line], sd[f"sigma_{line}"]).sum()
        else:
            lines[line] = mu[line] + sd[f"sigma_{line}"] * own[line]
            total += stats.norm.logpdf(own[line]).sum()
    mean = lines["alpha"][data.group] + lines["beta"][data.group] * data.x
    return total + stats.norm.logpdf(data.y, mean, sd["sigma"]).sum()


@FORMS
@SIZES
def test_log_density_is_scipys(form, sizes):
    rng = np.random.default_rng(1)
    data = some_data(sizes, rng)
    target = form(data, MODEL)
    z = rng.normal(size=(20, target.dim))
    expected = [slow_log_density(form, data, row) for row in z]
    np.testing.assert_allclose(target.log_density(z), expected, rtol=1e-11)


@FORMS
@SIZES
def test_log_density_is_the_posterior_times_the_jacobian(form, sizes):
    """The Jacobian by differences: the determinant of d params / d z."""
    rng = np.random.default_rng(2)
    data = some_data(sizes, rng)
    target = form(data, MODEL)
    z = 0.7 * rng.normal(size=target.dim)

    def flat(z):
        return np.concatenate([np.ravel(v) for v in target.to_params(z).values()])

    h = 1e-6
    jacobian = np.stack(
        [(flat(z + h * e) - flat(z - h * e)) / (2 * h) for e in np.eye(target.dim)], axis=1
    )
    expected = MODEL.log_posterior(data, target.to_params(z)) + np.linalg.slogdet(jacobian)[1]
    assert target.log_density(z) == pytest.approx(expected, rel=1e-8)


@FORMS
@SIZES
@pytest.mark.parametrize("replicates", [(), (5,)])
def test_gradient_is_that_of_differences(form, sizes, replicates):
    """Central differences of a smooth function: relative error about 1e-9."""
    rng = np.random.default_rng(3)
    data = some_data(sizes, rng, replicates=replicates)
    target = form(data, MODEL)
    z = rng.normal(size=(5, target.dim))
    log_density, gradient = target.log_density_and_gradient(z)
    h = 1e-5
    by_differences = np.stack(
        [
            (target.log_density(z + h * e) - target.log_density(z - h * e)) / (2 * h)
            for e in np.eye(target.dim)
        ],
        axis=-1,
    )
    np.testing.assert_allclose(gradient, by_differences, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(log_density, target.log_density(z))


@FORMS
@pytest.mark.parametrize("leading", [(), (4,)])
def test_there_and_back(form, leading):
    rng = np.random.default_rng(4)
    data = some_data([2, 3, 1], rng)
    target = form(data, MODEL)
    params = inside_support(MODEL, 3, rng, leading)
    z = target.from_params(params)
    assert z.shape == (*leading, target.dim)
    for name, value in target.to_params(z).items():
        np.testing.assert_allclose(value, params[name], rtol=1e-12)
    np.testing.assert_allclose(target.from_params(target.to_params(z)), z, rtol=1e-11)


def test_the_forms_differ_by_the_jacobian_of_the_lines():
    rng = np.random.default_rng(5)
    data = some_data([2, 3, 1], rng)
    params = inside_support(MODEL, 3, rng, (6,))
    one, other = centred(data, MODEL), noncentred(data, MODEL)
    difference = other.log_density(other.from_params(params)) - one.log_density(
        one.from_params(params)
    )
    expected = 3 * np.log(params["sigma_alpha"] * params["sigma_beta"])
    np.testing.assert_allclose(difference, expected, rtol=1e-10)


@FORMS
@given(st.lists(st.floats(-1e300, 1e300), min_size=9, max_size=9))
@settings(max_examples=200)
def test_any_finite_z_has_an_answer(form, z):
    """-inf and a zero gradient where numbers overflow; never NaN."""
    data = GroupedData(y=[1.0, 3.0, 2.0], x=[0.0, 1.0, 2.0], group=[0, 0, 1])
    log_density, gradient = form(data, MODEL).log_density_and_gradient(np.array(z))
    assert not np.isnan(log_density)
    assert np.isfinite(gradient).all()
    assert log_density < np.inf


@FORMS
def test_errors(form):
    data = some_data([2, 3], np.random.default_rng(6))
    target = form(data, MODEL)
    good = inside_support(MODEL, 2, np.random.default_rng(7))
    for z, message in ((np.zeros(3), "z must have shape (..., 9)"), (np.full(9, np.nan), "NaN")):
        for function in (target.log_density, target.log_density_and_gradient, target.to_params):
            with pytest.raises(ValueError, match=re.escape(message)):
                function(z)
    for change, message in (
        ({"sigma": 0.0}, "outside the support"),
        ({"sigma": np.nan}, "sigma contains NaN"),
        ({"sigma_alpha": 2.0}, "is at its bound"),
        ({"alpha": np.zeros(3)}, "alpha must have shape (..., 2)"),
        ({"mu_alpha": np.inf}, "infinity"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            target.from_params(good | change)
    with pytest.raises(ValueError, match="lacks sigma"):
        target.from_params({k: v for k, v in good.items() if k != "sigma"})
    with pytest.raises(ValueError, match="must be Hierarchical"):
        form(data, Unpooled())
    with pytest.raises(ValueError, match="must be a GroupedData"):
        form([1, 2], MODEL)
