"""Divergences from logits most of which are read once, by Triton.

A row's divergence needs p = e^(x − z), and z = ln Σ e^x is known only when the row has been read.
Some of its columns give ẑ, near z; with p̂ = e^(x − ẑ) and δ = z − ẑ,

    G(z) = Σ (p + q) ln (p + q),   p = p̂ e^−δ,

is its Taylor series in δ, whose terms are sums over p̂, all of them taken on the way:

    A = Σ p̂ (ln (p̂ + q) + 1),   B = Σ p̂²/(p̂ + q),   C = Σ p̂³/(p̂ + q)²,   D = Σ p̂⁴/(p̂ + q)³,
    G(z) = G − A δ + (A + B) δ²/2 + (−A − 3B + C) δ³/6 + (A + 7B − 6C + 2D) δ⁴/24 + O(δ⁵).

Then JSD = ln 2 − ½ (G + H(p) + H(q)) in nats, as in `jensen_shannon_from_entropies`. The series is
off by about 1e-8 bits at |δ| = .05 and by 1.2e-5 at .2.

A row with |δ| above .15 is read again, by now with its z; one whose divergence is so small that the
difference of entropies is mostly rounding is read twice more. Such rows are told by a mark in the
place of their result, and three launches follow each other: nobody waits.

The columns are those that q gives most to, and runs of all others. Of runs alone ẑ was off by more
than .15 in 99 % of the bundled model's rows, whose few likely tokens they miss; with q's 1,024 it
is off in 15 %.
"""

from weakref import ref

import triton
import triton.language as tl
from torch import Tensor

from bathyscope.layers.kernels.triton_rows import (
    TritonRows,
    divergence,
    exponential,
    launched,
    options,
    row_of_program,
)

FARTHEST = 0.15
"""The largest |δ| at which the series is taken."""

SMALL = 1e-4
"""Below this many bits a divergence is taken by its definition, p as q was."""

# Columns that ẑ is made of: those most likely by q, and others in runs that memory brings whole.
_LIKELY, _SAMPLED, _RUN = tl.constexpr(1024), tl.constexpr(2048), tl.constexpr(16)
# Seven sums in each lane: more lanes than this would not fit the registers.
_TILE = 2048
# How far above ẑ numbers are cut off to stay finite; a row that far away is read twice more.
_HIGHEST = tl.constexpr(60.0)
# z is exact up to here: what was cut off below ẑ is nothing.
_KNOWN = tl.constexpr(30.0)


@triton.jit
def _largest(x, lowest: tl.constexpr):
    top = tl.max(x)
    return tl.where(top < lowest, lowest, top)


@triton.jit
def _estimated(row, of_q, likely, width, count, stride, wide: tl.constexpr, lowest: tl.constexpr):
    """Return ẑ of a row: its likely columns, and the others as the runs among them are."""
    place = tl.arange(0, _LIKELY)
    ids = tl.load(likely + place, mask=place < count, other=0)
    x = tl.load(row + ids, mask=place < count, other=float("-inf")).to(wide)
    least_of_them = tl.load(of_q + tl.load(likely + (count - 1)))
    place = tl.arange(0, _SAMPLED)
    columns = place // _RUN * stride + place % _RUN
    inside = columns < width
    q = tl.load(of_q + columns, mask=inside, other=1.0)
    rest = inside & (q < least_of_them)
    y = tl.load(row + columns, mask=rest, other=float("-inf")).to(wide)
    top = tl.maximum(_largest(x, lowest), _largest(y, lowest))
    _, of_likely = exponential(x, top)
    _, of_rest = exponential(y, top)
    seen = tl.sum(rest.to(tl.float64))
    others = tl.sum(of_rest.to(tl.float64)) * (width - count) / tl.where(seen > 0.0, seen, 1.0)
    total = tl.sum(of_likely.to(tl.float64)) + others
    return (top.to(tl.float64) + tl.log(tl.where(total > 0.0, total, 1.0))).to(wide)


@triton.jit
def _sums_at(row, of_q, width, at, wide: tl.constexpr, tile: tl.constexpr):
    """Return Σ p̂ = e^δ, Σ (x − ẑ) p̂, G, A, B, C and D of a row at its ẑ."""
    columns = tl.arange(0, tile)
    total, weighted = tl.zeros((tile,), wide), tl.zeros((tile,), wide)
    joint, a = tl.zeros((tile,), wide), tl.zeros((tile,), wide)
    b, c, d = tl.zeros((tile,), wide), tl.zeros((tile,), wide), tl.zeros((tile,), wide)
    for start in range(0, width, tile):
        inside = start + columns < width
        x = tl.load(row + start + columns, mask=inside, other=float("-inf")).to(wide)
        # Beyond the end p̂ + q is 1, whose logarithm adds nothing.
        q = tl.load(of_q + start + columns, mask=inside, other=1.0)
        below, p = exponential(tl.where(x - at > _HIGHEST, at + _HIGHEST, x), at)
        both = p + q
        log, part = tl.log(both), p / both
        total += p
        weighted += below * p
        joint += both * log
        a += p * (log + 1.0)
        p *= part
        b += p
        p *= part
        c += p
        d += p * part
    return (
        tl.sum(total.to(tl.float64)),
        tl.sum(weighted.to(tl.float64)),
        tl.sum(joint.to(tl.float64)),
        tl.sum(a.to(tl.float64)),
        tl.sum(b.to(tl.float64)),
        tl.sum(c.to(tl.float64)),
        tl.sum(d.to(tl.float64)),
    )


