"""A first draft of a mapping, made from the names and values of an export's columns."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from salesops_lib.data.ingest.guesses import date_guess, number_guess, outcome_guess
from salesops_lib.data.ingest.known import KnownMapping, known_mapping
from salesops_lib.data.ingest.samples import Sample, export_samples
from salesops_lib.data.ingest.synonyms import FILE_HINTS, SYNONYMS, plain_name
from salesops_lib.data.schema import TABLES, Column
from salesops_lib.errors import InputError

__all__ = ["Suggestion", "suggested_mapping"]

_HINT_WEIGHT = 4
_CERTAIN = 3
_PAIRED = ("reps", "rep_assignments")
_DEFAULTS: dict[tuple[str, str], Any] = {
    ("quotas", "measure"): "bookings",
    ("opportunity_splits", "kind"): "revenue",
}
_CATEGORIES = {
    "Pipeline": "pipeline",
    "BestCase": "best_case",
    "Best Case": "best_case",
    "MostLikely": "most_likely",
    "Most Likely": "most_likely",
    "Forecast": "commit",
    "Commit": "commit",
    "Closed": "closed",
    "Omitted": "omitted",
}
_FIELDS = {
    "StageName": "stage",
    "Amount": "amount",
    "CloseDate": "close_date",
    "Owner": "owner",
    "ForecastCategoryName": "forecast_category",
    "Probability": "probability",
    "dealstage": "stage",
    "closedate": "close_date",
    "hubspot_owner_id": "owner",
}
_STAGE_NAMES = frozenset({*SYNONYMS["stages"]["stage"], "id", "pipelinestageid"})
_DELETED = re.compile(r"^_?(is)?(fivetran)?deleted$")


@dataclass(frozen=True)
class Suggestion:
    """A draft of a mapping.

    Parameters
    ----------
    text : str
        The mapping, YAML, with remarks where a guess should be checked.
    unplaced : tuple of str
        What found no place: files, and columns of the files that did. Of a
        mapping at hand: what it holds for optional and the export lacks.
    known : Path, optional
        The mapping at hand that fits the export as it is.
    """

    text: str
    unplaced: tuple[str, ...]
    known: Path | None = None


@dataclass
class _Draft:
    """Rules of one table, as far as the columns' names tell them."""

    table: str
    sample: Sample
    found: dict[str, str]
    rules: dict[str, Any] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    @property
    def score(self) -> int:
        hint = re.search(FILE_HINTS[self.table], self.sample.label, re.IGNORECASE)
        return len(self.found) + (_HINT_WEIGHT if hint else 0)

    @property
    def deleted(self) -> list[str]:
        """Columns that mark deleted rows."""
        return [name for name in self.sample.names if _DELETED.match(plain_name(name))]

    @property
    def lacking(self) -> list[str]:
        """Required columns that nothing was found for."""
        return [
            column.name
            for column in TABLES[self.table].columns
            if column.required and column.name not in self.rules
        ]


def suggested_mapping(folder: Path, mappings: Path | None = None) -> Suggestion:
    """Draft of a mapping for a folder of exported files.

    Columns are recognised by the names that Salesforce, HubSpot, Pipedrive,
    Dynamics, Fivetran and plain spreadsheets give them; the formats of dates
    and numbers by the first rows. The draft is for an analyst to check. Where
    a mapping at hand fits the export as it is, it is suggested instead.

    Parameters
    ----------
    folder : Path
        Exported files; they are only read.
    mappings : Path, optional
        Folder of mappings at hand.

    Returns
    -------
    Suggestion

    Raises
    ------
    InputError
        There is no such folder, or no file in it that looks like deals.
    """
    with tempfile.TemporaryDirectory(prefix="salesops-") as work:
        known = known_mapping(folder, Path(work), mappings) if mappings is not None else None
        if known is not None:
            return _as_it_is(known)
        samples, unplaced = export_samples(folder, Path(work))
        drafts, left = _placed(samples)
        if "opportunities" not in drafts:
            raise InputError(
                "no file looks like deals: one needs an id, and a stage or an amount",
                where=folder.name,
            )
        unplaced += [*left, *_columns_left(drafts)]
        if "currency" not in drafts["opportunities"].rules:
            unplaced.append(
                "opportunities: nothing was found for currency; "
                "if there is only one, write `currency: {constant: USD}`"
            )
        return Suggestion(_text(folder, drafts), tuple(unplaced))


