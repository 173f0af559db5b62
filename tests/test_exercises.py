"""Each exercise of the book has a grade, minutes and a check; a check knows right from wrong.

`answers/` has a module for each chapter: a right answer to each exercise, made with any seed, and
wrong ones by the name of their fault. ``make test-slow`` counts how often right ones are refused.
Counted apart, with other seeds: chapter 1, none of 3,400; chapter 4, none of 500 samplers, 60
chains of sigma and 60 pairs of rates; chapter 2, none of 1,000 (bias); chapter 3, none of 10,000
(box), 3,000 (data) and 2,000 (marginal); chapter 5, none of 3,000 (weight) and 5,000 (best);
chapter 8, none of 300 (length), 2,000 (shape) and 1,000 (pooled); chapter 9, none of 1,500
(shapes), 1,000 (jacobian) and 1,000 (fades). No other answer to these five chapters holds chance.
"""

import re
from importlib import import_module
from pathlib import Path

import pytest
from harness import ANYTHING
from hypothesis import given, settings
from hypothesis import strategies as st
from test_chapters import CHAPTERS, EXERCISE, cells, markdown

from hiertools.classroom import check_exercise
from hiertools.classroom.exercises import CHECKS, answers_asked, call

FILES = sorted(Path(__file__).parent.glob("answers/[a-z]*.py"))
MODULES = [import_module(f"answers.{path.stem}") for path in FILES]
RIGHT = {label: answer for module in MODULES for label, answer in module.RIGHT.items()}
WRONG = {label: faults for module in MODULES for label, faults in module.WRONG.items()}


def exercises(path):
    """Label and text of each exercise of a chapter."""
    text = markdown(path)
    ends = re.compile(r"^`{3,}\{exercise-end\}", re.M)
    found = EXERCISE.finditer(text)
    return {m["label"]: text[m.end() : ends.search(text, m.end()).start()] for m in found}


TEXTS = {label: text for path in CHAPTERS for label, text in exercises(path).items()}
each_label = pytest.mark.parametrize("label", CHECKS)


# --- every exercise has a check, and every check an exercise ---


def test_exercises_and_checks_are_the_same():
    assert sorted(TEXTS) == sorted(CHECKS)


@each_label
def test_text_says_how_to_call_the_check(label):
    said = re.findall(r"^\*\*Check\*\* with `(check_exercise\([^`]*\))`: \S", TEXTS[label], re.M)
    assert said == [call(label)]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_solutions_must_pass(path):
    """The build and nbval run the solutions; `.require()` stops a cell whose answer is wrong."""
    last = r'^check_exercise\(\s*"([\w-]+)"[^"]*\)\.require\(\)\s*\Z'
    found = [re.search(last, cell.source, re.M) for _, cell in cells(path, "code")]
    assert [call[1] for call in found if call] == list(exercises(path))


# --- a check knows right from wrong ---


def test_every_check_is_tried():
    assert sorted(RIGHT) == sorted(WRONG) == sorted(CHECKS)
    assert all(len(faults) >= 2 for faults in WRONG.values())


@each_label
def test_right_answers_agree(label):
    """Those of three seeds; the solutions in the chapters have others, the slow test a hundred."""
    for seed in range(3):
        check_exercise(label, *RIGHT[label](seed)).require()


@pytest.mark.parametrize(("label", "fault"), [(k, fault) for k in WRONG for fault in WRONG[k]])
def test_wrong_answers_are_known_by_name(label, fault):
    verdict = check_exercise(label, *WRONG[label][fault]())
    assert verdict.outcome == "disagrees"
    assert verdict.fault == fault, verdict.message
    assert verdict.message


@pytest.mark.slow
@each_label
def test_right_answers_are_seldom_refused(label):
    """None in 100: a check that refused one in 20 would pass here once in 170 times."""
    refused = [k for k in range(1000, 1100) if not check_exercise(label, *RIGHT[label](k))]
    assert not refused


@each_label
@given(data=st.data())
@settings(max_examples=25)
def test_nothing_that_a_student_writes_makes_a_check_raise(label, data):
    answers = [data.draw(ANYTHING) for _ in answers_asked(label)]
    assert check_exercise(label, *answers).outcome != "agrees"


# --- how a check is called ---


def test_an_unknown_label_names_the_nearest():
    with pytest.raises(ValueError, match='did you mean "ex-data-twins"'):
        check_exercise("ex-data-twin", 1.0)


def test_answers_that_are_missing_are_named():
    with pytest.raises(ValueError, match="ex-data-icc asks for formula, simulation"):
        check_exercise("ex-data-icc", 0.2)
