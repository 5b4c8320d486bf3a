"""Makes `benchmarks` importable, and a world small enough to see through."""

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.quality.product import Material  # noqa: E402

settings.register_profile("untimed", deadline=None)  # the first example also pays for imports
settings.load_profile("untimed")


def held_of(values: dict[tuple[str, str], list[int]], listed: frozenset[str] = frozenset()) -> pl.DataFrame:
    """`Material.held` from (signal, value) to the numbers of its holders."""
    rows = [
        (account, number, signal, len(accounts), value in listed)
        for number, ((signal, value), accounts) in enumerate(values.items())
        for account in accounts
    ]
    schema = {
        "account": pl.Int64,
        "value": pl.Int64,
        "signal": pl.String,
        "holders": pl.Int64,
        "listed": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.fixture(scope="session")
def crews() -> tuple[Material, np.ndarray]:
    """Sixty accounts: ten crews of three who share cards and devices, thirty strangers, one address of all.

    Returned with the controller of each account.
    """
    rng = np.random.default_rng(0)
    owner = np.concatenate([np.repeat(np.arange(10), 3), np.arange(10, 40)])
    values: dict[tuple[str, str], list[int]] = {("ip", "all"): list(range(60))}
    for crew in range(10):
        mates = [3 * crew, 3 * crew + 1, 3 * crew + 2]
        values["instrument", f"card-{crew}"] = mates if crew % 2 else mates[:2]
        values["device", f"device-{crew}"] = mates
    for n in range(30, 60, 2):  # strangers who share an address by chance
        values["ip", f"ip-{n}"] = [n, n + 1]
    a, b = np.triu_indices(60, k=1)
    shares = np.zeros(len(a))
    held = held_of(values)
    features = pl.DataFrame({"apart": np.abs(owner[a] - owner[b]), "noise": rng.normal(size=len(a))})
    return (
        Material(
            accounts=pl.Series([f"account-{n:02}" for n in range(60)]),
            held=held,
            known={name: np.ones(60, dtype=bool) for name in ("ip", "instrument", "device")},
            created=rng.uniform(0, 1e6, 60),
            volume=rng.normal(5, 1, 60),
            a=a,
            b=b,
            features=features.cast(pl.Float32),
            log_odds=shares,
            without_network=shares,
            network=shares,
            label=np.arange(60),
            grouped=owner.copy(),
        ),
        owner,
    )
