"""The same notebook gives the same bytes, whichever kernel runs it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import nbformat
import papermill
import pytest
from traitlets.config import Config

from salesops_lib.kernel.exits import recorded_exits
from salesops_lib.kernel.provisioner import KERNEL_NAME

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.usefixtures("only_linux"),
    # papermill reads the clock in a way that Python 3.12 has deprecated.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning"),
]

_CELLS = {
    "text": "print('Umsatz 1.000 €'); {'b': 1, 'a': {3, 1}}",
    "stderr": "import sys; print('careful', file=sys.stderr)",
    "html": "import pandas as pd; pd.DataFrame({'<b>': [1.5, None]}, index=['x', 'y'])",
    "png": "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.title('Größe')",
    "seaborn": "import seaborn as sns\nax = sns.barplot(x=['a', 'b'], y=[1, 2])",
    "two figures": "plt.figure(); plt.plot([1, 2])\nplt.figure(); plt.plot([2, 1])\nplt.show()",
    "svg": "%config InlineBackend.figure_formats = ['svg']\n"
    "%config InlineBackend.print_figure_kwargs = {'metadata': {'Date': None}}\n"
    "plt.rcParams['svg.hashsalt'] = 's'\nfig, ax = plt.subplots(); ax.scatter([1, 2], [2, 1]);",
    "closed": "plt.plot([1]); plt.close()",
    "fit": "from sklearn.ensemble import HistGradientBoostingRegressor as H\nimport numpy as np\n"
    "x = np.random.default_rng(1).normal(size=(400, 4))\n"
    "H(random_state=1).fit(x, x @ [1, 2, 3, 4]).predict(x[:4]).tolist()",
    "linear algebra": "np.linalg.inv(x.T @ x).tolist()",
    "duckdb": "import duckdb\nduckdb.sql('select sum(i / 7) from range(100000) t(i)').fetchall()",
    "ibis": "import ibis\nibis.memtable({'a': ['u', 'u', 'v'], 'n': [1, 2, 4]})"
    ".group_by('a').agg(n=ibis._.n.sum()).order_by('a').execute()",
    "metadata": "from IPython.display import display, Markdown\n"
    "display(Markdown('*x*'), metadata={'alt': 'y'})",
    "error": "{}['EMEA']",
}  # fmt: skip


def notebook(path: Path, *cells: str) -> Path:
    built = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    )
    built.cells = [nbformat.v4.new_code_cell(cell, id=f"c{n}") for n, cell in enumerate(cells)]
    nbformat.write(built, path)
    return path


def outputs(path: Path, warm: bool) -> list[Any]:
    out = path.with_suffix(f".{warm}.ipynb")
    with recorded_exits() as exits, pytest.raises(papermill.PapermillExecutionError):
        papermill.execute_notebook(
            path, out, kernel_name=KERNEL_NAME, language="python", progress_bar=False,
            cwd=path.parent, config=Config({"WarmProvisioner": {"warm": warm}}),
        )  # fmt: skip
    assert [end.warm for end in exits] == [warm]
    cells = nbformat.read(out, as_version=4).cells
    return [cell.outputs for cell in cells if cell.cell_type == "code"]


def test_papermill_gets_the_same_bytes_from_both(tmp_path):
    path = notebook(tmp_path / "n.ipynb", *_CELLS.values())
    warm, cold = outputs(path, True), outputs(path, False)
    by_cell = dict(zip(_CELLS, zip(warm, cold, strict=True), strict=True))
    for name, (one, other) in by_cell.items():
        assert json.dumps(one) == json.dumps(other), name
    # Figures are there: a server that imports pyplot can lose every one of them.
    kinds = {name: [set(o.get("data", {})) for o in one] for name, (one, _) in by_cell.items()}
    assert kinds["png"][-1] == kinds["seaborn"][0] == {"image/png", "text/plain"}
    assert base64.b64decode(warm[3][-1]["data"]["image/png"]).startswith(b"\x89PNG")
    assert kinds["two figures"].count({"image/png", "text/plain"}) == 2
    assert "image/svg+xml" in kinds["svg"][-1]
    assert not any("image/png" in kind for kind in kinds["closed"])
    assert warm[-1][0]["ename"] == "KeyError"


def test_another_backend_is_the_notebooks_choice(start):
    kernel = start()
    assert kernel.is_warm
    assert kernel.text(
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt\n"
        "plt.plot([1]); print(matplotlib.get_backend())"
    ) == "agg"  # fmt: skip


def test_nbval_takes_it(tmp_path):
    cell = "# NBVAL_CHECK_OUTPUT\nprint('2 deals', __import__('sys').argv[0][-21:])"
    path = notebook(tmp_path / "summary.ipynb", cell)
    stored = nbformat.read(path, as_version=4)
    text = "2 deals ipykernel_launcher.py\n"
    stored.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    stored.cells[0].execution_count = 1
    nbformat.write(stored, path)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--nbval",
         f"--nbval-kernel-name={KERNEL_NAME}", "--rootdir", tmp_path, path],
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    assert "normal one" not in done.stdout + done.stderr


def test_jupyterlabs_manager_starts_restarts_and_ends_it(tmp_path):
    import asyncio

    from jupyter_client.multikernelmanager import AsyncMultiKernelManager

    async def life() -> list[str]:
        managers = AsyncMultiKernelManager()
        ids = await asyncio.gather(
            *(managers.start_kernel(kernel_name=KERNEL_NAME, cwd=str(tmp_path)) for _ in range(2))
        )
        seen = []
        for kernel_id in ids:
            manager = managers.get_kernel(kernel_id)
            client = manager.client()
            client.start_channels()
            await client.wait_for_ready(timeout=60)
            before = manager.provisioner.pid
            await managers.restart_kernel(kernel_id)
            await client.wait_for_ready(timeout=60)
            assert manager.provisioner.pid != before
            reply = await client.execute("1", reply=True, timeout=60)
            seen.append(reply["content"]["status"])
            client.stop_channels()
        await managers.shutdown_all()
        return seen

    with recorded_exits() as exits:
        assert asyncio.run(life()) == ["ok", "ok"]
    assert [end.warm for end in exits] == [True] * 4
    assert {end.returncode for end in exits} == {0}
