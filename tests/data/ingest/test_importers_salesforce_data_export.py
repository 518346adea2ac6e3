"""Salesforce's Data Export: Windows-1252, 0 and 1, several currencies in one column."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.data.ingest import ingest_folder
from salesops_lib.data.ingest.functions import salesforce_id

MAPPING = Path(__file__).parents[3] / "parameters" / "mappings" / "salesforce_data_export.yaml"
AS_OF = dt.date(2026, 9, 30)

OPPORTUNITY = (
    '"Id","IsDeleted","AccountId","Name","StageName","Amount","Probability","CloseDate","Type",'
    '"NextStep","LeadSource","IsClosed","IsWon","ForecastCategory","CurrencyIsoCode","OwnerId",'
    '"CreatedDate","LastStageChangeDate"\n'
    '"0065g00000AbCdEAAV","0","0015g00000XyZaBAAV","Müller – „Süd“","Firmas","1200.5","100",'
    '"2026-03-31 00:00:00","","","","1","1","Closed","EUR","0055g00000AnnAnAAJ",'
    '"2026-01-05 10:11:12",""\n'
    '"0065g00000AbCdeAAF","0","","€uro, ""quoted""\nsecond line","Negociación","","40",'
    '"2026-12-31 00:00:00","","","","0","0","Forecast","JPY","0055g00000AnnAnAAJ",'
    '"2026-01-05 23:59:59","2026-02-01 00:00:00"\n'
    '"0065g00000BbCdEAAV","0","","=1+1","Closed Won","800","0","2026-05-31 00:00:00","","","","1",'
    '"0","Omitted","USD","0055g00000AnnAnAAJ","2026-01-05 10:11:12",""\n'
    '"0065g00000GgGgGAAV","1","","weg","Firmas","1","100","2026-03-31 00:00:00","","","","1","1",'
    '"Closed","EUR","0055g00000AnnAnAAJ","2026-01-05 10:11:12",""\n'
)

USER = (
    '"Id","FirstName","LastName","Email","ManagerId","UserRoleId"\n'
    '"0055g00000AnnAnAAJ","Zoë","Åström","z@x.org","",""\n'
    '"0055g00000BobBoAAJ","","Bot","b@x.org","0055g00000AnnAnAAJ",""\n'
)


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "export"
    made.mkdir()
    (made / "Opportunity.csv").write_bytes(OPPORTUNITY.encode("cp1252"))
    (made / "User.csv").write_bytes(USER.encode("cp1252"))
    return made


def ingested(folder: Path):
    return ingest_folder(folder, MAPPING, AS_OF, folder.parent / "store")


def test_deals_of_a_windows_file(folder, look):
    result = ingested(folder)
    columns = ("name", "amount", "currency", "created_date", "close_date", "is_closed", "is_won")
    assert look.rows(result, "opportunities", *columns) == [
        ("Müller – „Süd“", Decimal("1200.50"), "EUR", dt.date(2026, 1, 5), dt.date(2026, 3, 31),
         True, True),
        ('€uro, "quoted"\nsecond line', None, "JPY", dt.date(2026, 1, 5), dt.date(2026, 12, 31),
         False, False),
        ("=1+1", Decimal("800.00"), "USD", dt.date(2026, 1, 5), dt.date(2026, 5, 31), True, False),
    ]  # fmt: skip
    assert [row[0] for row in look.rows(result, "reps", "name")] == ["Zoë Åström", "Bot"]
    categories = look.rows(result, "opportunities", "forecast_category", "probability")
    assert categories == [("closed", 1), ("commit", 0.4), ("omitted", 0)]


def test_utf8_gives_the_same_tables(folder, look):
    before = ingested(folder)
    (folder / "Opportunity.csv").write_text(OPPORTUNITY, encoding="utf-8")
    after = ingested(folder)
    assert before.snapshot_id != after.snapshot_id
    assert look.rows(before, "opportunities") == look.rows(after, "opportunities")


def test_a_lost_deal_in_closed_won_is_lost_and_told(folder, look):
    (folder / "OpportunityStage.csv").write_text(
        "ApiName,MasterLabel,SortOrder,IsClosed,IsWon,DefaultProbability\n"
        "Negociación,Negociación,1,0,0,40\nFirmas,Firmas,2,1,1,100\nClosed Won,Won,3,1,1,100\n",
        encoding="utf-8",
    )
    result = ingested(folder)
    assert look.counts(result, "noted") == {"stage_contradicts_flags": 1}
    assert look.rows(result, "opportunities", "is_won")[2] == (False,)


def test_fifteen_and_eighteen_characters_are_one_id(folder, look):
    # The two deals differ in the capitals of one letter only.
    (folder / "OpportunityFieldHistory.csv").write_text(
        "OpportunityId,Field,DataType,OldValue,NewValue,CreatedDate\n"
        "0065g00000AbCdE,Owner,EntityId,0055g00000BobBo,0055g00000AnnAn,2026-01-06 00:00:00\n"
        "0065g00000AbCdE,Owner,Text,Bot,Zoë Åström,2026-01-06 00:00:00\n"
        "0065g00000AbCde,Owner,EntityId,0055g00000BobBo,0055g00000AnnAn,2026-01-06 00:00:00\n"
        "0065g00000AbCde,StageName,Text,Nueva,Firmas,2026-01-07 00:00:00\n"
    )
    result = ingested(folder)
    columns = ("opportunity_id", "old_value", "new_value", "field")
    told = look.rows(result, "opportunity_history", *columns)
    changes = [row[:3] for row in told if row[3] == "owner"]
    # The log of fields tells stages only where there is no OpportunityHistory.
    assert [row for row in told if row[3] == "stage"] == [
        ("0065g00000AbCdeAAF", "Nueva", "Firmas", "stage")
    ]
    deals = {row[0] for row in look.rows(result, "opportunities", "opportunity_id")}
    people = {row[0] for row in look.rows(result, "reps", "rep_id")}
    assert len(changes) == 2
    assert len({deal for deal, _, _ in changes}) == 2
    assert {old for _, old, _ in changes} | {new for _, _, new in changes} <= people
    assert {deal for deal, _, _ in changes} <= deals


@pytest.mark.parametrize(
    ("short", "whole"),
    [
        # Ids of published objects, with the suffix that the CRM itself gives them.
        ("0061G00000Ja7B6", "0061G00000Ja7B6QAJ"),
        ("0051G0000060rqh", "0051G0000060rqhQAA"),
        ("006q000000Hddoh", "006q000000HddohAAB"),
        ("00T1G00003UffGj", "00T1G00003UffGjUAJ"),
        ("0051G000005Mun4", "0051G000005Mun4QAC"),
    ],
)
def test_the_suffix_of_an_id(short, whole):
    made = salesforce_id(ibis.literal(short)).to_pyarrow().as_py()
    assert made == whole
    assert salesforce_id(ibis.literal(whole)).to_pyarrow().as_py() == whole


LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


@settings(max_examples=20, deadline=None)
@given(st.text(alphabet=LETTERS, min_size=15, max_size=15), st.integers(0, 14))
def test_ids_that_differ_in_capitals_differ_without_them(short, place):
    other = short[:place] + short[place].swapcase() + short[place + 1 :]
    column = ibis.memtable({"id": [short, other]})
    one, two = column.select(id=salesforce_id(column["id"])).to_pyarrow()["id"].to_pylist()
    assert (one.lower() == two.lower()) == (short == other)


def test_history_and_activities(folder, look):
    (folder / "OpportunityHistory.csv").write_text(
        '"OpportunityId","CreatedDate","StageName","Amount","CloseDate","Probability",'
        '"ForecastCategory","CurrencyIsoCode","IsDeleted"\n'
        '"0065g00000AbCdEAAV","2026-01-05 10:11:12","Nueva","","2026-06-30 00:00:00","10",'
        '"Pipeline","EUR","0"\n'
        '"0065g00000AbCdEAAV","2026-03-31 08:00:00","Firmas","1200.5","2026-03-31 00:00:00","100",'
        '"Closed","EUR","0"\n'
    )
    (folder / "Task.csv").write_text(
        "Id,OwnerId,WhatId,IsClosed,IsDeleted,IsArchived,ActivityDate,TaskSubtype\n"
        "1,0055g00000AnnAnAAJ,0065g00000AbCdEAAV,1,0,1,2025-01-05 00:00:00,Call\n"
        "2,0055g00000AnnAnAAJ,0015g00000XyZaBAAV,1,0,0,2026-01-05 00:00:00,Email\n"
        "3,0055g00000AnnAnAAJ,0065g00000AbCdEAAV,0,0,0,2026-01-05 00:00:00,Task\n"
    )
    (folder / "Event.csv").write_text(
        "Id,OwnerId,WhatId,IsChild,IsDeleted,ActivityDateTime,ActivityDate,IsRecurrence\n"
        "1,0055g00000AnnAnAAJ,0065g00000AbCdEAAV,0,0,2026-02-01 09:00:00,2026-02-01 00:00:00,0\n"
        "2,0055g00000BobBoAAJ,0065g00000AbCdEAAV,1,0,2026-02-01 09:00:00,2026-02-01 00:00:00,0\n"
        "3,0055g00000AnnAnAAJ,0065g00000AbCdEAAV,0,0,2026-02-01 09:00:00,2026-02-01 00:00:00,1\n"
    )
    result = ingested(folder)
    # Archived tasks count, open ones and the pattern of a series do not; one meeting
    # stands in two calendars.
    told = look.rows(result, "activities", "kind", "opportunity_id", "is_invitee_copy")
    assert sorted(told, key=str) == [
        ("call", "0065g00000AbCdEAAV", False),
        ("email", None, False),
        ("meeting", "0065g00000AbCdEAAV", False),
        ("meeting", "0065g00000AbCdEAAV", True),
    ]
    columns = ("field", "old_value", "new_value")
    changes = look.rows(result, "opportunity_history", *columns)
    assert ("close_date", "2026-06-30", "2026-03-31") in changes
    assert ("amount", None, "1200.50") in changes
    assert len(changes) == 9
