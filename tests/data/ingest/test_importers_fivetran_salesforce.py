"""Fivetran's Salesforce tables, with the traps that they hold."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.errors import InputError

MAPPING = Path(__file__).parents[3] / "parameters" / "mappings" / "fivetran_salesforce.yaml"
AS_OF = dt.date(2026, 9, 30)

OPPORTUNITY = """\
id,is_deleted,name,account_id,owner_id,amount,created_date,close_date,stage_name,is_closed,\
is_won,forecast_category,probability,type,lead_source,next_step,currency_iso_code,_fivetran_active
006D1,false,Uno,001A1,005U1,1000.50,2026-01-05 10:11:12,2026-03-31 00:00:00,Firmas,true,true,\
Closed,100,New,Web,,EUR,true
006D2,false,Dos,001A1,005U2,200,2026-02-05 10:11:12,2026-04-30 00:00:00,Closed Won,true,false,\
Omitted,0,New,Web,,GBP,true
006D3,false,Tres,001A1,005U1,,2026-03-05 10:11:12,2026-12-31 00:00:00,Negociación,false,false,\
Forecast,65,New,Web,Llamar,EUR,true
006D3,false,Tres antes,001A1,005U1,1,2026-03-05 10:11:12,2026-11-30 00:00:00,Negociación,false,\
false,Pipeline,65,New,Web,,EUR,false
006D4,true,Papelera,001A1,005U1,9,2026-03-05 10:11:12,2026-12-31 00:00:00,Negociación,false,false,\
Pipeline,65,New,Web,,EUR,true
"""

USER = (
    "id,name,email,manager_id,user_role_id\n005U1,Ann,a@x.org,005U3,00E1\n005U2,Bob,,005U3,00E9\n"
)
USER += "005U3,Eve,e@x.org,,\n"


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def ingested(folder: Path, tmp_path: Path, as_of: dt.date = AS_OF):
    return ingest_folder(folder, MAPPING, as_of, tmp_path / "store")


def test_flags_decide_and_stage_names_do_not(tmp_path, look):
    folder = write(
        tmp_path / "ft",
        opportunity=OPPORTUNITY,
        user=USER,
        opportunity_stage=(
            "id,api_name,master_label,is_active,sort_order,is_closed,is_won,default_probability,"
            "forecast_category\n"
            "1,Negociación,x,true,3,false,false,90,Pipeline\n"
            "2,Firmas,x,true,4,true,true,100,Closed\n"
            "3,Closed Won,x,true,5,true,true,100,Closed\n"
            "4,Negociación,x,false,9,false,false,90,Pipeline\n"
        ),
    )
    result = ingested(folder, tmp_path)
    deals = look.rows(result, "opportunities", "opportunity_id", "is_closed", "is_won", "stage")
    assert deals == [
        ("006D1", True, True, "Firmas"),
        ("006D2", True, False, "Closed Won"),
        ("006D3", False, False, "Negociación"),
    ]
    # The lost deal stands in a stage that means won: counted, and lost all the same.
    assert look.counts(result, "noted")["stage_contradicts_flags"] == 1
    # A stage that was made anew has two positions, hence none; its outcome is beyond doubt.
    assert look.rows(result, "stages", "stage", "order", "is_closed") == [
        ("Closed Won", 5, True),
        ("Firmas", 4, True),
        ("Negociación", None, False),
    ]


def test_deleted_deals_and_former_versions_are_left_out(tmp_path, look):
    result = ingested(write(tmp_path / "ft", opportunity=OPPORTUNITY, user=USER), tmp_path)
    row = result.frame.set_index("table").loc["opportunities"]
    assert (row["read"], row["skipped"], row["kept"], row["quarantined"]) == (5, 2, 3, 0)
    columns = ("name", "amount", "currency", "created_date", "close_date", "forecast_category")
    assert look.rows(result, "opportunities", *columns, "probability") == [
        ("Uno", Decimal("1000.50"), "EUR", dt.date(2026, 1, 5), dt.date(2026, 3, 31), "closed", 1),
        ("Dos", Decimal("200.00"), "GBP", dt.date(2026, 2, 5), dt.date(2026, 4, 30), "omitted", 0),
        ("Tres", None, "EUR", dt.date(2026, 3, 5), dt.date(2026, 12, 31), "commit", 0.65),
    ]


def test_what_an_export_lacks_is_left_out_and_told(tmp_path):
    plain = "\n".join(
        line.rpartition(",")[0] for line in OPPORTUNITY.splitlines() if "antes" not in line
    )
    result = ingested(write(tmp_path / "ft", opportunity=plain, user=USER), tmp_path)
    assert list(result.frame["table"]) == ["opportunities", "reps", "rep_assignments"]
    assert {"task.*", "opportunity_history.*", "user_role.*"} <= set(result.left_out)
    assert any("push_count" in told for told in result.left_out)
    assert "task.*" in result.headline
    again = ingested(tmp_path / "ft", tmp_path)
    assert (again.is_new, again.left_out) == (False, result.left_out)


def test_what_is_not_optional_must_be_there(tmp_path):
    folder = write(tmp_path / "ft", opportunity=OPPORTUNITY.replace("is_won", "won"), user=USER)
    with pytest.raises(InputError, match=r"opportunity.csv has no column `is_won`"):
        ingested(folder, tmp_path)
    (folder / "user.csv").unlink()
    with pytest.raises(InputError, match=r"no such file `user\.\*`"):
        ingested(folder, tmp_path)


def test_people_stay_though_their_role_is_unknown(tmp_path, look):
    roles = "id,name\n00E1,Norte\n"
    folder = write(tmp_path / "ft", opportunity=OPPORTUNITY, user=USER, user_role=roles)
    result = ingested(folder, tmp_path)
    assert look.rows(result, "rep_assignments", "rep_id", "manager_id", "team") == [
        ("005U1", "005U3", "Norte"),
        ("005U2", "005U3", "00E9"),
        ("005U3", None, None),
    ]


HISTORY = """\
id,opportunity_id,created_date,stage_name,amount,close_date,probability,forecast_category,is_deleted
008a,006D1,2026-01-05 10:11:12,Nueva,,2026-06-30 00:00:00,10,Pipeline,false
008c,006D1,2026-03-31 12:00:00,Firmas,1000.50,2026-03-31 00:00:00,100,Closed,false
008b,006D1,2026-02-01 00:00:00,Nueva,1000.5,2026-06-30 00:00:00,10,Pipeline,false
008d,006D1,2026-02-02 00:00:00,Nueva,7,2026-06-30 00:00:00,10,Pipeline,true
"""

FIELDS = """\
id,opportunity_id,field,data_type,old_value,new_value,created_date
017a,006D1,Owner,EntityId,005U2,005U1,2026-01-07 08:00:00
017b,006D1,Owner,Text,Bob,Ann,2026-01-07 08:00:00
017c,006D1,StageName,Text,Nueva,Firmas,2026-03-31 12:00:00
"""


def test_states_become_changes_and_an_owner_changes_once(tmp_path, look):
    folder = write(
        tmp_path / "ft",
        opportunity=OPPORTUNITY,
        user=USER,
        opportunity_history=HISTORY,
        opportunity_field_history=FIELDS,
    )
    result = ingested(folder, tmp_path)
    found = look.rows(
        result, "opportunity_history", "field", "changed_at", "old_value", "new_value"
    )
    assert sorted((f, at.strftime("%m-%d"), old, new) for f, at, old, new in found) == [
        ("amount", "02-01", None, "1000.50"),
        ("close_date", "01-05", None, "2026-06-30"),
        ("close_date", "03-31", "2026-06-30", "2026-03-31"),
        ("forecast_category", "01-05", None, "pipeline"),
        ("forecast_category", "03-31", "pipeline", "closed"),
        ("owner", "01-07", "005U2", "005U1"),
        ("probability", "01-05", None, "0.1"),
        ("probability", "03-31", "0.1", "1.0"),
        ("stage", "01-05", None, "Nueva"),
        ("stage", "03-31", "Nueva", "Firmas"),
    ]
    row = result.frame.set_index("table").loc["opportunity_history"]
    # Four rows of five fields each and three of the log; six states say nothing new,
    # and the amount of 7 that was deleted is in none of them.
    assert (row["read"], row["skipped"], row["merged"], row["kept"]) == (23, 7, 6, 10)


def test_versions_of_a_table_in_history_mode(tmp_path, look):
    head = (
        "id,_fivetran_start,is_deleted,stage_name,amount,close_date,owner_id,forecast_category,"
        "probability\n"
    )
    folder = write(
        tmp_path / "ft",
        opportunity=OPPORTUNITY,
        user=USER,
        opportunity_history=head
        + "006D1,2026-01-05 10:11:12,false,Nueva,5,2026-06-30,005U2,Pipeline,10\n"
        + "006D1,2026-01-07 08:00:00,false,Nueva,5.00,2026-06-30,005U1,Pipeline,10\n",
    )
    result = ingested(folder, tmp_path)
    columns = ("field", "old_value", "new_value", "provenance")
    changes = [row for row in look.rows(result, "opportunity_history", *columns) if row[1]]
    assert changes == [("owner", "005U2", "005U1", "inferred")]
    assert "created_date, opportunity_id in opportunity_history.csv" in result.left_out


TASK = """\
id,owner_id,what_id,task_subtype,is_closed,is_deleted,activity_date,completed_date_time,is_recurrence
1,005U1,006D1,Call,true,false,2026-02-01,2026-02-02 09:30:00,false
2,005U1,001A1,ListEmail,TRUE,FALSE,2026-02-03,,false
3,005U1,006D1,Task,false,false,2026-02-04,,false
4,005U1,006D1,Task,true,false,2026-02-05,,true
5,005U1,006D1,Task,true,true,2026-02-05,,false
"""

EVENT = """\
id,owner_id,what_id,is_child,is_deleted,activity_date,start_date_time
1,005U1,006D1,false,false,2026-02-01,2026-02-01 10:00:00
2,005U2,006D1,true,false,2026-02-01,2026-02-01 10:00:00
3,005U1,,FALSE,FALSE,2026-02-09,
"""


def test_activities_count_once(tmp_path, look):
    folder = write(tmp_path / "ft", opportunity=OPPORTUNITY, user=USER, task=TASK, event=EVENT)
    result = ingested(folder, tmp_path)
    columns = ("rep_id", "opportunity_id", "kind", "at", "is_invitee_copy")
    rows = look.rows(result, "activities", *columns)
    found = sorted(
        ((a, b, c, at.isoformat(), e) for a, b, c, at, e in rows), key=lambda r: (r[3], r[0])
    )
    assert found == [
        ("005U1", "006D1", "meeting", "2026-02-01T10:00:00", False),
        ("005U2", "006D1", "meeting", "2026-02-01T10:00:00", True),
        ("005U1", "006D1", "call", "2026-02-02T09:30:00", False),
        ("005U1", None, "email", "2026-02-03T00:00:00", False),
        ("005U1", None, "meeting", "2026-02-09T00:00:00", False),
    ]  # fmt: skip
    assert "unknown_reference:opportunity_id" not in look.counts(result, "noted", "activities")


def test_splits_are_revenue_where_they_must_add_up(tmp_path, look):
    folder = write(
        tmp_path / "ft",
        opportunity=OPPORTUNITY,
        user=USER,
        opportunity_split="opportunity_id,split_owner_id,split_percentage,split_type_id\n"
        "006D1,005U1,60,1\n006D1,005U2,40,1\n006D1,005U3,25,2\n",
        opportunity_split_type="id,is_total_validated\n1,true\n2,false\n",
    )
    result = ingested(folder, tmp_path)
    assert look.rows(result, "opportunity_splits", "rep_id", "share", "kind") == [
        ("005U1", 0.6, "revenue"),
        ("005U2", 0.4, "revenue"),
        ("005U3", 0.25, "overlay"),
    ]


def test_parquet_of_a_warehouse_gives_the_same_deals(tmp_path, look):
    text = ingested(write(tmp_path / "csv", opportunity=OPPORTUNITY, user=USER), tmp_path)
    rows = list(csv.DictReader(OPPORTUNITY.splitlines()))
    typed = [
        {
            name: {"true": True, "false": False, "": None}.get(cell, cell)
            for name, cell in row.items()
        }
        | {
            "amount": float(row["amount"]) if row["amount"] else None,
            "probability": float(row["probability"]),
            "created_date": dt.datetime.fromisoformat(row["created_date"]),
            "close_date": dt.datetime.fromisoformat(row["close_date"]),
        }
        for row in rows
    ]
    folder = write(tmp_path / "parquet", user=USER)
    pq.write_table(pa.Table.from_pylist(typed), folder / "opportunity.parquet")
    result = ingested(folder, tmp_path)
    assert look.rows(result, "opportunities") == look.rows(text, "opportunities")


@pytest.fixture
def seeds(shared_data, tmp_path) -> Path:
    """The real seeds, each under its table's name."""
    source = shared_data / "dbt_salesforce_seeds"
    if not source.is_dir():
        pytest.skip("dbt_salesforce_seeds is not among the real data on this machine")
    folder = tmp_path / "seeds"
    folder.mkdir()
    for path in source.glob("sf_*_data.csv"):
        name = path.name.removeprefix("sf_").removesuffix("_data.csv")
        shutil.copy(path, folder / f"{name}.csv")
    return folder


