"""The mean Jacobian of many passages, from products uᵀJ with the few directions asked of each.

A passage is asked along k directions: a block of the rows of a random orthogonal matrix, the next
passage along the next block, until every direction has been asked of some passage; then comes
another matrix. A direction u that is uniform over the sphere has E[d u uᵀ] = I, so (d/k) Σ u uᵀJ
has the mean J at every number of passages. Once each direction has been asked, the mean solves
Σ uuᵀ J = Σ u(uᵀJ): every direction's mean over the passages that were asked along it, as unbiased,
and without the part of the error that comes from which directions were drawn. Asking all directions
of every passage is the exact estimator.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import torch
from torch import Tensor

# The least eigenvalue of Σ uuᵀ is 1 when all were asked once, and 0 where one was not.
_ALL_ASKED = 0.5


@dataclass
class HalfMean:
    """The sums over one half of the passages.

    Attributes:
        sums: Σ u(uᵀJ) over the passages so far, (num_layers − 1, hidden_size, hidden_size).
        directions: k, how many directions a passage is asked along; None asks along every axis.
        seed: Of the directions, the same for both halves.
        half: 0 or 1: the second begins in the middle of each matrix, so that both halves together
            have asked every direction when each has asked half of them.
        passages: How many passages there were so far.
        is_whole: Whether all of the last passage is in the sums.
    """

    sums: Tensor
    directions: int | None
    seed: int
    half: int = 0
    passages: int = 0
    is_whole: bool = True

    @property
    def cycle(self) -> int:
        """How many passages it takes until every direction has been asked once."""
        return 1 if self.directions is None else -(-self.sums.shape[-1] // self.directions)

    @property
    def rounds(self) -> int:
        """How many times every direction has been asked."""
        return self.passages // self.cycle

    def next_directions(self) -> Tensor:
        """Return the directions for the next passage, float64, (n, hidden_size), orthonormal."""
        return self._block(self.passages)

    def add(self, products: Tensor) -> None:
        """Add a passage's products along `next_directions`, (num_layers − 1, n, hidden_size)."""
        asked = self.next_directions().to(products)
        self.is_whole = False
        # Layer by layer: all of them at once would be a second array of the size of the sums.
        for layer, own in zip(self.sums, products, strict=True):
            layer.addmm_(asked.T.to(layer), own.to(layer))
        self.passages += 1
        self.is_whole = True

    def asked(self) -> Tensor:
        """Return Σ u uᵀ over the passages so far, float64, (hidden_size, hidden_size)."""
        width = self.sums.shape[-1]
        whole = torch.eye(width, dtype=torch.float64) * self.rounds
        begun = range(self.rounds * self.cycle, self.passages)
        blocks = [self._block(passage) for passage in begun]
        part = torch.cat(blocks) if blocks else torch.zeros(0, width, dtype=torch.float64)
        return whole + part.T @ part

    def _block(self, passage: int) -> Tensor:
        width = self.sums.shape[-1]
        if self.directions is None:
            return torch.eye(width, dtype=torch.float64)
        number, place = divmod(passage, self.cycle)
        place = (place + self.half * (self.cycle // 2)) % self.cycle
        rows = _orthogonal(width, self.seed, number)
        return rows[place * self.directions : (place + 1) * self.directions]


@lru_cache(maxsize=2)
def _orthogonal(width: int, seed: int, number: int) -> Tensor:
    """Return an orthogonal matrix drawn uniformly (Stewart 1980), float64, (width, width)."""
    # The generator takes 32 bits of a seed and leaves the rest out.
    digest = sha256(f"{seed} {number}".encode()).digest()
    draw = torch.Generator().manual_seed(int.from_bytes(digest[:4], "big"))
    drawn = torch.randn(width, width, generator=draw, dtype=torch.float64)
    matrix, triangle = torch.linalg.qr(drawn)
    rows: Tensor = (matrix * triangle.diagonal().sign()).T.contiguous()
    return rows


def mean_of(halves: list[HalfMean]) -> Tensor:
    """Return J, shape (num_layers − 1, hidden_size, hidden_size), of the passages of some halves.

    Before every direction was asked it is I + (d/m) Σ u(uᵀJ − uᵀ), m the directions asked so far:
    what is known without asking, that a layer passes its state on, need not be drawn.
    """
    asked = torch.stack([half.asked() for half in halves]).sum(0)
    sums = halves[0].sums.clone()
    for half in halves[1:]:
        sums += half.sums
    if float(torch.linalg.eigvalsh(asked)[0]) < _ALL_ASKED:
        width = len(asked)
        scale = width / float(asked.trace())
        return sums * scale + (torch.eye(width) - scale * asked).to(sums)
    if halves[0].directions is None:
        return sums / float(asked[0, 0])
    inverse = torch.linalg.inv(asked).to(sums)
    for layer in sums:
        layer.copy_(inverse @ layer)
    return sums


def relative_error(halves: list[HalfMean]) -> list[float] | None:
    """Return for each layer the standard error of J by its size, from the difference of halves.

    ‖J_a − J_b‖ / 2 over ‖J‖, Frobenius norms: the root of the summed squared standard errors of the
    entries, each from two values, by the size of the mean. None until every direction was asked of
    both halves.
    """
    if len(halves) < 2 or not all(half.rounds for half in halves):
        return None
    one, other = (mean_of([half]) for half in halves)
    apart = (one - other).flatten(1).cpu().double().norm(dim=1) / 2
    found: list[float] = (apart / mean_of(halves).flatten(1).cpu().double().norm(dim=1)).tolist()
    return found
