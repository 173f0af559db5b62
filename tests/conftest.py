"""How hypothesis searches: the same examples every time, or, when asked, many new ones.

``pytest --hypothesis-profile=search`` looks at 3,000 fresh examples a test.
"""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, database=None)
settings.register_profile("search", deadline=None, max_examples=3000)
settings.load_profile("repeatable")
