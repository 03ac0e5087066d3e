"""Figures that show themselves in notebooks, whether or not matplotlib was set up there."""

from io import BytesIO

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """Figure of ours: a notebook shows it as a picture where it is a cell's last value.

    It is none of pyplot's, which notebooks show of themselves: so it is shown once.
    """

    def _repr_png_(self) -> bytes:
        """Return it as PNG, at its own resolution."""
        picture = BytesIO()
        self.savefig(picture, format="png", dpi=self.dpi)
        return picture.getvalue()
