from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest

from salesops_lib.publishing.provenance import command_of, commit_of, file_record, provenance_of

GIT = shutil.which("git")


@pytest.mark.skipif(GIT is None, reason="git is not on this machine")
def test_the_commit_and_whether_files_differ_from_it(tmp_path, monkeypatch):
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = [GIT, "-C", str(tmp_path), *who, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert commit_of(tmp_path) is None
    git("init", "-q")
    assert commit_of(tmp_path) is None
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-q", "-m", "one")
    assert commit_of(tmp_path) == {"id": git("rev-parse", "HEAD"), "dirty": False}
    (tmp_path / "a").write_text("2")
    assert commit_of(tmp_path)["dirty"] is True


def test_hashes_are_those_of_the_bytes(tmp_path, job_of):
    notebook = tmp_path / "review.ipynb"
    notebook.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert file_record(notebook, "notebooks/review.ipynb") == {
        "name": "notebooks/review.ipynb", "sha256": digest,
    }  # fmt: skip
    made = provenance_of(job_of(notebook), notebook)
    assert made["notebook"] == {"name": "review.ipynb", "sha256": digest}
    assert made["packages"]["papermill"]
    assert made == provenance_of(job_of(notebook), notebook)


def test_the_report_id_changes_with_what_the_report_is_made_of(tmp_path, job_of):
    notebook = tmp_path / "review.ipynb"
    notebook.write_bytes(b"abc")
    one = provenance_of(job_of(notebook), notebook)
    two = provenance_of(job_of(notebook, period="2026-Q2"), notebook)
    assert one["report_id"] != two["report_id"]
    assert one["parameters_sha256"] != two["parameters_sha256"]


def test_the_command_survives_a_shell():
    job = 'review/team:\'; rm -rf "$HOME" #\n`x`'
    shown = command_of("parameters/q 3.yaml", job)
    done = subprocess.run(
        ["/bin/sh", "-c", f"set -- {shown}\nprintf '%s\\0' \"$@\""],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split("\0")[:-1] == [
        "salesops", "report", "parameters/q 3.yaml", "--only", job,
    ]  # fmt: skip
