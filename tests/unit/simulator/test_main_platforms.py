"""Which router the simulator's process is, and what it says of what it cannot be started with."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netconfig.simulator import FtosRouter, IosRouter
from netconfig.simulator.__main__ import _options, _router, main


@pytest.mark.parametrize(("words", "kind"), [([], IosRouter), (["--platform", "dell_force10"], FtosRouter)])
def test_platform_chooses_the_router(words: list[str], kind: type, tmp_path: Path) -> None:
    needed = ["--config", "x", "--username", "x", "--password-file", "x", "--nvram", str(tmp_path / "nvram")]
    options = _options([*needed, *words])
    router = _router(options, "hostname r9\n!\nend\n", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert type(router) is kind
    assert "hostname r9\n" in router.running_config()


@pytest.mark.parametrize(
    ("config", "password", "port", "words"),
    [
        (None, "x\n", "0", "No such file.*config"),
        ("hostname r9\n", None, "0", "No such file.*password"),
        ("hostname r9\n", "\n", "0", "password: its first line holds no password"),
        ("hostname r9\n", "", "0", "password: its first line holds no password"),
        ("hostname r9\n", "x\n", "taken", "address already in use"),
    ],
)
def test_what_it_cannot_be_started_with_is_a_sentence(
    config: str | None, password: str | None, port: str, words: str, tmp_path: Path
) -> None:
    for name, text in (("config", config), ("password", password)):
        if text is not None:
            (tmp_path / name).write_text(text)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1]) if port == "taken" else port
        files = ["--config", str(tmp_path / "config"), "--password-file", str(tmp_path / "password")]
        with pytest.raises(SystemExit, match=words):
            main([*files, "--username", "x", "--port", number])
