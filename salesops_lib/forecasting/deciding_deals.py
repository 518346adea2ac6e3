"""Open deals that decide the first quarter, why each may be won, and what is at risk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.combined import booking_forecast
from salesops_lib.forecasting.company_forecast import company_forecast
from salesops_lib.forecasting.features import FEATURES
from salesops_lib.fragments import Cell, Grid, grid_html
from salesops_lib.results import MIME
from salesops_lib.rows import compact_rows, json_number, rows_of

if TYPE_CHECKING:
    from salesops_lib.data.view import View

__all__ = ["DecidingDeals", "ForecastRisks", "deciding_deals", "forecast_risks", "open_now"]

_SHOWN = 10
_STALE_DAYS = 30
_PUSHED = 2


@dataclass(frozen=True)
class DecidingDeals:
    """The open deals whose outcome moves the first quarter most.

    Parameters
    ----------
    frame : DataFrame
        One row a deal, the most uncertain money first: `opportunity_id`, `name`, `owner`,
        `stage`, `close_date`, `value`, `probability` (won in the quarter), `expected`, `swing`
        (value × √(p(1 − p)): the standard deviation that it adds), `why` (reasons), all amounts
        in the reporting currency.
    share : float
        Part of the open deals' variance that these make up; 0 where there is none.
    period : str
        Label of the quarter.
    view : View
        What was looked at.
    """

    frame: pd.DataFrame
    share: float
    period: str
    view: View

    @property
    def headline(self) -> str:
        """One sentence: how many deals, and how much hangs on them."""
        show = self.view.show
        if self.frame.empty:
            return show.say("No open deal decides {period}.", period=show.period(self.period))
        first = next(rows_of(self.frame))
        return show.counted(
            len(self.frame),
            "{count} open deal makes up {share} of what is uncertain about open deals in {period}: "
            "{name}, {value}, won with a chance of {chance}.",
            "{count} open deals make up {share} of what is uncertain about open deals in {period}, "
            "the first is {name}: {value}, won with a chance of {chance}.",
            share=show.share(self.share, 0),
            period=show.period(self.period),
            name=first.name,
            value=show.money(first.value, compact=True),
            chance=show.share(first.probability, 0),
        )

    @property
    def grid(self) -> Grid:
        """The deals as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Deal"), "text"),
            (say("Owner"), "text"),
            (say("Stage"), "text"),
            (say("Close date"), "text"),
            (say("Amount, {currency}", currency=show.currency), "number"),
            (say("Chance"), "number"),
            (say("Adds, {currency}", currency=show.currency), "number"),
            (say("Why"), "text"),
        )
        rows = tuple(
            (
                Cell(row.name, "head"),
                Cell(row.owner or "–", "text"),
                Cell(row.stage or "–", "text"),
                Cell(_day(row.close_date, self.view), "text"),
                Cell(show.amount(row.value, 0), number=row.value),
                Cell(show.share(row.probability, 0), number=row.probability),
                Cell(show.amount(row.expected, 0), number=row.expected),
                Cell(row.why, "text"),
            )
            for row in rows_of(self.frame)
        )
        note = say(
            "Chance: won within the quarter, by the win model. Why: features that make it likelier "
            "(+) or less likely (−) than usual, one at a time."
        )
        caption = say("Deals that decide {period}", period=show.period(self.period))
        return Grid(caption, headers, rows, note, show=show)

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        values = {"kind": "deciding_deals", "headline": self.headline,
                  "share": json_number(self.share),
                  **compact_rows(self.frame.assign(close_date=self.frame["close_date"].astype(str)))
                  }  # fmt: skip
        html = grid_html(self.grid)
        return {"text/plain": self.headline, "text/html": html, MIME: values}


@dataclass(frozen=True)
class ForecastRisks:
    """What may keep the first quarter below its forecast.

    Parameters
    ----------
    frame : DataFrame
        One row a risk: `risk` (``pushed``: close date pushed twice or more; ``overdue``: close
        date passed; ``silent``: nothing logged for 30 days; ``largest``: the one largest deal),
        `deals`, `amount` (what they add to the forecast, reporting currency) and `share` (of
        what all open deals add).
    largest : str
        Name of the deal that adds most.
    view : View
        What was looked at.
    period : str
        Label of the quarter.
    """

    frame: pd.DataFrame
    largest: str
    view: View
    period: str

    @property
    def undrawn(self) -> str:
        """What is said instead of the table; empty where there is one."""
        return "" if len(self.frame) else self.headline

    @property
    def headline(self) -> str:
        """One sentence: the largest risk."""
        show = self.view.show
        rows = self.frame[self.frame["risk"] != "largest"]
        if self.frame.empty or not rows["amount"].sum() > 0:
            return show.say("No open deal was pushed, is overdue or silent.")
        row = next(rows_of(rows.sort_values("amount", ascending=False, kind="stable")))
        return show.say(
            "{share} of what open deals add to {period} is at risk: {risk}, {amount}.",
            share=show.share(row.share, 0),
            period=show.period(self.period),
            risk=risk_label(row.risk, self.view),
            amount=show.money(row.amount, compact=True),
        )

    @property
    def grid(self) -> Grid:
        """The risks as a table."""
        show, say = self.view.show, self.view.show.say
        headers = (
            (say("Risk"), "text"),
            (say("Deals"), "number"),
            (say("Adds to the forecast, {currency}", currency=show.currency), "number"),
            (say("Share of open deals"), "number"),
        )
        rows = tuple(
            (
                Cell(risk_label(row.risk, self.view), "head",
                     below=self.largest if row.risk == "largest" else ""),
                Cell(show.count(row.deals)),
                Cell(show.amount(row.amount, 0), number=row.amount),
                Cell(show.value(json_number(row.share), "share")),
            )
            for row in rows_of(self.frame)
        )  # fmt: skip
        note = say("A deal may bear several risks, so they do not add up.")
        return Grid(say("Risks of the forecast"), headers, rows, note, show=show)

    def records(self) -> dict[str, Any]:
        """Values for machines."""
        return {"kind": "forecast_risks", "headline": self.headline, **compact_rows(self.frame)}