@triton.jit
def _series(joint, a, b, c, d, away):
    """Return G(z) from the sums at ẑ and δ."""
    third, fourth = c - a - 3.0 * b, a + 7.0 * b - 6.0 * c + 2.0 * d
    higher = (a + b) / 2.0 + away * (third / 6.0 + away * (fourth / 24.0))
    return joint - away * (a - away * higher)


@triton.jit
def _divergences_at_once(
    logits,
    token,
    last,
    last_entropy,
    likely,
    bits,
    known,
    width,
    tokens,
    count,
    stride,
    wide: tl.constexpr,
    tile: tl.constexpr,
    farthest: tl.constexpr,
    small: tl.constexpr,
    least: tl.constexpr,
    lowest: tl.constexpr,
):
    """Write the divergence of one row; or −2, or −1, where it is to be read again; ẑ and e^δ."""
    program = row_of_program(tokens)
    own = tl.load(token + program)
    row, of_q, its = logits + program * width, last + own * width, likely + own * count
    at = _estimated(row, of_q, its, width, count, stride, wide, lowest)
    mass, weighted, joint, a, b, c, d = _sums_at(row, of_q, width, at, wide, tile)
    mass = tl.where(mass < least, least, mass)
    away = tl.log(mass)
    of_both = away - weighted / mass + tl.load(last_entropy + own).to(tl.float64)
    found = 1.0 - (_series(joint, a, b, c, d, away) + of_both) * 0.7213475204444817  # 1 / (2 ln 2)
    far = tl.abs(away)  # of no number none of what follows holds
    mark = tl.where((far > farthest) & (far <= _KNOWN), -2.0, -1.0)
    good = (far <= farthest) & (found >= small)
    found = tl.where(found > 1.0, 1.0, found)
    tl.store(bits + program, tl.where(good, found, mark))
    tl.store(known + program, at.to(tl.float64))
    tl.store(known + tl.num_programs(0) + program, mass)


@triton.jit
def _divergences_at_known(
    logits,
    token,
    last,
    known,
    bits,
    columns_of_rows,
    tokens,
    wide: tl.constexpr,
    tile: tl.constexpr,
    small: tl.constexpr,
    least: tl.constexpr,
    lowest: tl.constexpr,
):
    """Write the divergence of one row in whose place −2 stands, or −1 where it is small."""
    program = row_of_program(tokens)
    wanted = tl.load(bits + program) == -2.0
    width = tl.where(wanted, columns_of_rows, 0)
    row = logits + program * columns_of_rows
    of_q = last + tl.load(token + program) * columns_of_rows
    at, mass = tl.load(known + program), tl.load(known + tl.num_programs(0) + program)
    found = divergence(
        row, of_q, width, tl.arange(0, tile), at.to(wide), mass.to(wide), wide, tile, least
    )
    tl.store(bits + program, tl.where(found < small, -1.0, found), mask=wanted)


class OnePassRows(TritonRows):
    """The work by Triton, most rows read once; see `Rows`."""

    def __init__(self) -> None:
        """Begin without a last layer."""
        self._of: tuple[ref[Tensor], Tensor] | None = None

    def divergences(
        self, logits: Tensor, token: Tensor, last: Tensor, last_entropy: Tensor, bits: Tensor
    ) -> None:
        """Fill in divergences; see `Rows`. Three launches, whatever the rows."""
        logits, token = logits.contiguous(), token.contiguous()
        width, tokens, likely = logits.shape[1], len(last), self._likely(last)
        run = _RUN.value
        sizes = width, tokens, likely.shape[1], max(run, width // (_SAMPLED.value // run))
        known, kind = bits.new_empty(2, len(bits)), options(logits) | {"small": SMALL}
        launched(
            _divergences_at_once,
            (logits, token, last, last_entropy, likely, bits, known, *sizes),
            kind | {"tile": _TILE, "farthest": FARTHEST},
        )
        given = logits, token, last, known, bits, width, tokens
        launched(_divergences_at_known, given, kind)
        self.read_twice(logits, token, last, bits, left=True)

    def _likely(self, last: Tensor) -> Tensor:
        """Return the columns that each row of q gives most to, the last of them the least."""
        if self._of is None or self._of[0]() is not last:
            ids = last.topk(min(_LIKELY.value, last.shape[1]), -1).indices
            self._of = ref(last), ids
        return self._of[1]
