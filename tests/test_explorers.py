"""The explorers' functions, their words, and the HTML that the built page gets."""

import itertools
import json
import re
import warnings

import numpy as np
import pytest
from bs4 import BeautifulSoup

from hiertools import Hierarchical, explorers, metropolis, rmse, simulate
from hiertools.explorers import EXPLORERS, comparison, nodes, pooling, sampler, shrinkage, stepper
from hiertools.explorers import data as grouped
from hiertools.explorers import explorer as machine
from hiertools.explorers.explorer import FRAMES, Control, Explorer, Frame
from hiertools.explorers.shared import new_figure
from hiertools.rrandom import RRandom

ALL = {explorer.name: explorer for explorer in (make() for make in EXPLORERS)}
each = pytest.mark.parametrize("explorer", ALL.values(), ids=ALL)


def corners_and_middle(explorer):
    """First, middle and last value of every control, one control at a time and all together."""
    live = [control.live or control.page for control in explorer.controls]
    names = [control.name for control in explorer.controls]
    for place in (0, 0.5, 1):
        chosen = [values[int(place * (len(values) - 1))] for values in live]
        yield dict(zip(names, chosen, strict=True))
        for name, value in zip(names, chosen, strict=True):
            yield {name: value}


@each
def test_function_answers_everywhere(explorer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for settings in corners_and_middle(explorer):
            frame = explorer.render(settings, live=True)
            assert frame.picture.startswith(b"\x89PNG")
            for words in (frame.alt, frame.reading):
                assert words.endswith("."), settings
                assert not re.search(r"\bnan\b|\binf\b|  |\n", words), (settings, words)
                assert len(words.split()) >= 6


@each
def test_words_hold_computed_values(explorer):
    """Other settings, other words: no sentence is typed."""
    for control in explorer.controls:
        if control.kind == "choice" and explorer.play:
            continue  # the stepper begins at the same place whatever the proposal sd
        values = (control.page[0], control.page[-1])
        one, other = (explorer.frame(**{control.name: value}) for value in values)
        assert one.alt != other.alt, control.name
        assert one.reading != other.reading, control.name


def test_words_follow_the_data(monkeypatch):
    def louder(*args, rng, **settings):
        data, truth = simulate(*args, rng=np.random.default_rng(9), **settings)
        return data, truth

    made = {grouped: explorers.data_explorer(), comparison: explorers.comparison_explorer()}
    for module, explorer in made.items():
        before = explorer.frame()
        with monkeypatch.context() as patch:
            patch.setattr(module, "simulate", louder)
            after = explorer.frame()
        assert before.alt != after.alt
        assert before.reading != after.reading


@each
def test_page_grid_is_fine_enough_and_not_too_large(explorer):
    assert len(explorer.states) == len(set(explorer.states)) <= 60
    for at, control in enumerate(explorer.controls):
        assert control.default in control.page
        assert set(control.page) <= set(control.live or control.page)
        assert list(control.live) == sorted(control.live)
        if control.kind == "slider":
            assert len({state[at] for state in explorer.states}) >= 5
        else:
            assert {state[at] for state in explorer.states} == set(control.page)


def test_unknown_setting_is_refused():
    with pytest.raises(ValueError, match="oops: data-explorer has no such setting; it has n, m"):
        explorers.data_explorer().frame(oops=3)


# --- numbers ---


def test_data_explorer_starts_with_the_articles_data():
    data, truth = simulate(rng=RRandom(1))
    it = grouped.data_numbers(n=75, m=5, sigma_alpha=1.0, sigma_beta=1.0, sigma=2.0)
    assert (it.data.y == data.y).all()
    assert it.spread["beta"] == (truth["beta"].std(), data.statistics.slope.std())
    for i in (0, 33):
        rows = data.group == i
        slope, intercept = np.polyfit(data.x[rows], data.y[rows], 1)
        np.testing.assert_allclose(
            [it.fitted["alpha"][i], it.fitted["beta"][i]], [intercept, slope]
        )


def test_a_chain_that_never_moves_is_worth_one_draw():
    it = sampler.sampler_numbers(proposal_sd=1.0, model="hierarchical", start="near", seed=1)
    assert it.accept_rate == 0
    assert set(it.effective.values()) == {1.0}


def test_effective_draws_of_independent_draws():
    """Of 1,600 independent draws the estimate lies within a third, in each of 40 datasets."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        sizes = sampler._effective_draws({"z": rng.normal(size=1600)})
        assert 1067 < sizes["z"] < 2400


@pytest.mark.parametrize(("model", "best"), [("unpooled", 0.2), ("hierarchical", 0.1)])
def test_acceptance_alone_does_not_tell(model, best):
    """Acceptance falls all the way; how far an iteration goes has its peak in between."""
    sds = (0.005, best, 1.0)
    chains = [
        sampler.sampler_numbers(proposal_sd=sd, model=model, start="near", seed=1) for sd in sds
    ]
    rates = [it.accept_rate for it in chains]
    assert rates[0] > rates[1] > rates[2]
    assert chains[1].jump > 2 * max(chains[0].jump, chains[2].jump)


def test_draws_are_worth_no_more_than_the_moves_made():
    it = sampler.sampler_numbers(proposal_sd=1.0, model="unpooled", start="near", seed=1)
    assert 0 < it.accept_rate < 0.005
    assert max(it.effective.values()) <= 1 + sampler.N_DRAWS * it.accept_rate


def test_comparison_agrees_at_large_m():
    it = comparison.comparison_numbers(n=75, m=100, sigma=2.0, seed=1)
    assert abs(it.rmse["unpooled"]["alpha"] - it.rmse["hierarchical"]["alpha"]) < 0.02
    assert it.rmse["complete"]["alpha"] > 0.5
    assert not it.leans_on_prior


def test_comparison_says_where_the_prior_matters():
    frame = explorers.comparison_explorer().frame(m=2)
    assert "bounds of the flat" in frame.reading
    assert "bounds of the flat" not in explorers.comparison_explorer().frame().reading


def test_shrinkage_is_the_posterior_of_a_normal_mean():
    it = shrinkage.shrinkage_numbers(between=1.5, within=3.0, m=7, own=5.0)
    alpha = np.linspace(-30, 40, 200_001)
    log_p = -0.5 * ((alpha - 2.0) / 1.5) ** 2 - 0.5 * 7 * ((alpha - 5.0) / 3.0) ** 2
    p = np.exp(log_p - log_p.max())
    mean = (alpha * p).sum() / p.sum()
    sd = np.sqrt(((alpha - mean) ** 2 * p).sum() / p.sum())
    np.testing.assert_allclose([it.estimate, it.sds["hierarchical"]], [mean, sd], rtol=1e-9)


def test_lines_given_sds_are_those_of_the_joint_normal():
    """Against one dense linear system for all lines and both population means."""
    data, _ = simulate(3, 4, rng=5)
    sds = {"sigma_alpha": 0.7, "sigma_beta": 1.9, "sigma": 1.3}
    n, model = data.n, Hierarchical()
    design = np.zeros((data.y.size, 2 * n + 2))
    rows = np.arange(data.y.size)
    design[rows, data.group], design[rows, n + data.group] = 1, data.x
    precision = design.T @ design / sds["sigma"] ** 2
    for k, sd in ((0, sds["sigma_alpha"]), (1, sds["sigma_beta"])):
        for i in range(n):
            tie = np.zeros(2 * n + 2)
            tie[k * n + i], tie[2 * n + k] = 1, -1
            precision += np.outer(tie, tie) / sd**2
    precision[-2, -2] += model.mu_alpha_sd**-2
    precision[-1, -1] += model.mu_beta_sd**-2
    mean = np.linalg.solve(precision, design.T @ data.y / sds["sigma"] ** 2)
    got = pooling.lines_given_sds(data, **sds)
    np.testing.assert_allclose(np.concatenate([got["alpha"], got["beta"]]), mean[:-2], rtol=1e-10)


def test_pooling_goes_from_complete_to_none():
    data, truth = simulate(rng=RRandom(1))
    ends = [pooling.pooling_numbers(scale=scale, seed=1) for scale in (0.01, 100.0)]
    assert np.ptp(ends[0].estimate["beta"]) < 0.01
    far = pooling.pooling_numbers(scale=1e4, seed=1).estimate["beta"]
    np.testing.assert_allclose(far, data.statistics.slope, atol=1e-5)
    for end, place in zip(ends, (0, -1), strict=True):
        assert end.error["beta"] == pytest.approx(float(end.curve["beta"][place]))
        assert end.error["beta"] == rmse(end.estimate["beta"], truth["beta"])


def test_rules_gain_as_the_chapter_says():
    """Gauss-Legendre nodes in the right region are exact; in log sd nothing helps."""

    def error(where, name, k):
        return nodes.rule_numbers(where=where, name=name, k=k).error

    assert error("found", "gauss", 32) < 1e-8
    assert error("many", "gauss", 32) > 0.1
    assert error("few", "gauss", 32) < 1e-4 < error("few", "cells", 32) < 1e-2
    assert error("few", "log", 32) == pytest.approx(error("few", "log", 16), rel=0.1)
    # The share below the first cell, which no number of cells finds.
    cells = nodes.rule("log", 8, 0.0, 10.0)
    assert cells[1].sum() == pytest.approx(9.9, rel=0.05)


@pytest.mark.parametrize("where", ["few", "many"])
def test_the_curve_called_exact_is(where):
    """The rule's own nodes against the posterior's cdf; for few the last 1e-3 lies beyond."""
    grid, density = nodes._curve(nodes.individuals(where))
    answer = nodes._problem(nodes.individuals(where))[1]
    step = np.diff(grid)[0]
    assert density.sum() * step - density[[0, -1]].mean() * step == pytest.approx(1, abs=2e-3)
    shares = answer.cdf("sigma_alpha", grid[[20, 60]])
    middle = density[20:61].sum() * step - density[[20, 60]].mean() * step
    assert middle == pytest.approx(shares[1] - shares[0], abs=1e-3)


def test_stepper_walks_as_metropolis_does():
    def log_density(params):
        return stepper._slice(params["line"][..., 0], params["line"][..., 1])

    rng = np.random.default_rng([1, 4])
    start = {"line": stepper.START}
    chain = metropolis(log_density, start, proposal_sd=1.0, n_draws=stepper.N_STEPS, rng=rng)
    run = stepper.walk(1.0)
    assert [step.accepted for step in run] == chain.accepted.tolist()
    np.testing.assert_allclose(
        [step.current for step in run[1:]], chain.draws["line"][:-1], rtol=1e-12
    )


# --- the page's face ---


def tiny_frame(*, k, word):
    figure = new_figure(1.0)
    figure.text(0.1, 0.5, f"{k} {word}")
    return Frame(figure, f"The number {k} & {word}.", f"It is {k}, <{word}>.")


TINY = Explorer(
    "tiny-explorer",
    tiny_frame,
    (
        Control("k", "how many", (1, 2, 3), 2),
        Control("word", "what", ("a", "b"), "a", kind="choice", words=("an a", "a b")),
    ),
    grids=(("k",), ("word",)),
)


def test_html_is_whole(tmp_path):
    page = BeautifulSoup(TINY.html(tmp_path), "html.parser")
    figure = page.figure
    assert figure["id"] == "tiny-explorer"
    for control in figure.select("input, select"):
        assert figure.find("label", attrs={"for": control["id"]}).text
    assert figure.input["aria-valuetext"] == figure.output.text == "2"
    assert [option.text for option in figure.select("option")] == ["an a", "a b"]
    assert figure.img["alt"] == "The number 2 & a."
    assert figure.img["src"].startswith("data:image/svg+xml;base64,")
    assert figure.select_one("[aria-live=polite]").text == "It is 2, <a>."
    book = json.loads(figure.script.string)
    assert [frame[0] for frame in book["frames"]] == [[1, 0], [0, 0], [2, 0], [1, 1]]
    files = {path.name for path in (tmp_path / "tiny-explorer").iterdir()}
    assert files == {frame[1] for frame in book["frames"]}
    assert "\n\n" not in TINY.html(tmp_path)
    assert figure.select_one(".explorer-controls").has_attr("hidden")


def test_html_of_every_explorer_has_labels(monkeypatch, tmp_path):
    """With one picture for all settings: the pictures themselves are for the built book."""
    for explorer in ALL.values():
        one = explorer.render({})
        monkeypatch.setattr(
            Explorer, "frames", lambda self, _, one=one: dict.fromkeys(self.states, one)
        )
        figure = BeautifulSoup(explorer.html(tmp_path), "html.parser").figure
        for control in figure.select("input, select"):
            assert figure.find("label", attrs={"for": control["id"]}).text
        ids = [tag["id"] for tag in figure.select("[id]")]
        assert len(ids) == len(set(ids))


def test_frames_are_kept_and_made_anew_when_the_code_changes(tmp_path, monkeypatch):
    made = []
    render = Explorer.render
    monkeypatch.setattr(
        Explorer, "render", lambda self, *a, **k: made.append(a) or render(self, *a, **k)
    )
    first = TINY.frames(tmp_path)
    assert len(made) == 4
    assert TINY.frames(tmp_path) == first
    assert len(made) == 4
    monkeypatch.setattr(machine, "_code", lambda: "other code")
    assert TINY.frames(tmp_path) == first
    assert len(made) == 8
    # What the other code had made, and half a frame of a killed build, are gone.
    folder = tmp_path / "tiny-explorer"
    (folder / "0123.99").write_text("half a fra")
    TINY.frames(tmp_path)
    assert len(list(folder.iterdir())) == 4


def test_frames_made_by_other_processes_are_the_same():
    explorer = explorers.shrinkage_explorer()
    frames = explorer.frames(None)
    names = [control.name for control in explorer.controls]
    for state in itertools.islice(frames, 0, None, 20):
        assert frames[state] == explorer.render(dict(zip(names, state, strict=True)))


# --- the two faces ---


def test_face_in_a_book_is_html(tmp_path, monkeypatch):
    monkeypatch.setenv(FRAMES, str(tmp_path))
    bundle = TINY._repr_mimebundle_()
    assert list(bundle) == ["text/html"]
    assert "<figure" in bundle["text/html"]


def test_face_elsewhere_is_a_widget_and_a_pointer(monkeypatch):
    monkeypatch.delenv(FRAMES, raising=False)
    bundle = TINY._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "built book" in bundle["text/html"]


def test_widget_computes_as_it_moves():
    box = TINY.widget()
    slider, choice, page = box.children
    assert 'alt="The number 2 &amp; a."' in page.value
    slider.value, choice.value = 3, "b"
    assert "It is 3, &lt;b&gt;." in page.value


def test_player_walks_the_slider():
    box = explorers.metropolis_stepper().widget()
    slider, _, player, page = box.children
    play, step = player.children
    step.click()
    assert slider.value == 1
    assert "Proposal 1," in page.value
    play.value = 3
    assert slider.value == 3
