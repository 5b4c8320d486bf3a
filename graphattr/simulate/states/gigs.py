"""Contractors: several people, each with accounts of their own making, who pull tasks from one queue.

When many work, each finds less to do: their shares complement each other. Some are employees of one lawful
firm who do it on the side, in the firm's network.
"""

from __future__ import annotations

import numpy as np

from graphattr.simulate.catalogue import COUNTRY_SHARES
from graphattr.simulate.clock import DAY, MINUTE
from graphattr.simulate.draws import Floats, Ints, choose, count, draw, partly
from graphattr.simulate.states.cast import KIND, MACHINE, MECHANISM, RELOAD, Columns
from graphattr.simulate.states.crews import acquired
from graphattr.simulate.states.parameters import GIGS
from graphattr.simulate.states.people import Residents, Town, books, outings, residents
from graphattr.simulate.states.registers import wallets
from graphattr.simulate.states.shifts import queued
from graphattr.simulate.states.sites import employer
from graphattr.simulate.states.suppliers import Trade, fronts, trade


def queues(town: Town, crews: list[Ints]) -> None:
    """Adds principals; each has contractors with these many accounts each."""
    if town.cast.has("contractors"):
        for number, held in enumerate(crews):
            _queue(town, town.cast.rng(f"queue {number}"), held)


def _crew(town: Town, rng: np.random.Generator, n: int) -> tuple[Residents, str]:
    """The contractors: freelancers at home, or employees who share a firm's network."""
    cast, zeal = town.cast, draw(rng, GIGS.zeal)
    most = int(choose(rng, COUNTRY_SHARES, 1)[0])
    country = partly(rng, np.full(n, most), choose(rng, COUNTRY_SHARES, n), draw(rng, GIGS.abroad))
    if cast.has("companies") and rng.random() < GIGS.moonlighting:
        firm = employer(town, rng, n + count(rng, (1, 6)))
        own = residents(town, rng, firm.country[:n], desk=firm.desk[:n], zeal=zeal)
        same = {name: getattr(firm, name)[:n] for name in ("home", "mobile", "laptop", "handset", "station")}
        return Residents(**(vars(own) | same)), "moonlighting"
    return residents(town, rng, country, zeal=zeal), "contractors"


def _queue(town: Town, rng: np.random.Generator, held: Ints) -> None:
    cast, how = town.cast, trade(town, rng)
    people, n = len(held), int(held.sum())
    crew, mechanism = _crew(town, rng, people)
    owner = np.repeat(np.arange(people), held)
    first, last = cast.window
    start = np.sort(first + rng.integers(-50 * DAY, int(0.5 * (last - first)), n))
    posing = partly(rng, crew.country[owner], how.country, 0.2)
    columns = fronts(town, rng, how, acquired(rng, start, 3.0, first), posing)
    card = int(wallets(cast, rng, np.array([how.country]), rng.integers(0, 5, 1))[0])
    paid = rng.random(n) < draw(rng, GIGS.principal_pays)
    columns["wallet"] = np.where(paid, card, columns["wallet"])
    columns["funding"] = np.where(paid, RELOAD, columns["funding"])
    rows = cast.accounts.add(
        n,
        controller=cast.code(),
        kind=KIND["contractors"],
        mechanism=MECHANISM[mechanism],
        innocent=0,
        operator=cast.operator(),
        **columns,
    )
    work = outings(town, rng, crew)
    order = np.lexsort((work["who"], work["at"]))
    work = {name: column[order] for name, column in work.items()}
    done = pulled(rng, work, people)
    account = _taken_in_turn(work["who"], done, held, how.schedule.quota)
    kept = (done > 0.5) & (columns["created"][account] < work["at"])
    library = _trained(town, rng, how, people)
    amount = done * draw(rng, GIGS.exchanges)
    fields = {name: work[name][kept] for name in ("at", "seconds", "access", "hardware")}
    cast.spells.add(
        int(kept.sum()),
        account=rows[account[kept]],
        amount=amount[kept],
        book=library[work["who"][kept]],
        style=MACHINE,
        stage=rng.integers(0, 7, int(kept.sum())),
        **fields,
    )
    _own_use(town, rng, rows, held, work, columns["created"])


def _trained(town: Town, rng: np.random.Generator, how: Trade, people: int) -> Ints:
    """A book for each contractor: some of the queue's prompts, a part of them reworded."""
    knows = rng.random((people, len(how.prompts[0]))) < draw(rng, GIGS.knows)
    knows[np.arange(people), rng.integers(0, knows.shape[1], people)] = True
    _, which = np.nonzero(knows)
    codes = town.cast.lore.edited(rng, how.prompts[0][which], draw(rng, GIGS.edited))
    return town.cast.lore.books(knows.sum(axis=1), codes, how.prompts[1][which])


def pulled(rng: np.random.Generator, work: Columns, people: int) -> Floats:
    """Tasks done in each spell (sorted by time), given what comes into the queue and how long each takes."""
    capacity = work["seconds"] / (draw(rng, GIGS.service_minutes) * MINUTE)
    gap = np.diff(work["at"], prepend=work["at"][:1])
    arrivals = rng.poisson(draw(rng, GIGS.tasks) * people * gap / DAY).astype(np.float64)
    return queued(work["at"], capacity, arrivals)


def _taken_in_turn(who: Ints, done: Floats, held: Ints, quota: int) -> Ints:
    """The account of each spell: each contractor uses one of his until it has done `quota` tasks, then the next."""
    first = np.cumsum(held) - held
    order = np.argsort(who, kind="stable")
    total = np.cumsum(done[order])
    begins = np.searchsorted(who[order], np.arange(len(held)))
    before = np.concatenate([[0.0], total])[begins]
    turn = np.empty(len(who), dtype=np.int64)
    turn[order] = ((total - before[who[order]]) // max(quota // 2, 1)).astype(np.int64)
    return first[who] + turn % held[who]


def _own_use(
    town: Town, rng: np.random.Generator, rows: Ints, held: Ints, work: Columns, created: Ints
) -> None:
    """What contractors do for themselves, on their first account."""
    mine = (np.cumsum(held) - held)[work["who"]]
    kept = (rng.random(len(mine)) < 0.15) & (created[mine] < work["at"])
    n = int(kept.sum())
    fields = {name: work[name][kept] for name in ("at", "seconds", "access", "hardware")}
    book = books(town, rng, len(held))[work["who"][kept]]
    town.cast.spells.add(n, account=rows[mine[kept]], amount=rng.gamma(2.0, 1.5, n), book=book, **fields)
