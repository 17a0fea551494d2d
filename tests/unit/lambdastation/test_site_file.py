"""The example site files are right, by the code and by the published schema, and fit together."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from lambdastation.site import Limits
from pathservice.pki import DEMO_USER_SUBJECT
from pathservice.sitefile import load_site_file, site_schema
from tests.unit.lambdastation.site_files import FERMILAB, ROOT, load

EXAMPLES = ["fermilab.yaml", "caltech.yaml"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_right_and_their_routers_are_simulated(name: str) -> None:
    file = load_site_file(ROOT / "examples" / name)
    for device in file.devices:
        assert device.simulated is not None
        assert device.simulated.is_absolute()
        assert device.simulated.read_text(encoding="utf-8").rstrip().endswith("end")
    subjects = [rule.subject for rule in file.site.authorization if rule.action == "allow"]
    assert DEMO_USER_SUBJECT in subjects


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_right_by_the_published_schema(name: str) -> None:
    schema = json.loads((ROOT / "schemas" / "site.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    example = yaml.safe_load((ROOT / "examples" / name).read_text(encoding="utf-8"))
    assert not list(validator.iter_errors(example))
    assert list(validator.iter_errors({**example, "colour": "red"})), "unknown keys are refused there too"


def test_the_published_schema_is_what_the_code_says() -> None:
    assert (ROOT / "schemas" / "site.schema.json").read_text(encoding="utf-8") == site_schema()


def test_the_two_examples_fit_together() -> None:
    fermilab, caltech = (load_site_file(ROOT / "examples" / name).site for name in EXAMPLES)
    for here, there in ((fermilab, caltech), (caltech, fermilab)):
        peer = here.peer(there.name)
        assert peer is not None
        for known in peer.clients:
            client = there.client(known.name)
            assert client is not None
            assert client.prefixes == known.prefixes


def test_durations_and_bandwidths_are_words(tmp_path: Path) -> None:
    site = load(FERMILAB, tmp_path).site
    assert site.limits == Limits(longest="P7D", horizon="P90D")  # type: ignore[arg-type]
    assert site.topologies[0].capacity == 622_000_000
