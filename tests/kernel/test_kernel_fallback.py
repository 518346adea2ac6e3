"""Where a warm kernel is not to be had, there is a normal one, and one line in the log."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from salesops_lib.kernel import request, server
from salesops_lib.kernel.recipe import obstacle

_COMMAND = [sys.executable, "-m", "ipykernel_launcher", "-f", "c.json"]


@pytest.fixture
def told(caplog):
    """Lines in the log that say why a kernel is a normal one."""
    caplog.set_level(logging.WARNING)

    def lines() -> list[str]:
        return [
            record.getMessage()
            for record in caplog.records
            if "normal one, not warm" in record.getMessage()
        ]

    return lines


def works(kernel) -> bool:
    return kernel.text("print(6 * 7)") == "42" and not kernel.is_warm


def test_on_a_system_without_pidfds(start, told, monkeypatch, fresh_servers):
    monkeypatch.delattr(os, "pidfd_open", raising=False)
    assert works(start())
    assert len(told()) == 1
    assert "no fork that is safe here" in told()[0]
    assert fresh_servers._current is None


def test_on_another_system(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "no fork" in obstacle(_COMMAND, {})
    with server.shared_server() as address:
        assert address is None


_NONSENSE = """
import json, socket, sys
listener = socket.socket(fileno=json.loads(sys.argv[1])["listener"])
client, _ = listener.accept()
client.sendall(b"nonsense\\n")
client.recv(99999)
"""


@pytest.mark.usefixtures("only_linux")
@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise SystemExit('no luck')", "no answer: [Errno 104] Connection reset by peer (no"),
        ("import time; time.sleep(60)", "no answer: not in time"),
        ("import os; os.kill(os.getpid(), 11)", "no answer: "),
        (_NONSENSE, "no answer: Expecting value"),
    ],
    ids=["ends", "hangs", "crashes", "talks nonsense"],
)
def test_a_server_that_fails_is_tried_twice(
    start, told, monkeypatch, tmp_path, fresh_servers, program, reason
):
    (tmp_path / "program.py").write_text(program)
    monkeypatch.setattr(server, "_PROGRAM", tmp_path / "program.py")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr(server, "_END_TIMEOUT", 0.1)
    for _ in range(3):
        assert works(start({"start_timeout": 0.4}))
    first, second, third = told()
    assert reason in first
    assert reason in second
    assert "the kernel server has failed before" in third
    fresh_servers.close()
    assert [*tmp_path.glob("salesops-kernels-*")] == []


@pytest.mark.usefixtures("only_linux")
def test_a_package_that_starts_threads_when_imported(
    start, told, monkeypatch, tmp_path, fresh_servers
):
    (tmp_path / "busy_package.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True,"
        " name='busy').start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    options = {"preload": ["ipykernel.kernelapp", "busy_package"]}
    (tmp_path / "elsewhere").mkdir()
    assert works(start(options, cwd=str(tmp_path / "elsewhere")))
    assert "an imported package has started threads: busy" in told()[0]


@pytest.mark.usefixtures("only_linux")
def test_the_library_itself_is_never_preloaded(start, told, fresh_servers):
    assert works(start({"preload": ["ipykernel.kernelapp", "salesops_lib.errors"]}))
    assert "has imported salesops_lib" in told()[0]


@pytest.mark.usefixtures("only_linux")
def test_a_package_that_is_missing_or_broken_stops_nobody(
    start, monkeypatch, tmp_path, fresh_servers
):
    (tmp_path / "broken_package.py").write_text("1 / 0\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    options = {"preload": ["no_such_package", "broken_package", "ipykernel.kernelapp"]}
    kernel = start(options, cwd=str(tmp_path / "elsewhere"))
    assert kernel.is_warm
    status, text = kernel.run("import broken_package")
    assert status == "error"
    assert "ZeroDivisionError" in text


@pytest.mark.usefixtures("only_linux")
def test_a_kernel_that_cannot_be_set_up_does_not_cost_the_server(
    start, told, tmp_path, fresh_servers
):
    before = start({"preload": ["ipykernel.kernelapp"]})
    current = fresh_servers._current
    folder = tmp_path / "locked"
    folder.mkdir()
    real_answer = request._answer

    async def late(*arguments):
        # Gone between our look and the kernel's.
        if folder.is_dir():
            folder.rmdir()
        return await real_answer(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(request, "_answer", late)
        with pytest.raises(FileNotFoundError):  # as from a normal kernel
            start({"preload": ["ipykernel.kernelapp"]}, cwd=str(folder))
    assert "No such file or directory" in told()[0]
    assert fresh_servers._current is current
    assert before.text("print(1)") == "1"


@pytest.mark.usefixtures("only_linux")
def test_a_fork_in_which_ipython_cannot_start(start, told, tmp_path, fresh_servers):
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(
        "import sys\nif 'zygote' in sys.orig_argv[1]: raise SystemExit('no luck')\n"
    )
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")}
    assert works(start({"preload": ["ipykernel.kernelapp"]}, env=environment))
    assert [line.partition("warm: ")[2] for line in told()] == ["SystemExit: no luck."]


@pytest.mark.usefixtures("only_linux")
def test_streams_that_are_pipes(start, told):
    kernel = start(stderr=subprocess.PIPE)
    assert works(kernel)
    assert "its stderr is to be a pipe" in told()[0]


@pytest.mark.usefixtures("only_linux")
@pytest.mark.parametrize(
    ("command", "environment", "options", "reason"),
    [
        (_COMMAND, {}, {}, ""),
        ([sys.executable, "-Xdev", *_COMMAND[1:]], {}, {}, ""),
        (["/usr/bin/python3", *_COMMAND[1:]], {}, {}, "no ipykernel of this Python"),
        (["R", "--slave", "-e", "IRkernel::main()"], {}, {}, "no ipykernel of this Python"),
        ([], {}, {}, "no ipykernel of this Python"),
        (_COMMAND, {"OMP_NUM_THREADS": "4"}, {}, "OMP_NUM_THREADS is 4"),
        (_COMMAND, {"MPLBACKEND": "agg"}, {}, "MPLBACKEND is agg"),
        (_COMMAND, {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}, {}, ""),
        (_COMMAND, {}, {"stdout": 1}, ""),
        (_COMMAND, {}, {"preexec_fn": print}, "cannot have the option preexec_fn"),
        (_COMMAND, {}, {"independent": True}, "cannot have the option independent"),
    ],
)  # fmt: skip
def test_what_no_server_can_serve(command, environment, options, reason, tmp_path):
    found = obstacle(command, environment, tmp_path, options)
    assert reason in found
    assert bool(found) == bool(reason)


@pytest.mark.usefixtures("only_linux")
@pytest.mark.parametrize("name", ["matplotlibrc", "pandas.py", "numpy/__init__.py"])
def test_what_a_normal_kernel_would_read_from_its_folder(tmp_path, name):
    assert obstacle(_COMMAND, {}, tmp_path) == ""
    (tmp_path / "babel").mkdir()  # a folder of data
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("")
    assert "stands in the kernel's folder" in obstacle(_COMMAND, {}, tmp_path)


def test_a_folder_that_does_not_exist(tmp_path):
    assert "there is no folder" in obstacle(_COMMAND, {}, tmp_path / "gone")
