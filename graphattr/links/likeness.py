"""How alike two accounts are, feature by feature: no shared value, but habits, sizes, places and moments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import pdtr, pdtrc

from graphattr.links.profiles import SLOT_SECONDS, Profiles
from graphattr.links.ranks import Ranks

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Pairs compared at a time: few enough that what is made for them stays in the cache.
CHUNK: Final = 50_000
#: Random pairs that likeness is held against.
RANDOM: Final = 200_000
#: -log10 of the smallest rank share or chance that is told apart.
FINEST: Final = 6.0


@dataclass(frozen=True)
class Likeness:
    """A likeness: its evidence group, and what it says of a pair in neutral words where it speaks for, and against."""

    group: str
    words: str
    against: str


#: Every likeness of profiles by name, in the order of their groups.
LIKENESSES: Final = {
    "asn": Likeness(
        "network",
        "both used one network (ASN) that few others use",
        "they used no network (ASN) in common that few others use",
    ),
    "address_country": Likeness(
        "network",
        "both used addresses of one country that few others use",
        "they used addresses of no country in common that few others use",
    ),
    "bin": Likeness(
        "payment",
        "both paid with cards of one issuer range",
        "they paid with cards of no issuer range in common",
    ),
    "client": Likeness(
        "device",
        "both used one combination of system, browser, language and time zone",
        "they used no combination of system, browser, language and time zone in common",
    ),
    "locale": Likeness(
        "device",
        "both used one combination of language and time zone",
        "they used no combination of language and time zone in common",
    ),
    "country": Likeness(
        "identity",
        "both declared one country that few others declare",
        "they declared no country in common that few others declare",
    ),
    "creation": Likeness("timing", "both were created at about the same time", "they were created far apart"),
    "hours": Likeness(
        "timing",
        "both are active at the same hours of the week",
        "their active hours of the week are hardly alike",
    ),
    "together": Likeness(
        "timing",
        "both are active in the same hours more often than their habits explain",
        "they are active in the same hours no more often than their habits explain",
    ),
    "apart": Likeness(
        "timing",
        "they are active in the same hours less often than their habits explain",
        "they are active in the same hours no less often than their habits explain",
    ),
    "handover": Likeness(
        "timing", "one began about when the other ended", "neither began about when the other ended"
    ),
    "acts": Likeness(
        "timing",
        "both created keys, or changed password or mailbox, at about the same time",
        "they created keys, or changed password or mailbox, at different times",
    ),
    "volume": Likeness(
        "behaviour", "both used the service by similar amounts", "the amounts they use are hardly alike"
    ),
    "pace": Likeness(
        "behaviour", "both use the service in bursts of similar size", "their bursts of use are hardly alike"
    ),
    "batch": Likeness(
        "behaviour",
        "both make similar numbers of requests at a time",
        "their numbers of requests at a time are hardly alike",
    ),
    "in_tokens": Likeness(
        "behaviour", "both send requests of similar length", "the lengths of their requests are hardly alike"
    ),
    "out_tokens": Likeness(
        "behaviour",
        "both get answers of similar length",
        "the lengths of the answers they get are hardly alike",
    ),
    "model": Likeness(
        "behaviour", "both use the same mixture of models", "their mixtures of models are hardly alike"
    ),
    "capability": Likeness(
        "behaviour",
        "both use the same mixture of capabilities",
        "their mixtures of capabilities are hardly alike",
    ),
    "templates": Likeness(
        "behaviour",
        "both work with the same rare prompt templates",
        "they hardly work with the same rare prompt templates",
    ),
}
#: With those that come from elsewhere: the graph network's word (`graph_input.log10_odds`).
ALL_LIKENESSES: Final = LIKENESSES | {
    "gnn": Likeness(
        "graph",
        "a graph network over shared values finds the two alike",
        "a graph network over shared values finds the two unlike",
    )
}
_FIGURES: Final = ("creation", "volume", "pace", "batch", "in_tokens", "out_tokens")


def compared(profiles: Profiles, seed: int) -> Profiles:
    """The profiles with the measures of `RANDOM` random pairs, drawn with replacement: what `likenesses` compares with.

    Figures need none: their measure is a share of accounts already.
    """
    found = measures(profiles, *random_pairs(len(profiles.first), RANDOM, seed))
    usual = {name: np.sort(found[name][~np.isnan(found[name])]) for name in found if name not in _FIGURES}
    return replace(profiles, usual=usual)


def random_pairs(size: int, number: int, seed: int) -> tuple[Whole, Whole]:
    """Account numbers a < b of random pairs of `size` accounts, with replacement; no pair of fewer than two."""
    drawn = number if size > 1 else 0
    generator = np.random.default_rng(seed)
    a = generator.integers(0, max(size, 1), drawn)
    b = (a + generator.integers(1, max(size, 2), drawn)) % max(size, 1)
    return np.minimum(a, b), np.maximum(a, b)


def likenesses(profiles: Profiles, a: Whole, b: Whole) -> dict[str, Array]:
    """Every likeness that profiles tell of, larger meaning more alike; nan where either side is unknown.

    A cosine of .5 is telling at one provider and nothing at the next, where all do alike work. What carries over is
    how few pairs of strangers are as much alike, so that is what each likeness is: a p-value against random pairs.

    Args:
        profiles: the accounts' profiles, with the measures of random pairs (`compared`).
        a, b: account numbers of the pairs, shape (n,).

    Returns:
        By name, each of shape (n,): -log10 of the share of random pairs that are at least as much alike, or for
        figures of the accounts that are at least as close. Ties count in full.
    """
    found = measures(profiles, a, b)
    for name in found.keys() - set(_FIGURES):
        usual, known = profiles.usual[name], np.flatnonzero(~np.isnan(found[name]))
        as_much = len(usual) - np.searchsorted(usual, found[name][known], "left")
        found[name][known] = -np.log10((as_much + 1) / (len(usual) + 1))
    return found


def measures(profiles: Profiles, a: Whole, b: Whole) -> dict[str, Array]:
    """Every measure of likeness as it is, larger meaning more alike; nan where either side is unknown.

    Returns:
        By name, each of shape (n,): -log10 of the share of accounts at least as close (figures, acts), or of the
        chance of as many (or as few) common hours; the rarity of the rarest common trait, 0 without one; the
        cosine of deviations or of template weights.
    """
    found: dict[str, Array] = {}
    for name in _FIGURES:
        if name in profiles.ranks:
            found[name] = -np.log10(np.maximum(rank_share(profiles.ranks[name], a, b), 10**-FINEST))
    for name, shape in (("hours", "hours"), ("model", "model"), ("capability", "capability")):
        if shape in profiles.shapes:
            found[name] = _cosine(profiles, shape, a, b)
    for name, matrix in profiles.traits.items():
        found[name] = _where(profiles.traited[name], partial(_rarest, matrix), a, b)
    if profiles.templates is not None:
        used = np.diff(profiles.templates.indptr) > 0
        found["templates"] = _where(used, lambda x, y: _dot(profiles.templates, x, y), a, b)
    if profiles.slots is not None:
        found["together"], found["apart"] = _company(profiles, a, b)
        found["handover"] = _handover(profiles, a, b)
    if profiles.acts:
        found["acts"] = _acts(profiles, a, b)
    return found


def rank_share(ranks: Ranks, a: Whole, b: Whole) -> Array:
    """`Ranks.share` of the pairs of which both sides are known, nan for the others, shape (n,)."""
    return _where(ranks.known, ranks.share, a, b)


def _parts(n: int) -> Iterator[slice]:
    for start in range(0, n, CHUNK):
        yield slice(start, min(start + CHUNK, n))


def _where(known: NDArray[np.bool_], measure: Callable[[Whole, Whole], Array], a: Whole, b: Whole) -> Array:
    """The measure of the pairs of which both ends are known; nan for the others."""
    rows = np.flatnonzero(known[a] & known[b])
    result = np.full(len(a), np.nan)
    result[rows] = _chunked(measure, a[rows], b[rows])
    return result


def _chunked(measure: Callable[[Whole, Whole], Array], a: Whole, b: Whole) -> Array:
    result = np.empty(len(a))
    for part in _parts(len(a)):
        result[part] = measure(a[part], b[part])
    return result


def _cosine(profiles: Profiles, shape: str, a: Whole, b: Whole) -> Array:
    """Cosine of the deviations from the average account, damped where either hardly deviates."""
    this = profiles.shapes[shape]

    def cosine(x: Whole, y: Whole) -> Array:
        product = np.einsum("ij,ij->i", this.direction[x], this.direction[y]).astype(np.float64)
        return np.asarray(product * np.sqrt(np.minimum(this.strength[x], this.strength[y])))

    return _where(~np.isnan(this.strength), cosine, a, b)


def _dot(matrix: csr_array | None, a: Whole, b: Whole) -> Array:
    if matrix is None:
        return np.zeros(len(a))
    return np.asarray(matrix[a].multiply(matrix[b]).sum(axis=1), dtype=np.float64).ravel()


def _rarest(matrix: csr_array, a: Whole, b: Whole) -> Array:
    there = matrix[b]
    held = csr_array((np.ones_like(there.data), there.indices, there.indptr), shape=there.shape)
    return np.asarray(matrix[a].multiply(held).max(axis=1).todense(), dtype=np.float64).ravel()


def _company(profiles: Profiles, a: Whole, b: Whole) -> tuple[Array, Array]:
    """-log10 chance of at least, and of at most, as many common active hours, if the two were independent.

    The number expected follows from their active hours by hour of day; the count is taken as Poisson.
    """
    if profiles.slots is None:
        return np.full(len(a), np.nan), np.full(len(a), np.nan)
    days = max(profiles.slots.shape[1] * SLOT_SECONDS / 86_400, 1.0)
    active = np.diff(profiles.slots.indptr) > 0
    both = np.flatnonzero(active[a] & active[b])
    x, y = a[both], b[both]
    common = _chunked(lambda x, y: _dot(profiles.slots, x, y), x, y)
    expected = _chunked(lambda x, y: np.einsum("ij,ij->i", profiles.hours[x], profiles.hours[y]) / days, x, y)
    expected = np.maximum(expected, 1e-3)
    more = np.where(common > 0, pdtrc(np.maximum(common - 1, 0), expected), 1.0)
    together, apart = np.full(len(a), np.nan), np.full(len(a), np.nan)
    together[both] = -np.log10(np.maximum(more, 10.0**-FINEST))
    apart[both] = -np.log10(np.maximum(pdtr(common, expected), 10.0**-FINEST))
    return together, apart


def _handover(profiles: Profiles, a: Whole, b: Whole) -> Array:
    """-log10 of the share of the observation that lies between one's end and the other's beginning, either way."""
    span = np.nanmax(profiles.last) - np.nanmin(profiles.first) if np.isfinite(profiles.first).any() else 1.0
    first, last = profiles.first, profiles.last
    between = np.fmin(np.abs(first[b] - last[a]), np.abs(first[a] - last[b]))
    return np.asarray(-np.log10(np.clip(between / max(span, 1.0), 1e-4, 1.0)))


def _acts(profiles: Profiles, a: Whole, b: Whole) -> Array:
    """-log10 of the share of accounts with an act of one kind within as short a time, for the closest act.

    Every act of either account is looked up among the other's; 0 where no kind of act is known of both.
    """
    size = len(profiles.first)
    best = np.zeros(len(a))
    for account, at in profiles.acts.values():
        order = np.lexsort((at, account))
        owner, moment = account[order], at[order]
        start = np.searchsorted(owner, np.arange(size + 1))
        count = np.diff(start)
        both = np.flatnonzero((count[a] > 0) & (count[b] > 0))
        for one, other in ((a[both], b[both]), (b[both], a[both])):
            for step in range(int(count.max(initial=0))):
                rows = np.flatnonzero(count[one] > step)
                mine = moment[start[one[rows]] + step]
                gap, theirs = _nearest(moment, start, other[rows], mine)
                near = np.searchsorted(at, mine + gap, "right") - np.searchsorted(at, mine - gap, "left")
                near += np.searchsorted(at, theirs + gap, "right") - np.searchsorted(at, theirs - gap, "left")
                share = np.clip((near - 2) / (2 * size), 10**-FINEST, 1.0)
                best[both[rows]] = np.maximum(best[both[rows]], -np.log10(share))
    return best


def _nearest(moment: Array, start: Whole, account: Whole, at: Array) -> tuple[Array, Array]:
    """Gap to, and time of, the account's act nearest to `at`; every account given has one at least."""
    gap = np.full(len(account), np.inf)
    nearest = np.zeros(len(account))
    for step in range(int(np.diff(start)[account].max(initial=0))):
        there = start[account] + step < start[account + 1]
        other = moment[np.minimum(start[account] + step, len(moment) - 1)]
        here = np.where(there, np.abs(other - at), np.inf)
        closer = here < gap
        gap, nearest = np.where(closer, here, gap), np.where(closer, other, nearest)
    return gap, nearest
