"""What every world has in common: countries, models, clients, card kinds. Shares are rough and not fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from graphattr.simulate.draws import Floats


@dataclass(frozen=True)
class Country:
    """A country: code, share of users, main offset from UTC in minutes, language."""

    code: str
    share: float
    utc: int
    language: str


COUNTRIES: Final = (
    Country("US", 0.24, -300, "en-US"),
    Country("IN", 0.17, 330, "en-IN"),
    Country("BR", 0.08, -180, "pt-BR"),
    Country("GB", 0.07, 60, "en-GB"),
    Country("DE", 0.07, 120, "de-DE"),
    Country("JP", 0.07, 540, "ja-JP"),
    Country("CN", 0.07, 480, "zh-CN"),
    Country("FR", 0.05, 120, "fr-FR"),
    Country("KR", 0.05, 540, "ko-KR"),
    Country("VN", 0.05, 420, "vi-VN"),
    Country("NG", 0.04, 60, "en-NG"),
    Country("RU", 0.04, 180, "ru-RU"),
)
COUNTRY_SHARES: Final[Floats] = np.array([country.share for country in COUNTRIES])
COUNTRY_UTC: Final = np.array([country.utc for country in COUNTRIES], dtype=np.int64)

#: The contract's names, in a fixed order.
NETWORK_KINDS: Final = ("residential", "mobile", "business", "education", "vpn", "proxy", "hosting", "tor")
CARD_KINDS: Final = ("credit", "debit", "prepaid", "virtual", "bank", "wallet", "crypto")

MODELS: Final = ("large-2", "small-2", "large-3", "embed-1")
#: Shares of the models before and after large-3 is released (a shock that all users feel on the same day).
MODEL_SHARES: Final[tuple[Floats, Floats]] = (
    np.array([0.50, 0.42, 0.00, 0.08]),
    np.array([0.20, 0.34, 0.38, 0.08]),
)
CAPABILITIES: Final = ("chat", "code", "reasoning", "extraction", "translation", "vision", "embedding")
CAPABILITY_SHARES: Final[Floats] = np.array([0.34, 0.26, 0.12, 0.12, 0.08, 0.04, 0.04])

OS_NAMES: Final = ("Windows", "macOS", "Linux", "Android", "iOS")
OS_SHARES: Final[Floats] = np.array([0.42, 0.20, 0.10, 0.17, 0.11])
BROWSERS: Final = ("Chrome", "Safari", "Edge", "Firefox")
BROWSER_SHARES: Final[Floats] = np.array([0.62, 0.17, 0.13, 0.08])
#: Client libraries that scripts use, innocent ones and operators' alike.
TOOLS: Final = ("python-httpx", "python-requests", "node-fetch", "go-http", "okhttp", "curl")
TOOL_SHARES: Final[Floats] = np.array([0.30, 0.28, 0.20, 0.10, 0.06, 0.06])

AMOUNTS: Final = np.array([5.0, 10.0, 20.0, 25.0, 50.0, 100.0, 200.0])
AMOUNT_SHARES: Final[Floats] = np.array([0.22, 0.24, 0.24, 0.08, 0.13, 0.07, 0.02])
