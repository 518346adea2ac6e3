"""The order of rows, how they lie in files, and copies of them change no table."""

from __future__ import annotations

import shutil

import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

HEADER = "Id,Amount,Created,Close,Stage\n"

row = st.tuples(
    st.sampled_from(["D1", "D2", "D3", "D4", " D5 ", "ü", ""]),
    st.sampled_from(["1", "2.50", "2.505", "x", ""]),
    st.sampled_from(["2026-01-05", "2027-01-01"]),
    st.sampled_from(["2026-03-31", ""]),
    st.sampled_from(["Won", "Lost", "open", "?"]),
)


def tables(company, files):
    """Deals of the snapshot after ingesting them from some files."""
    shutil.rmtree(company.folder)
    shutil.rmtree(company.store, ignore_errors=True)
    for place, rows in enumerate(files):
        text = HEADER + "".join(",".join(one) + "\n" for one in rows)
        company.write(f"deals{place}.csv", text)
    result = company.ingest()
    frame = result.frame.loc[0]
    assert frame["read"] == sum(len(rows) for rows in files)
    assert frame["read"] == frame[["skipped", "merged", "kept", "quarantined"]].sum()
    return pq.read_table(result.path / "opportunities.parquet").to_pylist()


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(row, min_size=1, max_size=12), data=st.data(), split=st.integers(0, 12))
def test_tables_do_not_depend_on_how_the_rows_lie(company, rows, data, split):
    company.map(file='"deals*.csv"', head="limits: {quarantined: 1}")
    rows = [*rows, ("KEEP", "1", "2026-01-05", "", "Open")]
    plain = tables(company, [rows])
    copies = data.draw(st.lists(st.sampled_from(rows), max_size=5))
    mixed = data.draw(st.permutations([*rows, *copies]))
    assert tables(company, [mixed[:split], mixed[split:]]) == plain
