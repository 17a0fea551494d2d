"""Settings: where they come from, and what is refused."""

from pathlib import Path

import pytest

from pathservice.settings import EXAMPLE_SITE, SettingsError, load_settings


def test_the_command_line_beats_the_environment_which_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text("port: 1001\ndrift: 60\nbind: '::1'\n")
    environment = {"PATHSERVICE_PORT": "1002", "PATHSERVICE_DRIFT": "90"}
    settings = load_settings({"state": tmp_path, "port": 1003}, environment=environment)
    assert (settings.port, settings.drift, settings.bind) == (1003, 90.0, "::1")


def test_defaults_are_embedded_ones(tmp_path: Path) -> None:
    settings = load_settings({"state": tmp_path, "port": None}, environment={})
    assert settings.database_url == f"sqlite:///{tmp_path}/pathservice.db"
    assert settings.site_file == EXAMPLE_SITE
    assert settings.bind == "127.0.0.1"


@pytest.mark.parametrize(
    ("given", "environment", "file", "expected"),
    [
        ({}, {"PATHSERVICE_PROT": "1"}, "", "PATHSERVICE_PROT: there is no such setting"),
        ({}, {}, "prot: 1\n", "settings.yaml: prot: there is no such setting"),
        ({"port": 70000}, {}, "", "--port: Input should be less than or equal to 65535"),
        ({}, {"PATHSERVICE_DRIFT": "soon"}, "", "PATHSERVICE_DRIFT: Input should be a valid number"),
        ({}, {}, "- port\n", "settings are written as `key: value`"),
        ({}, {}, "port: [\n", "cannot be read"),
        ({}, {}, "lease: 1\n", "settings.yaml: lease: Input should be greater than or equal to 3"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, given: dict[str, object], environment: dict[str, str], file: str, expected: str
) -> None:
    (tmp_path / "settings.yaml").write_text(file)
    with pytest.raises(SettingsError, match=expected.replace("(", r"\(")):
        load_settings({"state": tmp_path, **given}, environment=environment)


def test_a_state_directory_must_be_named() -> None:
    with pytest.raises(SettingsError, match="--state DIR or PATHSERVICE_STATE"):
        load_settings({}, environment={})


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"state": Path("state"), "site": Path("site.yaml")}, environment={})
    assert settings.state == tmp_path / "state"
    assert settings.site == tmp_path / "site.yaml"


def test_host_names_come_as_a_list_from_the_environment(tmp_path: Path) -> None:
    settings = load_settings(
        {"state": tmp_path}, environment={"PATHSERVICE_HOST_NAMES": "ls.fnal.gov,ls2.fnal.gov"}
    )
    assert settings.host_names == ("ls.fnal.gov", "ls2.fnal.gov")
