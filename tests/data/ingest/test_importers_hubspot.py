"""HubSpot: the CSV export of a portal, and Fivetran's tables."""

from __future__ import annotations

import csv
import datetime as dt
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.errors import InputError

MAPPINGS = Path(__file__).parents[3] / "parameters" / "mappings"
AS_OF = dt.date(2026, 9, 30)

DEALS = """\
Record ID,Deal Name,Deal Stage,Pipeline,Amount,Currency,Create Date,Close Date,Deal owner,\
Is Deal Closed?,Is Closed Won,Deal probability,Associated Company IDs (Primary)
90071992547409931,A <b>,Proposal sent,Sales,"1000.25",EUR,2026-01-05 09:30,2026-03-31 17:00,\
Ann Lee,true,true,1.0,55
2,B,Proposal sent,Renewals,,EUR,2026-01-06 09:30,2026-12-31 17:00,Bob,false,false,0.2,
3,C,Closed won,Sales,7,USD,2026-01-07 09:30,2026-04-30 17:00,Ann Lee,true,false,0,55
4,D,Angebot,Sales,7,USD,2026-01-07 09:30,2026-12-30 17:00,(No value),false,false,0.5,
"""


def write(folder: Path, **tables: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_a_relabelled_stage_of_the_csv_export(tmp_path, look):
    folder = write(tmp_path / "hs")
    (folder / "hubspot-crm-exports-all-deals-2026-09-30.csv").write_text(
        "\ufeff" + DEALS, encoding="utf-8"
    )
    (folder / "all-companies.csv").write_text(
        "Record ID,Company name,Number of Employees\n55,Acme,12\n"
    )
    result = ingest_folder(folder, MAPPINGS / "hubspot_csv.yaml", AS_OF, tmp_path / "store")
    columns = ("opportunity_id", "amount", "is_closed", "is_won", "probability", "owner_id")
    assert look.rows(result, "opportunities", *columns) == [
        ("2", None, False, False, 0.2, "Bob"),
        ("3", Decimal("7.00"), True, False, 0.0, "Ann Lee"),
        ("4", Decimal("7.00"), False, False, 0.5, None),
        ("90071992547409931", Decimal("1000.25"), True, True, 1.0, "Ann Lee"),
    ]
    # "Proposal sent" holds a won and an open deal: told, and each deal goes by its flags.
    assert look.counts(result, "noted") == {"mixed_stage": 2}
    assert look.rows(result, "reps", "rep_id") == [("Ann Lee",), ("Bob",)]
    assert look.rows(result, "accounts", "account_id", "name", "employees") == [("55", "Acme", 12)]


def test_without_flags_nothing_tells_what_is_won(tmp_path):
    folder = write(tmp_path / "hs", deals=DEALS.replace("Is Closed Won", "Won?"))
    with pytest.raises(InputError, match="has no column `Is Closed Won`"):
        ingest_folder(folder, MAPPINGS / "hubspot_csv.yaml", AS_OF, tmp_path / "store")


STAGES = """\
stage_id,label,pipeline_id,display_order,is_closed,closed_won,probability,_fivetran_deleted
closedwon,Proposal sent,default,2,FALSE,FALSE,0.6,FALSE
77,Signed,default,3,TRUE,TRUE,1.0,FALSE
closedlost,Lost,default,4,TRUE,FALSE,0.0,FALSE
78,Lost,renewals,9,TRUE,FALSE,0.0,FALSE
79,Parked,renewals,1,FALSE,FALSE,0.0,TRUE
"""

DEAL = """\
deal_id,is_deleted,deal_pipeline_id,deal_pipeline_stage_id,owner_id,property_dealname,\
property_amount,property_closedate,property_createdate,property_hs_manual_forecast_category
1,false,default,closedwon,7,A,10,2026-12-31 23:59:59.123,2026-01-01 00:00:00,BEST_CASE
2,false,default,77,7,B,20,2026-03-31 17:00:00,2026-01-01 00:00:00,
3,false,renewals,78,8,C,,2026-03-31 17:00:00,2026-01-01 00:00:00,
4,true,renewals,78,8,gone,,2026-03-31 17:00:00,2026-01-01 00:00:00,
5,false,renewals,78,8,merged into 1,5,2026-03-31 17:00:00,2026-01-01 00:00:00,
"""

OWNER = "owner_id,email,first_name,last_name\n7,ann@x.org,Ann,Lee\n8,bob@x.org,,\n"


@pytest.fixture
def tables(tmp_path) -> Path:
    return write(
        tmp_path / "ft",
        deal=DEAL,
        deal_pipeline_stage=STAGES,
        owner=OWNER,
        merged_deal="deal_id,merged_deal_id\n1,5\n1,6\n",
        owner_team="owner_id,team_id,is_team_primary\n7,1,true\n7,2,false\n8,3,TRUE\n",
        team="id,name\n1,North\n2,South\n",
        deal_stage=(
            "deal_id,value,date_entered,_fivetran_active\n"
            "2,77,2026-03-31 17:00:00,TRUE\n2,closedwon,2026-02-01 7:05:00,FALSE\n"
            "2,gone-stage,2026-01-01 00:00:00,FALSE\n"
        ),
        deal_property_history=(
            "deal_id,name,value,timestamp\n"
            "2,amount,15,2026-01-01 00:00:00.000\n2,amount,20.0,2026-02-01 00:00:00.001\n"
            "2,amount,20,2026-02-02 00:00:00.000\n2,description,x,2026-02-01 00:00:00.000\n"
            "2,closedate,1782777600000,2026-01-01 00:00:00.000\n"
            "2,closedate,2026-03-31T17:00:00Z,2026-03-31 17:00:00.000\n"
            "2,hubspot_owner_id,8,2026-01-01 00:00:00.000\n"
            "2,hubspot_owner_id,7,2026-01-09 00:00:00.000\n"
        ),
    )


def test_metadata_of_the_stages_decide(tables, tmp_path, look):
    mapping = MAPPINGS / "fivetran_hubspot.yaml"
    result = ingest_folder(tables, mapping, AS_OF, tmp_path / "store")
    columns = ("opportunity_id", "stage", "is_closed", "is_won", "forecast_category")
    assert look.rows(result, "opportunities", *columns) == [
        ("1", "Proposal sent", False, False, "best_case"),
        ("2", "Signed", True, True, None),
        ("3", "Lost", True, False, None),
    ]
    row = result.frame.set_index("table").loc["opportunities"]
    assert (row["read"], row["skipped"]) == (5, 2)
    # Two pipelines call a stage "Lost": one stage, whose position is not known.
    assert look.rows(result, "stages", "stage", "order", "is_won") == [
        ("Lost", None, False),
        ("Parked", 1, False),
        ("Proposal sent", 2, False),
        ("Signed", 3, True),
    ]
    assert look.counts(result, "noted", "stages") == {"chance_contradicts_flags": 1}
    teams = look.rows(result, "rep_assignments", "rep_id", "team")
    assert teams == [("7", "North"), ("8", "3")]
    history = look.rows(result, "opportunity_history", "field", "old_value", "new_value")
    assert sorted(history, key=str) == sorted(
        [
            ("amount", None, "15.00"),
            ("amount", "15.00", "20.00"),
            ("close_date", None, "2026-06-30"),
            ("close_date", "2026-06-30", "2026-03-31"),
            ("owner", None, "8"),
            ("owner", "8", "7"),
            ("stage", None, "gone-stage"),
            ("stage", "gone-stage", "Proposal sent"),
            ("stage", "Proposal sent", "Signed"),
        ],
        key=str,
    )


def test_a_deal_without_a_known_stage_is_no_open_deal(tables, tmp_path):
    (tables / "deal.csv").write_text(DEAL.replace("default,closedwon", "default,dropped"))
    with pytest.raises(
        InputError, match=r'is_closed "dropped" is not found in deal_pipeline_stage'
    ):
        ingest_folder(tables, MAPPINGS / "fivetran_hubspot.yaml", AS_OF, tmp_path / "store")


@pytest.fixture
def seeds(shared_data, tmp_path) -> Path:
    """The real seeds, each under its table's name."""
    source = shared_data / "dbt_hubspot_seeds"
    if not source.is_dir():
        pytest.skip("dbt_hubspot_seeds is not among the real data on this machine")
    folder = tmp_path / "seeds"
    folder.mkdir()
    for path in source.glob("*_data.csv"):
        shutil.copy(path, folder / f"{path.name.removesuffix('_data.csv')}.csv")
    return folder


def test_seeds_without_stages_give_no_snapshot(seeds, tmp_path):
    mapping = MAPPINGS / "fivetran_hubspot.yaml"
    with pytest.raises(InputError, match=r"44 of 44 rows .* is_closed is empty"):
        ingest_folder(seeds, mapping, dt.date(2021, 1, 31), tmp_path / "store")


def test_seeds_put_into_an_open_stage(seeds, tmp_path, look):
    # No deal of the seeds has a stage: the copy gets one that the seeds' metadata hold.
    stages = list(
        csv.DictReader((seeds / "deal_pipeline_stage.csv").read_text(encoding="utf-8").splitlines())
    )
    an_open_one = next(row for row in stages if row["is_closed"] == "FALSE")
    path = seeds / "deal.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"deal_pipeline_stage_id": an_open_one["stage_id"]} for row in rows)
    mapping = MAPPINGS / "fivetran_hubspot.yaml"
    result = ingest_folder(seeds, mapping, dt.date(2021, 1, 31), tmp_path / "store")
    kept = result.frame.set_index("table")["kept"]
    assert (kept["opportunities"], kept["reps"], kept["accounts"]) == (44, 100, 24)
    # 14 entries into stages, of which the metadata know none; other names are hashed.
    assert kept["opportunity_history"] == 14
    assert kept["rep_assignments"] == 2
    assert result.frame["quarantined"].sum() == 0
    assert {row[0] for row in look.rows(result, "opportunities", "stage")} == {an_open_one["label"]}
