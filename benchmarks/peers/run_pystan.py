"""PyStan's NUTS at its defaults. Its model is compiled once, and kept for later processes."""

import numpy as np
from protocol import MU_SD, POPULATION, SD_HIGH, Job

# Not by offset and multiplier: there a chain gets stuck when sigma_alpha comes near zero.
MODEL = f"""
data {{
  int<lower=1> n;
  int<lower=1> n_rows;
  array[n_rows] int<lower=1, upper=n> group;
  vector[n_rows] x;
  vector[n_rows] y;
}}
parameters {{
  real mu_alpha;
  real mu_beta;
  real<lower=0, upper={SD_HIGH}> sigma_alpha;
  real<lower=0, upper={SD_HIGH}> sigma_beta;
  real<lower=0, upper={SD_HIGH}> sigma;
  vector[n] z_alpha;
  vector[n] z_beta;
}}
transformed parameters {{
  vector[n] alpha = mu_alpha + sigma_alpha * z_alpha;
  vector[n] beta = mu_beta + sigma_beta * z_beta;
}}
model {{
  mu_alpha ~ normal(0, {MU_SD});
  mu_beta ~ normal(0, {MU_SD});
  z_alpha ~ std_normal();
  z_beta ~ std_normal();
  y ~ normal(alpha[group] + beta[group] .* x, sigma);
}}
"""


def main():
    """Draw, on the clock."""
    job = Job()
    import stan

    job.lap("import")
    columns = {"x": job.x.tolist(), "y": job.y.tolist(), "group": (job.group + 1).tolist()}
    data = {"n": job.n, "n_rows": len(job.y)} | columns
    posterior = stan.build(MODEL, data=data, random_seed=job.seed)
    job.lap("compile")
    fit = posterior.sample(
        num_chains=job.n_chains, num_samples=job.n_draws, num_warmup=job.n_warmup
    )
    draws = {}
    for name in (*POPULATION, "alpha", "beta"):
        # Columns run draw by draw, and within a draw chain by chain.
        values = np.reshape(fit[name], (-1, job.n_draws, job.n_chains)).T
        draws[name] = values[..., 0] if name in POPULATION else values
    job.finish(draws, "pystan", "httpstan")


if __name__ == "__main__":
    main()
