"""What is published about the figures of `marginals`, with the source of each.

Most publications count something near what a world counts, not the same: hosts rather than accounts, a year
rather than four weeks, another service. `what` says it. A figure without an entry has no published figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """How much is published about a figure."""

    FIGURE = "published figure"
    DIRECTION = "direction only"
    NONE = "no published figure"


#: Short name and citation of each source.
SOURCES: Final = {
    "Casado 2007": "M. Casado, M. J. Freedman: Peering through the shroud: the effect of edge opacity on IP-based "
    "client identification. USENIX NSDI 2007.",
    "Maier 2011": "G. Maier, F. Schneider, A. Feldmann: NAT usage in residential broadband networks. PAM 2011.",
    "Richter 2016": "P. Richter and others: A multi-perspective analysis of carrier-grade NAT deployment. "
    "ACM IMC 2016.",
    "Giotsas 2025": "V. Giotsas, M. Fayed: One IP address, many users: detecting CGNAT to reduce collateral effects. "
    "Cloudflare blog, October 2025.",
    "Padmanabhan 2016": "R. Padmanabhan, A. Dhamdhere, E. Aben, kc claffy, N. Spring: Reasons dynamic addresses "
    "change. ACM IMC 2016.",
    "Mishra 2020": "V. Mishra, P. Laperdrix, A. Vastel, W. Rudametkin, R. Rouvoy, M. Lopatka: Don't count me out: on "
    "the relevance of IP addresses in the tracking ecosystem. The Web Conference 2020.",
    "comScore 2008": "C. Meierhoefer: The myth of static IP. comScore blog, September 2008.",
    "Li 2020": "F. Li, D. Freeman: Towards a user-level understanding of IPv6 behavior. ACM IMC 2020.",
    "Mi 2019": "X. Mi and others: Resident evil: understanding residential IP proxy as a dark service. IEEE S&P 2019.",
    "Laperdrix 2016": "P. Laperdrix, W. Rudametkin, B. Baudry: Beauty and the beast: diverting modern web browsers to "
    "build unique browser fingerprints. IEEE S&P 2016.",
    "Gomez-Boix 2018": "A. Gomez-Boix, P. Laperdrix, B. Baudry: Hiding in the crowd: an analysis of the effectiveness "
    "of browser fingerprinting at large scale. WWW 2018.",
    "Frolov 2019": "S. Frolov, E. Wustrow: The use of TLS in censorship circumvention. NDSS 2019.",
    "FRPS 2023": "Federal Reserve System: Federal Reserve Payments Study, 2022 triennial initial data release, 2023.",
    "Lange 2018": "D. Lange: Google GMail continues to own the email market, Microsoft is catching up. Blog, 2018.",
    "Facebook 2020": "Facebook, Inc.: annual report (form 10-K) for 2019.",
    "Chatterji 2025": "A. Chatterji, T. Cunningham, D. Deming, Z. Hitzig, C. Ong, C. Shan, K. Wadman: How people use "
    "ChatGPT. NBER working paper 34255, 2025.",
    "Xiang 2026": "Y. Xiang and others: ServeGen: workload characterization and generation of large language model "
    "serving in production. USENIX NSDI 2026.",
    "Wang 2024": "Y. Wang and others: BurstGPT: a real-world workload dataset to optimize LLM serving "
    "systems. arXiv 2401.17644.",
    "Patel 2024": "P. Patel and others: Splitwise: efficient generative LLM inference using phase splitting. ISCA "
    "2024.",
    "Barabasi 2005": "A.-L. Barabasi: The origin of bursts and heavy tails in human dynamics. Nature 435, 2005.",
    "Goh 2008": "K.-I. Goh, A.-L. Barabasi: Burstiness and memory in complex systems. EPL 81, 2008.",
    "Malmgren 2008": "R. D. Malmgren, D. B. Stouffer, A. E. Motter, L. A. N. Amaral: A Poissonian explanation for "
    "heavy tails in e-mail communication. PNAS 105, 2008.",
    "Breslau 1999": "L. Breslau, P. Cao, L. Fan, G. Phillips, S. Shenker: Web caching and Zipf-like distributions: "
    "evidence and implications. IEEE INFOCOM 1999.",
    "Anthropic 2026": "Anthropic: Transparency Hub, banned accounts and appeals, July to December 2025.",
}


@dataclass(frozen=True)
class Published:
    """What is published about a figure.

    Attributes:
        status: a figure, a direction, or nothing.
        what: what the source counted and found.
        source: a name of `SOURCES`, or empty.
        low: least value that agrees with it; None for a direction.
        high: largest one.
        of: whose figure compares: that of innocent accounts, or of all.
    """

    status: Status
    what: str = "-"
    source: str = ""
    low: float | None = None
    high: float | None = None
    of: str = "innocent"

    def compared(self, value: float | None) -> str:
        """`near`, `below` or `above` the published range; `-` without one."""
        if value is None or self.low is None or self.high is None:
            return "-"
        if value < self.low:
            return "below"
        return "above" if value > self.high else "near"


def _figure(what: str, source: str, low: float, high: float | None = None, of: str = "innocent") -> Published:
    """A published range, or a single figure: within a factor of one and a half counts as near."""
    if high is None:
        return Published(Status.FIGURE, what, source, low / 1.5, low * 1.5, of)
    return Published(Status.FIGURE, what, source, low, high, of)


def _direction(what: str, source: str) -> Published:
    return Published(Status.DIRECTION, what, source)


NOTHING: Final = Published(Status.NONE)

#: By the key of the figure, or by its part before the colon.
PUBLISHED: Final = {
    "accounts an address (any)": _direction("most shared addresses serve a few hosts only", "Casado 2007"),
    "accounts an address (residential)": _direction(
        "hosts, not accounts: 10 % of DSL lines have several at a time, up to 52 % at all", "Maier 2011"
    ),
    "accounts an address (mobile)": _direction(
        "carrier NAT is the rule in mobile networks: many subscribers an address", "Richter 2016"
    ),
    "accounts an address (vpn)": _direction(
        "one address may stand for hundreds or thousands of users", "Giotsas 2025"
    ),
    "accounts an address (proxy)": _direction(
        "millions of residential exits, so the same one is rarely met twice", "Mi 2019"
    ),
    "addresses an account: median": _direction(
        "34,488 addresses of 2,230 users in 111 days: about 15 a user", "Mishra 2020"
    ),
    "addresses an account: share with one": _figure(
        "nearly 60 % of US machines in a month", "comScore 2008", 0.6
    ),
    "accounts with an address kept three weeks": _figure(
        "87 % of users kept an address for more than a month", "Mishra 2020", 0.87
    ),
    "accounts with an IPv6 address": _figure("a third of users", "Li 2020", 0.33),
    "rows by network: proxy": _direction("6 million residential exits seen in total", "Mi 2019"),
    "rows abroad (address country not the declared one)": NOTHING,
    "accounts a TLS client": _direction(
        "few handshakes make most connections, with a long tail of rare ones", "Frolov 2019"
    ),
    "devices alone with their looks (system, browser, TLS, offset, language)": _direction(
        "33.6 % of 2,067,942 full fingerprints; fewer attributes here, and fewer devices", "Gomez-Boix 2018"
    ),
    "devices that share their looks with 50 others or more": _direction(
        "89.4 % of 118,934 full fingerprints of volunteers were alone", "Laperdrix 2016"
    ),
    "prepaid share of card payments": _figure(
        "18.1 of 157 thousand million US card payments of 2021", "FRPS 2023", 18.1 / 157
    ),
    "accounts at the commonest mail domain": _figure(
        "Gmail: 39 % of 2.3 million addresses, mostly US", "Lange 2018", 0.39
    ),
    "accounts at the three commonest mail domains": _direction(
        "the three largest providers, with all their domains: 92 %", "Lange 2018"
    ),
    "accounts that are a person's second or later": _figure(
        "11 % of monthly active accounts are duplicates", "Facebook 2020", 0.11
    ),
    "gaps under a minute": _direction("gaps are heavy-tailed: most are short", "Barabasi 2005"),
    "gaps under an hour": _direction("gaps are heavy-tailed: most are short", "Barabasi 2005"),
    "gaps under a day": _direction("a few gaps are very long", "Barabasi 2005"),
    "gaps of an account: coefficient of variation, median": _direction(
        "requests arrive in bursts, above 1 (Poisson)", "Wang 2024"
    ),
    "burstiness of an account: median": _direction("human activity is bursty: above 0", "Goh 2008"),
    "memory of an account: median": _direction("weak in human activity: near 0", "Goh 2008"),
    "use at night (0 to 6, local)": _direction(
        "circadian: well below a quarter (its part of the day)", "Malmgren 2008"
    ),
    "use at weekends": _direction(
        "weekly cycle: below two sevenths (their part of the week)", "Malmgren 2008"
    ),
    "requests an account and week: mean": _figure(
        "ChatGPT: 18 thousand million messages of 700 million users a week", "Chatterji 2025", 18e9 / 700e6
    ),
    "requests: share of the top 1 %": _direction("rates of clients are very skewed", "Xiang 2026"),
    "requests: share of the top 10 %": _direction("rates of clients are very skewed", "Xiang 2026"),
    "requests: Gini": _direction("rates of clients are very skewed", "Xiang 2026"),
    "prompt tokens a request: median of accounts": _figure(
        "medians of requests: 1,020 (conversation) and 1,500 (code)", "Patel 2024", 1020, 1500
    ),
    "answer tokens a request: median of accounts": _figure(
        "medians of requests: 13 (code) and 129 (conversation)", "Patel 2024", 13, 129
    ),
    "template popularity: Zipf slope": _figure("web pages, not prompts", "Breslau 1999", 0.64, 0.83),
    "banned accounts that appeal": _figure(
        "52 thousand appeals of 1.45 million bans", "Anthropic 2026", 52e3 / 1.45e6, of="all"
    ),
    "appeals that succeed": _figure("1.7 of 52 thousand", "Anthropic 2026", 1.7 / 52, of="all"),
}
#: What bears on a mechanism without being a figure of a world.
BESIDE: Final = (
    "Twenty providers renumber at fixed periods, mostly multiples of 24 hours, and almost half of all address changes "
    "leave the routed prefix (Padmanabhan 2016): leases here have one length a provider.",
)


def published(key: str) -> Published:
    """What is published about a figure of `marginals`."""
    return PUBLISHED.get(key) or PUBLISHED.get(key.partition(":")[0], NOTHING)
