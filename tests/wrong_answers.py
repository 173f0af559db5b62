"""Wrong submissions to every assignment: each loses exactly the points that stand beside it.

An entry replaces the solution of one question. Where an answer leans on one that is wrong and is
lost with it, it says None.
"""

WRONG = {
    ("assignment1", "first"): {
        "q1": ("n_of_3 = len(data.y)\nmean_of_3 = data.y.mean()", 1),
        "q3": ('sd_true = np.var(truth["beta"])\nsd_fitted = np.var(fit_slopes(data))', 1),
        "q4": (
            "def my_log_likelihood(data, params):\n"
            '    line = params["alpha"][data.group] + params["beta"][data.group] * data.x\n'
            '    z = (data.y - line) ** 2 / params["sigma"]\n'
            '    return np.sum(-0.5 * z - 0.5 * np.log(2 * np.pi * params["sigma"]))',
            3,
        ),
        "q5": ("best_sigma = 2.0", 1),
        "q6": (None, 1),  # computed from the two answers above
    },
    ("assignment1", "second"): {
        "q2": (
            "def fit_slopes(data):\n"
            "    y, x = data.y.reshape(data.n, -1), data.x.reshape(data.n, -1)\n"
            "    x = x - x.mean(axis=1, keepdims=True)\n"
            "    return (x * y).sum(axis=1) / (x**2).sum(axis=1)",
            1,  # groups of one size only
        ),
        "q4": (
            "def my_log_likelihood(data, params):\n    return ht.log_likelihood(data, params)",
            3,  # right, and not written by hand
        ),
        "q6": ("ratio = my_log_likelihood(data, truth)", 1),
        "q7": (
            "def squares(data, alpha, beta):\n"
            "    def total(v):\n"
            "        return np.bincount(data.group, v)\n"
            "    x, y, m = data.x, data.y, data.m\n"
            "    own = total(y**2) - 2 * alpha * total(y) + m * alpha**2\n"
            "    cross = 2 * beta * (alpha * total(x) - total(x * y))\n"
            "    return own + cross + beta**2 * total(x**2)",
            1,  # loses its digits far from zero
        ),
    },
    ("assignment2", "first"): {
        "q1": ("share_outside = (data.y.max() - data.y.min()) / 200", 1),
        "q3": ("def my_log_posterior(data, params):\n    return my_log_prior(params)", 1),
        "q4": (
            "def propose(position, proposal_sd, rng):\n"
            "    half = 3**0.5 * proposal_sd\n"
            "    return position + rng.uniform(-half, half, size=position.shape)",
            2,  # of the right sd, and not normal: the sampler of question 5 is still right
        ),
        "q6": ("my_proposal_sd = 2.0\nmy_accept_rate = 0.3", 2),
    },
    ("assignment2", "second"): {
        "q2": (
            "def my_log_prior(params):\n"
            '    d = ht.normal_log_density\n    a, b = params["mu_alpha"], params["mu_beta"]\n'
            '    lines = d(params["alpha"], a, params["sigma_alpha"]).sum()\n'
            '    lines += d(params["beta"], b, params["sigma_beta"]).sum()\n'
            "    return lines + d(a, 0, 3) + d(b, 0, 3)",
            3,  # no bounds, so the log posterior is right inside
        ),
        "q5": (
            "def my_metropolis(log_posterior, start, *, proposal_sd, n_draws, rng):\n"
            "    here = {k: np.array(v, dtype=float) for k, v in start.items()}\n"
            "    lp, rows = log_posterior(here), []\n"
            "    while len(rows) < n_draws:\n"
            "        z = {k: rng.standard_normal(v.shape) for k, v in here.items()}\n"
            "        new = {k: here[k] + proposal_sd * z[k] for k in z}\n"
            "        lp_new = log_posterior(new)\n"
            "        if np.log(rng.random()) < lp_new - lp:\n"
            "            here, lp = new, lp_new\n"
            "            rows.append(new)\n"
            "    return {k: np.array([row[k] for row in rows]) for k in start}",
            4,
        ),
    },
    ("assignment3", "first"): {
        "q1": ("def my_rmse(estimate, truth):\n    return np.mean((estimate - truth) ** 2)", 1),
        "q2": (
            'alpha_unpooled = ht.exact_posterior(data, ht.Unpooled()).mean["alpha"]\n'
            "alpha_hierarchical = alpha_unpooled",
            1,
        ),
        "q3": ("gain = 0.5", 1),
        "q7": ("who, how_far = 0, 0.0", 1),
    },
    ("assignment3", "second"): {
        "q4": (
            "def shrunk(y_mean, m, sigma, mu_alpha, sigma_alpha):\n"
            "    w = (m / sigma) / (m / sigma + 1 / sigma_alpha)\n"
            "    return w * y_mean + (1 - w) * mu_alpha",
            2,
        ),
        "q5": (
            'draws = ht.exact_posterior(data, ht.Hierarchical()).sample(4000, 1)["alpha"]\n'
            "intervals = np.quantile(draws, [0.2, 0.8], axis=0).T\ncovered = 80.0",
            2,
        ),
        "q6": (
            "def bias_and_variance(estimates, truth):\n"
            "    return np.mean(estimates - truth) ** 2, np.mean(estimates.var(axis=0))",
            2,
        ),
    },
    ("assignment4", "first"): {
        "q1": ("def lag_one(x):\n    return np.corrcoef(x[1:], x[:-1])[0, 0]", 1),
        "q2": ("def mcse(x, n_effective):\n    return np.std(x, ddof=1) / np.sqrt(x.size)", 1),
        "q4": ('which = dict.fromkeys("ABC", "good")', 2),
        "q6": ("sigma_mean, sigma_sd = 2.0, 0.2**2", 2),
    },
    ("assignment4", "second"): {
        "q3": (
            "def my_rhat(x):\n"
            "    w = x.var(axis=1, ddof=1).mean()\n"
            "    return np.sqrt((w + x.mean(axis=1).var(ddof=1)) / w)",
            2,
        ),
        "q5": (
            "def posterior_of_mu(y_mean, m, sigma, sigma_alpha):\n"
            "    precision = len(y_mean) / (sigma_alpha**2 + sigma**2 / m)\n"
            "    return np.mean(y_mean), np.sqrt(1 / precision)",
            2,
        ),
        "q7": ("probability = 1.5", 1),
    },
    ("assignment5", "first"): {
        "q1": (
            "draws = ht.exact_posterior(data, ht.Unpooled()).sample(4000, 1)\n"
            "extra = model.sample_prior(data.n, 1, n_draws=4000)\n"
            "draws = {k: draws.get(k, v).reshape(4, 1000, *v.shape[1:]) for k, v in extra.items()}",
            2,  # another model's: of the right form, and wrong
        ),
        "q3": (
            "def log_density(params):\n"
            '    sds = ("sigma_alpha", "sigma_beta", "sigma")\n'
            '    natural = {k: params[k] for k in ("alpha", "beta", "mu_alpha", "mu_beta")}\n'
            '    natural |= {k: np.exp(params[f"log_{k}"]) for k in sds}\n'
            "    return model.log_posterior(data, natural)",
            2,
        ),
        "q6": ("report = {}", 3),
    },
    ("assignment5", "second"): {
        "q2": ("worst_rhat, least_ess = 1.0, 4000", 2),
        "q4": ("def rank_of(draws, truth):\n    return np.sum(draws > truth, axis=0)", 1),
        "q5": (
            'errors = {"unpooled": 1.0, "complete": 2.0, "hierarchical": 3.0}\nbest = "unpooled"',
            1,
        ),
    },
}
