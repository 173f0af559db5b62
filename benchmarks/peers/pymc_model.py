"""The book's hierarchical model in PyMC, non-centred: for PyMC's own samplers and for nutpie."""

import pymc as pm
from protocol import MU_SD, SD_HIGH, Job


def model_of(job: Job) -> pm.Model:
    """The model with the job's data."""
    with pm.Model() as model:
        mu_alpha = pm.Normal("mu_alpha", 0.0, MU_SD)
        mu_beta = pm.Normal("mu_beta", 0.0, MU_SD)
        sigma_alpha = pm.Uniform("sigma_alpha", 0.0, SD_HIGH)
        sigma_beta = pm.Uniform("sigma_beta", 0.0, SD_HIGH)
        sigma = pm.Uniform("sigma", 0.0, SD_HIGH)
        z_alpha = pm.Normal("z_alpha", shape=job.n)
        z_beta = pm.Normal("z_beta", shape=job.n)
        alpha = pm.Deterministic("alpha", mu_alpha + sigma_alpha * z_alpha)
        beta = pm.Deterministic("beta", mu_beta + sigma_beta * z_beta)
        pm.Normal("y", alpha[job.group] + beta[job.group] * job.x, sigma, observed=job.y)
    return model
