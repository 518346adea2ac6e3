"""Knobs of a plan: numbers of its file that may be turned, and the plan that results."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from salesops_lib.compensation.exact import exact_decimal
from salesops_lib.compensation.plan_components import Component
from salesops_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from salesops_lib.compensation.plan import Plan

__all__ = ["PlanKnob", "plan_knob", "turned", "usual_knobs"]

_COMPONENT: TypeAdapter[Any] = TypeAdapter(Component)
_TURNED = {"from", "to", "at", "times", "rate", "pays", "cap", "at_least", "weight", "most"}
_MOST_KNOBS = 6
_NOTCHES = 400


@dataclass(frozen=True)
class PlanKnob:
    """One number of a plan, and how far it may be turned.

    Parameters
    ----------
    component : str
        Name of the component.
    keys : tuple of str or int
        Where in it, such as ``("tiers", 2, "from")``.
    low, high, step : Decimal
        Ends, and one notch; of what is written in percent, shares.
    now : Decimal
        What the plan says.
    is_percent : bool
        Whether it is written in percent.

    Examples
    --------
    >>> knob = PlanKnob("commission", ("cap",), Decimal(1), Decimal(3), Decimal("0.5"),
    ...                 Decimal(2), True)
    >>> knob.name, knob.notches, knob.text(knob.at(3))
    ('commission.cap', 5, '250%')
    """

    component: str
    keys: tuple[str | int, ...]
    low: Decimal
    high: Decimal
    step: Decimal
    now: Decimal
    is_percent: bool

    @property
    def name(self) -> str:
        """Component and keys, with dots between."""
        return ".".join([self.component, *map(str, self.keys)])

    @property
    def notches(self) -> int:
        """How many values it can take."""
        return int((self.high - self.low) / self.step) + 1

    def at(self, notch: int) -> Decimal:
        """Value at a notch, from 0."""
        return self.low + self.step * int(notch)

    def nearest(self, value: Decimal) -> int:
        """Notch that is nearest to a value."""
        notch = round((value - self.low) / self.step)
        return min(max(notch, 0), self.notches - 1)

    def text(self, value: Decimal) -> str:
        """Value as the plan's file has it."""
        if self.is_percent:
            return f"{(value * 100).normalize():f}%"
        plain = f"{value.normalize():f}"
        return f"{plain}x" if self.keys[-1] == "times" else plain


def plan_knob(
    plan: Plan, name: str, low: str | float, high: str | float, step: str | float
) -> PlanKnob:
    """Knob of a plan, by the place of its number.

    Parameters
    ----------
    plan : Plan
        The plan.
    name : str
        Component and keys, such as ``commission.tiers.2.from`` (tiers count from 0),
        ``commission.cap`` or ``expansion.gates.0.at_least``.
    low, high, step : str or number
        As the plan's file writes them: ``90%``, ``1.4``, ``100000``.

    Returns
    -------
    PlanKnob

    Raises
    ------
    InputError
        There is no such number, the ends do not rise by whole steps, or they are written
        in percent and the plan is not.
    """
    component, keys = _place(plan, name)
    found = _found(component, keys, name)
    written = str(found).strip()
    is_percent = written.endswith("%") or keys[-1] in {"rate", "weight"}
    try:
        ends = [exact_decimal(end) for end in (low, high, step)]
    except ValueError as error:
        raise InputError(f"the knob `{name}`: {error}") from None
    said = [str(end).strip().endswith("%") for end in (low, high, step)]
    if keys[-1] not in {"rate", "times", "weight"} and any(one != is_percent for one in said):
        what = "percent" if is_percent else "amounts"
        raise InputError(f"the knob `{name}` must be given in {what}, as the plan has it")
    first, last, notch = ends
    if notch <= 0 or last <= first or (last - first) / notch > _NOTCHES:
        raise InputError(
            f"the knob `{name}` must rise from low to high, in at most {_NOTCHES} steps"
        )
    return PlanKnob(component.name, keys, first, last, notch, exact_decimal(written), is_percent)


