"""`salesops plan lint`, `explain` and `compare` from the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from salesops_lib.cli import main

ROOT = Path(__file__).parents[1]
REPS = ROOT / "parameters" / "plans" / "halvorsund_reps.yaml"
HUNTER = ROOT / "parameters" / "plans" / "archetype_new_business.yaml"


@pytest.fixture
def salesops(monkeypatch, capsys, tmp_path):
    """Runs the command line in an empty folder; gives exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)

    def run(*arguments) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["salesops", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def gap(tmp_path):
    text = REPS.read_text(encoding="utf-8").replace("to: 50%,", "to: 45%,", 1)
    (tmp_path / "gap.yaml").write_text(text, encoding="utf-8")
    return "gap.yaml"


def line_of(path, text):
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_sound_plan_ends_with_0(salesops):
    code, out, err = salesops("plan", "lint", REPS)
    assert (code, err) == (0, "")
    assert out.strip().endswith("halvorsund_reps.yaml: no defect found.")


def test_an_error_ends_with_1_and_says_where_why_and_what_to_do(salesops, gap, tmp_path):
    code, out, _ = salesops("plan", "lint", gap)
    assert code == 1
    line = line_of(tmp_path / gap, "to: 45%")
    first, why, repair, last = out.splitlines()
    assert first == (
        f"gap.yaml:{line}: error: between 45% and 50% `commission` has no tier "
        "(tier_gap, `components.0.tiers.0.to`)"
    )
    assert why.startswith("    why: No tier says")
    assert repair == "    repair: end the tier at 50%, or leave its `to` out"
    assert last == "gap.yaml: 1 error, 0 warnings."


def test_a_warning_alone_ends_with_0(salesops, tmp_path):
    text = REPS.read_text(encoding="utf-8").replace("cap: 400%", "cap: 110%")
    (tmp_path / "capped.yaml").write_text(text, encoding="utf-8")
    code, out, _ = salesops("plan", "lint", "capped.yaml")
    assert code == 0
    assert "warning: at 120% of the quota the cap of `commission` holds back" in out
    # Who calls 105 % excellent has nothing to complain about.
    assert "holds back" not in salesops("plan", "lint", "capped.yaml", "--excellence", 105)[1]


def test_bad_input_ends_with_2(salesops, tmp_path):
    (tmp_path / "bad.yaml").write_text("version: 1\nid: x\n", encoding="utf-8")
    code, out, err = salesops("plan", "lint", "bad.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("salesops: bad.yaml")
    assert salesops("plan", "lint", "nowhere.yaml")[0] == 2
    assert salesops("plan", "lint", REPS, "--snapshot", tmp_path / "none")[0] == 2
    for quota in ("a lot", "-5", "1.005"):
        code, _, err = salesops("plan", "explain", REPS, "--quota", quota)
        assert (code, len(err.splitlines())) == (2, 1)
        assert "--quota" in err


def test_lint_as_json(salesops, gap):
    code, out, _ = salesops("plan", "lint", gap, REPS, "--json")
    assert code == 1
    first, second = json.loads(out)
    assert first["errors"] == 1
    assert first["findings"][0]["check"] == "tier_gap"
    assert set(first["findings"][0]) == {
        "file", "grade", "line", "key", "check", "what", "why", "repair",
    }  # fmt: skip
    assert second["findings"] == []


def test_explain_tells_the_plan_and_its_examples(salesops):
    code, out, _ = salesops("plan", "explain", REPS, "--quota", 250000)
    assert code == 0
    assert "\ncommission\n  Pays on bookings by share of its quota: from 0% to 50% 0.6×" in out
    rows = [line.split() for line in out.splitlines()]
    assert ["rep", "120%", "54,950", "127%", "107,750"] in rows
    assert "Quota assumed: 250,000 a pay period." in out
    told = json.loads(salesops("plan", "explain", REPS, "--json")[1])
    assert [row["pay"] for row in told["rows"]] == [11016, 26438.4, 43200, 54950.4, 75513.6]


def test_compare_tells_what_differs_and_what_each_pays(salesops):
    code, out, _ = salesops("plan", "compare", REPS, HUNTER)
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["people.rep.ote", "96000", "120000"] in rows
    assert ["rep", "100%", "43,200", "60,000", "+€16,800"] in rows
    assert salesops("plan", "compare", REPS, REPS)[1].startswith("Sales representatives (a) and")


def test_names_in_a_plan_steer_no_terminal(salesops, tmp_path):
    text = REPS.read_text(encoding="utf-8").replace("- name: expansion", '- name: "\\e[31m[red]x"')
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    out = salesops("plan", "explain", "odd.yaml")[1]
    assert "\x1b" not in out
    assert "[red]x" in out
