"""What is asked for: requests and tokens, added up by account, hour, model and prompt template."""

from __future__ import annotations

import numpy as np
import polars as pl

from graphattr.simulate.catalogue import CAPABILITIES, CAPABILITY_SHARES, MODEL_SHARES, MODELS
from graphattr.simulate.clock import HOUR, stamps
from graphattr.simulate.draws import Ints, mix, unit, zipf
from graphattr.simulate.text import hashed, named
from graphattr.simulate.tours.sessions import Sessions
from graphattr.simulate.tours.world import World

_POPULAR, _MODEL, _PRIVATE = 21, 22, 23


def templates(world: World, tour: Ints, rng: np.random.Generator) -> Ints:
    """The template of each row of work: one that everybody knows, one of a pack, or one of the job's own."""
    n = len(tour)
    wanted = ("private", "account", "job", "templates", "pack", "pack_share", "popular")
    of = {name: world.tours[name][tour] for name in wanted}
    rank = rng.random(n)
    nth = np.floor(rank**2 * of["templates"]).astype(np.int64)
    # A template is reworded for every account or for none: a single request does not give it away.
    private = unit(_PRIVATE, of["job"], nth) < of["private"]
    own = mix(of["job"], nth, np.where(private, world.accounts["key"][of["account"]], -1))
    pack = mix(of["pack"], zipf(rank, 40), -1)  # as the templates of a job, so that those can be planted
    popular = mix(_POPULAR, zipf(rank, 1500 + world.plan.preset.people))
    chosen = np.where((rng.random(n) < of["pack_share"]) & (of["pack"] >= 0), pack, own)
    return np.where(rng.random(n) < of["popular"], popular, chosen)


def models(world: World, tour: Ints, at: Ints, rng: np.random.Generator) -> Ints:
    """The model of each row: mostly the job's habit, by the shares before and after the release."""
    released = at >= world.release
    habit = unit(_MODEL, world.tours["job"][tour])
    draws = np.where(rng.random(len(tour)) < 0.8, habit, rng.random(len(tour)))
    before, after = (np.cumsum(shares) for shares in MODEL_SHARES)
    return np.where(
        released, np.searchsorted(after, draws, side="right"), np.searchsorted(before, draws, side="right")
    ).astype(np.int64)


def usage(world: World, spells: Sessions) -> pl.DataFrame:
    """The table `usage`: one row an account, hour, model and template."""
    rng = spells.rng(world, "usage")
    hours = 1 + (spells.at % HOUR + np.maximum(spells.seconds - 1, 0)) // HOUR
    lines = hours + rng.binomial(hours, 0.3)  # in some hours two templates
    row = np.repeat(np.arange(len(hours)), lines)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(lines) - lines, lines)
    hour = nth % hours[row]
    at = np.where(hour == 0, spells.at[row], (spells.at[row] // HOUR + hour) * HOUR)
    tour = spells.tour[row]
    median = world.tours["requests"][tour] / lines[row]
    requests = 1 + rng.poisson(median * np.exp(0.6 * rng.standard_normal(len(row))))
    template = templates(world, tour, rng)
    capability = _capability(template)
    size = np.exp(0.5 * rng.standard_normal((2, len(row))))
    tokens = [
        (world.tours[f"tokens_{way}"][tour] * size[i] * requests).astype(np.int64) + 1
        for i, way in enumerate(("in", "out"))
    ]
    frame = pl.DataFrame(
        {
            "account": spells.account[row],
            "at": at,
            "requests": requests,
            "input_tokens": tokens[0],
            "output_tokens": tokens[1],
            "model": models(world, tour, at, rng),
            "capability": capability,
            "template": template,
        }
    )
    return _aggregated(frame, world.plan.seed)


def _capability(template: Ints) -> Ints:
    shares = np.cumsum(CAPABILITY_SHARES)
    return np.searchsorted(shares / shares[-1], unit(template), side="right").astype(np.int64)


def _aggregated(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Sums by account, hour, model and template; the time is that of the first request."""
    total = (
        frame.group_by("account", (pl.col("at") // HOUR).alias("hour"), "model", "template")
        .agg(
            pl.col("at").min(),
            pl.col("requests", "input_tokens", "output_tokens").sum(),
            pl.col("capability").first(),
        )
        .sort("account", "at", "model", "template")
    )
    return total.select(
        "account",
        observed_at=stamps(total["at"].to_numpy()),
        requests="requests",
        input_tokens="input_tokens",
        output_tokens="output_tokens",
        model=named(total["model"].to_numpy(), MODELS),
        capability=named(total["capability"].to_numpy(), CAPABILITIES),
        template_id=hashed(total["template"].to_numpy(), "template", seed),
    )
