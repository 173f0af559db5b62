"""The chapters as they are stored: clean, short-celled, complete, and no number typed in prose."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(ROOT.glob("chapters/*.ipynb"))
PAGES = [ROOT / "index.md", *sorted(ROOT.glob("[rt]e*/*.md")), *CHAPTERS]
ALLOWED = ROOT / "tests" / "allowed_decimals.txt"
CHECKED = "# NBVAL_CHECK_OUTPUT"
MOST_LINES = 15

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def cells(path, kind):
    """Cells of one kind, each with its number as Jupyter counts them, from 1."""
    numbered = enumerate(nbformat.read(path, as_version=4).cells, start=1)
    return [(number, cell) for number, cell in numbered if cell.cell_type == kind]


def markdown(path):
    """All markdown of a page or a notebook."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf8")
    return "\n\n".join(cell.source for _, cell in cells(path, "markdown"))


def test_there_are_chapters():
    assert CHAPTERS


# --- stored clean ---


@each_chapter
def test_only_compared_cells_keep_outputs(path):
    for number, cell in cells(path, "code"):
        if CHECKED in cell.source:
            # Stored empty, nbval would compare nothing and pass.
            assert cell.outputs, f"cell {number} is marked {CHECKED} but has lost its output"
            assert cell.execution_count, f"cell {number} is marked but has no execution_count"
        else:
            assert not cell.outputs, f"cell {number} is stored with outputs"
            assert cell.execution_count is None, f"cell {number} has an execution count"


@each_chapter
def test_no_metadata_of_a_machine(path):
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec == {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    assert notebook.metadata.language_info == {"name": "python"}
    for number, cell in enumerate(notebook.cells, start=1):
        extra = set(cell.metadata) - {"tags", "mystnb"}
        assert not extra, f"cell {number} has metadata {sorted(extra)}"


@each_chapter
def test_cells_are_short_and_honest(path):
    for number, cell in cells(path, "code"):
        banned = re.search(r"sys\.path|^\s*[!%]|filterwarnings|simplefilter", cell.source, re.M)
        assert not banned, f"cell {number} has {banned[0]!r}"
        lines = len(cell.source.splitlines())
        assert lines <= MOST_LINES, f"cell {number} has {lines} lines, {MOST_LINES} at most"


@each_chapter
def test_explorers_point_to_the_page_where_they_move(path):
    """On GitHub a notebook shows no slider, so the text before it says where there is one."""
    notebook = nbformat.read(path, as_version=4)
    for before, cell in pairwise(notebook.cells):
        if cell.cell_type == "code" and cell.source.startswith("explorers."):
            assert before.source.splitlines()[-1].startswith("% On GitHub no slider moves: see [")
            assert "](../README.md#for-readers)" in before.source


# --- no typed number ---


def prose(text):
    """Markdown without what is not prose: code, directives' options, roles, and addresses."""
    text = without_code_blocks(text)
    text = re.sub(r"\{[\w:]+\}`[^`]*`", "", text)
    text = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text)
    text = re.sub(r"^:[\w-]+:.*$", "", text, flags=re.M)
    return re.sub(r"https?://[^\s)>]+|\]\([^)]*\)", "", text)


def without_code_blocks(text):
    """The text without fenced code; what stands in a directive is prose and stays."""
    kept, fences, code = [], [], None
    for line in text.splitlines():
        mark, info = re.match(r"\s*(`{3,}|:{3,}|)\s*(.*)", line).groups()
        if code:
            code = None if mark == code and not info else code
        elif not mark:
            kept.append(line)
        elif fences and mark == fences[-1] and not info:
            fences.pop()
        elif info.startswith("{") and not info.startswith("{eval-rst}"):
            fences.append(mark)
            kept.append(info)
        else:
            code = mark
    return "\n".join(kept)


