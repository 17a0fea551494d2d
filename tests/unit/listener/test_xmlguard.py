"""Hostile XML stops here, every other XML goes on as the same text in UTF-8."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pathservice.listener.errors import Refused
from pathservice.listener.xmlguard import clean_xml

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def clean(body: bytes | str, charset: str | None = None, *, depth: int = 20, nodes: int = 1000) -> bytes:
    return clean_xml(body.encode() if isinstance(body, str) else body, charset, depth=depth, nodes=nodes)


def code(body: bytes | str, charset: str | None = None, *, depth: int = 20, nodes: int = 1000) -> str:
    with pytest.raises(Refused) as caught:
        clean(body, charset, depth=depth, nodes=nodes)
    assert len(caught.value.message) < 120
    return caught.value.code


BOMB = '<!DOCTYPE a [<!ENTITY b "xxxx"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
EXTERNAL = '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/evil.dtd"><a/>'
STEALING = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'
PARAMETER = '<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a/>'


@pytest.mark.parametrize("body", [BOMB, EXTERNAL, STEALING, PARAMETER, "<!DOCTYPE a><a/>", "<!DOCTYPE html>"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0"?>\n', "<!-- before -->", "\n\t "])
def test_document_type_is_refused_however_it_is_written(body: str, codec: str, declared: str) -> None:
    assert code((declared + body).encode(codec)) in {"xml-doctype", "not-well-formed", "bad-encoding"}


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_document_type_is_found_in_every_encoding(codec: str) -> None:
    assert code(BOMB.encode(codec)) == "xml-doctype"


def test_document_type_does_not_hide_behind_utf_7() -> None:
    hidden = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4 <a/>'
    assert code(hidden) == "unknown-charset"
    assert code(hidden, "utf-7") == "unknown-charset"
    assert code(hidden, "utf-8") == "not-well-formed"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<a>&f;</a>", "not-well-formed"),
        ("<a>", "not-well-formed"),
        ("<a></b>", "not-well-formed"),
        ("<a/><b/>", "not-well-formed"),
        ("<x:a/>", "not-well-formed"),
        ("<a b='1' b='2'/>", "not-well-formed"),
        ("no xml at all", "not-well-formed"),
        ("<a>\0</a>", "not-well-formed"),
        ("<a>&#0;</a>", "not-well-formed"),
        (b"<a>\xff\xfe</a>", "bad-encoding"),
        (b"<a>\xed\xa0\x80</a>", "bad-encoding"),
        (b"<\0a\0/\0>", "bad-encoding"),
        ("<?xml-stylesheet href='http://127.0.0.1:1/'?><a/>", "xml-processing-instruction"),
        ("<a><?php 1 ?></a>", "xml-processing-instruction"),
        ("<?xml version='1.0' encoding='ebcdic-cp-us'?><a/>", "unknown-charset"),
        ("<?xml version='1.0' encoding='utf-8' encoding='utf-7'?><a/>", "not-well-formed"),
        ("<?xml version='1.0'?><?xml version='1.0' encoding='utf-16'?><a/>", "not-well-formed"),
        ("<?xml version='1.0'?>\ufeff<?xml version='1.0' encoding='utf-16'?><a/>", "not-well-formed"),
        (f"<?xml version='1.0'{' ' * 300} encoding='utf-16'?><a/>", "not-well-formed"),
        ("<a>" * 21 + "</a>" * 21, "xml-too-deep"),
        ("<a>" + "<b/>" * 1000 + "</a>", "xml-too-large"),
        ("<a " + " ".join(f"b{n}=''" for n in range(1000)) + "/>", "xml-too-large"),
        ("<a id='1' href='#1'/>", "xml-href"),
        (f"<s:Envelope xmlns:s='{SOAP}'><s:Body/></s:Envelope>", "soap-body-empty"),
        (f"<s:Envelope xmlns:s='{SOAP}'><s:Body> </s:Body></s:Envelope>", "soap-body-empty"),
        (f"<s:Envelope xmlns:s='{SOAP}'><s:Header><a/></s:Header></s:Envelope>", "soap-body-empty"),
        (f"<s:Envelope xmlns:s='{SOAP}'/>", "soap-body-empty"),
        (f"<s:Envelope xmlns:s='{SOAP}'><s:Body><s:Fault/></s:Body></s:Envelope>", "soap-fault"),
    ],
)
def test_refused(body: bytes | str, expected: str) -> None:
    assert code(body) == expected


def test_xml_rpc_passes_but_not_its_document_type() -> None:
    call = b"<methodCall><methodName>ListResources</methodName><params/></methodCall>"
    assert clean(call) == call
    assert code(b"<!DOCTYPE methodCall [<!ENTITY a 'b'>]>" + call) == "xml-doctype"


def test_soap_references_in_a_circle_are_refused() -> None:
    circle = (
        f"<s:Envelope xmlns:s='{SOAP}'><s:Body><call href='#one'/>"
        "<multiRef id='one' href='#two'/><multiRef id='two' href='#one'/></s:Body></s:Envelope>"
    )
    assert code(circle) == "xml-href"


def test_text_that_only_mentions_what_is_refused_is_fine() -> None:
    harmless = "<a><![CDATA[<!DOCTYPE a [<!ENTITY]>]]><!-- <!DOCTYPE --> href</a>"
    assert clean(harmless) == harmless.encode()


def test_full_envelope_passes() -> None:
    envelope = f"<s:Envelope xmlns:s='{SOAP}'><s:Header/><s:Body><call/></s:Body></s:Envelope>"
    assert clean(envelope) == envelope.encode()


def test_limits_are_inclusive() -> None:
    clean("<a>" * 20 + "</a>" * 20, depth=20)
    clean("<a>" + "<b c=''/>" * 3 + "</a>", nodes=7)


GREETING = "<a>Grüße</a>"


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        (GREETING.encode(), None),
        (GREETING.encode(), "UTF-8"),
        (GREETING.encode("latin-1"), "ISO-8859-1"),
        (GREETING.encode("utf-8-sig"), "iso-8859-1"),  # the mark is the truth
        (GREETING.encode("utf-16"), None),
        (GREETING.encode("utf-16"), "utf-16"),
        (GREETING.encode("utf-16-le"), "utf-16"),
        (GREETING.encode("utf-16-be"), "UTF-16"),
        (GREETING.encode("utf-16-le"), None),
        (b"<?xml version='1.0' encoding='iso-8859-1'?>" + GREETING.encode("latin-1"), None),
        (b"<?xml version='1.0' encoding='iso-8859-1'?>" + GREETING.encode(), "utf-8"),  # Content-Type first
        (
            b"<?xml version='1.0' encoding='iso-8859-1'?>" + GREETING.encode("latin-1"),
            "utf-8",
        ),  # it was wrong
        (b"<?xml version='1.0' encoding='klingon'?>" + GREETING.encode(), "utf-8"),
        (b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>' + GREETING.encode(), None),
        (b'<?xml version="1.1"?>' + GREETING.encode(), None),
        (('<?xml version="1.0" encoding="UTF-16"?>' + GREETING).encode("utf-16"), None),
    ],
)
def test_goes_on_as_utf_8_without_declaration(body: bytes, charset: str | None) -> None:
    assert clean(body, charset) == GREETING.encode()


@pytest.mark.parametrize("charset", ["utf-7", "utf-32", "klingon", "../../etc/passwd", "base64", "idna"])
def test_unknown_charset_is_refused(charset: str) -> None:
    assert code("<a/>", charset) == "unknown-charset"


def test_utf_32_is_refused() -> None:
    assert code("<a/>".encode("utf-32")) == "unknown-charset"
    assert code(codecs.BOM_UTF32_BE + "<a/>".encode("utf-32-be")) == "unknown-charset"


def test_mark_within_the_text_is_not_skipped_twice() -> None:
    assert code("\ufeff\ufeff<a/>") == "not-well-formed"


@given(st.binary(max_size=200), st.sampled_from([None, "utf-8", "utf-16", "iso-8859-1", "us-ascii"]))
def test_any_bytes_are_refused_or_readable_by_everybody(body: bytes, charset: str | None) -> None:
    try:
        cleaned = clean(body, charset)
    except Refused:
        return
    etree.fromstring(cleaned)


PIECES = ["<", ">", "/", "a", "b:", "&lt;", "&", ";", "<!DOCTYPE ", "<!ENTITY ", "[", "]", "<![CDATA[", "]]>"]
PIECES += [
    "<?xml version='1.0'",
    "?>",
    "<?xml version='1.0' encoding='utf-16'?>",
    "\ufeff",
    " encoding='utf-16'",
    "--",
    "<!--",
    "-->",
    " href='#'",
    "<a>",
    "</a>",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
)
def test_what_passes_has_no_document_type(text: str, codec: str) -> None:
    try:
        cleaned = clean(text.encode(codec))
    except Refused:
        return
    root = etree.fromstring(cleaned, etree.XMLParser(resolve_entities=False))
    assert root.getroottree().docinfo.internalDTD is None
