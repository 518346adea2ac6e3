"""Fixtures of the warm kernels' tests."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from salesops_lib.kernel import server
from salesops_lib.kernel.exits import recorded_exits
from salesops_lib.kernel.provisioner import KERNEL_NAME
from salesops_lib.kernel.recipe import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class RunningKernel:
    """A kernel and its client."""

    manager: KernelManager
    client: Any

    def run(self, code: str, timeout: float = 60) -> tuple[str, str]:
        """Status of a cell, and all the text that it has written."""
        parts: list[str] = []

        def collect(message: dict[str, Any]) -> None:
            content = message["content"]
            parts.append(content.get("text") or "\n".join(content.get("traceback", [])))

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=collect)
        return reply["content"]["status"], "".join(parts)

    def text(self, code: str) -> str:
        """What a cell prints; it must not fail."""
        status, text = self.run(code)
        assert status == "ok", text
        return text.strip()

    @property
    def pid(self) -> int:
        return int(self.manager.provisioner.pid)

    @property
    def is_warm(self) -> bool:
        return type(self.manager.provisioner.process).__name__ == "WarmProcess"

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="session", autouse=True)
def _own_ipython_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep these tests away from the user's history, and from a server started elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.delenv(ADDRESS, raising=False)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MPLBACKEND"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture
def start(tmp_path):
    """Starts kernels that end with the test: ``start({"memory_limit": 1}, cwd=..., env=...)``."""
    kernels: list[RunningKernel] = []

    def begin(options: dict[str, Any] | None = None, **launch: Any) -> RunningKernel:
        config = Config({"WarmProvisioner": options or {}})
        manager = KernelManager(kernel_name=KERNEL_NAME, config=config)
        launch.setdefault("cwd", str(tmp_path))
        manager.start_kernel(**launch)
        client = manager.client()
        client.start_channels()
        kernels.append(RunningKernel(manager, client))
        client.wait_for_ready(timeout=60)
        return kernels[-1]

    yield begin
    for kernel in kernels:
        kernel.end()


@pytest.fixture
def exits():
    with recorded_exits() as record:
        yield record


@pytest.fixture
def only_linux():
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        pytest.skip("warm kernels need Linux")


@pytest.fixture
def fresh_servers(monkeypatch):
    """This process's servers, none of which has been started or has failed."""
    servers = server._Servers()
    monkeypatch.setattr(server, "_servers", servers)
    yield servers
    servers.close()
