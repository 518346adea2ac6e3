"""A panel driven by hand: JupyterLab in headless Chromium, clicks and all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from salesops_lib.fragments import CELLS_ON_PAGE

ROOT = Path(__file__).parents[2]
CHROMIUM = os.environ.get("SALESOPS_CHROMIUM") or shutil.which("chromium")
PATIENCE = 90_000
"""Milliseconds for a kernel to start and run a notebook on a busy machine."""

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here (SALESOPS_CHROMIUM)"),
    pytest.mark.skipif(
        not any((ROOT / "snapshots" / "sample").glob("*.json")),
        reason="the notebooks' snapshot is not there: make test writes it",
    ),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project with the performance review, so that nothing of ours is saved over."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", root / "notebooks")
    (root / "parameters").mkdir()
    (root / "snapshots").symlink_to(ROOT / "snapshots")
    return root


@pytest.fixture(scope="module")
def lab(project, tmp_path_factory):
    """Address of a JupyterLab of its own."""
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {key: value for key, value in os.environ.items() if key != "SALESOPS_ROOT"}
    environment |= {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "PYTHONPATH": str(ROOT),
    }
    options = [
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--IdentityProvider.token={token}",
    ]
    if hasattr(os, "getuid") and os.getuid() == 0:
        options.append("--allow-root")
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, str(project)],
            env=environment, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api/status?token={token}", server, home / "log")
            yield f"{address}/lab/tree/notebooks/performance_review.ipynb?reset&token={token}"
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address) as answer:  # noqa: S310 (ours)
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def page(lab):
    """The notebook, open and run to its end."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        # Tall, so that the notebook's cells are all in the page.
        opened = browser.new_page(viewport={"width": 1400, "height": 1100})
        opened.set_default_timeout(PATIENCE)
        opened.goto(lab)
        opened.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        # Before a kernel is there, JupyterLab would ask for one.
        opened.locator("#jp-bottom-panel, #jp-main-statusbar").get_by_text("| Idle").wait_for()
        opened.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        opened.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
        yield opened
        browser.close()


def _panel(page):
    """The panel, in sight."""
    panel = page.locator(".so-panel")
    panel.first.wait_for(state="attached")
    panel.first.scroll_into_view_if_needed()
    return panel.first


def test_choosing_a_metric_a_scope_and_a_bar_shows_its_deals(page):
    panel = _panel(page)
    # Found by the names that a screen reader tells.
    figure = panel.get_by_label("Figure", exact=True)
    scope = panel.get_by_label("Scope", exact=True)
    title = panel.locator(".so-panel-title")
    assert title.inner_text() == "Bookings of the company by region, 2026-Q3"
    assert panel.get_by_label("Period", exact=True).count() == 1
    assert panel.get_by_label("Compared with", exact=True).count() == 1
    figure.select_option(label="Deals won")
    page.get_by_text("Deals won of the company by region, 2026-Q3").wait_for()
    scope.select_option(label="Region: EMEA")
    page.get_by_text("Deals won of EMEA by team, 2026-Q3").wait_for()
    won = panel.locator(".so-bar-text b")
    buttons = panel.get_by_role("button")
    # The bars follow the title; those of the whole company may stand there until then.
    panel.get_by_role("button", name="Central Europe").wait_for()
    won.nth(1).wait_for()
    assert buttons.count() == won.count() > 1
    count = int(won.first.inner_text())
    name = buttons.first.inner_text()
    # As from the keyboard: the bar is a button.
    buttons.first.focus()
    page.keyboard.press("Enter")
    table = panel.get_by_role("table").first
    table.wait_for()
    assert name in table.locator("caption").inner_text()
    rows = panel.locator(".so-grid tbody tr").count()
    columns = table.locator("thead th").count()
    assert rows == min(count, CELLS_ON_PAGE // columns)
    assert buttons.first.inner_text() == f"▸ {name}"
    if folder := os.environ.get("SALESOPS_SCREENSHOTS"):
        panel.scroll_into_view_if_needed()
        page.screenshot(path=f"{folder}/panel.png")
