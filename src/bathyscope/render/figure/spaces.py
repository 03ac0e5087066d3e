"""Spaces at the ends of labels: small grey marks that stand on the line."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from bathyscope.render.lettering import SPACE

_SHARE = 0.75  # of the letters' size
_GREY = 0.55  # how strong a mark is beside the letters


def mark_spaces(text: Text) -> None:
    """Have a text draw its marked spaces small and grey from now on; what it says stays."""
    if SPACE in text.get_text():
        text.__class__ = SpacedText


class SpacedText(Text):
    """A line of text whose marked spaces are drawn apart.

    It takes as much room as a plain text. One that is turned is turned about its anchor.
    """

    def draw(self, renderer: Any) -> None:
        """Draw letters and marks one after the other."""
        if SPACE not in self.get_text() or not self.get_visible():
            super().draw(renderer)
            return
        box, baseline = self._upright(renderer)
        anchor = self.get_transform().transform(self.get_position())
        angle = np.radians(self.get_rotation())
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        runs = list(self._runs(renderer))
        total = sum(width for _, width, _ in runs)
        start = {"left": box.x0, "right": box.x1 - total}.get(
            self.get_horizontalalignment(), (box.x0 + box.x1 - total) / 2
        )
        for piece, width, raised in runs:
            x, y = anchor + turn @ (np.array([start, baseline + raised]) - anchor)
            piece.set(x=x, y=y, transform=IdentityTransform(), rotation_mode="anchor")
            piece.set(ha="left", va="baseline", rotation=self.get_rotation())
            piece.draw(renderer)
            start += width

    def _runs(self, renderer: Any) -> Iterator[tuple[Text, float, float]]:
        """Yield letters and marks, how wide each is, and by how much it is raised, pixels."""
        for is_mark, characters in groupby(self.get_text(), SPACE.__eq__):
            piece = self._twin("".join(characters))
            if is_mark:
                piece.set_fontsize(_SHARE * float(self.get_fontsize()))
                piece.set_alpha(_GREY)
                piece.set_fontweight("normal")
            width, _, descent = renderer.get_text_width_height_descent(
                piece.get_text(), piece.get_fontproperties(), ismath=False
            )
            yield piece, width, descent if is_mark else 0.0

    def _twin(self, text: str) -> Text:
        twin = Text(text=text)
        twin.update_from(self)
        figure = self.get_figure(root=True)
        assert figure is not None, "only what stands in a figure is drawn"
        twin.set_figure(figure)
        twin.set(transform=self.get_transform(), parse_math=False)
        twin.set_position(self.get_position())
        return twin

    def _upright(self, renderer: Any) -> tuple[Any, float]:
        """Return the box of the text as if it was not turned, and the height of its baseline."""
        twin = self._twin(self.get_text())
        twin.set_rotation(0)
        box = twin.get_window_extent(renderer)
        twin.set_verticalalignment("baseline")
        below = twin.get_transform().transform(twin.get_position())[1]
        return box, below + box.y0 - twin.get_window_extent(renderer).y0
