"""However a kernel ends, it is seen at once, and for what it was."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from salesops_lib.kernel.provisioner import KERNEL_NAME

pytestmark = [
    pytest.mark.usefixtures("only_linux"),
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]
_MEBIBYTE = 1 << 20

warm_and_cold = pytest.mark.parametrize("warm", [True, False], ids=["warm", "normal"])


def seen_dead(kernel) -> float:
    """Seconds until the manager notices; it fails when it takes long."""
    begun = time.monotonic()
    while kernel.manager.is_alive():
        assert time.monotonic() - begun < 5
        time.sleep(0.01)
    return time.monotonic() - begun


@warm_and_cold
@pytest.mark.parametrize(
    ("cell", "returncode", "sentence"),
    [
        ("import os; os._exit(137)", 137, "ended by itself with exit code 137"),
        ("import os; os._exit(0)", 0, "ended by itself with exit code 0"),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV, "crashed (SIGSEGV)"),
        ("import os; os.abort()", -signal.SIGABRT, "crashed (SIGABRT)"),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL, "killed (SIGKILL), most often"),
    ],
)  # fmt: skip
def test_a_cell_that_ends_its_kernel(start, exits, warm, cell, returncode, sentence):
    kernel = start({"warm": warm})
    kernel.client.execute(cell)
    seen_dead(kernel)
    kernel.manager.cleanup_resources()
    (end,) = exits
    assert (end.returncode, end.warm, end.requested) == (returncode, warm, False)
    assert sentence in end.sentence
    assert end.peak_memory > 30 * _MEBIBYTE


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_kernel_that_is_killed_from_outside(start, exits, number):
    kernel = start()
    os.kill(kernel.pid, number)
    seen_dead(kernel)
    kernel.manager.cleanup_resources()
    assert [(end.returncode, end.signal) for end in exits] == [(-number, number.name)]


@warm_and_cold
def test_papermill_tells_a_dead_kernel_and_the_record_says_why(tmp_path, exits, warm):
    path = tmp_path / "n.ipynb"
    cells = ["1", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "2"]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, path)
    with pytest.raises(DeadKernelError):
        papermill.execute_notebook(
            path, None, kernel_name=KERNEL_NAME, language="python", progress_bar=False,
            config=Config({"WarmProvisioner": {"warm": warm}}),
        )  # fmt: skip
    (end,) = exits
    assert (end.signal, end.warm) == ("SIGKILL", warm)


@warm_and_cold
def test_an_endless_loop_can_be_interrupted(start, warm):
    kernel = start({"warm": warm})
    kernel.text("kept = 5")
    endless = "print('begun', flush=True)\nwhile True: pass"
    kernel.client.execute(endless, stop_on_error=False)
    while kernel.client.get_iopub_msg(timeout=30)["content"].get("text") != "begun\n":
        pass
    kernel.manager.interrupt_kernel()
    while (reply := kernel.client.get_shell_msg(timeout=30))["content"]["status"] == "ok":
        pass
    assert reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.text("print(kept)") == "5"


@warm_and_cold
def test_an_endless_loop_that_ignores_interrupts_can_be_killed(start, exits, warm):
    kernel = start({"warm": warm})
    pid = kernel.pid
    kernel.client.execute(
        "import signal, subprocess\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '1000'])\nprint(child.pid)\nwhile True: pass"
    )
    while not (text := kernel.client.get_iopub_msg(timeout=30)["content"].get("text")):
        pass
    child = int(text)
    kernel.manager.shutdown_kernel(now=True)
    assert [(end.returncode, end.requested) for end in exits] == [(-signal.SIGKILL, True)]
    assert not Path(f"/proc/{pid}").exists()
    until_gone(child)


def test_what_a_dead_kernel_has_started_ends_with_it(start):
    kernel = start()
    child = int(kernel.text("import subprocess as s; print(s.Popen(['sleep', '1000']).pid)"))
    os.kill(kernel.pid, signal.SIGKILL)
    seen_dead(kernel)
    until_gone(child)


@warm_and_cold
def test_a_kernel_above_its_memory_limit_is_killed_and_says_so(start, exits, warm):
    kernel = start({"warm": warm, "memory_limit": 600 * _MEBIBYTE})
    kernel.text("kept = bytearray(100 << 20)")
    kernel.client.execute("kept = [bytearray(b'x' * (20 << 20)) for _ in range(400)]")
    seen_dead(kernel)
    kernel.manager.cleanup_resources()
    (end,) = exits
    assert (end.signal, end.memory_limit, end.warm) == ("SIGKILL", 600 * _MEBIBYTE, warm)
    assert end.peak_memory > 600 * _MEBIBYTE
    assert end.sentence.startswith("the kernel exceeded its memory limit of 600 MiB; peak memory ")


@warm_and_cold
def test_the_peak_is_remembered_after_the_memory_was_given_back(start, exits, warm):
    kernel = start({"warm": warm})
    kernel.text("x = bytearray(b'x') * (500 << 20); del x")
    time.sleep(0.2)  # a normal kernel is looked at twenty times a second
    kernel.end()
    (end,) = exits
    assert 500 * _MEBIBYTE < end.peak_memory < 1100 * _MEBIBYTE
    assert end.memory_limit is None


def test_reserved_address_space_is_not_memory(start):
    kernel = start({"memory_limit": 600 * _MEBIBYTE})
    kernel.text("import mmap; space = mmap.mmap(-1, 8 << 30)")
    time.sleep(0.2)
    assert kernel.text("print(len(space))") == str(8 << 30)


def until_gone(pid: int) -> None:
    begun = time.monotonic()
    while Path(f"/proc/{pid}/status").exists():
        state = Path(f"/proc/{pid}/status").read_text().split("State:")[1].split()[0]
        if state == "Z":  # dead, and nobody's child in this container
            return
        assert time.monotonic() - begun < 5
        time.sleep(0.01)