@lru_cache(maxsize=16)
def open_now(view: View) -> pd.DataFrame:
    """The scope's open deals with their chances, names and owners.

    Parameters
    ----------
    view : View
        Scope and audience.

    Returns
    -------
    DataFrame
        As `CompanyForecast.deals`, with `name` and `owner`; `adds` is what each adds to the
        forecast (value × usual change of amounts × chance).
    """
    rows = company_forecast(view).deals
    kind, key = view.scope.kind, view.scope.key
    if kind != "company":
        rows = rows[rows["owner_id" if kind == "rep" else kind] == key]
    named = view.all_deals.select("opportunity_id", "name", "owner_name").to_pandas()
    rows = rows.merge(named, on="opportunity_id", how="left")
    return rows.assign(
        name=rows["name"].fillna(rows["opportunity_id"]),
        owner=rows["owner_name"].fillna(""),
        stage=rows["stage"].fillna(""),
        adds=rows["expected"].fillna(0.0),
    )


def deciding_deals(view: View, most: int = _SHOWN) -> DecidingDeals:
    """The open deals whose outcome moves the first quarter most.

    Parameters
    ----------
    view : View
        Scope.
    most : int
        Deals listed.

    Returns
    -------
    DecidingDeals
    """
    rows, chance = open_now(view), open_now(view)["probability"]
    swing = rows["value"].fillna(0.0) * np.sqrt(chance * (1 - chance))
    rows = rows.assign(swing=swing)
    total = float((swing**2).sum())
    rows = rows[rows["swing"] > 0].sort_values(
        ["swing", "opportunity_id"], ascending=[False, True], kind="stable"
    )
    rows = rows.head(most).reset_index(drop=True)
    share = float((rows["swing"] ** 2).sum()) / total if total > 0 else 0.0
    why = _reasons(view)
    rows["why"] = rows["opportunity_id"].map(why).fillna("")
    columns = ["opportunity_id", "name", "owner", "stage", "close_date", "value", "probability",
               "expected", "swing", "why"]  # fmt: skip
    return DecidingDeals(rows[columns], share, booking_forecast(view).period, view)


def forecast_risks(view: View) -> ForecastRisks:
    """What may keep the first quarter below its forecast: pushed, overdue and silent deals.

    Parameters
    ----------
    view : View
        Scope.

    Returns
    -------
    ForecastRisks
        A risk that the data cannot show (no close dates, no activities) is left out.
    """
    rows = open_now(view)
    total = float(rows["adds"].sum())
    found: list[tuple[str, int, float, float]] = []
    overdue = rows["close_date"] < pd.Timestamp(view.as_of)
    silent = rows["days_since_activity"] > _STALE_DAYS
    chosen = {
        "pushed": (rows["pushes"] >= _PUSHED, rows["pushes"].notna().any()),
        "overdue": (overdue, rows["close_date"].notna().any()),
        "silent": (silent, rows["days_since_activity"].notna().any()),
    }
    for risk, (mask, is_known) in chosen.items():
        if is_known:
            part = rows[mask]
            amount = float(part["adds"].sum())
            found.append((risk, len(part), amount, amount / total if total > 0 else np.nan))
    largest = ""
    if total > 0:
        top = rows.iloc[int(rows["adds"].to_numpy().argmax())]
        largest = str(top["name"])
        found.append(("largest", 1, float(top["adds"]), float(top["adds"]) / total))
    frame = pd.DataFrame(found, columns=["risk", "deals", "amount", "share"])
    return ForecastRisks(frame, largest, view, booking_forecast(view).period)


def risk_label(risk: str, view: View) -> str:
    """Name of a risk, in the language of the report."""
    say = view.show.say
    return {
        "pushed": say("Close date pushed twice or more"),
        "overdue": say("Close date has passed"),
        "silent": say("Nothing logged for 30 days"),
        "largest": say("Largest single deal"),
    }[risk]


def _reasons(view: View) -> dict[str, str]:
    """Reasons of each deal in words, the strongest first."""
    show = view.show
    labels = {one.name: show.say(one.label) for one in FEATURES}
    rows = company_forecast(view).reasons
    found: dict[str, list[str]] = {}
    for row in rows_of(rows):
        sign = "+" if row.effect > 0 else "−"
        value = f" ({row.value})" if row.value not in {"", "nan"} else ""
        found.setdefault(row.opportunity_id, []).append(
            f"{sign} {labels.get(row.feature, row.feature)}{value}"
        )
    return {deal: "; ".join(texts) for deal, texts in found.items()}


def _day(day: Any, view: View) -> str:
    return "–" if pd.isna(day) else view.show.date(pd.Timestamp(day).date(), short=True)
