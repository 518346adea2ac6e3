"""Files: any separator and encoding, irregular rows, workbooks and Parquet."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_lib.data.ingest.ragged import staged_text
from salesops_lib.data.ingest.readers import Layout, raw_table
from salesops_lib.data.ingest.sources import Export, Fingerprint
from salesops_lib.data.snapshot import connection
from salesops_lib.errors import InputError

HEADER = ["Id", "Amount", "Created", "Close", "Stage", "Deal Name"]
DEALS = [
    ["D1", "100.00", "2026-01-05", "2026-03-31", "Won", "Müller & Söhne – Größe"],
    ["D2", "200.50", "2026-02-05", "2026-04-30", "Lost", 'a "quoted", two-\nline; name|x\ty'],
    ["D3", "", "2026-03-05", "", "Open", "=HYPERLINK(1)"],
]
STORED = [
    ("D1", "Müller & Söhne – Größe", Decimal("100.00")),
    ("D2", 'a "quoted", two-\nline; name|x\ty', Decimal("200.50")),
    ("D3", "=HYPERLINK(1)", None),
]


LONG_ROW = (
    '{"Id": "D3", "Amount": "3", "Created": "2026-01-05", "Close": "2026-03-31", '
    '"Stage": "Won", "(further cells)": "more,and more"}'
)


def as_text(separator=",", end="\n", quoting=csv.QUOTE_MINIMAL):
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerows([HEADER, *DEALS])
    return stream.getvalue()


def ingested(company, look, content, name="deals.csv", **mapping):
    (company.folder / "deals.csv").unlink(missing_ok=True)
    company.write(name, content)
    company.map(file=name, columns="name: Deal Name", **mapping)
    return look.rows(company.ingest(), "opportunities", "opportunity_id", "name", "amount")


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [
        (",", "utf-8"),
        (",", "utf-16"),
        (";", "utf-8-sig"),
        (";", "cp1252"),
        ("\t", "utf-16"),
        ("\t", "utf-8"),
        ("|", "cp1252"),
        ("|", "utf-8-sig"),
    ],
)
def test_separators_and_encodings_are_found_out(company, look, separator, encoding):
    assert ingested(company, look, as_text(separator).encode(encoding)) == STORED


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_line_ends_and_quoting(company, look, end, quoting):
    assert ingested(company, look, as_text(end=end, quoting=quoting)) == STORED


def test_mixed_line_ends_take_the_slow_way_to_the_same_rows(company, look):
    lines = as_text().split("\nD3")
    assert ingested(company, look, f"{lines[0]}\r\nD3{lines[1]}") == STORED


def test_a_declared_separator_and_encoding_hold(company, look):
    rows = ingested(
        company,
        look,
        as_text("#").encode("cp850", errors="replace").replace(b"\x3f", b"-"),
        head="encoding: cp850",
        block="separator: '#'",
    )
    assert rows[0][1] == "Müller & Söhne - Größe"


def test_a_spreadsheets_separator_hint_is_no_header(company, look):
    assert ingested(company, look, "sep=;\r\n" + as_text(";", end="\r\n")) == STORED


def test_lines_above_the_header_are_passed_over(company, look):
    above = 'Report "All deals"\nmade by, somebody\n\n'
    assert ingested(company, look, above + as_text(), block="header: 4") == STORED


def test_column_names_may_carry_blanks(company, look):
    text = as_text().replace("Deal Name", '" Deal \u00a0\nName "')
    assert ingested(company, look, text) == STORED


def test_file_names_are_never_patterns_or_addresses(company, look):
    name = "deals [1]*'; DROP TABLE x.csv"
    company.map_as("version: 1\n")
    (company.folder / "deals.csv").unlink()
    company.write(name, as_text())
    company.map(file=f'"{name}"', columns="name: Deal Name")
    assert len(look.rows(company.ingest(), "opportunities")) == 3


def test_bytes_that_are_not_text_name_the_file(company):
    company.write("deals.csv", as_text().encode("utf-8") + b"\x81")
    with pytest.raises(InputError, match=r"deals\.csv: byte 0x81 is not cp1252 text"):
        company.ingest()


def test_rows_of_another_length_are_quarantined_whole(company, look):
    text = "Id,Amount,Created,Close,Stage\n"
    text += "D1,1,2026-01-05,2026-03-31,Won\n"
    text += "D2,2,2026-01-05\n\n"
    text += "D3,3,2026-01-05,2026-03-31,Won,more,and more\n"
    text += "D4,4,2026-01-05,2026-03-31,Won,,\n"
    result = company.deals(text, head="limits: {quarantined: 0.5}")
    assert [row[0] for row in look.rows(result, "opportunities", "opportunity_id")] == ["D1", "D4"]
    assert look.quarantine(result, "source_row", "reason", "detail", "row") == [
        (
            2,
            "malformed_row",
            "3 cells where the header has 5",
            '{"Id": "D2", "Amount": "2", "Created": "2026-01-05", "Close": null, "Stage": null}',
        ),
        (
            3,
            "malformed_row",
            "7 cells where the header has 5",
            LONG_ROW,
        ),
    ]


def test_rows_of_nothing_but_separators_are_skipped(company):
    result = company.deals(as_text() + ",,,,,\n,,,,,\n")
    assert result.frame.loc[0, ["read", "skipped", "kept"]].tolist() == [5, 2, 3]


def test_report_footers_are_skipped_when_declared(company):
    text = as_text() + '"Grand Totals (3 records)"\n"Copyright (c) example"\n'
    result = company.deals(text, block='skip: {Amount: "", Close: ""}')
    assert result.frame.loc[0, ["read", "skipped", "kept"]].tolist() == [5, 3, 2]


@pytest.mark.parametrize(("bad", "line"), [('D2,"open\nD3,x\n', 3), ('D2,"a" b,1,2,3\nD3\n', 3)])
def test_a_quote_that_hides_where_rows_end_is_refused(company, bad, line):
    text = "Id,Amount,Created,Close,Stage\nD1,1,2026-01-05,2026-03-31,Won\n" + bad
    with pytest.raises(InputError, match=rf"^deals\.csv:{line}: a quote is not closed"):
        company.deals(text)


cells = st.text(alphabet=st.sampled_from('ab1 ,;"\nü='), max_size=6)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_the_fast_and_the_slow_way_read_the_same(tmp_path, rows, quoting, end):
    rows = [["x", *row] for row in rows]
    stream = io.StringIO()
    csv.writer(stream, quoting=quoting, lineterminator=end).writerows([["k", "a", "b", "c"], *rows])
    folder = tmp_path / "export"
    folder.mkdir(exist_ok=True)
    work = tmp_path / "work"
    work.mkdir(exist_ok=True)
    path = folder / "x.csv"
    path.write_text(stream.getvalue(), encoding="utf-8", newline="")
    for old in work.iterdir():
        old.unlink()
    backend = connection()
    raw = raw_table(backend, Export(folder, work), path, Layout(separator=","), ())
    names = ["k", "a", "b", "c"]
    read = raw.rows.select(**{name: raw.cells[name].text for name in names}).to_pyarrow()
    staged = pq.read_table(staged_text(path, "x.csv", names, ",", 1))
    slow = [list(row.values())[:4] for row in staged.to_pylist()]
    wanted = [[cell.strip() for cell in row] for row in rows]
    assert [[(c or "").strip() for c in row.values()] for row in read.to_pylist()] == wanted
    assert [[(c or "").strip() for c in row] for row in slow] == wanted
    assert set(staged["_malformed"].to_pylist()) == {None}


def workbook(path, rows, sheets=("Deals",)):
    book = openpyxl.Workbook()
    for place, name in enumerate(sheets):
        sheet = book.active if place == 0 else book.create_sheet()
        sheet.title = name
        for row in rows:
            sheet.append(row)
    book.save(path)


TYPED = [
    ["Id", "Amount", "Created", "Close", "Stage", "Deal Name"],
    [1001, 1234.56, dt.datetime.fromisoformat("2026-01-05"), dt.date(2026, 3, 31), "Won", "A"],
    [1002, 0.1 + 0.2, dt.date(2026, 2, 5), "30.04.2026", "Lost", True],
    [None, None, None, None, None, None],
    ["D-3", "1.234,5", dt.date(2026, 3, 5), None, "Open", 12.5],
]


def test_a_workbooks_typed_cells_never_go_through_a_format(company, look):
    workbook(company.folder / "deals.xlsx", TYPED)
    company.map(
        file="deals.xlsx",
        head='formats: {date: "%d.%m.%Y", decimal: ",", thousands: "."}',
        columns="name: Deal Name",
    )
    result = company.ingest()
    columns = ["opportunity_id", "amount", "created_date", "close_date", "name"]
    assert look.rows(result, "opportunities", *columns) == [
        ("1001", Decimal("1234.56"), dt.date(2026, 1, 5), dt.date(2026, 3, 31), "A"),
        ("1002", Decimal("0.30"), dt.date(2026, 2, 5), dt.date(2026, 4, 30), "true"),
        ("D-3", Decimal("1234.50"), dt.date(2026, 3, 5), None, "12.5"),
    ]
    assert look.counts(result, "repaired") == {}


def test_a_sheet_is_named_when_there_are_several(company, look):
    workbook(company.folder / "deals.xlsx", TYPED, sheets=("Notes", "Deals"))
    formats = 'formats: {date: "%d.%m.%Y", decimal: ",", thousands: "."}'
    company.map(file="deals.xlsx", head=formats, block="sheet: Deals")
    assert len(look.rows(company.ingest(), "opportunities")) == 3
    company.map(file="deals.xlsx", head=formats)
    with pytest.raises(InputError, match=r"deals\.xlsx: the workbook has several sheets"):
        company.ingest()
    company.map(file="deals.xlsx", head=formats, block="sheet: Deal")
    with pytest.raises(InputError, match="no sheet `Deal`; did you mean `Deals`"):
        company.ingest()


def test_a_damaged_workbook_is_refused(company):
    workbook(company.folder / "deals.xlsx", TYPED)
    content = (company.folder / "deals.xlsx").read_bytes()
    company.write("deals.xlsx", content[: len(content) // 2])
    company.map(file="deals.xlsx")
    with pytest.raises(InputError, match=r"deals\.xlsx: not a whole workbook"):
        company.ingest()


def parquet(path):
    zone = dt.UTC
    table = pa.table(
        {
            "Id": pa.array([7.0, 8.0, 9.0], pa.float64()),
            "Amount": pa.array([1234.56, None, float("nan")], pa.float64()),
            "Created": pa.array([dt.date(2026, 1, 5)] * 3),
            "Close": pa.array(
                [dt.datetime(2026, 3, 31, 23, tzinfo=zone), None, None], pa.timestamp("us", "UTC")
            ),
            "Stage": pa.array(["Won", "Open", "Open"]),
            "Chance": pa.array([Decimal("0.5"), None, Decimal(1)]),
        }
    )
    pq.write_table(table, path)


def test_parquet_columns_are_used_as_they_are_typed(company, look):
    parquet(company.folder / "deals.parquet")
    company.map(
        file="deals.parquet",
        head='formats: {date: "%d.%m.%Y", decimal: ",", thousands: "."}',
        columns="probability: Chance",
    )
    columns = ["opportunity_id", "amount", "created_date", "close_date", "probability"]
    assert look.rows(company.ingest(), "opportunities", *columns) == [
        ("7", Decimal("1234.56"), dt.date(2026, 1, 5), dt.date(2026, 3, 31), 0.5),
        ("8", None, dt.date(2026, 1, 5), None, None),
        ("9", None, dt.date(2026, 1, 5), None, 1.0),
    ]


def test_a_fingerprint_tells_encodings_apart(tmp_path):
    path = tmp_path / "x"
    for text, encoding, found in [
        ("é", "utf-8", "utf-8"),
        ("é", "utf-8-sig", "utf-8"),
        ("é", "cp1252", "cp1252"),
        ("é", "utf-16", "utf-16"),
        ("e", "ascii", "utf-8"),
    ]:
        path.write_bytes(text.encode(encoding))
        mark = Fingerprint.of(path)
        assert (mark.encoding, mark.blank) == (found, False)
    path.write_bytes(b"\xef\xbb\xbf \r\n")
    assert Fingerprint.of(path).blank
