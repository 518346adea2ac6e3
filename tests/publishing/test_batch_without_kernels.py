"""A batch in which everything only needs a page starts no kernel server."""

from __future__ import annotations

import io
import os

import pytest
from rich.console import Console

from salesops_lib.kernel import server
from salesops_lib.publishing.reports import made_reports, wanted_reports


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="warm kernels need Linux")
def test_the_kernel_server_starts_with_a_batch_that_runs_something(
    write_notebook, snapshot_of, write_parameters, monkeypatch
):
    started = []
    real = server.KernelServer

    def counted(recipe):
        started.append(recipe)
        return real(recipe)

    monkeypatch.setattr(server, "KernelServer", counted)
    file = write_parameters(snapshot_of(), reports="  - {notebook: review, for_each: region}")

    def made() -> tuple[list[str], int]:
        started.clear()
        results = made_reports(wanted_reports(file), 2, Console(file=io.StringIO()))
        return [result.status for result in results], len(started)

    for heading, code, status, servers in (
        ("## First", "1 + 1", "done", 1),
        ("## First", "1 + 1", "unchanged", 0),
        ("## Second", "1 + 1", "rendered", 0),
        ("## Second", "1 + 2", "done", 1),
    ):
        write_notebook("review", heading, code)
        assert made() == ([status] * 2, servers)