def turned(plan: Plan, settings: Mapping[PlanKnob, Decimal]) -> Plan:
    """The plan with some of its knobs turned.

    Where a tier ends at the beginning of the next one, that end moves along.

    Parameters
    ----------
    plan : Plan
        The plan.
    settings : mapping
        Value of each knob.

    Returns
    -------
    Plan

    Raises
    ------
    InputError
        The result is no plan: tiers that do not rise, say.
    """
    components = list(plan.components)
    for number, component in enumerate(components):
        own = {knob: value for knob, value in settings.items() if knob.component == component.name}
        if not own:
            continue
        file = component.model_dump(by_alias=True, exclude_unset=True)
        for knob, value in own.items():
            _set(file, knob, value)
        try:
            components[number] = _COMPONENT.validate_python(file)
        except ValidationError as error:
            first = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise InputError(f"so turned, the plan `{plan.id}` is none: {first}") from None
    return plan.model_copy(update={"components": components})


def usual_knobs(plan: Plan, most: int = _MOST_KNOBS) -> tuple[PlanKnob, ...]:
    """Thresholds, rates and caps of a plan, each a third up and down in notches.

    Parameters
    ----------
    plan : Plan
        The plan.
    most : int
        At most so many; those of the components that stand first.

    Returns
    -------
    tuple of PlanKnob
        A threshold or cap moves by 5 % of the quota or target, a multiple by 0.1, a rate by
        a tenth of itself.
    """
    found: list[PlanKnob] = []
    for component in plan.components:
        for keys in _numbers(component.model_dump(by_alias=True, exclude_unset=True)):
            knob = _usual(component, keys)
            if knob is not None:
                found.append(knob)
    return tuple(found[:most])


def _numbers(file: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Where a component holds numbers that are usually turned: caps, then tier by tier."""
    places: list[tuple[str | int, ...]] = []
    if file.get("cap") is not None:
        places.append(("cap",))
    places += [(key,) for key in ("rate", "times") if file.get(key) is not None]
    for list_name, keys in (
        ("tiers", ("from", "times", "rate", "pays")),
        ("points", ("at", "pays")),
        ("gates", ("at_least",)),
    ):
        for number, one in enumerate(file.get(list_name) or []):
            places += [(list_name, number, key) for key in keys if one.get(key) is not None]
    return places


def _usual(component: Any, keys: tuple[str | int, ...]) -> PlanKnob | None:
    name = f"{component.name}.{'.'.join(map(str, keys))}"
    written = str(_found(component, keys, name))
    now = exact_decimal(written)
    is_percent = written.endswith("%") or keys[-1] == "rate"
    if now == 0:
        return None
    if keys[-1] == "rate":
        step = now / 10
    elif keys[-1] == "times":
        step = Decimal("0.1")
    else:
        step = Decimal("0.05") if is_percent else (now / 20).quantize(Decimal("0.01"))
    notches = max(1, int(now / 3 / step))
    low = max(now - notches * step, step)
    return PlanKnob(component.name, keys, low, now + notches * step, step, now, is_percent)


def _place(plan: Plan, name: str) -> tuple[Any, tuple[str | int, ...]]:
    named = [part for part in plan.components if name.startswith(f"{part.name}.")]
    if not named:
        known = [part.name for part in plan.components]
        raise InputError(f"`{name}` begins with no component", found=name, allowed=known)
    component = max(named, key=lambda part: len(part.name))
    keys = name[len(component.name) + 1 :].split(".")
    return component, tuple(int(key) if key.isdecimal() else key for key in keys)


def _found(component: Any, keys: Sequence[str | int], name: str) -> Any:
    at: Any = component.model_dump(by_alias=True)
    for key in keys:
        inside = isinstance(at, dict) and key in at
        inside = inside or (isinstance(at, list) and isinstance(key, int) and key < len(at))
        if not inside:
            known = [str(one) for one in at] if isinstance(at, dict) else None
            raise InputError(f"there is no `{name}` in the plan", found=str(key), allowed=known)
        at = at[key]
    if at is None or isinstance(at, dict | list) or keys[-1] not in _TURNED:
        raise InputError(f"`{name}` is no number that can be turned", allowed=_TURNED)
    return at


def _set(file: dict[str, Any], knob: PlanKnob, value: Decimal) -> None:
    at: Any = file
    for key in knob.keys[:-1]:
        at = at[key]
    last = knob.keys[-1]
    was = at[last]
    is_level = isinstance(was, str)
    new: Any = knob.text(value) if is_level else value
    at[last] = int(value) if isinstance(was, int) else new
    if knob.keys[0] != "tiers" or last not in {"from", "to"}:
        return
    number = int(knob.keys[1]) + (-1 if last == "from" else 1)
    other = "to" if last == "from" else "from"
    tiers = file["tiers"]
    if 0 <= number < len(tiers) and tiers[number].get(other) == was:
        tiers[number][other] = new
