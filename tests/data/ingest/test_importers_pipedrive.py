"""Pipedrive's deals: from the API and from the list view."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from salesops_lib.data.ingest import ingest_folder

MAPPING = Path(__file__).parents[3] / "parameters" / "mappings" / "pipedrive_csv.yaml"
AS_OF = dt.date(2026, 9, 30)

API = """\
id,user_id,org_id,stage_id,title,value,currency,add_time,status,probability,lost_reason,close_time,\
won_time,first_won_time,lost_time,expected_close_date,deleted
1,7,70,3,Won,100,EUR,2026-01-05 10:11:12,won,,,2026-03-31 10:00:00,2026-03-31 10:00:00,\
2026-03-31 10:00:00,,2026-02-28,false
2,7,70,3,Opened again,5,EUR,2026-01-05 10:11:12,open,55,,,,2026-03-31 10:00:00,,2026-12-31,false
3,8,,2,Lost,5,USD,2026-01-05 10:11:12,lost,,price,2026-04-30 10:00:00,,,2026-04-30 10:00:00,,false
4,8,,2,Bin,5,USD,2026-01-05 10:11:12,deleted,,,,,,,,true
"""

LIST = """\
Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Organization,Deal - Owner,\
Deal - Stage,Deal - Status,Deal - Deal created,Deal - Won time,Deal - Lost time,\
Deal - Expected close date,Deal - Probability
1,Uno,100,EUR,Acme,Ann,Won!,Open,2026-01-05 10:11:12,,,2026-12-31,55
2,Dos,5,EUR,Acme,Bob,Talk,Lost,2026-01-05 10:11:12,,2026-04-30 10:00:00,2026-12-31,
"""


def ingested(tmp_path: Path, **tables: str):
    folder = tmp_path / "export"
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return ingest_folder(folder, MAPPING, AS_OF, tmp_path / "store")


COLUMNS = ("opportunity_id", "stage", "is_closed", "is_won", "close_date", "probability")


def test_the_status_decides(tmp_path, look):
    result = ingested(
        tmp_path,
        deals=API,
        stages="id,name,order_nr,deal_probability\n2,Talk,1,40\n3,Offer,2,100\n9,Talk,1,40\n",
        users="id,name,email\n7,Ann,a@x.org\n8,Bob,b@x.org\n",
        organizations="id,name\n70,Acme\n",
        activities=(
            "user_id,deal_id,type,done,due_date,marked_as_done_time\n"
            "7,1,call,1,2026-01-09,2026-01-10 09:00:00\n7,1,lunch,0,2026-12-09,\n"
        ),
    )
    assert look.rows(result, "opportunities", *COLUMNS) == [
        ("1", "Offer", True, True, dt.date(2026, 3, 31), None),
        ("2", "Offer", False, False, dt.date(2026, 12, 31), 0.55),
        ("3", "Talk", True, False, dt.date(2026, 4, 30), None),
    ]
    assert result.frame.set_index("table").loc["opportunities", "skipped"] == 1
    # Stages of Pipedrive are never closed, so that they contradict no deal.
    assert look.counts(result, "noted") == {}
    assert look.rows(result, "activities", "kind") == [("call",)]
    assert look.rows(result, "stages", "stage", "order") == [("Offer", 2), ("Talk", 1)]


def test_the_list_view(tmp_path, look):
    result = ingested(tmp_path, **{"acme-deals-1234": LIST})
    assert look.rows(result, "opportunities", *COLUMNS) == [
        ("1", "Won!", False, False, dt.date(2026, 12, 31), 0.55),
        ("2", "Talk", True, False, dt.date(2026, 4, 30), None),
    ]
    assert look.rows(result, "reps", "rep_id") == [("Ann",), ("Bob",)]
    assert look.rows(result, "accounts", "name") == [("Acme",)]
