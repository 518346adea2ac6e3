"""The server lives as long as its parent, serves whoever may ask, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent

import pytest

from salesops_lib.kernel import server
from salesops_lib.kernel.recipe import ADDRESS, PRELOAD, Recipe

pytestmark = pytest.mark.usefixtures("only_linux")

_SMALL = ("ipykernel.kernelapp",)
_BEGIN = dedent("""
    import json, os, sys, time
    from jupyter_client.manager import KernelManager
    from traitlets.config import Config
    from salesops_lib.kernel import server
    from salesops_lib.kernel.provisioner import KERNEL_NAME

    def start():
        options = Config({"WarmProvisioner": {"preload": ["ipykernel.kernelapp"]}})
        manager = KernelManager(kernel_name=KERNEL_NAME, config=options)
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        return manager, client

    def tell(*values):
        print(json.dumps(values), flush=True)

    def parent_of(pid):
        return int(open(f"/proc/{pid}/status").read().split("PPid:")[1].split()[0])
""")


@pytest.fixture
def run(tmp_path):
    """Starts a Python process that can use ``start`` and ``tell``."""
    processes: list[subprocess.Popen[str]] = []

    def begin(code: str, **environment: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime"),
            **environment,
        }
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", _BEGIN + dedent(code)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=tmp_path,
            )
        )
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str]) -> list:
    return json.loads(process.stdout.readline())


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    return "State:\tZ" not in status


def wait_until(condition) -> None:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < 10
        time.sleep(0.02)


# A shell ignores Ctrl-C for what it starts in the background, such as these tests.
_PARENT = """
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)
    manager, client = start()
    pid = manager.provisioner.pid
    tell(parent_of(pid), pid)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_server_and_kernels_end_with_their_parent_however_it_ends(run, tmp_path, number):
    (tmp_path / "temporary").mkdir()
    parent = run(_PARENT, TMPDIR=str(tmp_path / "temporary"))
    pids = told(parent)
    assert all(map(is_alive, pids))
    parent.send_signal(number)
    wait_until(lambda: not any(map(is_alive, pids)))
    wait_until(lambda: not [*(tmp_path / "temporary").glob("salesops-kernels-*")])


def test_the_parents_end_is_seen_while_the_server_imports(run, tmp_path):
    (tmp_path / "slow_import.py").write_text("import time; time.sleep(1)\n")
    parent = run(
        """
        recipe = server.Recipe.of_kernel(server._command(), os.environ, ("slow_import",))
        tell(server._servers.own(recipe)._process.pid)
        sys.stdin.read()
        """,
        PYTHONPATH=str(tmp_path),
    )
    (pid,) = told(parent)
    parent.kill()
    wait_until(lambda: not is_alive(pid))


def test_the_servers_end_is_its_kernels_end_and_the_next_kernel_gets_another(run):
    parent = run("""
        manager, client = start()
        first = parent_of(manager.provisioner.pid)
        os.kill(first, 9)
        while manager.is_alive():
            time.sleep(0.01)
        tell(first, manager.provisioner.pid, manager.provisioner.process.returncode)
        manager, client = start()
        tell(parent_of(manager.provisioner.pid))
    """)
    first, pid, returncode = told(parent)
    assert returncode == -signal.SIGKILL
    wait_until(lambda: not is_alive(pid))
    assert told(parent) != [first]


def test_a_server_outlives_the_thread_that_started_it(fresh_servers):
    recipe = Recipe.of_kernel(server._command(), os.environ, _SMALL)
    thread = threading.Thread(target=fresh_servers.own, args=(recipe,))
    thread.start()
    thread.join()
    assert server.server_status(recipe)["kernels"] == []


def test_two_parents_have_two_servers(run):
    one, other = run(_PARENT), run(_PARENT)
    assert told(one)[0] != told(other)[0]


def test_workers_share_the_server_of_their_parent_if_it_suits_them(run):
    with server.shared_server(preload=_SMALL) as address:
        shared = server.server_status()["pid"]
        given = {ADDRESS: address}
        workers = [run(_PARENT, **given) for _ in range(2)]
        kernels = [told(worker) for worker in workers]
        assert [pid for pid, _ in kernels] == [shared, shared]
        # Another hash seed is another Python: this worker needs a server of its own.
        assert told(run(_PARENT, **given, PYTHONHASHSEED="3"))[0] != shared
        # A worker's kernels end with it; the server goes on.
        workers[0].kill()
        wait_until(lambda: not is_alive(kernels[0][1]))
        assert server.server_status()["kernels"] == [kernels[1][1]]
        with server.shared_server() as again:
            assert again == address
    assert ADDRESS not in os.environ
    wait_until(lambda: not is_alive(kernels[1][1]))


def test_a_kernel_cannot_see_its_server(start):
    with server.shared_server(preload=_SMALL):
        kernel = start({"preload": list(_SMALL)})
        assert kernel.is_warm
        assert kernel.text(f"import os; print({ADDRESS!r} in os.environ)") == "False"


def test_an_address_that_nobody_answers_is_passed_over(run, tmp_path):
    told(run(_PARENT, **{ADDRESS: str(tmp_path / "gone")}))


def test_another_recipe_gets_another_server_and_the_first_ends_with_its_kernels(
    fresh_servers, start
):
    options = {"preload": list(_SMALL)}
    first = start(options)
    old = fresh_servers._current
    second = start(options, env={**os.environ, "PYTHONHASHSEED": "1"})
    assert fresh_servers._current is not old
    assert second.text("print(1)") == first.text("print(1)") == "1"
    assert old.is_alive
    first.end()
    wait_until(lambda: not old.is_alive)
    assert second.text("print(2)") == "2"


