"""An explorer: one function of a few settings, with a face for Jupyter and one for the page.

The function makes a picture, its description and a sentence that reads it. Where a notebook runs,
widgets call it live. In the built book the same cell brings pictures that were made with the book,
on a coarser grid, and `theme/static/explorers.js` turns them over: no kernel, no server.
"""

from __future__ import annotations

import base64
import hashlib
import html
import io
import itertools
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from unittest import mock

import matplotlib as mpl
import numpy as np
import scipy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from hiertools.plots import book_style

FRAMES: Final = "HIERTOOLS_FRAMES"
"""Environment variable: the folder where a book that is being built wants its pictures."""
FRAME_CACHE: Final = "HIERTOOLS_FRAME_CACHE"
"""Environment variable: the folder where they are kept between builds."""

Value: TypeAlias = int | float | str


def _figure(height: float) -> Figure:
    """An empty figure of the book's width, outside pyplot's list of open ones.

    Its panels are placed by hand: so they stay where they are when the numbers change, and a
    move takes half the time.
    """
    figure = Figure(figsize=(5.2, height))
    figure.set_layout_engine("none")
    return figure


def _panels(figure: Figure, rows: int, columns: int, **place: Any) -> Any:
    """Axes on a grid with room for labels; `place` in inches from the figure's edges."""
    width, height = figure.get_size_inches()
    inches = {"left": 0.62, "right": 0.12, "bottom": 0.5, "top": 0.3} | place
    grid = figure.add_gridspec(
        rows,
        columns,
        left=inches["left"] / width,
        right=1 - inches["right"] / width,
        bottom=inches["bottom"] / height,
        top=1 - inches["top"] / height,
        wspace=place.get("wspace", 0.12),
        hspace=place.get("hspace", 0.2),
    )
    return grid.subplots(squeeze=False)


class Frame(NamedTuple):
    """What an explorer shows at one setting."""

    figure: Figure
    alt: str
    """What the picture shows, for those who do not see it."""
    reading: str
    """What it says, in a sentence with the computed values."""


class Rendered(NamedTuple):
    """A frame as it travels."""

    picture: bytes
    kind: Literal["svg", "png"]
    size: tuple[int, int]
    """Width and height in CSS pixels."""
    alt: str
    reading: str

    @property
    def address(self) -> str:
        """The picture as a data address."""
        kind = {"svg": "svg+xml", "png": "png"}[self.kind]
        return f"data:image/{kind};base64,{base64.b64encode(self.picture).decode()}"

    @property
    def file(self) -> str:
        """A file name that changes with the picture."""
        return f"{hashlib.sha256(self.picture).hexdigest()[:16]}.{self.kind}"


@dataclass(frozen=True)
class Control:
    """One setting that a reader can change.

    Parameters
    ----------
    name : str
        The argument of the explorer's function.
    label : str
        What stands beside it.
    page : tuple
        Values in the built book.
    default : int, float or str
        One of them.
    live : tuple, optional
        Values in Jupyter, where there may be many; those of the page when left out.
    kind : {"slider", "choice", "again"}
        A slider; a list to choose from; a button that takes the next value.
    words : tuple of str, optional
        How the values are shown, where not as they are.
    """

    name: str
    label: str
    page: tuple[Value, ...]
    default: Value
    live: tuple[Value, ...] = ()
    kind: Literal["slider", "choice", "again"] = "slider"
    words: tuple[str, ...] = ()

    def text(self, value: Value) -> str:
        """A value as it is shown."""
        return self.words[self.page.index(value)] if self.words else f"{value}"


