"""Draw the README's pictures: the article's comparison, and an explorer that moves.

Run from the root: ``python tools/readme_pictures.py``.
"""

import io

import matplotlib.pyplot as plt
from PIL import Image

from hiertools import plots, posterior_mean, replicate_article
from hiertools.explorers import pooling_explorer

STRIP = 0.6
"""Height of the strip that the slider is drawn on, in inches."""


def comparison(path):
    """The article's two panels, side by side."""
    run = replicate_article()
    warmup = len(run.unpooled.log_density) // 5
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.3), sharex=True, sharey=True)
    for ax, name in zip(axes, ("unpooled", "hierarchical"), strict=True):
        mean = posterior_mean(getattr(run, name).draws, warmup)
        rmse = {p: run.rmse[f"{p}_{name}"] for p in ("alpha", "beta")}
        plots.estimates_and_truth(
            mean["alpha"], mean["beta"], run.truth, style=name, rmse=rmse, ax=ax
        )
        ax.label_outer()
    figure.savefig(path, metadata={"Date": None})


def moving_explorer(path):
    """The slider of the pooling explorer, there and back."""
    explorer = pooling_explorer()
    scale = explorer.controls[0]
    there = [picture(explorer, scale, place) for place in range(len(scale.page))]
    back = there[-2:0:-1]
    there[0].save(path, save_all=True, append_images=there[1:] + back, duration=500, loop=0)


def picture(explorer, control, place):
    """The explorer at one place of a slider, with the slider drawn above."""
    figure = explorer.frame(**{control.name: control.page[place]}).figure
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + STRIP)
    share = height / (height + STRIP)
    for ax in figure.axes:
        box = ax.get_position()
        ax.set_position([box.x0, box.y0 * share, box.width, box.height * share])
    slider = figure.add_axes([0.45, share, 0.5, 1 - share])
    slider.set_axis_off()
    last = len(control.page) - 1
    slider.plot([0, last], [0, 0], color=plots.QUIET, lw=4, solid_capstyle="round")
    slider.plot(place, 0, "o", color=plots.STYLES["hierarchical"].colour, ms=13)
    slider.set(xlim=(-0.5, last + 0.5), ylim=(-1, 1))
    words = f"{control.label} {control.page[place]:g}"
    figure.text(0.02, (1 + share) / 2, words, va="center")
    raw = io.BytesIO()
    figure.savefig(raw, format="png", dpi=96)
    return Image.open(raw).convert("RGB").quantize(32, dither=Image.Dither.NONE)


if __name__ == "__main__":
    plots.use_book_style()
    comparison("theme/comparison.svg")
    moving_explorer("theme/explorer.gif")
