"""The book's own Sphinx extension: figures with computed alt text, offline maths, small mends.

Everything here adjusts what Jupyter Book does by default; remove a function and only its one effect
goes. Loaded by `_config.yml` under `sphinx: local_extensions`.
"""

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.util.fileutil import copy_asset

# --- figures -------------------------------------------------------------------------------------
# A cell displays a figure with `display(..., metadata={"image/svg+xml": {"alt": ..., ...}})`, as
# IPython.display.Image does for its own alt. myst-nb reads only width and height from there. We
# read `alt` too, so that the words beside a figure can be computed by the cell that drew it, and
# `name` and `caption`, which make it a numbered figure.

_stock_render_image = NbElementRenderer.render_image


def render_image(self: NbElementRenderer, data: MimeData) -> list[nodes.Element]:
    """Render an image output, with alt, name and caption from the output's metadata."""
    rendered = _stock_render_image(self, data)
    said = data.output_metadata.get(data.mime_type, {})
    if said.get("alt"):
        rendered[0]["alt"] = " ".join(said["alt"].split())
    if not (said.get("name") or said.get("caption")):
        return rendered
    figure = nodes.figure("", *rendered)
    figure.source, figure.line = self.renderer.document["source"], data.line
    if said.get("caption"):
        holder = nodes.Element()
        with self.renderer.current_node_context(holder):
            self.renderer.nested_render_text(said["caption"], data.line)
        figure += nodes.caption("", "", *holder.children[0].children)
    if said.get("name"):
        figure["names"].append(nodes.fully_normalize_name(said["name"]))
        self.renderer.document.note_explicit_target(figure, figure)
    return [figure]


# --- mathematics ---------------------------------------------------------------------------------
# MathJax comes from a wheel, never from a network. Its SVG output needs no font files, which some
# browsers refuse to load when a page is opened straight from disk.

MATHJAX = "mathjax/tex-svg.js"


def copy_mathjax(app: Sphinx) -> None:
    """Copy the one script that sets the mathematics, and the TeX extensions it may ask for."""
    if app.builder.format != "html":
        return
    wheel = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static"
    for part in (MATHJAX, "mathjax/input/tex/extensions"):
        target = Path(app.outdir, "_static", part)
        copy_asset(wheel / part, target if (wheel / part).is_dir() else target.parent)


def bind_punctuation(_app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Keep a full stop or comma on the line of its formula: browsers may break between them."""
    for formula in list(doctree.findall(nodes.math)):
        text = formula.next_node(siblings=True, descend=False)
        mark = re.match(r"[,.;:!?)’”]+", text) if isinstance(text, nodes.Text) else None
        if mark:
            parent, place = formula.parent, formula.parent.index(formula)
            bound = nodes.inline("", "", formula.deepcopy(), nodes.Text(mark[0]), classes=["bound"])
            parent[place : place + 2] = [bound, nodes.Text(text[mark.end() :])]


# --- explorers -----------------------------------------------------------------------------------
# In a kernel that runs while the book is built, an explorer makes its pictures, as its module
# explorers.explorer says. They are kept outside _build, which each build begins by removing.


def place_explorers(app: Sphinx) -> None:
    """Tell the kernels of this build where the explorers' pictures go."""
    os.environ["HIERTOOLS_FRAMES"] = str(Path(app.outdir, "_static", "explorers"))
    os.environ["HIERTOOLS_FRAME_CACHE"] = str(Path(app.srcdir, ".frames"))


# --- speed ---------------------------------------------------------------------------------------
# To read a chapter is to run it: nearly all of a build's time. Sphinx can read on two cores, but
# jupyter-book does not ask it to.


def read_on_two_cores(app: Sphinx, _env: object, docnames: list[str]) -> None:
    """Read every other page in a process of its own."""
    app.parallel = 2
    for name in SAFE_BUT_SILENT:
        app.extensions[name].parallel_read_safe = True
    docnames[:] = docnames[::2] + docnames[1::2]


# One numbers chapters once all of them have been read, the other makes LaTeX.
SAFE_BUT_SILENT = ["sphinx_multitoc_numbering", "sphinx_jupyterbook_latex"]


# --- mends ---------------------------------------------------------------------------------------


def drop_thebe(app: Sphinx, _config: object) -> None:
    """Disconnect sphinx-thebe: it puts a CDN's address and a script error on every page."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if listener.handler.__module__.startswith("sphinx_thebe"):
                listeners.remove(listener)
    sheets = app.registry.css_files
    sheets[:] = [sheet for sheet in sheets if "thebe" not in sheet[0]]


def drop_repeated_ids(_app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Take away the two ids that sphinx-exercise gives to every exercise and every solution."""
    for section in doctree.findall(nodes.section):
        section["ids"] = [name for name in section["ids"] if name not in REPEATED_IDS]


REPEATED_IDS = {"exercise-content", "solution-content"}


def name_entries(
    _app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Make the bibliography's entries items of its list: their own role may stand in none."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def drop_unused_icons(app: Sphinx, error: Exception | None) -> None:
    """Take from the theme's script of icons those that no page shows: nearly all of its weight."""
    script = Path(app.outdir, "_static", "scripts", "fontawesome.js")
    if error or not script.exists():
        return
    pages = [path for kind in ("html", "js") for path in Path(app.outdir).rglob(f"*.{kind}")]
    text = "".join(path.read_text("utf8") for path in pages if path != script)
    shown = set(re.findall(r"fa-([a-z0-9-]+)", text))
    icons = script.read_text("utf8")
    script.write_text(ICON.sub(lambda icon: icon[0] if icon[1] in shown else "", icons), "utf8")


# name: [width, height, [other names], "code point", "outline"], or two outlines
ICON = re.compile(
    r""""?([\w-]+)"?:\[\d+,\d+,\[[^]]*\],"[0-9a-f]+",(?:"[^"]*"|\["[^"]*","[^"]*"\])\],?"""
)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the above to Sphinx."""
    NbElementRenderer.render_image = render_image
    app.config.mathjax_path = MATHJAX
    app.connect("config-inited", drop_thebe)
    app.connect("builder-inited", copy_mathjax)
    app.connect("builder-inited", place_explorers)
    app.connect("env-before-read-docs", read_on_two_cores)
    app.connect("doctree-resolved", drop_repeated_ids)
    app.connect("doctree-resolved", bind_punctuation)
    app.connect("html-page-context", name_entries)
    app.connect("build-finished", drop_unused_icons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
