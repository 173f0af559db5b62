"""Draw the README's picture: the article's comparison, side by side. Run from the root."""

import matplotlib.pyplot as plt

from hiertools import plots, posterior_mean, replicate_article

plots.use_book_style()
run = replicate_article()
warmup = len(run.unpooled.log_density) // 5
figure, axes = plt.subplots(1, 2, figsize=(9, 4.3), sharex=True, sharey=True)
for ax, name in zip(axes, ("unpooled", "hierarchical"), strict=True):
    mean = posterior_mean(getattr(run, name).draws, warmup)
    rmse = {p: run.rmse[f"{p}_{name}"] for p in ("alpha", "beta")}
    plots.estimates_and_truth(mean["alpha"], mean["beta"], run.truth, style=name, rmse=rmse, ax=ax)
    ax.label_outer()
figure.savefig("theme/comparison.svg", metadata={"Date": None})
