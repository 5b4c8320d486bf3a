"""Every range that a world draws its mechanisms from, one frozen record a mechanism.

Wide guesses, not fits: nobody publishes real operators' signals. `mechanisms` has what is published.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphattr.simulate.draws import Range


@dataclass(frozen=True)
class Networks:
    """How networks are laid out; every range is drawn once for each network.

    Attributes:
        isps: providers of home lines a country, and of mobile data.
        homes_spare: addresses a line, so how rarely one meets an address that another line had before.
        lease_hours: how long a home line keeps its address.
        v6_share: share of sessions over IPv6 on a home line, where the provider has it.
        users_an_exit: account holders behind one public address of a carrier at a time (carrier NAT).
        hop_hours: how long a phone keeps its exit.
        vpns: VPN services; `vpn_exits` addresses each, spread over all countries.
        hosters: server providers; `hosting_size` addresses each, so a freed one comes back to someone else.
        tor_exits: exits of the Tor network, most traffic through a few.
        targeted: share of accounts whose rented exits and servers are chosen in the country the account declares.
        vendors: sellers of residential exits: `rented_share` of the home lines, and `outside_lines`, each.
    """

    isps: int = 2
    homes_spare: Range = (20, 80)
    lease_hours: Range = (100, 20000)
    v6_share: Range = (0.2, 0.7)
    users_an_exit: Range = (1.5, 8)
    hop_hours: Range = (4, 40)
    vpns: int = 3
    vpn_exits: Range = (48, 240)
    hosters: int = 5
    hosting_size: Range = (4000, 16000)
    tor_exits: Range = (300, 2000)
    vendors: int = 2
    rented_share: Range = (0.03, 0.09)
    outside_lines: Range = (1500, 6000)
    targeted: Range = (0.7, 0.97)


@dataclass(frozen=True)
class People:
    """Habits of account holders; a range is drawn once a world.

    Attributes:
        vpn_users: share who work behind a VPN, most of the time.
        abroad: share who declare another country than they live in; `english`: of devices set to English.
        tor_users: share who come through Tor, most of the time.
        scripters: share who call the interface from scripts, some of them from a rented server.
        second_account: share with two accounts.
        custom_domain: share with a mail domain of their own.
        throwaway: share with a throwaway mailbox.
        rented_phone: share who verified with a number rented by the minute, from a pool all renters share.
        no_phone: share without a number.
        free: share who never pay.
        sessions_a_week: median; log standard deviation 1.5.
        dormant: share who registered out of curiosity and come a tenth as often.
        leavers: share who stop during the observation.
        pack_users: share who use a bought or shared prompt pack.
        farm_users: share who run their tests on a rented device farm.
    """

    vpn_users: Range = (0.10, 0.30)
    abroad: Range = (0.03, 0.12)
    english: Range = (0.2, 0.5)
    tor_users: Range = (0.001, 0.008)
    scripters: Range = (0.25, 0.5)
    second_account: Range = (0.06, 0.16)
    custom_domain: Range = (0.06, 0.12)
    throwaway: Range = (0.01, 0.04)
    rented_phone: Range = (0.02, 0.05)
    no_phone: Range = (0.10, 0.25)
    free: Range = (0.30, 0.45)
    sessions_a_week: Range = (1.8, 3.2)
    dormant: Range = (0.0, 0.0)
    leavers: Range = (0.08, 0.18)
    pack_users: Range = (0.04, 0.10)
    farm_users: Range = (0.002, 0.01)


@dataclass(frozen=True)
class Households:
    """What a home shares; drawn once a world.

    Attributes:
        shared_card: share of members who pay with the family's card.
        shared_device: share of homes with a common device, and `shared_use` of its members' sessions on it.
        shared_phone: share of members who verified with the family's number.
    """

    shared_card: Range = (0.2, 0.5)
    shared_device: Range = (0.3, 0.6)
    shared_use: Range = (0.05, 0.5)
    shared_phone: Range = (0.05, 0.15)


@dataclass(frozen=True)
class Campuses:
    """What a campus shares; drawn once a campus.

    Attributes:
        exits: public addresses of the campus network.
        on_campus: weight of the campus network beside home (1) and mobile.
        own_domain: share who registered with the campus mail domain.
        lab_use: share of sessions on a few lab machines.
        course: share who work with the templates of a course, in the course's weeks.
        hackathon: share who joined on one and the same afternoon.
    """

    exits: Range = (1, 6)
    on_campus: Range = (0.8, 4.0)
    own_domain: Range = (0.3, 0.9)
    lab_use: Range = (0.0, 0.25)
    course: Range = (0.1, 0.5)
    hackathon: Range = (0.0, 0.4)


@dataclass(frozen=True)
class Companies:
    """What a company shares; drawn once a company.

    Attributes:
        exits: public addresses of the office.
        at_office: weight of the office network beside home (1) and mobile.
        abroad: share of staff in another country.
        scripters, own_domain: share of staff with scripts; registered with the company's mail domain.
        single_sign_on: chance that the company manages its accounts as an organisation.
        company_card: share paid with the company's card, the rest being reimbursed.
        shared_templates: share of requests that use the company's templates.
        rollout: share of accounts opened in the days of a roll-out.
        key_rotation: chance that its administrator rotates all keys at once.
    """

    exits: Range = (1, 3)
    at_office: Range = (0.5, 5.0)
    abroad: Range = (0.0, 0.3)
    scripters: Range = (0.2, 0.6)
    own_domain: Range = (0.6, 1.0)
    single_sign_on: Range = (0.4, 0.8)
    company_card: Range = (0.3, 1.0)
    shared_templates: Range = (0.1, 0.7)
    rollout: Range = (0.2, 0.9)
    key_rotation: Range = (0.2, 0.6)


@dataclass(frozen=True)
class Fronts:
    """Tactics of registration; each is drawn once an operator, so no two are alike.

    Attributes:
        batches: how many times accounts are opened in bulk; `batch_gap_minutes` between two of a batch.
        own_domain: share of mailboxes on catch-all domains of the operator's; `domain_accounts` on each.
        plus_alias: share of mailboxes that are another's under a different alias.
        rented_phone: share of numbers from the rental pools; the rest are fresh or missing.
        card_accounts: accounts a card serves before the next is taken.
        vendor_cards: share of cards that are prepaid or virtual, bought in batches of one issuer range.
        free: share of accounts that never pay.
        abroad: share of accounts declared in a country of choice, not the operator's.
        reused_name: share of accounts under a name used before.
    """

    batches: Range = (2, 7)
    batch_gap_minutes: Range = (4, 600)
    own_domain: Range = (0.0, 0.5)
    domain_accounts: Range = (3, 12)
    plus_alias: Range = (0.0, 0.12)
    rented_phone: Range = (0.2, 0.8)
    card_accounts: Range = (1.1, 5.0)
    vendor_cards: Range = (0.1, 0.8)
    free: Range = (0.0, 0.45)
    abroad: Range = (0.0, 0.7)
    reused_name: Range = (0.0, 0.15)


@dataclass(frozen=True)
class Operators:
    """Tactics of an operator at work; each is drawn once an operator.

    Attributes:
        workers: people who look in on the accounts.
        cells: compartments: accounts of different cells share no server, card or domain.
        hosting, proxy, own, vpn, tor: weights of the ways onto the network, uneven between accounts (`own`:
            lines and phones in the country declared). Most operators do without some of them.
        server_accounts: accounts behind a server at a time.
        hold_hours: how long an account keeps its exit or server.
        mask: share of accounts only ever used in a browser profile of their own; the rest now and then show
            the real device.
        careless: share of visits straight from the worker's own line or phone.
        script: share of sessions by script.
        visits: how often a worker looks in, a four weeks and account.
        jobs: campaigns.
        sessions_a_day: an account; `requests` a session (median).
        bought: share of accounts bought from strangers.
        banned: share of accounts banned while observed; `failover` is the share of their work that another
            account takes up, `failover_minutes` later.
        rotates: chance that a wave of bans hits it, within `wave_hours`, and that it goes on with `next_wave`
            (a share of all its accounts) of new accounts, servers, cards and domains.
        slow: chance to keep all accounts at a `slowness` of the usual load.
        twins: chance that an operator has a rival of the same style.
        plants: chance that it plants values of others on a share `planted` of its accounts or work.
        personas: share of accounts that chat like a person besides.
        reworded: share of its campaigns, and of the templates of the others, reworded for each account.
        jitter_hours: how far the hours of its accounts lie apart (standard deviation).
        packs: chance to work with a bought prompt pack, `pack_share` of the requests.
        farm: chance to run on a rented device farm, which rivals and testers rent too.
        key_rotation: chance of all keys being rotated within an hour.
    """

    workers: Range = (1, 3)
    cells: Range = (1, 3)
    hosting: Range = (0.05, 2.5)
    proxy: Range = (0.3, 4.0)
    own: Range = (0.3, 4.0)
    vpn: Range = (0.0, 1.5)
    tor: Range = (0.05, 1.0)
    server_accounts: Range = (0.5, 8)
    hold_hours: Range = (6, 700)
    mask: Range = (0.6, 1.0)
    careless: Range = (0.02, 0.5)
    script: Range = (0.0, 1.0)
    visits: Range = (0.5, 5.0)
    jobs: Range = (1, 5)
    sessions_a_day: Range = (0.15, 2.5)
    requests: Range = (2.0, 14.0)
    bought: Range = (0.0, 0.25)
    banned: Range = (0.0, 0.4)
    failover: Range = (0.5, 1.0)
    failover_minutes: Range = (1, 60)
    rotates: float = 0.3
    next_wave: Range = (0.2, 0.5)
    wave_hours: Range = (2, 72)
    slow: float = 0.15
    slowness: Range = (0.1, 0.4)
    twins: float = 0.25
    plants: float = 0.25
    planted: Range = (0.03, 0.25)
    personas: Range = (0.0, 0.4)
    reworded: Range = (0.55, 1.0)
    jitter_hours: Range = (0.0, 10.0)
    packs: float = 0.4
    pack_share: Range = (0.0, 0.5)
    farm: float = 0.25
    key_rotation: float = 0.5


@dataclass(frozen=True)
class Resellers:
    """Tactics of a reseller; drawn once each.

    Attributes:
        spread: share of the pool that one tenant's traffic is spread over (least: sticky).
        sessions_a_day: of a tenant, over all accounts; log standard deviation 1.
        banned: share of accounts banned; the tenants' mix is on another `failover_minutes` later, but for
            the share that is lost (1 - `failover`).
        visits: how often staff look into an account in four weeks.
        relayed: storefronts: share of tenants whose traffic goes through the reseller's servers.
        pack_share: storefronts: share of the templates of a pack on sale among those used to set accounts up.
    """

    spread: Range = (0.02, 0.4)
    sessions_a_day: Range = (0.1, 1.0)
    banned: Range = (0.0, 0.25)
    failover: Range = (0.7, 1.0)
    failover_minutes: Range = (1, 30)
    visits: Range = (0.5, 4.0)
    relayed: Range = (0.0, 0.7)
    pack_share: Range = (0.2, 0.8)


@dataclass(frozen=True)
class Contractors:
    """How a principal's queue is worked off; drawn once a principal.

    Attributes:
        queue: share of requests with the queue's templates, the same for everybody on it.
        abroad: share of contractors in another country than most.
        principal_card: share of accounts paid with the principal's cards.
        tasks: kinds of task in the queue; each contractor gets some of them at a time.
        reworded: share of the other templates that are each account's own.
        sessions_a_day: an account; `requests` a session (median).
    """

    queue: Range = (0.05, 0.6)
    abroad: Range = (0.1, 0.7)
    principal_card: Range = (0.0, 0.5)
    tasks: Range = (2, 5)
    reworded: Range = (0.6, 1.0)
    sessions_a_day: Range = (0.1, 1.5)
    requests: Range = (2.0, 10.0)


@dataclass(frozen=True)
class Intruders:
    """Tactics of an intruder; drawn once each.

    Attributes:
        sessions_a_day: on an account, `requests` a session (median).
        days: from the first use to the owner's noticing (password reset).
        noticed: share of owners who notice.
    """

    sessions_a_day: Range = (0.5, 2.5)
    requests: Range = (4.0, 15.0)
    days: Range = (1.0, 15.0)
    noticed: Range = (0.3, 0.9)


@dataclass(frozen=True)
class Devices:
    """`stock` is the share of devices whose fingerprint collides with that of others."""

    stock: Range = (0.03, 0.10)


@dataclass(frozen=True)
class Bans:
    """Bans by mistake.

    Attributes:
        mistaken: share of innocent accounts banned while observed.
        appealed: share of those who appeal, of whom `reinstated` are, one to three days later.
    """

    mistaken: Range = (0.001, 0.005)
    appealed: Range = (0.03, 0.2)
    reinstated: Range = (0.05, 0.4)


@dataclass(frozen=True)
class Labels:
    """What earlier takedowns left: few labels, some of them wrong.

    Attributes:
        known: share of operators, resellers and principals that have a name.
        operators: how many of them have one, in the place of a share. 0: by share.
        bias: how much likelier the careless are found: the log-odds between the most and the least careless,
            among operators and among the accounts of each.
        labelled: share of a known one's accounts that bear it.
        wrong: labels on somebody else's account, as a share of the right ones.
        verified: share of innocent accounts verified as independent.
    """

    known: Range = (0.3, 0.8)
    operators: int = 0
    bias: Range = (0.0, 4.0)
    labelled: Range = (0.1, 0.4)
    wrong: Range = (0.0, 0.1)
    verified: Range = (0.02, 0.05)


@dataclass(frozen=True)
class Shocks:
    """The release of a new model: `moment` of the observation (share), `surge` of the work doubles that day."""

    moment: Range = (0.3, 0.75)
    surge: Range = (0.05, 0.3)


@dataclass(frozen=True)
class Logs:
    """What the provider's logs lack, and where their clocks are wrong.

    Attributes:
        outages: how many times part of a table is lost, `outage_hours` long, `lost` of the rows.
        skewed: share of devices, and of log servers, whose clock is off by up to `skew_minutes`.
    """

    outages: Range = (0, 4)
    outage_hours: Range = (1, 10)
    lost: Range = (0.1, 1.0)
    skewed: Range = (0.005, 0.04)
    skew_minutes: Range = (1, 40)


@dataclass(frozen=True)
class Ways:
    """All mechanisms of a world. A preset replaces some to switch them off or bend them."""

    networks: Networks = Networks()
    people: People = People()
    households: Households = Households()
    campuses: Campuses = Campuses()
    companies: Companies = Companies()
    fronts: Fronts = Fronts()
    operators: Operators = Operators()
    resellers: Resellers = Resellers()
    contractors: Contractors = Contractors()
    intruders: Intruders = Intruders()
    devices: Devices = Devices()
    bans: Bans = Bans()
    labels: Labels = Labels()
    shocks: Shocks = Shocks()
    logs: Logs = Logs()
