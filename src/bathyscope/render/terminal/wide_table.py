"""A table whose columns go on below where they do not fit into the terminal's width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

# Where columns are many, their headers wrap at this width.
_HEADER = 16
# What a column takes beside its text: a space on each side and a border.
_FRAME = 3


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        header: Its name.
        cells: One text for each row.
        style: Of all of it.
    """

    header: Text
    cells: Sequence[Text]
    style: str = ""

    @property
    def least(self) -> int:
        """How wide it is at least: no cell is cut."""
        return max((cell.cell_len for cell in self.cells), default=0)

    @property
    def comfortable(self) -> int:
        """How wide it is where there is more than one part."""
        return max(self.least, min(self.header.cell_len, _HEADER))


@dataclass(frozen=True)
class WideTable:
    """A table in as many parts as the width of the terminal needs, each with the rows' labels.

    Attributes:
        title: Printed once.
        labels: What the rows are called.
        columns: The rest.
        last_apart: Whether a line divides the last row from the others.
    """

    title: str
    labels: Column
    columns: Sequence[Column]
    last_apart: bool = False

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield the parts."""
        room = options.max_width - 1 - _FRAME - max(self.labels.least, self.labels.header.cell_len)
        if sum(column.least + _FRAME for column in self.columns) <= room:
            yield self._part(self.columns, self.title, fixed=False)
            return
        for number, columns in enumerate(_parts(self.columns, room)):
            yield self._part(columns, "" if number else self.title, fixed=True)

    def _part(self, columns: Sequence[Column], title: str, *, fixed: bool) -> Table:
        table = Table(title=title or None)
        table.add_column(self.labels.header)
        for column in columns:
            width = column.comfortable if fixed else None
            table.add_column(column.header, justify="right", style=column.style, width=width)
        for row, label in enumerate(self.labels.cells):
            if self.last_apart and row == len(self.labels.cells) - 1:
                table.add_section()
            table.add_row(label, *(column.cells[row] for column in columns))
        return table


def _parts(columns: Sequence[Column], room: int) -> Iterator[Sequence[Column]]:
    """Yield runs of columns that fit the room, one at least in each."""
    start, used = 0, 0
    for end, column in enumerate(columns):
        width = column.comfortable + _FRAME
        if end > start and used + width > room:
            yield columns[start:end]
            start, used = end, 0
        used += width
    yield columns[start:]
