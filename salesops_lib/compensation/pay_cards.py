"""The key figures of a plan as a strip of cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.fragments import fragment
from salesops_lib.results import MIME
from salesops_lib.rows import json_number
from salesops_lib.stats import SMALL_SAMPLE

if TYPE_CHECKING:
    from salesops_lib.formats import Formatter
    from salesops_lib.results import Measure

__all__ = ["PayCards"]

_ROLES = ("prior", "last_year")


@dataclass(frozen=True)
class PayCards:
    """Key figures of a plan, each with what it is compared with.

    Parameters
    ----------
    measures : tuple of Measure
        In shown order.
    show : Formatter
        Formats of the report.
    """

    measures: tuple[Measure, ...]
    show: Formatter

    @property
    def rounded(self) -> dict[str, float | None]:
        """Each figure to three significant digits, None where not computable."""
        numbers = {m.definition.id: json_number(m.value().number) for m in self.measures}
        return {key: None if n is None else float(f"{n:.3g}") for key, n in numbers.items()}

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        cards = [_card(measure) for measure in self.measures]
        values = {measure.definition.id: measure.records() for measure in self.measures}
        return {
            "text/plain": "\n".join(measure.headline for measure in self.measures),
            "text/html": fragment("kpis", show=self.show, cards=cards),
            MIME: {"kind": "kpis", "measures": values},
        }


def _card(measure: Measure) -> dict[str, Any]:
    value, show = measure.value(), measure.show
    prior = json_number(measure.value("prior").number)
    is_small = value.n is not None and 0 < value.n < SMALL_SAMPLE
    notes = []
    if measure.definition.unit == "share" and value.low is not None:
        ends = show.interval(value.low, value.high, "share", rough=True)
        notes.append(show.say("95% interval {ends}", ends=ends))
    if value.n is not None:
        notes.append(f"n\N{NO-BREAK SPACE}{show.count(value.n)}")
    if is_small:
        notes.append(show.say("small sample"))
    facts = {
        "unit": measure.definition.unit,
        "prior": "" if prior is None else f"{prior:g}",
        "plan": "",
        "n": "" if value.n is None else str(value.n),
        "interval": "" if value.low is None else f"{value.low:g} {value.high:g}",
    }
    return {
        "id": measure.definition.id,
        "facts": facts | ({"small": "true"} if is_small else {}),
        "name": measure.definition.name,
        "value": "" if value.number is None else measure.text(),
        "reason": value.reason,
        "notes": notes,
        "changes": [
            {"text": _change(measure, role), "tone": _tone(measure, role)}
            for role in _ROLES
            if measure.change(role) is not None
        ],
        "spark": "",
    }


def _change(measure: Measure, role: str) -> str:
    """Change on another period, with a sign that says its direction without colour."""
    change = measure.change(role) or 0.0
    amount = measure.change_text(role).lstrip("+\N{MINUS SIGN}")
    # What rounds to nothing points nowhere.
    is_change = any(digit in "123456789" for digit in amount)
    sign = "■" if not is_change else "▲" if change > 0 else "▼"
    period = measure.period(role)
    return measure.show.say("{sign} {amount} on {period}", sign=sign, amount=amount, period=period)


def _tone(measure: Measure, role: str) -> str:
    """Tone of a change; flat where it lies within what chance explains."""
    value, then = measure.value(), measure.value(role).number
    if then is not None and value.low is not None and value.high is not None:
        return "flat" if value.low <= float(then) <= value.high else measure.tone(role)
    return measure.tone(role)
