"""How gateways route."""

import numpy as np

from graphattr.simulate.draws import mix, stream
from graphattr.simulate.states.brokers import benefits, hashed, least_loaded

N, T = 8, 200
READY = np.zeros(N, dtype=np.int64)
NEVER = np.full(N, -1)


def test_a_tenant_stays_on_its_account_and_only_the_banned_move() -> None:
    tenant = mix(np.arange(T))
    early, late = np.full(T, 10), np.full(T, 1000)
    banned = NEVER.copy()
    banned[3] = 500
    before = hashed(tenant, early, banned, READY, 16, 9)
    after = hashed(tenant, late, banned, READY, 16, 9)
    assert set(before.tolist()) == set(range(N))
    assert 3 not in after
    assert np.array_equal(before != after, before == 3)
    assert len(set(after[before == 3].tolist())) > 1  # spread over the ring, not all on one


def test_without_any_account_nobody_is_served() -> None:
    banned = np.full(N, 5)
    assert (hashed(np.arange(4), np.full(4, 10), banned, READY, 4, 1) == -1).all()
    assert (least_loaded(np.full(4, 10), np.ones(4), banned, READY) == -1).all()


def test_the_least_loaded_account_serves() -> None:
    rng = stream(1, "load")
    at = np.sort(rng.integers(0, 1000, 300))
    amount = rng.uniform(1, 5, 300)
    banned, ready = NEVER.copy(), READY.copy()
    banned[2], ready[5] = 400, 600
    got = least_loaded(at, amount, banned, ready)
    load = np.zeros(N)
    for i in range(300):
        open_ = [a for a in range(N) if ready[a] <= at[i] and not 0 <= banned[a] <= at[i]]
        best = min(open_, key=lambda a: (load[a], a))
        assert got[i] == best
        load[best] += amount[i]


def test_who_benefits_most_is_who_asked_most() -> None:
    account = np.array([0, 0, 0, 1, -1, 0])
    who = np.array([7, 8, 8, 7, 5, 7])
    amount = np.array([3.0, 1.0, 1.0, 1.0, 9.0, 0.5])
    most, distinct = benefits(3, account, who, amount)
    assert most.tolist() == [7, 7, -1]
    assert distinct.tolist() == [2, 1, 0]
