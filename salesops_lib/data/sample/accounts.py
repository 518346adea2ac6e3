"""Accounts: companies that the deals are with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from salesops_lib.data.sample.arrays import Floats, Ints, chosen, generator
from salesops_lib.data.sample.company import CURRENCIES, SEGMENTS, TEAMS, Country
from salesops_lib.data.sample.identifiers import record_ids
from salesops_lib.data.sample.names import account_stems

if TYPE_CHECKING:
    from salesops_lib.data.sample.organisation import Size

__all__ = ["COUNTRIES", "HOSTILE_ACCOUNT", "Accounts", "accounts_of"]

COUNTRIES: tuple[Country, ...] = tuple(country for team in TEAMS for country in team.countries)

HOSTILE_ACCOUNT = '=HYPERLINK("http://example.com","x")'
"""A formula, as somebody's idea of a company name."""

_INDUSTRIES = (
    "Manufacturing",
    "Financial Services",
    "Retail",
    "Healthcare",
    "Technology",
    "Transport & Logistics",
    "Energy",
    "Public Sector",
    "Media",
)
_INDUSTRY_WEIGHTS = np.array([0.2, 0.14, 0.14, 0.12, 0.14, 0.1, 0.06, 0.05, 0.05])
_ACCOUNTS_PER_SEAT = 35.0


@dataclass
class Accounts:
    """Accounts of one division; those of one team and segment lie side by side.

    Parameters
    ----------
    offset : int
        Number of the first account within the company.
    first, count : array
        Where the accounts of each team (row) and segment (column) lie.
    team, segment, country, currency : array
        Numbers, one an account.
    industry, employees, revenue, parent : array
        Industry number (-1: unknown), employees (-1: unknown), revenue a year in
        EUR (-1: unknown), parent account (-1: none).
    form : array
        Legal form, as a position in the country's list.
    renamed : dict of int to str
        Accounts with a planted name.
    """

    offset: int
    first: Ints
    count: Ints
    team: Ints
    segment: Ints
    country: Ints
    currency: Ints
    industry: Ints
    employees: Ints
    revenue: Ints
    parent: Ints
    form: Ints
    renamed: dict[int, str]

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.team)

    def chosen_in(self, team: Ints, segment: Ints, uniform: Floats) -> Ints:
        """Account for each team, segment and uniform number; early ones are busier."""
        return self.first[team, segment] + np.floor(
            uniform**1.4 * self.count[team, segment]
        ).astype(np.int64)

    def ids(self, account: Ints) -> pa.Array:
        """CRM ids of accounts."""
        return record_ids("001", account + self.offset)

    def names(self, account: Ints) -> pa.Array:
        """Names of accounts, with their legal form."""
        forms = pa.array([form for country in COUNTRIES for form in country.forms])
        starts = np.cumsum([0] + [len(country.forms) for country in COUNTRIES])[:-1]
        form = forms.take(pa.array(starts[self.country[account]] + self.form[account]))
        names = pc.binary_join_element_wise(account_stems(account + self.offset), form, " ")
        for number, name in self.renamed.items():
            here = pa.array(np.asarray(account) == number)
            names = pc.if_else(here, pa.scalar(name), names)
        return names

    def table(self, start: int, stop: int) -> pa.Table:
        """Rows of the CRM's Account file.

        Parameters
        ----------
        start, stop : int
            Slice of the accounts.

        Returns
        -------
        pyarrow Table
        """
        rows = np.arange(start, stop)
        parent = self.parent[rows]
        return pa.table(
            {
                "Id": self.ids(rows),
                "Name": self.names(rows),
                "Industry": pa.array(_INDUSTRIES).take(_numbers(self.industry[rows])),
                "Segment__c": pa.array([s.name for s in SEGMENTS]).take(
                    pa.array(self.segment[rows])
                ),
                "NumberOfEmployees": _numbers(self.employees[rows]),
                "AnnualRevenue": _numbers(self.revenue[rows]),
                "CurrencyIsoCode": pa.array(CURRENCIES).take(pa.array(self.currency[rows])),
                "BillingCountry": pa.array([c.name for c in COUNTRIES]).take(
                    pa.array(self.country[rows])
                ),
                "ParentId": pc.if_else(
                    pa.array(parent >= 0),
                    self.ids(np.maximum(parent, 0)),
                    pa.scalar(None, pa.string()),
                ),
            }
        )


def _numbers(values: Ints) -> pa.Array:
    return pa.array(values, mask=values < 0)


def accounts_of(size: Size, seed: int, division: int, offset: int) -> Accounts:
    """Accounts of one division.

    Parameters
    ----------
    size : Size
        Size of the company.
    seed, division : int
        Key of the randomness.
    offset : int
        Number of the first account within the company.

    Returns
    -------
    Accounts
    """
    rng = generator(seed, "accounts", division)
    wanted = np.array(
        [
            [_ACCOUNTS_PER_SEAT * size.seats_of(team) * size.volume * s.share for s in SEGMENTS]
            for team in range(len(TEAMS))
        ]
    )
    count = np.maximum(2, np.round(wanted)).astype(np.int64)
    first = (np.cumsum(count.ravel()) - count.ravel()).reshape(count.shape)
    pools = np.repeat(np.arange(count.size), count.ravel())
    team, segment = pools // len(SEGMENTS), pools % len(SEGMENTS)
    n = len(pools)
    country = _countries(team, rng.random(n))
    low = np.array([s.employees[0] for s in SEGMENTS], dtype=np.float64)[segment]
    high = np.array([s.employees[1] for s in SEGMENTS], dtype=np.float64)[segment]
    employees = np.round(low * (high / low) ** rng.random(n)).astype(np.int64)
    revenue = np.round(employees * np.exp(rng.normal(11.9, 0.5, n)), -4).astype(np.int64)
    employees = np.where(rng.random(n) < 0.05, -1, employees)
    revenue = np.where(rng.random(n) < 0.35, -1, revenue)
    industry = np.where(rng.random(n) < 0.03, -1, chosen(rng.random(n), _INDUSTRY_WEIGHTS))
    # A parent is a larger company of the same team.
    in_enterprise = first[team, -1] + np.floor(rng.random(n) * count[team, -1]).astype(np.int64)
    has_parent = (rng.random(n) < 0.08) & (segment < len(SEGMENTS) - 1)
    forms = np.array([len(c.forms) for c in COUNTRIES])[country]
    return Accounts(
        offset=offset,
        first=first,
        count=count,
        team=team,
        segment=segment,
        country=country,
        currency=np.array([CURRENCIES.index(c.currency) for c in COUNTRIES])[country],
        industry=industry,
        employees=employees,
        revenue=revenue,
        parent=np.where(has_parent, in_enterprise, -1),
        form=np.floor(rng.random(n) * forms).astype(np.int64),
        renamed={},
    )


def _countries(team: Ints, uniform: Floats) -> Ints:
    country = np.zeros(len(team), dtype=np.int64)
    start = 0
    for number, one in enumerate(TEAMS):
        here = team == number
        weights = np.array([c.weight for c in one.countries])
        country[here] = start + chosen(uniform[here], weights)
        start += len(one.countries)
    return country
