"""The mean Jacobian of many passages, from those rows of each that were asked for.

One way back along axis i of the last layer's state gives row i of a passage's Jacobians. A passage
is asked for k rows, and row i of the mean is the mean over the passages that were asked for it.
First every row is asked for once, in an order by chance, k to a passage. Then rows are drawn, the
oftener the more passages differ in them: of a sum Σ σ²/n over a given number of ways back, n in
proportion to σ is the least (Neyman 1934, "On the two different aspects of the representative
method"). How much they differ is seen in the other half's passages alone, so that each half's rows
have the right mean. Asking every passage for all rows is the exact estimator.
"""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

import torch
from torch import Tensor

LEAST_SHARE = 0.4
"""No row is asked for more seldom than this, by the mean: what is known of them is rough, and the
layers, which have their rows in common, differ."""

_GOLDEN = 0.6180339887498949  # its multiples fall evenly into 0 to 1, however many there are


@dataclass
class HalfMean:
    """The sums over one half of the passages.

    Attributes:
        sums: Σ of the rows so far, (num_layers − 1, hidden_size, hidden_size).
        directions: k, how many rows a passage is asked for; None asks for all.
        seed: Of the order of rows, the same for both halves.
        half: 0 or 1: the second begins in the middle of the order, so that both halves together
            have every row when each has half of them.
        passages: How many passages there were so far.
        is_whole: Whether all of the last passage is in the sums.
        squares: Σ of the rows' squared lengths, (num_layers − 1, hidden_size).
        counts: How often each row was asked for, (hidden_size,).
        chances: How probably a passage is asked for each row, (hidden_size,); None while each is
            asked for in turn.
        since: After how many passages the chances were drawn up.
    """

    sums: Tensor
    directions: int | None
    seed: int
    half: int = 0
    passages: int = 0
    is_whole: bool = True
    squares: Tensor = field(init=False)
    counts: Tensor = field(init=False)
    chances: Tensor | None = None
    since: int = 0

    def __post_init__(self) -> None:
        """Begin with nothing asked for."""
        self.squares = torch.zeros_like(self.sums[..., 0])
        self.counts = torch.zeros_like(self.sums[0, 0])

    @property
    def width(self) -> int:
        """d, how many rows there are."""
        return self.sums.shape[-1]

    @property
    def cycle(self) -> int:
        """How many passages it takes until every row has been asked for once."""
        return 1 if self.directions is None else -(-self.width // self.directions)

    @property
    def has_all(self) -> bool:
        """Whether every row has been asked for."""
        return self.passages >= self.cycle

    def next_rows(self) -> Tensor:
        """Return which rows the next passage is asked for, int64, each at most once."""
        if self.directions is None:
            return torch.arange(self.width)
        if self.chances is not None:
            return self._order[self._drawn(self.chances.cpu().double()[self._order])]
        place = (self.passages + self.half * (self.cycle // 2)) % self.cycle
        return self._order[place * self.directions : (place + 1) * self.directions]

    def add(self, rows: Tensor) -> None:
        """Add those of a passage that are next, (num_layers − 1, n, hidden_size)."""
        places = self.next_rows().to(self.sums.device)
        self.is_whole = False
        self.sums.index_add_(1, places, rows.to(self.sums))
        self.squares.index_add_(1, places, rows.to(self.squares).square().sum(-1))
        self.counts[places] += 1
        self.passages += 1
        self.is_whole = True

    def mean(self) -> Tensor:
        """Return J of this half; every row was asked for."""
        return self.sums / self.counts[None, :, None]

    def learn(self, other: "HalfMean") -> None:
        """Draw up chances from the other half, at every doubling of the passages."""
        ready = self.directions is not None and self.has_all and other.has_all
        if ready and self.passages >= 2 * self.since:
            assert self.directions is not None
            self.chances = chances_of(other.spread(), self.directions)
            self.since = self.passages

    def spread(self) -> Tensor:
        """Return how much passages differ in each row, float64 (hidden_size,); 1 is the size of J.

        The root mean square of ‖row − c e‖ / ‖J‖ over passages, and over layers, c e the row of the
        identity with the mean c of J's diagonal. What J adds to that is in it too: one passage
        tells no more, and rows that are long differ much.
        """
        mean = self.mean().cpu().double()
        diagonal = mean.diagonal(dim1=1, dim2=2)
        size = diagonal.mean(1, keepdim=True)
        squares, counts = self.squares.cpu().double(), self.counts.cpu().double()
        squared = squares / counts - 2 * size * diagonal + size**2
        whole = mean.square().sum((1, 2)).clamp_min(1e-30)
        return (squared.clamp_min(0) / whole[:, None]).mean(0).sqrt()

    @cached_property
    def _order(self) -> Tensor:
        """The rows in their order by chance, drawn once."""
        # The generator takes 32 bits of a seed and leaves the rest out.
        digest = sha256(f"{self.seed}".encode()).digest()
        draw = torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))
        return torch.randperm(self.width, generator=draw)

    def _drawn(self, chances: Tensor) -> Tensor:
        """Return a systematic sample: each row with its chance, evenly over the passages."""
        ends = chances.cumsum(0)
        before = torch.cat([ends.new_zeros(1), ends[:-1]])
        start = (0.5 * self.half + _GOLDEN * self.passages) % 1.0
        return torch.ceil(ends - start) > torch.ceil(before - start)


def chances_of(spread: Tensor, count: int) -> Tensor:
    """Return chances in proportion to a spread, none above 1, whose sum is `count`."""
    shares = (spread / spread.mean().clamp_min(1e-30)).clamp_min(LEAST_SHARE)
    full = torch.zeros_like(shares, dtype=torch.bool)
    while True:
        rest = shares * ((count - int(full.sum())) / shares[~full].sum().clamp_min(1e-30))
        chances = torch.where(full, 1.0, rest)
        if not (over := (chances > 1) & ~full).any():
            return chances.float()
        full |= over


def mean_of(halves: list[HalfMean]) -> Tensor:
    """Return J, shape (num_layers − 1, hidden_size, hidden_size), of the passages of some halves.

    The mean of the halves' own, each with the weight of its passages. Before each half has every
    row it is that of all passages together, and before these have, rows of the identity stand for
    those that are missing: I + (d/m) (row − e) in the m that are there, which has the right mean.
    """
    if all(half.has_all for half in halves):
        found, count = torch.zeros_like(halves[0].sums), sum(half.passages for half in halves)
        for half in halves:
            found += half.mean() * (half.passages / count)
        return found
    counts = torch.stack([half.counts for half in halves]).sum(0)
    sums = torch.stack([half.sums for half in halves]).sum(0)
    asked = counts > 0
    identity = torch.eye(len(counts)).to(sums)
    scale = len(counts) / int(asked.sum())
    known = (sums / counts.clamp_min(1)[None, :, None] - identity) * asked[:, None]
    return identity + scale * known


def relative_error(halves: list[HalfMean]) -> list[float] | None:
    """Return for each layer the standard error of J by its size, from the difference of halves.

    ‖J_a − J_b‖ √(m_a m_b) / (m_a + m_b) by √⟨J_a, J_b⟩, m the passages of a half: the root of the
    summed squared standard errors of the entries, each from two values, by the size of J. That of
    the mean would be too large by what passages add to it, which halves do not share; where they
    share less than a hundredth of it, its tenth stands for the size. None until both halves have
    every row.
    """
    if len(halves) < 2 or not all(half.has_all for half in halves):
        return None
    one, other = (half.mean().flatten(1).cpu().double() for half in halves)
    passages = [half.passages for half in halves]
    error = (one - other).norm(dim=1) * (passages[0] * passages[1]) ** 0.5 / sum(passages)
    least = mean_of(halves).flatten(1).cpu().double().square().sum(1) / 100
    found: list[float] = (error / (one * other).sum(1).maximum(least).sqrt()).tolist()
    return found