def test_prose_between_gates_is_read_and_code_is_not():
    text = """```{exercise-start} A (easy)
:label: ex-a
```
half is 0.5
```{exercise-end}
```
```python
x = 1.5
```
````{admonition} B
two and a half is 2.5
```
3.5
```
````
and 4.5
"""
    assert decimals(text) == ["0.5", "2.5", "4.5"]


def decimals(text):
    """Every number with a decimal point in the prose of a page."""
    return re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)", prose(text))


def allowed():
    """Numbers of the allow-list; each line is a number, a tab, and where and why it stands."""
    lines = ALLOWED.read_text(encoding="utf8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(row) == 2 and row[1].strip() for row in rows), "a line is: number, tab, reason"
    return [number for number, _ in rows]


def test_every_decimal_in_prose_is_glued_or_allowed():
    permitted = set(allowed())
    typed = [
        f"{path.relative_to(ROOT)}: {number}"
        for path in PAGES
        for number in decimals(markdown(path))
        if number not in permitted
    ]
    assert not typed, "glue these from the cell that computes them, or allow them:\n" + "\n".join(
        typed
    )


def test_allow_list_has_nothing_to_spare():
    numbers = Counter(allowed())
    assert all(count == 1 for count in numbers.values()), "a number is listed twice"
    used = {number for path in PAGES for number in decimals(markdown(path))}
    assert not set(numbers) - used, "these are allowed and stand nowhere"


def test_decimals_are_found_where_they_are_typed():
    text = """The rate is 0.31, or $2.5$. Not `0.1`, {glue:text}`x:.2f`, [1.5](a1.5.md), v1.2.3.
```python
0.7
```
```{exercise} Half of 0.25 (easy)
:label: ex-1.5
About 9.75.
```
"""
    assert decimals(text) == ["0.31", "2.5", "1.5", "0.25", "9.75"]


# --- the template of a chapter ---

PARTS = ["## What you will learn", "**You need**", "**Time**"]
PARTS += ["## Take-away", "## Quiz", "## Exercises"]
EXERCISE = re.compile(
    r"^`{3,}\{exercise-start\} (?P<title>.+)\n:label: (?P<label>\S+)\n"
    r":grade: (?P<grade>\w+)\n:minutes: (?P<minutes>\d+)$",
    re.M,
)
SOLUTION = re.compile(r"^`{3,}\{solution(?:-start)?\} (\S+)\n:class: dropdown$", re.M)
GRADES = ["easy", "medium", "hard"]


@each_chapter
def test_parts_stand_in_order(path):
    text = "\n" + markdown(path)
    places = [text.find("\n" + part) for part in PARTS]
    missing = [part for part, place in zip(PARTS, places, strict=True) if place < 0]
    assert not missing
    assert places == sorted(places)
    assert re.search(r"^\*\*Time\*\*:? .*\d+ minutes", text, re.M), "**Time** says how many minutes"


@each_chapter
def test_exercises_are_graded_and_solved(path):
    text = markdown(path)
    found = [match.groupdict() for match in EXERCISE.finditer(text)]
    assert len(found) >= 4
    assert len(found) == len(re.findall(r"\{exercise(?:-start)?\}", text)), "an option is missing"
    assert {exercise["grade"] for exercise in found} == set(GRADES)
    assert all(0 < int(exercise["minutes"]) <= 60 for exercise in found)
    assert SOLUTION.findall(text) == [exercise["label"] for exercise in found]


@each_chapter
def test_there_is_a_prediction_and_a_quiz(path):
    text = markdown(path)
    assert '<details class="predict">' in text
    quiz = text[text.index("## Quiz") : text.index("## Exercises")]
    assert len(re.findall(r'<details class="quiz', quiz)) >= 4
    assert text.count("<details") == text.count("</details>") == text.count("<summary>")


@each_chapter
def test_details_open_onto_markdown(path):
    """Without the blank lines what stands inside is not read as markdown."""
    text = markdown(path)
    tight = re.findall(r"</summary>\n[^\n].*|.*[^\n]\n</details>", text)
    assert not tight
