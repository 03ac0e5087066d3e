"""matplotlib imported for a command: no manual inside, and everything as before afterwards."""

import subprocess
import sys

_IMPORTED = """
import sys
from bathyscope.cli.figures import import_matplotlib
import_matplotlib()
from matplotlib import artist, text
from matplotlib.patches import Patch
print("matplotlib.figure" in sys.modules, "fontsize" in text.Text.set.__doc__)

class Own(Patch):
    pass

print("facecolor" in Own.set.__doc__, "fontsize" in artist.kwdoc(text.Text))
"""


def test_classes_come_about_without_their_manual_and_later_ones_with() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told == ["True False", "True True"]
