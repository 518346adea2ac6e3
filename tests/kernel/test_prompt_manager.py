"""Managers of a batch: no port, no folder left, ready at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import zmq

from salesops_lib.kernel.client import PromptClient, PromptManager
from salesops_lib.kernel.provisioner import KERNEL_NAME

pytestmark = [
    pytest.mark.usefixtures("only_linux"),
    pytest.mark.skipif(not zmq.has("ipc"), reason="ZeroMQ has no local sockets here"),
]


async def _talk(manager: PromptManager, folder: Path) -> tuple[str, list[str], int]:
    await manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        text: list[str] = []
        await client.execute_interactive(
            "import os; print(os.getcwd())",
            timeout=60,
            output_hook=lambda message: text.append(message["content"].get("text", "")),
        )
        place = Path(manager.ip).parent
        files = sorted(path.name for path in place.iterdir())
        return "".join(text).strip(), files, place.stat().st_mode & 0o777
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def test_sockets_lie_in_a_folder_of_this_user_alone_which_goes_with_the_kernel(tmp_path):
    manager = PromptManager(kernel_name=KERNEL_NAME)
    place = Path(manager.ip).parent
    where, files, mode = asyncio.run(_talk(manager, tmp_path))
    assert where == str(tmp_path)
    assert mode == 0o700
    assert "kernel.json" in files
    assert len([name for name in files if name.startswith("kernel-")]) == 5
    assert not place.exists()
    assert list(tmp_path.iterdir()) == []


def test_many_kernels_at_once_find_none_of_their_addresses_taken(tmp_path):
    async def together() -> list[str]:
        managers = [PromptManager(kernel_name=KERNEL_NAME) for _ in range(6)]
        assert len({manager.ip for manager in managers}) == 6
        answers = await asyncio.gather(*(_talk(manager, tmp_path) for manager in managers))
        return [where for where, *_ in answers]

    assert asyncio.run(together()) == [str(tmp_path)] * 6


def test_a_temporary_folder_with_a_long_path_will_do(tmp_path, monkeypatch):
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    where, *_ = asyncio.run(_talk(PromptManager(kernel_name=KERNEL_NAME), tmp_path))
    assert where == str(tmp_path)
    assert list(deep.iterdir()) == []


def test_clients_are_prompt():
    assert isinstance(PromptManager(kernel_name=KERNEL_NAME).client(), PromptClient)