@dataclass(frozen=True)
class Explorer:
    """A function of a few settings, to be moved by hand.

    Parameters
    ----------
    name : str
        Its name in an address: ``data-explorer``.
    draw : callable
        Takes the settings by name and returns a `Frame`; a function of a module, so that other
        processes can call it too.
    controls : tuple of Control
    grids : tuple of tuples of str
        Which controls move together in the built book; the others then stand at their defaults.
    kind : {"svg", "png"}
        What the pictures are in the built book: dense ones weigh less as PNG.
    play : str, optional
        The slider that a play button moves.
    """

    name: str
    draw: Callable[..., Frame]
    controls: tuple[Control, ...]
    grids: tuple[tuple[str, ...], ...]
    kind: Literal["svg", "png"] = "svg"
    play: str | None = None

    @cached_property
    def states(self) -> tuple[tuple[Value, ...], ...]:
        """The settings that the built book has pictures of, the default first."""
        found = {tuple(control.default for control in self.controls): None}
        for grid in self.grids:
            free = (c.page if c.name in grid else (c.default,) for c in self.controls)
            found |= dict.fromkeys(itertools.product(*free))
        return tuple(found)

    def frame(self, **settings: Value) -> Frame:
        """The function at these settings; at the defaults for those left out.

        Raises
        ------
        ValueError
            If there is no such setting.
        """
        names = [control.name for control in self.controls]
        if unknown := set(settings) - set(names):
            raise ValueError(
                f"{', '.join(sorted(unknown))}: {self.name} has no such setting; it has "
                f"{', '.join(names)}"
            )
        defaults: dict[str, Value] = {c.name: c.default for c in self.controls}
        with book_style():
            return self.draw(**defaults | settings)

    def render(self, settings: Mapping[str, Value], *, live: bool = False) -> Rendered:
        """A frame as bytes and words: small for the page, or quick for a slider that moves."""
        kind: Literal["svg", "png"] = "png" if live else self.kind
        with book_style():
            frame = self.frame(**settings)
            width, height = (round(96 * inches) for inches in frame.figure.get_size_inches())
            svg = kind == "svg"
            picture = _svg(frame.figure) if svg else _png(frame.figure, small=not live)
        return Rendered(picture, kind, (width, height), *map(_one_line, frame[1:]))

    # --- the page's face ---

    def html(self, folder: Path, cache_folder: Path | None = None) -> str:
        """The explorer as HTML, its pictures written to a folder.

        Parameters
        ----------
        folder : Path
            The pictures go to ``folder / name``.
        cache_folder : Path, optional
            Where to keep pictures, and to look for those made before by the same code.

        Returns
        -------
        str
        """
        frames = self.frames(cache_folder)
        target = folder / self.name
        target.mkdir(parents=True, exist_ok=True)
        for frame in frames.values():
            (target / frame.file).write_bytes(frame.picture)
        first = frames[self.states[0]]
        book = {
            "controls": [{"name": c.name, "texts": [*map(c.text, c.page)]} for c in self.controls],
            "values": [c.page for c in self.controls],
            "frames": [
                [self._places(state), f.file, f.alt, f.reading] for state, f in frames.items()
            ],
            "play": self.play,
        }
        crossed = np.prod([len(c.page) for c in self.controls]) == len(frames)
        pieces = {
            "name": self.name,
            "controls": "\n".join(self._control_html(control) for control in self.controls),
            "buttons": PLAY_BUTTONS if self.play else "",
            "note": "" if crossed else f'<p class="explorer-note" hidden>{NOTE}</p>',
            "src": first.address,
            "alt": html.escape(first.alt),
            "width": first.size[0],
            "height": first.size[1],
            "reading": html.escape(first.reading),
            "book": json.dumps(book, separators=(",", ":")).replace("<", "\\u003c"),
        }
        page = PAGE.format_map(pieces)
        # In Markdown a blank line would end the block of HTML.
        return "\n".join(line for line in page.splitlines() if line.strip())

    def _places(self, state: tuple[Value, ...]) -> list[int]:
        """Where each value stands among those of the page."""
        return [c.page.index(value) for c, value in zip(self.controls, state, strict=True)]

    def _control_html(self, control: Control) -> str:
        which = f"{self.name}-{control.name}"
        at = control.page.index(control.default)
        shown = html.escape(control.text(control.default))
        label = f'<label for="{which}">{html.escape(control.label)}</label>'
        if control.kind == "slider":
            return CONTROL.format(
                f'{label}<input type="range" id="{which}" name="{control.name}" min="0" '
                f'max="{len(control.page) - 1}" step="1" value="{at}" aria-valuetext="{shown}" '
                f'autocomplete="off"><output for="{which}">{shown}</output>'
            )
        if control.kind == "choice":
            options = "".join(
                f'<option value="{k}"{" selected" if k == at else ""}>'
                f"{html.escape(control.text(value))}</option>"
                for k, value in enumerate(control.page)
            )
            select = f'<select id="{which}" name="{control.name}" autocomplete="off">'
            return CONTROL.format(f"{label}{select}{options}</select>")
        return CONTROL.format(
            f'<button type="button" id="{which}" name="{control.name}" value="{at}">'
            f'{html.escape(control.label)}</button><output for="{which}">{shown}</output>'
        )

    def frames(self, cache_folder: Path | None) -> dict[tuple[Value, ...], Rendered]:
        """Every picture of the page, by its setting: kept, or made now by several processes."""
        kept = {state: _kept_file(cache_folder, self, state) for state in self.states}
        frames = {state: _load(path) for state, path in kept.items()}
        missing = [state for state, frame in frames.items() if frame is None]
        for state, frame in zip(missing, _in_parallel(self, missing), strict=True):
            frames[state] = frame
            _store(kept[state], frame)
        return {state: frame for state, frame in frames.items() if frame is not None}

    # --- Jupyter's face ---

    def widget(self) -> Any:
        """The explorer as ipywidgets, computed as they move."""
        import ipywidgets

        handles = {control.name: _handle(ipywidgets, control) for control in self.controls}
        page = ipywidgets.HTML()

        def update(_: object = None) -> None:
            settings = tuple((name, handle.value) for name, handle in handles.items())
            page.value = _live(self, settings)

        for handle in handles.values():
            handle.observe(update, "value")
        update()
        shown = [self._player(ipywidgets, handles)] if self.play else []
        return ipywidgets.VBox([*handles.values(), *shown, page])

    def _player(self, ipywidgets: Any, handles: Mapping[str, Any]) -> Any:
        """Play, step and reset, tied to a slider's place."""
        slider = handles[str(self.play)]
        last = len(slider.options) - 1
        play = ipywidgets.Play(min=0, max=last, interval=900)
        step = ipywidgets.Button(description="Step")
        step.on_click(lambda _: slider.set_trait("index", min(slider.index + 1, last)))
        play.observe(lambda change: slider.set_trait("index", change["new"]), "value")
        slider.observe(lambda change: play.set_trait("value", change["new"]), "index")
        return ipywidgets.HBox([play, step])

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """HTML with every picture in a book that is being built, elsewhere the widget."""
        if folder := os.environ.get(FRAMES):
            kept = os.environ.get(FRAME_CACHE)
            return {"text/html": self.html(Path(folder), Path(kept) if kept else None)}
        words = f"{self.name}: run this cell in Jupyter, or open the chapter in the built book."
        bundle = self.widget()._repr_mimebundle_()
        return {**bundle, "text/html": f"<p>{words}</p>", "text/plain": words}


