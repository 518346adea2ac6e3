"""Halvorsund Software, an invented company: its products, places and habits."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "COMPANY",
    "CURRENCIES",
    "LOST_REASONS",
    "NEXT_STEPS",
    "PRODUCTS",
    "REGIONS",
    "SEGMENTS",
    "SOURCES",
    "STAGES",
    "TEAMS",
    "Country",
    "Product",
    "Segment",
    "Source",
    "Stage",
    "Team",
]

COMPANY = "Halvorsund Software"

CURRENCIES = ("EUR", "USD", "GBP", "TRY", "CHF", "PLN", "CAD", "BRL", "MXN", "JPY", "AUD", "AED")
REGIONS = ("EMEA", "North America", "LATAM", "APAC")


@dataclass(frozen=True)
class Country:
    """A country: its currency in deals, legal forms of companies, share of its team."""

    name: str
    currency: str
    forms: tuple[str, ...]
    weight: float


@dataclass(frozen=True)
class Team:
    """A team: region, seats at full size, countries, and where its people's names are from."""

    name: str
    region: str
    seats: int
    countries: tuple[Country, ...]
    cultures: tuple[str, ...]


@dataclass(frozen=True)
class Segment:
    """A customer segment and how its deals behave.

    `deals` a month and full seat, `median` amount in EUR, `sigma` of the log
    amount, `cycle` in days to the first expected close date, `push_days` mean
    of a slip beyond 31 days, `log_odds` of a win, `employees` from and to.
    """

    name: str
    share: float
    deals: float
    median: float
    sigma: float
    cycle: float
    push_days: float
    log_odds: float
    employees: tuple[int, int]


@dataclass(frozen=True)
class Product:
    """A product: family, list price in EUR, share of deals, factor on the amount."""

    name: str
    family: str
    code: str
    list_price: float
    share: float
    factor: float


@dataclass(frozen=True)
class Source:
    """Where deals come from: share, effect on the log-odds of a win."""

    name: str
    share: float
    log_odds: float


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline, with the CRM's default chance and category."""

    name: str
    probability: int
    category: str
    is_closed: bool = False
    is_won: bool = False


STAGES = (
    Stage("Prospecting", 10, "Pipeline"),
    Stage("Qualification", 25, "Pipeline"),
    Stage("Proposal", 50, "Best Case"),
    Stage("Negotiation", 80, "Commit"),
    Stage("Closed Won", 100, "Closed", is_closed=True, is_won=True),
    Stage("Closed Lost", 0, "Omitted", is_closed=True),
    Stage("Disqualified", 0, "Omitted", is_closed=True),
)

SEGMENTS = (
    Segment("SMB", 0.60, 5.0, 19_500, 0.42, 32, 12, -1.15, (8, 180)),
    Segment("Mid-market", 0.30, 3.7, 51_000, 0.42, 55, 17, -1.26, (180, 1_500)),
    Segment("Enterprise", 0.10, 2.9, 130_000, 0.42, 110, 24, -1.38, (1_500, 60_000)),
)

PRODUCTS = (
    Product("Harbour Core", "Platform", "HC-100", 12_000, 0.28, 1.00),
    Product("Harbour Core Plus", "Platform", "HC-200", 24_000, 0.16, 1.35),
    Product("Integration Hub", "Platform", "IH-100", 9_000, 0.12, 0.80),
    Product("Insight Reports", "Analytics", "IR-100", 8_000, 0.14, 0.85),
    Product("Insight Predict", "Analytics", "IP-100", 18_000, 0.08, 1.20),
    Product("Data Pipelines", "Analytics", "DP-100", 11_000, 0.08, 0.95),
    Product("Onboarding Package", "Services", "ON-100", 5_000, 0.08, 0.60),
    Product("Premium Support", "Services", "PS-100", 6_000, 0.06, 0.70),
)

SOURCES = (
    Source("Inbound Web", 0.28, 0.15),
    Source("Outbound", 0.26, -0.30),
    Source("Partner", 0.14, 0.30),
    Source("Customer Referral", 0.08, 0.70),
    Source("Event", 0.12, -0.05),
    Source("Campaign", 0.12, -0.15),
)

LOST_REASONS = (
    "Price",
    "Lost to competitor",
    "No decision",
    "No budget",
    "Timing",
    "Missing feature",
)

