"""Make the slides: `python -m tools.slides`, once the book is built."""

import sys

from tools.slides.write import ROOT, make

try:
    print(make(ROOT / "_build" / "html", ROOT / "_build" / "slides"))
except ValueError as error:
    sys.exit(str(error))
