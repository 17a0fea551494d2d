"""Settings of the agent: file, then environment; the first TBAM's names; what is unknown is refused."""

from pathlib import Path

import pytest
from cryptography import x509

from ofgw.command import main
from ofgw.errors import BadSettings
from ofgw.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[3] / "examples" / "tbam-agent.yaml"
LEAST = "ca: ca.pem\ncert: cert.pem\nkey: key.pem\n"


def load(folder: Path, text: str, **environment: str) -> Settings:
    file = folder / "agent.yaml"
    file.write_text(LEAST + text, encoding="utf-8")
    return load_settings(file, environment=environment)


def test_example_is_right_and_names_every_setting() -> None:
    settings = load_settings(EXAMPLE, environment={})
    assert settings.bridge
    text = EXAMPLE.read_text(encoding="utf-8")
    assert not [name for name in Settings.model_fields if f"{name}:" not in text]


def test_paths_are_taken_from_the_files_folder_and_environment_goes_before_it(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "port: 1\nmanagers: ['CN=a,O=b']\n",
        TBAM_AGENT_PORT="2",
        TBAM_AGENT_MANAGERS="CN=c,O=d; CN=e",
        HOME="/",
    )
    assert (settings.ca, settings.port) == (tmp_path / "ca.pem", 2)
    assert settings.subjects == {x509.Name.from_rfc4514_string(text) for text in ("CN=c,O=d", "CN=e")}


@pytest.mark.parametrize("where", ["file", "environment"])
def test_names_of_the_first_tbam_are_understood(tmp_path: Path, where: str) -> None:
    former = {
        "OFGW_ADDRESS": "192.0.2.7",
        "OFGW_PORT": "9000",
        "CONN_WITH_AGENT": "False",
        "CLIENT_KEY_PATH": "/k",
        "CLIENT_CERT_PATH": "/c",
    }
    text = "".join(f"{name}: {value}\n" for name, value in former.items())
    settings = load(tmp_path, text) if where == "file" else load(tmp_path, "", **former)
    assert (settings.address, settings.port, settings.with_devices) == ("192.0.2.7", 9000, False)
    assert settings.key == tmp_path / "key.pem"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour: red", "colour: there is no such setting; there are state, address"),
        ("bridge: {colour: red}", "bridge"),
        ("port: 99999", "port: Input should be less"),
        ("managers: ['nobody']", "no subject as in RFC 4514"),
        ("managers: ['']", "a subject is empty"),
        ("switches: ['; reboot']", "write host:port"),
        ("switches: []", "switches"),
        ("bridge: {alien: 3}", "two sides are two ports"),
        ("discovery_port: 6653\ndefault_controller: 192.0.2.1:6633", "set no other"),
        ("- a list", "cannot be read|key: value"),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        load(tmp_path, text)


def test_missing_certificate_is_told_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text("port: 0\n", encoding="utf-8")
    assert main(["--settings", str(file), "--check"]) == 2
    assert capsys.readouterr().err.startswith(f"tbam-agent: {file}: ca: is missing")
    file.write_text(LEAST, encoding="utf-8")
    assert main(["--settings", str(file), "--check"]) == 0
