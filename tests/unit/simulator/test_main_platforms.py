"""Which router the simulator's process is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from netconfig.simulator import FtosRouter, IosRouter
from netconfig.simulator.__main__ import _options, _router


@pytest.mark.parametrize(("words", "kind"), [([], IosRouter), (["--platform", "dell_force10"], FtosRouter)])
def test_platform_chooses_the_router(words: list[str], kind: type, tmp_path: Path) -> None:
    needed = ["--config", "x", "--username", "x", "--password-file", "x", "--nvram", str(tmp_path / "nvram")]
    options = _options([*needed, *words])
    router = _router(options, "hostname r9\n!\nend\n", lambda: datetime(2030, 1, 1, tzinfo=UTC))
    assert type(router) is kind
    assert "hostname r9\n" in router.running_config()
