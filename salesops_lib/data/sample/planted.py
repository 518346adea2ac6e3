"""What is planted in the simulated company, so that a measure can be checked against it."""

from __future__ import annotations

from dataclasses import dataclass, field

from salesops_lib.data.sample.timeline import day_of

__all__ = ["REP_TRAITS", "THRESHOLD_TEAMS", "Behaviour", "Exit", "Programme", "RepTrait"]


@dataclass(frozen=True)
class Programme:
    """A training: the day of each cohort's session, share of reps in a cohort, effect.

    `log_odds` is added to the log-odds of winning every deal that a trained rep
    closes after the day of the session.
    """

    name: str
    sessions: tuple[int, ...]
    cohort_share: float
    log_odds: float


@dataclass(frozen=True)
class Exit:
    """A manager who leaves on a known day and is followed by a rep of the team."""

    team: str
    day: int


@dataclass(frozen=True)
class RepTrait:
    """A rep with a planted property, in a known seat of a known team.

    Parameters
    ----------
    team, seat : str, int
        Place, seats counted from 0.
    trait : str
        Name of the property in ``truth.json``.
    first, last : str
        Name of the person.
    skill, consistency, spread : float
        Log-odds above the average, share of evenly spread draws, factor on the
        spread of amounts.
    swing : float
        Log-odds added in even quarters and taken away in odd ones.
    pull_forward, capture : float, optional
        Own shares, where they differ from everybody else's.
    always_wins : bool
        Wins every deal.
    volume, quota : float
        Factors on the number of deals and on the quota.
    deals_a_month : float, optional
        Own number of deals, the same at every scale.
    hired : int, optional
        Day on which the seat opens and its person is hired.
    moves : tuple of str and int, optional
        Team that the person moves to, and the first day there.
    """

    team: str
    seat: int
    trait: str
    first: str
    last: str
    skill: float = 0.0
    consistency: float = 0.75
    spread: float = 1.0
    swing: float = 0.0
    pull_forward: float | None = None
    capture: float | None = None
    always_wins: bool = False
    volume: float = 1.0
    quota: float = 1.0
    deals_a_month: float | None = None
    hired: int | None = None
    moves: tuple[str, int] | None = None


REP_TRAITS = (
    RepTrait(
        "Central Europe",
        0,
        "consistent_high_performer",
        "Annika",
        "Vogt",
        skill=0.2,
        consistency=1.0,
        spread=0.3,
        volume=2.0,
        quota=1.45,
    ),
    RepTrait(
        "US East",
        0,
        "consistent_high_performer",
        "Marcus",
        "Whitfield",
        skill=0.2,
        consistency=1.0,
        spread=0.3,
        volume=2.0,
        quota=1.45,
    ),
    RepTrait(
        "UK & Ireland", 0, "erratic", "Siobhán", "Keane", consistency=0.0, spread=1.6, swing=1.0
    ),
    RepTrait("Brazil", 0, "erratic", "Thiago", "Nogueira", consistency=0.0, spread=1.6, swing=-1.0),
    RepTrait(
        "Australia & New Zealand",
        1,
        "wins_every_deal",
        "Grace",
        "Pemberton",
        always_wins=True,
        deals_a_month=1.5,
        hired=day_of(2026, 1, 12),
    ),
    RepTrait(
        "Southern Europe",
        0,
        "moved_mid_quarter",
        "Inês",
        "Valadares",
        skill=0.2,
        moves=("Central Europe", day_of(2026, 8, 17)),
    ),
    RepTrait("US West", 0, "heavy_pull_forward", "Dwayne", "Castellano", pull_forward=0.65),
    RepTrait("Canada", 0, "logs_little", "Meredith", "Achterberg", capture=0.2),
    RepTrait("Japan", 0, "logs_little", "Haruto", "Kanzaki", capture=0.2),
    RepTrait("Southern Europe", 1, "namesake", "Maria", "Silva"),
    RepTrait("Brazil", 1, "namesake", "Maria", "Silva"),
)

