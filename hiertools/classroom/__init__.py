"""The classroom: data for each student, checks that answer at once, marks for the teacher.

``student_data`` gives every student a dataset of their own. Each ``check_...`` function says
whether an answer agrees, disagrees (and if it can, why), or cannot be judged yet;
``check_exercise`` does so for each exercise of the book.
``python -m hiertools.classroom`` makes the assignments and marks a class.
"""

from hiertools.classroom.densities import (
    check_log_likelihood,
    check_log_posterior,
    check_log_prior,
)
from hiertools.classroom.draws import check_draws
from hiertools.classroom.estimates import check_estimate, check_interval
from hiertools.classroom.exercises import check_exercise
from hiertools.classroom.numbers import check_number
from hiertools.classroom.proposals import check_proposal
from hiertools.classroom.samplers import LogPosterior, check_sampler
from hiertools.classroom.students import student_chains, student_chains_key, student_data
from hiertools.classroom.verdicts import Verdict
from hiertools.classroom.written import check_written

__all__ = [
    "LogPosterior",
    "Verdict",
    "check_draws",
    "check_estimate",
    "check_exercise",
    "check_interval",
    "check_log_likelihood",
    "check_log_posterior",
    "check_log_prior",
    "check_number",
    "check_proposal",
    "check_sampler",
    "check_written",
    "student_chains",
    "student_chains_key",
    "student_data",
]