NEXT_STEPS = (
    "Call back with the buyer",
    "Send revised quote",
    "Demo for the wider team",
    "Legal review of the contract",
    "Meet the economic buyer",
    "Security questionnaire",
    "Agree on the rollout plan",
    "Reference call",
)

TEAMS = (
    Team(
        "Central Europe",
        "EMEA",
        8,
        (
            Country("Germany", "EUR", ("GmbH", "AG", "KG"), 0.5),
            Country("Austria", "EUR", ("GmbH", "AG"), 0.15),
            Country("Switzerland", "CHF", ("AG", "GmbH"), 0.15),
            Country("Poland", "PLN", ("Sp. z o.o.", "S.A."), 0.2),
        ),
        ("german", "german", "polish"),
    ),
    Team(
        "UK & Ireland",
        "EMEA",
        7,
        (
            Country("United Kingdom", "GBP", ("Ltd", "plc", "LLP"), 0.8),
            Country("Ireland", "EUR", ("Ltd", "DAC"), 0.2),
        ),
        ("british", "british", "irish"),
    ),
    Team(
        "Southern Europe",
        "EMEA",
        7,
        (
            Country("France", "EUR", ("SA", "SARL"), 0.35),
            Country("Italy", "EUR", ("S.p.A.", "S.r.l."), 0.25),
            Country("Spain", "EUR", ("S.L.", "S.A."), 0.25),
            Country("Portugal", "EUR", ("Lda.", "S.A."), 0.15),
        ),
        ("french", "italian", "spanish", "portuguese"),
    ),
    Team(
        "Türkiye & Middle East",
        "EMEA",
        6,
        (
            Country("Türkiye", "TRY", ("A.Ş.", "Ltd. Şti."), 0.6),
            Country("United Arab Emirates", "AED", ("LLC", "FZE"), 0.25),
            Country("Saudi Arabia", "USD", ("LLC", "Co."), 0.15),
        ),
        ("turkish", "turkish", "arabic"),
    ),
    Team(
        "US East",
        "North America",
        8,
        (Country("United States", "USD", ("Inc.", "LLC", "Corp."), 1.0),),
        ("american", "chinese", "american"),
    ),
    Team(
        "US Central",
        "North America",
        6,
        (Country("United States", "USD", ("Inc.", "LLC", "Corp."), 1.0),),
        ("american", "polish", "american"),
    ),
    Team(
        "US West",
        "North America",
        7,
        (Country("United States", "USD", ("Inc.", "LLC", "Corp."), 1.0),),
        ("american", "chinese", "indian"),
    ),
    Team(
        "Canada",
        "North America",
        5,
        (Country("Canada", "CAD", ("Inc.", "Ltd.", "Ltée"), 1.0),),
        ("british", "french"),
    ),
    Team(
        "Brazil",
        "LATAM",
        6,
        (Country("Brazil", "BRL", ("S.A.", "Ltda."), 1.0),),
        ("portuguese",),
    ),
    Team(
        "Mexico",
        "LATAM",
        5,
        (Country("Mexico", "MXN", ("S.A. de C.V.", "S. de R.L."), 1.0),),
        ("spanish",),
    ),
    Team(
        "Southern Cone",
        "LATAM",
        4,
        (
            Country("Argentina", "USD", ("S.A.", "S.R.L."), 0.5),
            Country("Chile", "USD", ("SpA", "Ltda."), 0.5),
        ),
        ("spanish", "italian"),
    ),
    Team(
        "Japan",
        "APAC",
        6,
        (Country("Japan", "JPY", ("K.K.", "株式会社"), 1.0),),
        ("japanese",),
    ),
    Team(
        "Australia & New Zealand",
        "APAC",
        5,
        (
            Country("Australia", "AUD", ("Pty Ltd",), 0.75),
            Country("New Zealand", "AUD", ("Ltd",), 0.25),
        ),
        ("british", "irish", "chinese"),
    ),
    Team(
        "Southeast Asia",
        "APAC",
        5,
        (
            Country("Singapore", "USD", ("Pte. Ltd.",), 0.5),
            Country("Vietnam", "USD", ("JSC", "Co., Ltd."), 0.25),
            Country("India", "USD", ("Pvt. Ltd.",), 0.25),
        ),
        ("vietnamese", "indian", "chinese"),
    ),
)
