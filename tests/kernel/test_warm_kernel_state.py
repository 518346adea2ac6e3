"""A warm kernel is as fresh as a normal one, and set up as it was asked to be."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.usefixtures("only_linux")

# What a notebook can see of how its kernel was started.
_SEEN = """
import gc, json, locale, os, signal, sys, warnings
print(json.dumps({
    "argv": sys.argv[:-1],
    "path": sys.path,
    "flags": list(sys.flags),
    "warnoptions": sys.warnoptions,
    "main": [__name__, repr(sys.modules["__main__"])],
    "environment": {k: v for k, v in os.environ.items() if k != "JPY_PARENT_PID"},
    "folder": os.getcwd(),
    "signals": {s.name: str(signal.getsignal(s)) for s in signal.Signals},
    "masked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "leads": os.getpid() == os.getpgid(0) == os.getsid(0),
    "locale": locale.setlocale(locale.LC_ALL),
    "gc": [gc.isenabled(), gc.get_threshold()],
    "umask": os.umask(0o22),
    "stdin": os.read(0, 1).decode(),
    "streams": [os.readlink(f"/proc/self/fd/{n}") for n in (1, 2)],
    "encodings": [sys.stdout.encoding, sys.__stdout__.encoding, sys.getfilesystemencoding()],
    "library": "salesops_lib" in sys.modules,
}, sort_keys=True))
"""


def test_a_notebook_sees_no_difference(start, tmp_path):
    environment = {**os.environ, "SALES": "ümläut \udcff"}
    os.environ["SALESOPS_SEEN"] = "at the server's start"
    try:
        start()
    finally:
        del os.environ["SALESOPS_SEEN"]
    seen = []
    for warm in (True, False):
        kernel = start({"warm": warm}, env=dict(environment))
        assert kernel.is_warm == warm
        kernel.text("import sklearn.ensemble")  # sets variables on import
        seen.append(json.loads(kernel.text(_SEEN)))
    warm, cold = seen
    assert warm == cold
    assert warm["environment"]["SALES"] == "ümläut \udcff"
    assert "SALESOPS_SEEN" not in warm["environment"]
    assert warm["environment"]["OMP_NUM_THREADS"] == "1"
    assert warm["folder"] == str(tmp_path)


def test_nothing_of_one_kernel_is_left_in_the_next(start):
    first = start()
    first.text("import os, numpy as np, pandas as pd, matplotlib.pyplot as plt; kept = 1")
    first.text(
        "os.environ['KEPT'] = '1'; os.chdir('/'); np.kept = 1; plt.rcParams['font.size'] = 3"
    )
    first.text("pd.options.display.max_rows = 3; import warnings; warnings.simplefilter('error')")
    second = start()
    assert second.text(
        "import os, numpy as np, pandas as pd, matplotlib.pyplot as plt\n"
        "print('kept' in dir(), 'KEPT' in os.environ, os.getcwd() == '/', hasattr(np, 'kept'),"
        " plt.rcParams['font.size'], pd.options.display.max_rows)"
    ) == "False False False False 10.0 60"  # fmt: skip


def test_random_numbers_are_new_in_each_kernel(start):
    draw = (
        "import json, random, numpy as np, uuid, tempfile, multiprocessing as mp\n"
        "print(json.dumps([random.random(), np.random.random(), uuid.uuid4().hex,"
        " bytes(mp.current_process().authkey).hex(), next(tempfile._get_candidate_names())]))"
    )
    first, second = (json.loads(start().text(draw)) for _ in range(2))
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_a_seed_of_the_notebook_holds(start):
    draw = "import numpy as np; np.random.seed(0); print(np.random.random())"
    assert start().text(draw) == "0.5488135039273248"


def test_hashes_follow_the_seed_in_the_environment(start, fresh_servers):
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    wanted = subprocess.run(
        [sys.executable, "-c", "print(hash('EMEA'))"],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    kernel = start({"preload": ["ipykernel.kernelapp"]}, env=environment)
    assert kernel.is_warm
    assert kernel.text("print(hash('EMEA'))") == wanted


def test_edits_of_a_module_are_always_seen(start, tmp_path):
    module = tmp_path / "own_measures.py"
    for value in ("1", "22"):
        module.write_text(f"VALUE = {value}\n")
        kernel = start()
        assert kernel.text("import own_measures; print(own_measures.VALUE)") == value
        assert kernel.is_warm


def test_the_library_is_imported_by_the_kernel_itself(start):
    kernel = start()
    assert kernel.is_warm
    assert kernel.text(
        "import sys; print([m for m in sys.modules if m.startswith('salesops_lib')],"
        " 'pandas' in sys.modules)"
    ) == "[] True"  # fmt: skip


def test_threads_are_capped_and_none_is_the_servers(start):
    kernel = start()
    assert kernel.text(
        "from threadpoolctl import threadpool_info; import scipy.linalg, sklearn.ensemble\n"
        "print({pool['num_threads'] for pool in threadpool_info()})"
    ) == "{1}"  # fmt: skip


def test_what_a_kernel_writes_below_python_goes_where_it_was_told(start, tmp_path):
    with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
        kernel = start(stdout=out, stderr=err)
    assert kernel.is_warm
    kernel.text("import os, sys; os.write(sys.__stdout__.fileno(), b'') and None")
    kernel.text("print('raw', file=sys.__stdout__, flush=True)")
    assert "raw" in (tmp_path / "out").read_text()


def test_messages_can_be_encrypted(start):
    kernel = start(transport_encryption="auto")
    assert kernel.is_warm
    assert kernel.manager.curve_secretkey
    assert kernel.text("print('secret')") == "secret"


def test_a_run_stays_out_of_the_users_history(start):
    history = "print(get_ipython().history_manager.hist_file)"
    assert start(extra_arguments=[]).text(history) == ":memory:"
    kept = ["--HistoryManager.hist_file=kept.sqlite"]
    assert start(extra_arguments=kept).text(history) == "kept.sqlite"
    assert start().text(history).endswith("history.sqlite")


def test_files_that_a_notebook_leaves_open_are_written(start, tmp_path):
    kernel = start()
    kernel.text("out = open('out.txt', 'w'); again = [out]; again.append(again)")
    kernel.text("import atexit; n = out.write('all of it'); _ = atexit.register(print, 'x')")
    kernel.manager.shutdown_kernel()
    assert (tmp_path / "out.txt").read_text() == "all of it"
