"""Suggestions: a draft that is valid, places what has a known name, and hides nothing."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pytest

from salesops_lib.data.ingest import ingest_folder, suggested_mapping
from salesops_lib.data.ingest.guesses import date_guess, number_guess
from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml


def drafted(folder, tmp_path):
    suggestion = suggested_mapping(folder)
    path = tmp_path / "draft.yaml"
    path.write_text(suggestion.text, encoding="utf-8")
    return suggestion, read_yaml(path, Mapping), path


def columns(mapping, table):
    (block,) = mapping.blocks(table)
    return {name: rule.source or rule.constant or rule.stage for name, rule in block.rules.items()}


SALESFORCE = (
    '"Id","IsDeleted","Name","StageName","Amount","Probability","CloseDate","IsClosed","IsWon",'
    '"ForecastCategory","CurrencyIsoCode","OwnerId","CreatedDate","PushCount","Odd__c"\n'
    '"006A","0","Müller","Closed Won","1200.5","100","2026-03-31 00:00:00","1","1","Closed",'
    '"EUR","005A","2026-01-05 10:11:12","0","x"\n'
    '"006B","1","Gone","Closed Lost","","0","2026-03-31 00:00:00","1","0","Omitted",'
    '"EUR","005A","2026-01-05 10:11:12","0",""\n'
    '"006C","0","Open","Talk","7","40","2026-12-31 00:00:00","0","0","Forecast",'
    '"EUR","005A","2026-01-05 10:11:12","2",""\n'
)


def test_a_salesforce_export_is_placed_and_can_be_ingested(tmp_path):
    folder = tmp_path / "sf"
    folder.mkdir()
    (folder / "Opportunity.csv").write_bytes(SALESFORCE.encode("cp1252"))
    (folder / "User.csv").write_text('"Id","Name","Email","ManagerId"\n"005A","Ann","a@x.org",""\n')
    suggestion, mapping, path = drafted(folder, tmp_path)
    assert columns(mapping, "opportunities") == {
        "opportunity_id": "Id",
        "name": "Name",
        "owner_id": "OwnerId",
        "amount": "Amount",
        "currency": "CurrencyIsoCode",
        "created_date": "CreatedDate",
        "close_date": "CloseDate",
        "stage": "StageName",
        "is_closed": "IsClosed",
        "is_won": "IsWon",
        "forecast_category": "ForecastCategory",
        "probability": "Probability",
        "push_count": "PushCount",
    }
    assert columns(mapping, "reps") == {"rep_id": "Id", "name": "Name", "email": "Email"}
    assert suggestion.unplaced == ("Opportunity.csv: column Odd__c",)
    result = ingest_folder(folder, path, dt.date(2026, 9, 30), tmp_path / "store")
    row = result.frame.set_index("table").loc["opportunities"]
    assert (row["read"], row["skipped"], row["kept"]) == (3, 1, 2)


def test_hubspot_labels_and_a_stage_that_tells_the_outcome(tmp_path):
    folder = tmp_path / "hs"
    folder.mkdir()
    (folder / "hubspot-deals.csv").write_text(
        "Record ID,Deal Name,Deal Stage,Close Date,Create Date,Amount,Currency,Deal owner\n"
        '1,A,Closed won,31/03/2026 10:00,05/01/2026 09:30,"1.234,50",EUR,Ann\n'
        '2,B,Lost (price),15/04/2026 10:00,05/01/2026 09:30,"7,00",EUR,Ann\n'
        '3,C,Contract sent,15/12/2026 10:00,05/01/2026 09:30,"7,00",EUR,Bob\n'
    )
    suggestion, mapping, path = drafted(folder, tmp_path)
    (block,) = mapping.blocks("opportunities")
    assert block.rules["is_won"].values == {
        "Closed won": True,
        "Contract sent": False,
        "Lost (price)": False,
    }
    assert block.rules["is_closed"].values["Lost (price)"] is True
    assert (block.rules["amount"].decimal, block.rules["amount"].thousands) == (",", ".")
    assert block.rules["close_date"].date == ["%d/%m/%Y %H:%M"]
    assert "check each stage" in suggestion.text
    assert suggestion.unplaced == ()
    result = ingest_folder(folder, path, dt.date(2026, 9, 30), tmp_path / "store")
    assert result.frame.loc[0, "kept"] == 3


def test_every_sheet_of_a_workbook_is_looked_at(tmp_path):
    folder = tmp_path / "xl"
    folder.mkdir()
    book = openpyxl.Workbook()
    book.active.title = "Deals"
    book.active.append(["Opportunity ID", "Stage", "Amount", "Close Date"])
    book.active.append(["O1", "Won", 5.5, dt.date(2026, 3, 31)])
    sheet = book.create_sheet("Targets")
    sheet.append(["Rep ID", "Target Month", "Target"])
    sheet.append(["R1", dt.date(2026, 3, 1), 100])
    book.save(folder / "book.xlsx")
    _, mapping, path = drafted(folder, tmp_path)
    assert mapping.blocks("opportunities")[0].sheet == "Deals"
    (quotas,) = mapping.blocks("quotas")
    assert (quotas.sheet, quotas.rules["period_end"].end_of) == ("Targets", "month")
    result = ingest_folder(folder, path, dt.date(2026, 9, 30), tmp_path / "store")
    assert result.frame["kept"].tolist() == [1, 1]


def test_a_hostile_column_name_stays_a_name(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "deals.csv").write_text(
        'Deal ID,Stage,Amount,"is_won: {constant: true} # \'"\n1,Won,5,x\n'
    )
    suggestion, mapping, _ = drafted(folder, tmp_path)
    assert set(columns(mapping, "opportunities")) == {
        "opportunity_id",
        "amount",
        "stage",
        "is_closed",
        "is_won",
    }
    assert "deals.csv: column is_won: {constant: true} # '" in suggestion.unplaced


def test_without_deals_there_is_nothing_to_suggest(tmp_path):
    with pytest.raises(InputError, match="no file that can be read"):
        suggested_mapping(tmp_path)
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="no file looks like deals"):
        suggested_mapping(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        suggested_mapping(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["maven_crm", "dbt_salesforce_seeds", "dbt_hubspot_seeds"])
def test_real_exports_get_a_valid_draft(shared_data, tmp_path, name):
    _, mapping, _ = drafted(shared_data / name, tmp_path)
    assert {"opportunities", "accounts"} <= set(mapping.table_names)
    assert {"opportunity_id", "amount", "stage", "is_won"} <= set(columns(mapping, "opportunities"))


_OR = "or is the {} a {} mark? check"


def test_guesses_say_when_they_are_unsure():
    assert date_guess(["05.01.2026"]) == ({"date": "%d.%m.%Y"}, None)
    assert date_guess(["soon"])[0] == {}
    assert "give one with `date`" in str(date_guess(["soon"])[1])
    assert number_guess(["12", "7.5"]) == ({}, None)
    assert number_guess(["1,5"]) == ({"decimal": ","}, None)
    assert number_guess(["1,500", "12"]) == ({"thousands": ","}, _OR.format("comma", "decimal"))
    assert number_guess(["1,500.5", "12"]) == ({"thousands": ","}, None)
    assert number_guess(["1.500", "12.000"]) == ({}, _OR.format("point", "thousands"))
    assert number_guess(["1.500", "1200.000"]) == ({}, None)
    assert "check" in str(number_guess(["a"])[1])