def _as_it_is(known: KnownMapping) -> Suggestion:
    """Mapping at hand, with its comments."""
    same = known.text == known.path.read_text(encoding="utf-8-sig")
    how = "as it is" if same else "once its files are named as below"
    fits = f"# {known.path.as_posix()} fits this export {how}.\n"
    return Suggestion(fits + known.text, known.left_out, known.path)


def _columns_left(drafts: dict[str, _Draft]) -> list[str]:
    """Columns that no table uses, of the files that some table does."""
    used: dict[str, set[str]] = {}
    names: dict[str, list[str]] = {}
    for draft in drafts.values():
        label = draft.sample.label
        names[label] = draft.sample.names
        used.setdefault(label, set()).update(draft.found.values(), draft.deleted)
    return [
        f"{label}: column {name}"
        for label, listed in names.items()
        for name in listed
        if name not in used[label]
    ]


def _placed(samples: Sequence[Sample]) -> tuple[dict[str, _Draft], list[str]]:
    """Best file for each table, and the files that none took."""
    offers: list[_Draft] = []
    for sample in samples:
        drafts = [_draft(table, sample) for table in SYNONYMS]
        fitting = [draft for draft in drafts if _is_likely(draft)]
        best = max(fitting, key=lambda draft: draft.score, default=None)
        if best is None:
            continue
        offers.append(best)
        if best.table in _PAIRED:
            # One sheet of people often tells both who they are and where they belong.
            offers += [
                draft
                for draft in drafts
                if draft.table in _PAIRED and draft is not best and len(draft.found) > 1
            ]
    chosen: dict[str, _Draft] = {}
    for draft in sorted(offers, key=lambda one: -one.score):
        chosen.setdefault(draft.table, draft)
    for draft in chosen.values():
        _fill(draft, chosen)
    complete = {
        name: chosen[name] for name in TABLES if name in chosen and not chosen[name].lacking
    }
    left = []
    for sample in samples:
        if any(draft.sample is sample for draft in complete.values()):
            continue
        offer = next((one for one in offers if one.sample is sample), None)
        if offer is None:
            left.append(f"{sample.label}: the file looks like none of the tables")
        elif chosen[offer.table] is not offer:
            left.append(f"{sample.label}: looks like {offer.table}, as another file does more")
        else:
            left.append(
                f"{sample.label}: looks like {offer.table}, "
                f"but nothing was found for {', '.join(offer.lacking)}"
            )
    return complete, left


def _draft(table: str, sample: Sample) -> _Draft:
    by_plain = {plain_name(name): name for name in reversed(sample.names)}
    found = {}
    for column, synonyms in SYNONYMS[table].items():
        name = next((by_plain[one] for one in synonyms if one in by_plain), None)
        if name is not None:
            found[column] = name
    return _Draft(table, sample, found)


def _is_likely(draft: _Draft) -> bool:
    table = TABLES[draft.table]
    required = [c.name for c in table.columns if c.required and c.type == "string"]
    if any(name not in draft.found and (draft.table, name) not in _DEFAULTS for name in required):
        return False
    if draft.table == "opportunities" and not {"stage", "amount"} & set(draft.found):
        return False
    if draft.table == "rep_assignments" and len(set(draft.found) - {"rep_id", "role"}) == 0:
        return False
    hinted = draft.score > len(draft.found)
    return len(set(draft.found.values())) >= (2 if hinted else _CERTAIN)


def _fill(draft: _Draft, chosen: dict[str, _Draft]) -> None:
    """Rules for what was found, and for what follows from it."""
    table = TABLES[draft.table]
    for name, source in draft.found.items():
        draft.rules[name], remark = _rule(table.column(name), source, draft)
        if remark:
            draft.remarks[name] = remark
    if draft.table == "opportunities":
        _fill_outcome(draft, chosen)
    if (
        draft.table == "quotas"
        and "period_end" not in draft.rules
        and "period_start" in draft.rules
    ):
        start = draft.rules["period_start"]
        rule = {"from": start} if isinstance(start, str) else start
        draft.rules["period_end"] = {**rule, "end_of": "month"}
        draft.remarks["period_end"] = "are the targets monthly? check"
    for (owner, name), value in _DEFAULTS.items():
        if owner == draft.table and name not in draft.rules:
            draft.rules[name] = {"constant": value}
            draft.remarks[name] = "check"


