"""Kernels that start with the library: never with another state of it than the disk's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import salesops_lib

pytestmark = pytest.mark.usefixtures("only_linux")

# Starts kernels of a copy of the library, and edits the copy in between.
_PROGRAM = """
import json, os, sys
from pathlib import Path
from jupyter_client.manager import KernelManager
from traitlets.config import Config
import salesops_lib
from salesops_lib.kernel.server import shared_server, server_status

PACKAGE = Path(salesops_lib.__file__).parent
PRELOAD = ["ipykernel.kernelapp", "numpy", "scipy.stats"]
SEEN = '''
import json, os, sys
loaded = "salesops_lib.stats" in sys.modules
try:
    from salesops_lib import stats
    found = [stats.SMALL_SAMPLE, stats.__file__]
except SyntaxError as error:
    found = ["SyntaxError"]
print(json.dumps([loaded, os.getppid(), *found]))
'''

def seen(folder, modules=("salesops_lib.stats",)):
    options = {"WarmProvisioner": {"preload": PRELOAD, "library": list(modules)}}
    manager = KernelManager(kernel_name="salesops-warm", config=Config(options))
    manager.start_kernel(cwd=folder)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    text = []
    hear = lambda message: text.append(message["content"].get("text", ""))
    client.execute_interactive(SEEN, timeout=60, output_hook=hear)
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return json.loads("".join(text))

def edited(old, new):
    file = PACKAGE / "stats.py"
    file.write_text(file.read_text().replace(old, new))

here, other = sys.argv[1:]
with shared_server(preload=PRELOAD):
    root = server_status()["pid"]
    result = {"root": root, "first": seen(here), "again": seen(here)}
    result["without"] = seen(here, ())
    edited("SMALL_SAMPLE = 10", "SMALL_SAMPLE = 11")
    result["edited"] = seen(here)
    result["elsewhere"] = seen(other)
    edited("SMALL_SAMPLE = 11", "SMALL_SAMPLE = = 11")
    result["broken"] = seen(here)
print(json.dumps(result))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What kernels saw of a copy of the library that was edited between them."""
    folder = tmp_path_factory.mktemp("library")
    copy, other = folder / "copy", folder / "other"
    package = Path(salesops_lib.__file__).parent
    shutil.copytree(package, copy / "salesops_lib", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(copy, other)
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(folder), str(other)],
        env=environment, capture_output=True, text=True, timeout=180, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_library_is_there_before_the_first_cell(seen):
    loaded, _, sample, file = seen["first"]
    assert (loaded, sample) == (True, 10)
    assert file.endswith("copy/salesops_lib/stats.py")


def test_one_branch_serves_all_kernels_of_one_state(seen):
    assert seen["first"][1] == seen["again"][1] != seen["root"]


def test_a_kernel_that_does_not_ask_gets_packages_only(seen):
    assert seen["without"][:3] == [False, seen["root"], 10]


def test_an_edit_is_seen_by_the_next_kernel(seen):
    loaded, branch, sample, _ = seen["edited"]
    assert (loaded, sample) == (True, 11)
    assert branch not in {seen["root"], seen["first"][1]}


def test_where_a_copy_lies_in_its_folder_the_kernel_chooses_itself(seen):
    assert seen["elsewhere"][:2] == [False, seen["root"]]


def test_a_library_that_cannot_be_imported_fails_in_the_notebook(seen):
    assert seen["broken"][0] is False
    assert seen["broken"][2:] == ["SyntaxError"]


def test_no_branch_outlives_its_server(seen):
    pids = {seen[name][1] for name in ("first", "edited", "broken")} | {seen["root"]}
    until = time.monotonic() + 10
    while (left := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) and (
        time.monotonic() < until
    ):
        time.sleep(0.05)
    assert left == []
