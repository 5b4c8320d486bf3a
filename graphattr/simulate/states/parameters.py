"""Every range that a world of family B draws its mechanisms from, one frozen record a mechanism.

The ranges are wide guesses, not fits: nobody publishes the signals of real operators. Where a form is taken
from the literature, the module that uses it names the source.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphattr.simulate.draws import Range


@dataclass(frozen=True)
class Grids:
    """How address space is laid out; drawn once for each network.

    Attributes:
        isps: providers of fixed lines a country; `cgn` is the chance that one puts its lines behind a
            carrier's NAT.
        spare: addresses a line, in pools of a /22 a region.
        lease_hours: how long a line keeps its address; `stay` is the share of renewals within the same /24.
        v6: share of a provider's lines with IPv6, where it offers any.
        holders_an_exit: account holders behind one address of a carrier's NAT.
        attach_hours: how long a phone stays attached to the same exit.
        vpns: VPN services; each has `cities`, with `exits` a city.
        clouds: server providers; each has `regions` of `elastic` addresses, shared with strangers.
        vendors: sellers of residential exits; `rented` is the share of fixed lines each has a relay on, and
            `outside` the lines of people who hold no account.
        relays: exits of the onion network.
        holders_a_cafe: people to a café or coworking space.
    """

    isps: int = 3
    cgn: Range = (0.1, 0.5)
    spare: Range = (3.0, 30.0)
    lease_hours: Range = (150, 20000)
    stay: Range = (0.4, 0.95)
    v6: Range = (0.3, 0.8)
    holders_an_exit: Range = (2, 9)
    attach_hours: Range = (2, 30)
    vpns: int = 4
    cities: Range = (6, 14)
    exits: Range = (2, 6)
    clouds: int = 3
    regions: Range = (3, 7)
    elastic: Range = (500, 4000)
    vendors: int = 3
    rented: Range = (0.02, 0.07)
    outside: Range = (1000, 5000)
    relays: Range = (30, 90)
    holders_a_cafe: Range = (12, 60)


@dataclass(frozen=True)
class Lives:
    """How people live and work; drawn once a world.

    Attributes:
        shift_workers: share whose waking hours move by eight hours from week to week.
        desk: share of ordinary people with a workplace that is nobody's in this world.
        eager: chance that an idle half hour awake turns to work (median; log standard deviation 1.2).
        stop: chance that a half hour of work is the last of its spell.
        burst: exchanges a half hour (median; log standard deviation 1.1).
        vpn_users: share behind a VPN; `onion` share behind the onion network.
        scripters: share with scheduled scripts of their own, `cloud` share of those on a rented server.
        second_account: share of people with two accounts.
        leavers: share who stop during the observation.
        shock: factor on everybody's zeal in the days after a release.
        cafe: share of people who frequent one.
    """

    shift_workers: Range = (0.03, 0.10)
    desk: Range = (0.3, 0.6)
    eager: Range = (0.008, 0.015)
    stop: Range = (0.3, 0.6)
    burst: Range = (1.1, 2.0)
    vpn_users: Range = (0.08, 0.20)
    onion: Range = (0.002, 0.01)
    scripters: Range = (0.10, 0.22)
    cloud: Range = (0.4, 0.8)
    second_account: Range = (0.07, 0.16)
    leavers: Range = (0.05, 0.20)
    shock: Range = (1.2, 2.2)
    cafe: Range = (0.2, 0.5)


@dataclass(frozen=True)
class Kits:
    """Devices and what they show; drawn once a world.

    Attributes:
        installed: share of devices with an id of their own; the rest are known by their attributes only, and
            devices of one popular make then look alike.
        wear_days: until an id is lost (cleared storage, new browser).
        lag_days: mean delay of updates.
        maskers: vendors of masking browsers, each with `masks` templates that all its customers draw from.
        mask_users: share of ordinary people with such a browser (testers, the cautious).
        images: machine images on the market.
    """

    installed: Range = (0.75, 0.92)
    wear_days: Range = (25, 160)
    lag_days: Range = (2, 12)
    maskers: int = 3
    masks: Range = (150, 1500)
    mask_users: Range = (0.005, 0.03)
    images: int = 40


@dataclass(frozen=True)
class Registers:
    """Names, mailboxes and numbers; drawn once a world.

    Attributes:
        custom_domain: share with a mail domain of their own; `throwaway` share with a throwaway mailbox.
        alias: share of second accounts on an alias of the first mailbox.
        sms: share who rented their number; each of `services` has `numbers` at a time, for `number_days`.
        no_phone: share without a number.
    """

    custom_domain: Range = (0.05, 0.12)
    throwaway: Range = (0.01, 0.04)
    alias: Range = (0.2, 0.5)
    sms: Range = (0.02, 0.06)
    services: int = 3
    numbers: Range = (8, 30)
    number_days: Range = (4, 30)
    no_phone: Range = (0.1, 0.3)


@dataclass(frozen=True)
class Purses:
    """Who pays how; drawn once a world.

    Attributes:
        free: share who never pay; `reload` is the share of payers whose balance is filled up when it is low.
        brokered: share of payers who buy credit from a broker, of whom there are `brokers`.
        resold: share of payers with a resold prepaid card that somebody else has used before.
        issuers: issuer ranges a country and kind.
        virtual: share of payers with cards of a virtual-card service, of which there are `services`.
        decline: chance that a charge is declined and tried again.
        dispute: chance that a charge is charged back.
    """

    free: Range = (0.3, 0.5)
    reload: Range = (0.2, 0.5)
    brokered: Range = (0.005, 0.03)
    brokers: int = 3
    resold: Range = (0.003, 0.02)
    issuers: int = 60
    virtual: Range = (0.04, 0.10)
    services: int = 4
    decline: Range = (0.03, 0.09)
    dispute: Range = (0.002, 0.01)


@dataclass(frozen=True)
class Customs:
    """How prompts spread; drawn once a world.

    Attributes:
        communities: circles that copy from each other; `outward` is the share copied from other circles.
        fresh: share of prompts that are nobody's copy; `edited` share of copies that are changed.
        repertoire: prompts a person (median).
        shoppers: share of people who copy from the market that operators buy on.
        drift_days: after which a person's favourites change.
    """

    communities: Range = (12, 30)
    outward: Range = (0.05, 0.25)
    fresh: Range = (0.45, 0.65)
    edited: Range = (0.4, 0.65)
    repertoire: Range = (4, 10)
    shoppers: Range = (0.08, 0.2)
    drift_days: Range = (3, 20)


@dataclass(frozen=True)
class Sites:
    """Homes, campuses, companies, agencies and build farms; drawn once each (homes: once a world).

    Attributes:
        family_card: share of a household's members who pay with the family's card.
        family_device: chance of a device that the household shares.
        own_domain: share registered with the site's mail domain.
        exits: public addresses of the site.
        zeal: factor on the zeal of the people of a company.
        concentrator: chance that home workers come through the company's VPN.
        sign_on: chance that the company manages its accounts as an organisation.
        company_card: share paid by the company.
        rollout: share of accounts opened in the days of a roll-out, or (campus) of a hackathon.
        house_prompts: prompts that a company's people all use.
        agency: chance that a company is an agency, which runs the accounts of its clients.
        freelance: share of staff who are contractors with home offices of their own.
        image: chance that a company's machines are clones of one image.
        rotation: chance that an administrator rotates all keys at once.
    """

    family_card: Range = (0.2, 0.6)
    family_device: Range = (0.2, 0.5)
    own_domain: Range = (0.5, 1.0)
    exits: Range = (1, 4)
    zeal: Range = (1.0, 3.0)
    concentrator: float = 0.6
    sign_on: float = 0.6
    company_card: Range = (0.3, 1.0)
    rollout: Range = (0.1, 0.8)
    house_prompts: Range = (1, 6)
    agency: float = 0.25
    freelance: Range = (0.0, 0.3)
    image: float = 0.4
    rotation: float = 0.4


@dataclass(frozen=True)
class Crews:
    """Tactics of operators; drawn once an operator, some once a team.

    Attributes:
        teams: compartments, with suppliers of their own.
        life_days: an account's time in use (median; log standard deviation 0.6).
        warm_days: from opening to use, with light traffic meanwhile.
        quota: exchanges on an account before the next one is taken; `slow_quota` where it is low and slow.
        slow: chance of low-and-slow work.
        daily: exchanges an account in use and day.
        period_hours: between two runs of the scheduler; `jitter` is the share of it that a run may shift.
        service_seconds: an exchange.
        banned: share of accounts banned at the end of their life; `failover_minutes` until work goes on.
        aged: share of accounts bought from strangers.
        alias: share of mailboxes that are aliases of another of the operator's; `catch_all` share on domains
            of the operator's, `domain_accounts` on each.
        sms: share with a rented number.
        virtual: share of wallets from a virtual-card service; `card_accounts` accounts a wallet.
        card_charges: charges before a virtual card is replaced by the next number.
        stolen: share of wallets that are stolen and charged back.
        free: share of accounts that never pay.
        reworded: share of prompts that are edited anew for each account.
        market: share of prompts that come from the market that rivals buy on, too.
        stages: steps of a job; `jobs` at a time a team.
        leak: chance a visit comes from a worker's own line and device.
        visits: looks of a worker into an account, in four weeks.
        personas: share of accounts that chat like a person besides.
        twin: chance of being a twin of the operator before: same suppliers, hours, market.
        flag: chance of planting another operator's prompts and issuers; `flagged` share of accounts with them.
        phones: chance of being a farm of real phones, paid with wallets.
        rotation: chance of all keys being rotated within minutes.
        workers: people of a team.
    """

    teams: Range = (1, 4)
    life_days: Range = (5, 30)
    warm_days: Range = (2, 35)
    quota: Range = (6, 60)
    slow_quota: Range = (3, 10)
    slow: float = 0.2
    daily: Range = (3, 20)
    period_hours: Range = (0.5, 12)
    jitter: Range = (0.02, 0.6)
    service_seconds: Range = (8, 120)
    banned: Range = (0.05, 0.7)
    failover_minutes: Range = (1, 60)
    aged: Range = (0.0, 0.5)
    alias: Range = (0.0, 0.15)
    catch_all: Range = (0.0, 0.4)
    domain_accounts: Range = (2, 9)
    sms: Range = (0.2, 0.9)
    virtual: Range = (0.05, 0.6)
    card_accounts: Range = (1.0, 5.0)
    card_charges: Range = (1, 6)
    stolen: Range = (0.0, 0.3)
    free: Range = (0.0, 0.5)
    reworded: Range = (0.3, 0.97)
    market: Range = (0.1, 0.6)
    stages: Range = (2, 9)
    jobs: Range = (1, 4)
    leak: Range = (0.005, 0.08)
    visits: Range = (0.4, 3.0)
    personas: Range = (0.0, 0.5)
    twin: float = 0.25
    flag: float = 0.2
    flagged: Range = (0.1, 0.4)
    phones: float = 0.2
    rotation: float = 0.4
    workers: Range = (1, 3)


@dataclass(frozen=True)
class Brokers:
    """Tactics of resellers; drawn once each.

    Attributes:
        hashed: chance that a gateway routes by consistent hashing; else to the least loaded account.
        virtual_nodes: points an account has on the ring of a consistent hash.
        banned: share of a gateway's accounts banned.
        zeal: factor on the zeal of tenants.
        relayed: share of a storefront's customers who come through its servers.
        handed_hours: from opening to hand-over.
        audit: share of accounts that staff look into, a week.
    """

    hashed: float = 0.5
    virtual_nodes: int = 16
    banned: Range = (0.0, 0.3)
    zeal: Range = (0.4, 1.5)
    relayed: Range = (0.0, 0.5)
    handed_hours: Range = (1, 90)
    audit: Range = (0.1, 0.6)


@dataclass(frozen=True)
class Gigs:
    """Contractors on one queue; drawn once a principal.

    Attributes:
        tasks: tasks that arrive, a contractor and day.
        service_minutes: a task.
        exchanges: a task.
        zeal: factor on the contractors' zeal: they do it for a living.
        principal_pays: share of accounts paid by the principal.
        moonlighting: chance that the contractors are employees of one lawful firm, in its network.
        abroad: share in another country than most.
        knows: share of the queue's prompts that a contractor works with; `edited` share of those reworded.
    """

    tasks: Range = (2, 14)
    service_minutes: Range = (3, 25)
    exchanges: Range = (1.2, 5)
    zeal: Range = (1.2, 3.5)
    principal_pays: Range = (0.0, 0.6)
    moonlighting: float = 0.3
    abroad: Range = (0.0, 0.7)
    knows: Range = (0.1, 0.6)
    edited: Range = (0.4, 1.0)


@dataclass(frozen=True)
class Thefts:
    """Stolen sessions; drawn once an intruder.

    Attributes:
        batches: logs of stolen credentials bought, each used within `spread_days`.
        days: until an owner notices; `noticed` share who do.
        daily: exchanges a victim and day.
        cookie: share of victims whose session is taken over with their device's id.
    """

    batches: Range = (1, 3)
    spread_days: Range = (0.5, 5)
    days: Range = (1, 14)
    noticed: Range = (0.3, 0.9)
    daily: Range = (4, 40)
    cookie: Range = (0.3, 1.0)


@dataclass(frozen=True)
class Records:
    """What the provider's logs and files get wrong; drawn once a world.

    Attributes:
        outages: spans in which most rows of a table are lost, of `outage_hours`.
        lost: share of rows lost at any time.
        skew_seconds: how far the clocks of log collectors are off.
        mistaken: share of innocent accounts banned; `appealed` and then `reinstated` shares.
        known: share of operators with a name; `labelled` share of a known one's accounts.
        wrong: labels on other accounts, as a share of right ones; `verified` share of innocents verified.
    """

    outages: Range = (0, 3)
    outage_hours: Range = (1, 12)
    lost: Range = (0.0, 0.05)
    skew_seconds: Range = (0, 120)
    mistaken: Range = (0.001, 0.006)
    appealed: Range = (0.03, 0.2)
    reinstated: Range = (0.05, 0.4)
    known: Range = (0.3, 0.8)
    labelled: Range = (0.1, 0.4)
    wrong: Range = (0.0, 0.1)
    verified: Range = (0.02, 0.05)


GRIDS, LIVES, KITS, REGISTERS, PURSES = Grids(), Lives(), Kits(), Registers(), Purses()
CUSTOMS, SITES, CREWS, BROKERS, GIGS = Customs(), Sites(), Crews(), Brokers(), Gigs()
THEFTS, RECORDS = Thefts(), Records()
