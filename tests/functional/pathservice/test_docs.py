"""The pages say what the code does: codes, keys, links and examples are compared, words are not."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from lxml import etree

from lambdastation.errors import LambdaStationError
from pathservice.cli.app import application
from pathservice.sitefile import load_site_file

ROOT = Path(__file__).parents[3]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return [content for word, content in FENCE.findall(text) if word == language]


def codes(kind: type[LambdaStationError]) -> set[str]:
    """Of the errors that are raised, not of the families they are sorted into."""
    below = kind.__subclasses__()
    return set().union(*map(codes, below)) if below else {kind.code}


def keys(schema: Any) -> set[str]:
    found: set[str] = set()
    for node in (schema, *schema["$defs"].values()):
        found |= set(node.get("properties", {}))
    return found


def anchors(text: str) -> set[str]:
    headings = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_fault_code_is_told_and_no_other() -> None:
    faults = page("lambdastation.md").partition("\n## Faults\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", faults, re.MULTILINE)) == codes(LambdaStationError)


def test_every_svc_ticket_field_is_told_in_its_order() -> None:
    section = page("lambdastation.md").partition("\n## svcTicket\n")[2].partition("\n**Ports.**")[0]
    rows = [row.split("|")[1] for row in section.splitlines() if row.startswith("| `")]
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    schema = etree.parse(ROOT / "schemas" / "lambdastation.xsd")
    fields = schema.xpath(
        "//xs:complexType[@name='svcTicket']//xs:element/@name",
        namespaces={"xs": "http://www.w3.org/2001/XMLSchema"},
    )
    assert isinstance(fields, list)
    assert told == [str(name) for name in fields]


def test_example_request_is_as_the_schema_says() -> None:
    (request,) = (text for text in blocks(page("lambdastation.md"), "xml") if "<soap:Envelope" in text)
    body = etree.fromstring(request.encode())[0]
    etree.XMLSchema(etree.parse(ROOT / "schemas" / "lambdastation.xsd")).assertValid(body[0])


def test_example_answer_and_fault_are_as_the_schema_says() -> None:
    schema = etree.XMLSchema(etree.parse(ROOT / "schemas" / "lambdastation.xsd"))
    shown = [text for text in blocks(page("lambdastation.md"), "xml") if "<soap:Envelope" not in text]
    answer, detail = (etree.fromstring(text.encode()) for text in shown)
    schema.assertValid(answer)
    schema.assertValid(detail[0])


def test_every_key_of_the_site_file_is_told_and_the_reference_is_a_site_file(tmp_path: Path) -> None:
    (reference,) = (text for text in blocks(page("site-file.md"), "yaml") if "topologies:" in text)
    (tmp_path / "lab-1.txt").write_text("hostname lab-1\nend\n", encoding="utf-8")
    file = tmp_path / "site.yaml"
    file.write_text(reference, encoding="utf-8")
    assert load_site_file(file).devices[-1].name == "lab-1"
    (islands,) = (text for text in blocks(page("site-file.md"), "yaml") if "islands:" in text)
    file.write_text(reference + islands, encoding="utf-8")
    assert load_site_file(file).tbam is not None
    schema = json.loads((ROOT / "schemas" / "site.schema.json").read_text(encoding="utf-8"))
    assert set(re.findall(r"^[ -]*(\w+):", reference + islands, re.MULTILINE)) == keys(schema)


def test_lines_for_a_cisco_are_those_of_the_golden_files() -> None:
    golden = {path.read_text(encoding="utf-8") for path in (ROOT / "tests/fixtures/cisco_ios").glob("*.txt")}
    assert [text for text in blocks(page("cisco-ios.md"), "") if text not in golden] == []


def test_every_command_of_the_operations_page_is_one_the_command_line_takes() -> None:
    tree: Any = typer.main.get_command(application())
    lines = [line for text in blocks(page("operations.md"), "") for line in text.splitlines()]
    commands = [shlex.split(line) for line in map(str.strip, lines) if line.startswith("pathservice ")]
    assert commands
    for line in commands:
        command, words = tree, line[1:]
        while hasattr(command, "resolve_command"):
            _, command, words = command.resolve_command(command.context_class(command), words)
        # Refuses options and arguments that there are not; runs nothing.
        command.make_context(" ".join(line), words)


@pytest.mark.parametrize("file", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(file: Path) -> None:
    for link in LINK.findall(FENCE.sub("", file.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), link