def test_seeds_in_the_recycle_bin_give_no_snapshot(seeds, tmp_path):
    with pytest.raises(InputError, match="the export holds no deals"):
        ingested(seeds, tmp_path, dt.date(2020, 12, 31))


def test_seeds_taken_out_of_the_bin(seeds, tmp_path, look):
    # All ten deals are deleted, and their categories are hashed: both are mended in
    # the copy. One chance of 1000 % is a real bad row.
    for name in ("opportunity", "opportunity_history"):
        path = seeds / f"{name}.csv"
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        for row in rows:
            row["is_deleted"], row["forecast_category"] = "false", "Pipeline"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    text = MAPPING.read_text(encoding="utf-8")
    lenient = tmp_path / "lenient.yaml"
    lenient.write_text(f"{text}\nlimits: {{quarantined: 0.2}}\n", encoding="utf-8")
    result = ingest_folder(seeds, lenient, dt.date(2020, 12, 31), tmp_path / "store")
    kept = result.frame.set_index("table")
    # Deals: ten, of which two are former versions and one is bad.
    assert tuple(kept.loc["opportunities", ["read", "skipped", "kept", "quarantined"]]) == (
        10,
        2,
        7,
        1,
    )
    assert look.quarantine(result, "table", "reason")[0] == (
        "opportunities",
        "out_of_range:probability",
    )
    assert tuple(kept.loc["accounts", ["read", "skipped", "kept"]]) == (10, 9, 1)
    assert tuple(kept.loc["reps", ["read", "skipped", "kept"]]) == (10, 2, 8)
    assert tuple(kept.loc["activities", ["read", "kept"]]) == (20, 20)
    linked = [row for row in look.rows(result, "activities", "kind", "opportunity_id") if row[1]]
    assert len(linked) == 7
    assert {kind for kind, _ in linked} == {"task"}
