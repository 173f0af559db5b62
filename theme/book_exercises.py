"""Exercises in the page: grade and minutes under the title, and a page that lists them all.

An exercise says both in its options, once; the title's second line and the list are made from them:

    ```{exercise-start} Two step sizes
    :label: ex-metropolis-steps
    :grade: easy
    :minutes: 10
    ```

``{exercise-list}`` is the list: by chapter, with each exercise's number, grade, minutes and check.
Its buttons, one for each grade, need no script: `book.css` hides what is not asked for.
Loaded by `_config.yml`, like `book_theme`.
"""

from collections import Counter
from typing import Any, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective
from sphinx_exercise.directive import ExerciseStartDirective
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_subtitle

from hiertools.classroom.exercises import CHECKS, call

GRADES = ("easy", "medium", "hard")


class Exercise(ExerciseStartDirective):
    """An exercise that must say its label, grade and minutes."""

    option_spec = ExerciseStartDirective.option_spec | {
        "grade": lambda text: directives.choice(text, GRADES),
        "minutes": directives.positive_int,
    }

    def run(self) -> list[nodes.Node]:
        """Make the exercise, and put its grade and minutes under its title."""
        if missing := {"label", "grade", "minutes"} - set(self.options):
            raise self.error(f"an exercise needs the option {', '.join(sorted(missing))}")
        made = super().run()
        for node in made:
            node["grade"], node["minutes"] = self.options["grade"], self.options["minutes"]
            words = f"{node['grade']}, about {node['minutes']} minutes"
            line = nodes.paragraph("", words, classes=["exercise-grade", node["grade"]])
            node.children[-1].insert(0, line)
        return made


class Listed(NamedTuple):
    """An exercise as the list shows it."""

    docname: str
    label: str
    title: str
    number: tuple[int, ...]
    grade: str
    minutes: int


class exercise_list(nodes.General, nodes.Element):  # noqa: N801 (as docutils names its nodes)
    """Where the list will stand once all chapters are read and numbered."""


class ExerciseList(SphinxDirective):
    """A place for the list."""

    def run(self) -> list[nodes.Node]:
        """Hold the place."""
        return [exercise_list()]


def fill_lists(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the list in its place."""
    for place in list(doctree.findall(exercise_list)):
        found = all_exercises(app.env)
        topics = dict.fromkeys(entry.docname for entry in found)
        tables = [
            table(app, docname, topic, [e for e in found if e.docname == topic]) for topic in topics
        ]
        place.replace_self([choice_of_grade(found), *tables])


def all_exercises(env: BuildEnvironment) -> list[Listed]:
    """Every exercise of the book, in the order of its numbers."""
    found = []
    for docname in env.found_docs:
        numbers = env.toc_fignumbers.get(docname, {}).get("exercise", {})
        for node in env.get_doctree(docname).findall(exercise_enumerable_node):
            title = next(node.findall(exercise_subtitle)).astext()
            label = node["label"]
            about = (node["grade"], node["minutes"])
            found.append(Listed(docname, label, title, numbers[label], *about))
    return sorted(found, key=lambda entry: entry.number)


def choice_of_grade(found: list[Listed]) -> nodes.raw:
    """Buttons that choose among the grades, with no script."""
    count = Counter(entry.grade for entry in found)
    choices = {"all": f"all ({len(found)})"} | {g: f"{g} ({count[g]})" for g in GRADES}
    buttons = "".join(
        f'<label><input type="radio" name="grade" value="{value}"'
        f"{' checked' if value == 'all' else ''}> {words}</label>"
        for value, words in choices.items()
    )
    html = f'<fieldset class="grades"><legend>Show</legend>{buttons}</fieldset>'
    return nodes.raw("", html, format="html")


def table(app: Sphinx, here: str, topic: str, entries: list[Listed]) -> nodes.table:
    """The exercises of one chapter."""
    minutes = sum(entry.minutes for entry in entries)
    chapter = ".".join(map(str, entries[0].number[:-1]))
    heading = f"{chapter}. {app.env.titles[topic].astext()}"
    caption = nodes.title("", "", link(app, here, topic, "", heading))
    caption += nodes.Text(f" ({len(entries)} exercises, {minutes} minutes)")
    group = nodes.tgroup("", cols=3)
    group += [nodes.colspec(colwidth=width) for width in (8, 2, 2)]
    group += nodes.thead("", row("Exercise", "Grade", "Minutes"))
    group += nodes.tbody("", *(exercise_row(app, here, entry) for entry in entries))
    name = nodes.make_id(f"exercises-{topic}")  # without a name Sphinx warns of a titled table
    return nodes.table("", caption, group, classes=["exercises"], ids=[name])


def exercise_row(app: Sphinx, here: str, entry: Listed) -> nodes.row:
    """One exercise: its title over its check, its grade, its minutes."""
    title = f"{'.'.join(map(str, entry.number))} {entry.title}"
    first = nodes.entry("", nodes.paragraph("", "", link(app, here, *entry[:2], title)))
    if entry.label in CHECKS:
        code = call(entry.label)
        first += nodes.paragraph("", "", nodes.literal(code, code))
    made = row(first, entry.grade, str(entry.minutes))
    made["classes"].append(entry.grade)
    return made


def row(*cells: Any) -> nodes.row:
    """A row of a table from its cells: entries, or their texts."""
    texts = [c if isinstance(c, nodes.entry) else entry_of(c) for c in cells]
    return nodes.row("", *texts)


def entry_of(text: str) -> nodes.entry:
    """A cell of a table."""
    return nodes.entry("", nodes.paragraph("", text))


def link(app: Sphinx, here: str, docname: str, label: str, text: str) -> nodes.reference:
    """A link from one page to another, or to a place on it."""
    address = app.builder.get_relative_uri(here, docname) + (f"#{label}" if label else "")
    return nodes.reference("", text, internal=True, refuri=address)


def setup(app: Sphinx) -> dict[str, bool]:
    """Put our exercise in the place of the stock one."""
    app.setup_extension("sphinx_exercise")
    app.add_directive("exercise-start", Exercise, override=True)
    app.add_node(exercise_list)
    app.add_directive("exercise-list", ExerciseList)
    app.connect("doctree-resolved", fill_lists)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