def test_the_key_holds_what_a_fork_inherits(monkeypatch, tmp_path):
    def key(environment=(), preload=_SMALL, command=("python", "-m", "ipykernel_launcher")):
        return Recipe.of_kernel(command, dict(environment), preload).key

    plain = key()
    assert key() == plain
    assert (
        key({"SALESOPS_ROOT": "/x", "JPY_SESSION_NAME": "y", "IPYTHONDIR": "/z"}.items()) == plain
    )
    for name in ("PYTHONHASHSEED", "PYTHONPATH", "LC_ALL", "TZ", "MPLCONFIGDIR", "LD_PRELOAD"):
        assert key({name: "1"}.items()) != plain, name
    assert key(preload=(*_SMALL, "numpy")) != plain
    assert key(command=("python", "-O", "-m", "ipykernel_launcher")) != plain
    lock = tmp_path / "requirements.lock"
    lock.write_text("numpy==1\n")
    monkeypatch.setattr("salesops_lib.kernel.recipe._LOCK", lock)
    locked = key()
    lock.write_text("numpy==2\n")
    assert len({plain, locked, key()}) == 3
    packages = tmp_path / "site-packages"
    packages.mkdir()
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(packages))
    before = key()
    (packages / "new.dist-info").mkdir()
    os.utime(packages, (1, 1))
    assert key() != before


def test_what_the_server_has_imported_and_which_threads_that_started(start):
    start()
    status = server.server_status(Recipe.of_kernel(server._command(), os.environ))
    assert status["missing"] == []
    assert status["failed"] == {}
    assert status["obstacle"] == ""
    # Arrow's allocator keeps one; jemalloc stands forks. The numeric libraries have none.
    assert status["threads"][1:] in ([], ["jemalloc_bg_thd"])
    assert "salesops_lib" not in {name.partition(".")[0] for name in PRELOAD}


def test_nothing_is_left_after_many_kernels(run, tmp_path):
    (tmp_path / "temporary").mkdir()
    code = """
        import gc, threading, zmq

        def held():
            gc.collect()
            names = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                     if os.path.exists(f"/proc/self/fd/{fd}")]
            kinds = sorted(name.partition(":")[0] for name in names)
            children = open(f"/proc/self/task/{os.getpid()}/children").read().split()
            return [kinds, children, sorted(t.name for t in threading.enumerate())]

        def cycle(ends):
            kernels = [start() for _ in ends]
            for (manager, client), end in zip(kernels, ends):
                pid = manager.provisioner.pid
                if end == "die":
                    os.kill(pid, 9)
                    while manager.is_alive():
                        time.sleep(0.01)
                    manager.cleanup_resources()
                else:
                    manager.shutdown_kernel(now=end == "now")
                client.stop_channels()
                client.context.term()
            server._servers.close()

        cycle(["now"])
        before = held()
        cycle(["now", "polite", "die", "now"])
        tell(before, held())
    """
    process = run(code, TMPDIR=str(tmp_path / "temporary"))
    before, after = told(process)
    process.communicate()
    assert process.returncode == 0
    assert after == before
    assert before[1] == []
    assert [*(tmp_path / "temporary").iterdir()] == []
    assert [*(tmp_path / "runtime").glob("*")] == []


def test_many_at_once_compute_right_and_none_hangs(start):
    kernels = [start() for _ in range(6)]
    for _ in range(2):
        for kernel in kernels:
            kernel.client.execute(_WORK)
        for kernel in kernels:
            _, text = kernel.run("print(verdict)")
            assert text == "[True, True, True, True, True]\n", kernel.run(_WORK)


_WORK = """
import numpy as np, duckdb, ibis, scipy.stats, pyarrow as pa
from sklearn.ensemble import HistGradientBoostingRegressor
x = np.random.default_rng(0).normal(size=(600, 5)) ; y = x @ np.arange(5.0)
duck = duckdb.connect().sql("select sum(i) from range(1000001) t(i)").fetchall()[0][0]
slope = scipy.stats.linregress(y, 3 * y + 1).slope
verdict = [
    bool(np.allclose(np.linalg.inv(x.T @ x) @ (x.T @ x), np.eye(5))),
    HistGradientBoostingRegressor(max_iter=20, random_state=0).fit(x, y).score(x, y) > 0.9,
    duck == 500000500000,
    bool(abs(slope - 3) < 1e-9),
    pa.table({"a": [1, 1, 2]}).group_by("a").aggregate([("a", "count")]).num_rows == 2,
]
"""


def test_a_folder_that_an_import_has_made_lasts_as_long_as_the_server(
    start, fresh_servers, monkeypatch, tmp_path
):
    # As matplotlib does where it may not write into its own.
    (tmp_path / "folder_maker.py").write_text(
        "import atexit, os, shutil, tempfile\n"
        "os.environ['MADE_BY_IMPORT'] = tempfile.mkdtemp(dir=os.path.dirname(__file__))\n"
        "atexit.register(shutil.rmtree, os.environ['MADE_BY_IMPORT'])\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    options = {"preload": ["folder_maker", *_SMALL]}
    where = "import os, folder_maker; print(os.environ['MADE_BY_IMPORT'])"
    first = start(options, cwd=str(tmp_path / "elsewhere"))
    made = Path(first.text(where))
    first.manager.shutdown_kernel()
    second = start(options, cwd=str(tmp_path / "elsewhere"))
    assert Path(second.text(where)) == made
    assert made.is_dir()
    fresh_servers.close()
    assert not made.exists()