THRESHOLD_TEAMS = ("US East", "US Central")
"""Reps here land just above quota: they stretch a deal to reach it and hold back the rest."""

_SEASON = {
    "EMEA": (0.95, 1.02, 1.10, 0.98, 1.00, 1.02, 0.88, 0.70, 1.12, 1.10, 1.13, 1.00),
    "North America": (1.00, 1.00, 1.06, 1.00, 1.02, 1.00, 0.92, 0.92, 1.06, 1.08, 1.02, 0.92),
    "LATAM": (0.80, 0.85, 1.10, 1.05, 1.08, 1.00, 1.00, 1.05, 1.05, 1.05, 1.02, 0.95),
    "APAC": (0.95, 0.85, 1.15, 1.00, 0.92, 1.05, 1.00, 0.95, 1.08, 1.05, 1.05, 0.95),
}


@dataclass(frozen=True)
class Behaviour:
    """Planted numbers. ``truth.json`` carries them under ``planted``.

    Effects on winning are log-odds, hazards are monthly, shares are 0 to 1.
    """

    month_factors: dict[str, tuple[float, ...]] = field(default_factory=lambda: dict(_SEASON))
    off_focus_share: float = 0.05
    deals_growth: float = 0.01
    amount_growth: float = 0.02
    thin_region: str = "APAC"
    thin_from: int = day_of(2026, 6, 15)
    thin_factor: float = 0.4

    skill_sigma: float = 0.3
    size_log_odds: float = -0.25
    expansion_share: float = 0.35
    expansion_log_odds: float = 0.25
    disqualified_share: float = 0.04
    # Region, first day, effect on winning.
    region_shifts: tuple[tuple[str, int, float], ...] = (
        ("LATAM", day_of(2026, 4, 1), -0.20),
        ("EMEA", day_of(2026, 4, 1), 0.12),
    )

    push_log_odds: float = -1.15
    push_size_log_odds: float = 0.35
    month_end_share: float = 0.25
    pull_forward_share: float = 0.18
    pull_forward_reach: int = 30
    pull_forward_days: int = 14

    split_threshold_eur: float = 60_000
    split_share: float = 0.20
    overlay_share: float = 0.08

    voluntary_monthly: float = 0.0045
    first_year_factor: float = 1.6
    after_miss_factor: float = 1.8
    involuntary_monthly: float = 0.0015
    other_monthly: float = 0.0005
    manager_monthly: float = 0.003
    transfer_share: float = 0.15
    manager_exits: tuple[Exit, ...] = (
        Exit("Brazil", day_of(2024, 11, 8)),
        Exit("US West", day_of(2025, 5, 16)),
    )

    ramp_quota: tuple[float, ...] = (0.25, 0.5, 0.75, 1.0)
    ramp_deals: tuple[float, ...] = (0.55, 0.75, 0.9, 1.0)
    quota_history_weight: float = 0.35
    quarter_factors: tuple[float, ...] = (1.05, 1.11, 1.05, 1.12)
    revised_team: str = "Southern Cone"
    revised_factor: float = 0.9
    revised_from: int = day_of(2026, 8, 1)

    forecast_bias_sigma: float = 0.08
    forecast_noise_sigma: float = 0.10
    forecast_bias: dict[str, float] = field(
        default_factory=lambda: {"Central Europe": -0.18, "Southern Cone": 0.25}
    )

    programmes: tuple[Programme, ...] = (
        Programme(
            "Value Selling",
            (day_of(2024, 5, 14), day_of(2025, 2, 11), day_of(2025, 9, 16)),
            0.20,
            0.40,
        ),
        Programme("CRM Hygiene", (day_of(2024, 9, 10), day_of(2025, 11, 12)), 0.30, 0.0),
    )

    low_capture_share: float = 0.12
    low_capture: float = 0.35
