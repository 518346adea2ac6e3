"""`--suggest` finds the mapping at hand that fits an export by its headers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from salesops_lib.data.ingest import suggested_mapping
from salesops_lib.data.ingest.mapping import Mapping
from salesops_lib.errors import InputError
from salesops_lib.yamlfile import read_yaml

MAPPINGS = Path(__file__).parents[3] / "parameters" / "mappings"

HEADERS = {
    "fivetran_salesforce": {
        "opportunity": "id,is_deleted,name,account_id,owner_id,amount,created_date,close_date,"
        "stage_name,is_closed,is_won,forecast_category,probability,type,lead_source,next_step",
        "user": "id,name,email,manager_id,user_role_id",
    },
    "salesforce_data_export": {
        "Opportunity": "Id,IsDeleted,Name,AccountId,OwnerId,Amount,CreatedDate,CloseDate,StageName,"
        "IsClosed,IsWon,ForecastCategory,Probability,Type,LeadSource,NextStep,CurrencyIsoCode",
        "User": "Id,FirstName,LastName,Email,ManagerId,UserRoleId",
    },
    "hubspot_csv": {
        "all-deals": "Record ID,Deal Name,Deal Stage,Close Date,Create Date,Amount,Deal owner,"
        "Is Deal Closed?,Is Closed Won",
    },
    "fivetran_hubspot": {
        "deal": "deal_id,is_deleted,deal_pipeline_id,deal_pipeline_stage_id,owner_id,"
        "property_dealname,property_closedate,property_createdate",
        "deal_pipeline_stage": "stage_id,label,display_order,is_closed,closed_won,probability",
        "owner": "owner_id,email,first_name,last_name",
    },
    "salesforce_report": {
        "report17": "Opportunity Owner,Opportunity Name,Stage,Amount,Close Date,Created Date,"
        "Opportunity ID,Closed,Won",
    },
    "pipedrive_csv": {
        "deals": "id,title,value,currency,user_id,org_id,stage_id,status,add_time,close_time",
    },
}


def write(folder: Path, tables: dict[str, str]) -> Path:
    for name, header in tables.items():
        (folder / f"{name}.csv").write_text(header + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", HEADERS)
def test_the_mapping_that_fits_is_found_by_the_headers(name, tmp_path):
    suggestion = suggested_mapping(write(tmp_path, HEADERS[name]), MAPPINGS)
    assert suggestion.known == MAPPINGS / f"{name}.yaml"
    draft = tmp_path / "draft.yaml"
    draft.write_text(suggestion.text, encoding="utf-8")
    assert read_yaml(draft, Mapping).name == name
    assert "#" in suggestion.text.splitlines()[1]


def test_a_company_with_its_own_mapping_gets_that(tmp_path):
    own = tmp_path / "mappings"
    own.mkdir()
    shutil.copy(MAPPINGS / "salesforce_data_export.yaml", own)
    text = (MAPPINGS / "salesforce_data_export.yaml").read_text(encoding="utf-8")
    (own / "ours.yaml").write_text(
        text.replace("      next_step: ", "      product: Odd__c\n      next_step: ", 1)
    )
    (own / "broken.yaml").write_text("version: 1\nnmae: x\n")
    tables = HEADERS["salesforce_data_export"]
    folder = tmp_path / "export"
    folder.mkdir()
    assert (
        suggested_mapping(write(folder, tables), own).known == own / "salesforce_data_export.yaml"
    )
    tables = tables | {"Opportunity": tables["Opportunity"] + ",Odd__c"}
    assert suggested_mapping(write(folder, tables), own).known == own / "ours.yaml"


def test_files_may_have_a_prefix_and_a_suffix_in_common(tmp_path):
    tables = {f"sf_{one}_data": head for one, head in HEADERS["fivetran_salesforce"].items()}
    tables["sf_opportunity_line_item_data"] = "id,quantity"
    tables["x: {y}\nopportunity"] = "id,name"
    suggestion = suggested_mapping(write(tmp_path, tables), MAPPINGS)
    assert suggestion.known == MAPPINGS / "fivetran_salesforce.yaml"
    draft = tmp_path / "draft.yaml"
    draft.write_text(suggestion.text, encoding="utf-8")
    mapping = read_yaml(draft, Mapping)
    assert mapping.blocks("opportunities")[0].file == ["sf_opportunity_data.*"]
    (place,) = mapping.blocks("rep_assignments")
    assert place.rules["team"].lookup[0].file == "sf_user_role_data.*"
    assert "sf_task_data.*" in suggestion.unplaced


def test_where_none_fits_a_draft_is_made(tmp_path):
    write(tmp_path, {"deals": "Deal ID,Stage,Amount"})
    suggestion = suggested_mapping(tmp_path, MAPPINGS)
    assert suggestion.known is None
    assert "opportunity_id: Deal ID" in suggestion.text


def test_real_exports_find_their_mapping(shared_data):
    of_folder = {
        "maven_crm": "maven_crm",
        "adventureworks": "adventureworks",
        "dbt_salesforce_seeds": "fivetran_salesforce",
        "dbt_hubspot_seeds": "fivetran_hubspot",
    }
    for folder, name in of_folder.items():
        if not (shared_data / folder).is_dir():
            pytest.skip(f"{folder} is not among the real data on this machine")
        assert suggested_mapping(shared_data / folder, MAPPINGS).known == MAPPINGS / f"{name}.yaml"


def test_an_optional_column_must_be_read(tmp_path):
    text = (MAPPINGS / "hubspot_csv.yaml").read_text(encoding="utf-8")
    path = tmp_path / "x.yaml"
    path.write_text(text.replace("      - Currency\n", "      - Curency\n"))
    with pytest.raises(InputError, match=r"names `Curency`.*did you mean `Currency`"):
        read_yaml(path, Mapping)


@pytest.mark.parametrize(
    ("columns", "states", "told"),
    [
        ("opportunity_id: a, changed_at: b", "", "needs `field` among its columns, or `states`"),
        ("opportunity_id: a, changed_at: b, new_value: c", "stage: d", "no column `new_value`"),
        ("opportunity_id: a, changed_at: b", "{}", "`states` is empty"),
        ("opportunity_id: a, changed_at: b", "stag: d", "stag"),
    ],
)
def test_a_history_tells_states_or_changes(columns, states, told, tmp_path):
    path = tmp_path / "x.yaml"
    inner = states if states == "{}" else f"{{{states}}}"
    block = f"file: h.csv, columns: {{{columns}}}" + (f", states: {inner}" if states else "")
    path.write_text(
        "version: 1\nname: x\ntables:\n"
        "  opportunities:\n    file: d.csv\n"
        "    columns: {opportunity_id: a, is_closed: b, is_won: c}\n"
        f"  opportunity_history: {{{block}}}\n"
    )
    with pytest.raises(InputError, match=told):
        read_yaml(path, Mapping)