NOTE: Final = (
    "In the page not all settings combine: where one has no picture with the others, "
    "these go back to where they began. In Jupyter all move freely."
)
CONTROL: Final = '<div class="explorer-control">{}</div>'
PLAY_BUTTONS: Final = """<div class="explorer-control">
<button type="button" data-do="play" aria-pressed="false">Play</button>
<button type="button" data-do="step">Step</button>
<button type="button" data-do="reset">Reset</button>
</div>"""
PAGE: Final = """<figure class="explorer" id="{name}">
<div class="explorer-controls" hidden>
{controls}
{buttons}
</div>
<img src="{src}" alt="{alt}" width="{width}" height="{height}">
<p class="explorer-reading" aria-live="polite">{reading}</p>
{note}
<script type="application/json">{book}</script>
</figure>"""


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- pictures as bytes ---


def _svg(figure: Figure) -> bytes:
    picture = io.BytesIO()
    figure.savefig(picture, format="svg", metadata={"Date": None})
    return picture.getvalue()


def _png(figure: Figure, *, small: bool) -> bytes:
    """A PNG with more pixels than the page shows, for sharp screens; `small` takes more time."""
    picture = io.BytesIO()
    figure.set_dpi(144 if small else 120)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()  # once; savefig would draw twice, to give a layout engine its chance
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    if small:
        image = image.quantize(32, dither=Image.Dither.NONE)
    image.save(picture, format="png", optimize=small, compress_level=9 if small else 1)
    return picture.getvalue()


