"""What labs lack is said before anything is made; kinds of router hang together with the sites."""

import os
import shutil
from pathlib import Path

import pytest

from lab.named import NamedLab, default_folder
from lab.processes import MissingProgram
from lab.routers import KINDS
from lab.sites import DEVICES, PATHS, SIDES
from netconfig.registry import driver_class


def test_what_a_lab_lacks_is_named_and_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == "nft" else name)
    with pytest.raises(MissingProgram) as missing:
        NamedLab(tmp_path / "labs", "one").up({side.name: "cisco_ios" for side in SIDES})
    assert str(missing.value) == (
        "not installed: nft (Debian: apt-get install nftables); "
        "not root: network devices and namespaces are made"
    )
    assert not (tmp_path / "labs").exists()


def test_labs_are_where_the_user_s_things_are_that_end_with_the_machine() -> None:
    assert default_folder({"XDG_RUNTIME_DIR": "/run/user/7"}) == Path("/run/user/7/pathservice-labs")
    assert default_folder({}) == Path("/run/pathservice-labs")


@pytest.mark.parametrize("platform", sorted(KINDS))
def test_every_kind_of_router_has_a_driver_and_a_name_for_each_device(platform: str) -> None:
    assert driver_class(platform)
    names = KINDS[platform].interfaces
    assert set(names) == set(DEVICES)
    assert len(set(names.values())) == len(DEVICES)


def test_no_two_ends_have_one_address() -> None:
    ends = [path.address(side, family) for path in PATHS for side in SIDES for family in (4, 6)]
    hosts = [side.address(family, host) for side in SIDES for family in (4, 6) for host in range(3)]
    assert len({*ends, *hosts}) == len(ends) + len(hosts)