def _rule(column: Column, source: str, draft: _Draft) -> tuple[Any, str | None]:
    keys: dict[str, Any] = {}
    remark = None
    values = draft.sample.texts(source)
    if column.name in {"forecast_category", "category"}:
        listed = {value: _CATEGORIES.get(value, "pipeline") for value in values}
        if any(value not in column.allowed for value in values):
            keys["values"] = listed
            strange = [value for value in values if value not in _CATEGORIES]
            remark = "check each category" if strange else None
    elif column.name == "field":
        known = {value: _FIELDS[value] for value in values if value in _FIELDS}
        keys, remark = {"values": known or dict(_FIELDS)}, "other fields are left out by `where`"
    elif column.type in {"date", "timestamp"}:
        keys, remark = date_guess(values)
    elif column.type in {"money", "number", "integer"}:
        keys, remark = number_guess(values)
        if column.maximum == 1 and draft.sample.exceeds_one(source):
            keys["scale"] = 0.01
    return ({"from": source, **keys} if keys else source), remark


def _fill_outcome(draft: _Draft, chosen: dict[str, _Draft]) -> None:
    """Whether a deal is closed and won, where no column says so."""
    if {"is_closed", "is_won"} <= set(draft.rules) or "stage" not in draft.rules:
        return
    stages = chosen.get("stages")
    if stages is not None and {"is_closed", "is_won"} <= set(stages.found):
        draft.rules |= {"is_closed": {"stage": "is_closed"}, "is_won": {"stage": "is_won"}}
        _match_stages(draft, stages)
        return
    source = draft.found["stage"]
    closed, won = outcome_guess(draft.sample.all_texts(source))
    for name, values in (("is_closed", closed), ("is_won", won)):
        if name not in draft.rules:
            draft.rules[name] = {"from": source, "values": values}
            draft.remarks[name] = "guessed from the words: check each stage"


def _match_stages(deals: _Draft, stages: _Draft) -> None:
    """Let the stages go by what the deals call them: some exports hold ids there."""
    called = set(deals.sample.all_texts(deals.found["stage"]))
    known = [name for name in stages.sample.names if plain_name(name) in _STAGE_NAMES]
    shared = {name: len(called & set(stages.sample.all_texts(name))) for name in known}
    best = max(known, key=lambda name: shared[name])
    if shared[best] > shared[stages.found["stage"]]:
        stages.found["stage"] = stages.rules["stage"] = best


def _text(folder: Path, drafts: dict[str, _Draft]) -> str:
    document = CommentedMap()
    document["version"] = 1
    document["name"] = re.sub(r"\W+", "_", folder.resolve().name).strip("_") or "export"
    document["description"] = "Draft made from the column names. Check every line."
    tables = document["tables"] = CommentedMap()
    for name, draft in drafts.items():
        block = tables[name] = CommentedMap()
        block["file"] = draft.sample.file
        if draft.sample.sheet is not None:
            block["sheet"] = draft.sample.sheet
        _add_filters(block, draft)
        columns = block["columns"] = CommentedMap()
        for column in TABLES[name].column_names:
            if column in draft.rules:
                columns[column] = _node(draft.rules[column])
                if column in draft.remarks:
                    columns.yaml_add_eol_comment(draft.remarks[column], column)
    yaml = YAML()
    yaml.width = 10_000
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _add_filters(block: CommentedMap, draft: _Draft) -> None:
    rule = draft.rules.get("field")
    if isinstance(rule, dict):
        block["where"] = _node({rule["from"]: list(rule["values"])})
    if draft.deleted:
        block["skip"] = _node({name: ["true", "1"] for name in draft.deleted})


def _node(value: Any) -> Any:
    """Value with nested keys and lists on one line."""
    if isinstance(value, dict):
        node = CommentedMap({key: _node(inner) for key, inner in value.items()})
        node.fa.set_flow_style()
        return node
    if isinstance(value, list):
        listed = CommentedSeq(value)
        listed.fa.set_flow_style()
        return listed
    return value