# --- many pictures, made once ---


@cache
def _code() -> str:
    """A hash of all code that a picture may depend on."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    digest.update(" ".join((mpl.__version__, np.__version__, scipy.__version__)).encode())
    return digest.hexdigest()


def _kept_file(folder: Path | None, explorer: Explorer, state: tuple[Value, ...]) -> Path | None:
    if folder is None:
        return None
    function = explorer.draw
    key = [_code(), function.__module__, function.__qualname__, explorer.kind, *map(repr, state)]
    name = hashlib.sha256("\n".join(key).encode()).hexdigest()[:32]
    return folder / explorer.name / f"{name}.json"


def _load(path: Path | None) -> Rendered | None:
    if path is None or not path.exists():
        return None
    kept = json.loads(path.read_text(encoding="utf-8"))
    picture = base64.b64decode(kept["picture"])
    return Rendered(picture, kept["kind"], tuple(kept["size"]), kept["alt"], kept["reading"])


def _store(path: Path | None, frame: Rendered) -> None:
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = frame._asdict() | {"picture": base64.b64encode(frame.picture).decode()}
    half = path.with_suffix(f".{os.getpid()}")
    half.write_text(json.dumps(kept), encoding="utf-8")
    half.replace(path)  # in one go: a build that is killed leaves no half a frame


def _render_state(explorer: Explorer, state: tuple[Value, ...]) -> Rendered:
    names = [control.name for control in explorer.controls]
    return explorer.render(dict(zip(names, state, strict=True)))


def _in_parallel(explorer: Explorer, states: list[tuple[Value, ...]]) -> list[Rendered]:
    if len(states) < 8:  # to start processes takes longer
        return [_render_state(explorer, state) for state in states]
    # Started afresh and not forked: a kernel has threads, which a fork would cut off. Each with
    # one thread for linear algebra, since the processes share the machine already.
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    pool = ProcessPoolExecutor(mp_context=get_context("spawn"))
    with mock.patch.dict(os.environ, one_thread), pool:
        return list(pool.map(_render_state, itertools.repeat(explorer), states, chunksize=4))


# --- widgets ---


@lru_cache(maxsize=32)
def _live(explorer: Explorer, settings: tuple[tuple[str, Value], ...]) -> str:
    """What Jupyter shows at these settings."""
    frame = explorer.render(dict(settings), live=True)
    return (
        f'<img src="{frame.address}" alt="{html.escape(frame.alt)}" '
        f'width="{frame.size[0]}" height="{frame.size[1]}" style="max-width: 100%">'
        f'<p aria-live="polite" style="max-width: 38rem">{html.escape(frame.reading)}</p>'
    )


def _handle(ipywidgets: Any, control: Control) -> Any:
    """The widget of a control; its `value` is the setting's."""
    options = [(control.text(value), value) for value in control.live or control.page]
    look = {"description": control.label, "style": {"description_width": "16em"}}
    look["layout"] = ipywidgets.Layout(width="36em", max_width="100%")
    if control.kind == "slider":
        return ipywidgets.SelectionSlider(options=options, value=control.default, **look)
    return ipywidgets.Dropdown(options=options, value=control.default, **look)
