"""Subjects are matched component by component; a star never reaches over a border."""

import re

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from lambdastation.subjects import parse_subject, subject_matches

USER = "CN=Example User,OU=Demo,O=Path Service"


@pytest.mark.parametrize(
    "pattern",
    [
        USER,
        "cn=Example User,ou=Demo,o=Path Service",
        "CN=Example User, OU=Demo, O=Path Service",
        "CN=*,OU=Demo,O=Path Service",
        "CN=Example*,OU=Demo,O=Path Service",
        "CN=*User,OU=*,O=Path*",
        "CN=*x*p*,OU=Demo,O=Path Service",
        "*,OU=Demo,O=Path Service",
        "*,*,*",
        "CN=Example\\20User,OU=Demo,O=Path Service",
    ],
)
def test_patterns_that_mean_the_subject(pattern: str) -> None:
    assert subject_matches(pattern, USER)


@pytest.mark.parametrize(
    "pattern",
    [
        "*",
        "CN=*",
        "CN=*,O=Path Service",
        "*,O=Path Service",
        "CN=*,OU=Demo,O=Path Service,C=US",
        "CN=example user,OU=Demo,O=Path Service",
        "O=Path Service,OU=Demo,CN=Example User",
        "CN=Example,OU=Demo,O=Path Service",
        "OU=*,OU=Demo,O=Path Service",
        "CN=Example \\2aser,OU=Demo,O=Path Service",
        "CN=*+UID=*,OU=Demo,O=Path Service",
    ],
)
def test_patterns_that_mean_others(pattern: str) -> None:
    assert not subject_matches(pattern, USER)


def test_a_name_cannot_pretend_to_have_another_component() -> None:
    sly = "CN=Mallory\\,OU=Demo,O=Path Service"
    assert len(parse_subject(sly)) == 2
    assert not subject_matches("CN=*,OU=Demo,O=Path Service", sly)
    assert subject_matches("CN=*,O=Path Service", sly)


def test_a_star_in_a_subject_is_a_star() -> None:
    assert subject_matches("CN=\\2a,O=X", "CN=*,O=X")
    assert subject_matches("CN=a\\*b,O=X", "CN=a*b,O=X")
    assert not subject_matches("CN=a\\*b,O=X", "CN=axb,O=X")
    assert not subject_matches("*,O=X", "*,O=X"), "a bare star is no component of a name"


def test_attributes_of_one_component_are_taken_in_any_order() -> None:
    assert subject_matches("CN=Ann+UID=*,O=X", "UID=17+CN=Ann,O=X")
    assert not subject_matches("CN=Ann,O=X", "UID=17+CN=Ann,O=X")


def test_mail_is_written_by_name_or_by_number() -> None:
    assert subject_matches("emailAddress=*@example.org,O=X", "1.2.840.113549.1.9.1=ann@example.org,O=X")


@pytest.mark.parametrize(
    "text", ["", "Ann", "CN=Ann,", ",", "=Ann", "CN=Ann\\", "CN=Ann\\g", "1=Ann", "C N=Ann"]
)
def test_what_is_no_name_is_refused_as_a_pattern_and_matches_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"subject|backslash"):
        subject_matches(text, USER)
    assert not subject_matches("*", text)
    assert not subject_matches("CN=*", text)


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=16)


@given(names, names)
def test_every_name_that_cryptography_writes_is_read(common: str, organisation: str) -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )
    subject = name.rfc4514_string()
    assert subject_matches("CN=*,O=*", subject)
    assert subject_matches(subject.replace("*", "\\*"), subject)
    assert not subject_matches("CN=*,O=*,C=*", subject)
    assert not subject_matches("CN=*", subject)


@given(pattern=st.text("ab*", min_size=1, max_size=8), value=st.text("ab", min_size=1, max_size=8))
def test_a_star_stands_for_any_characters_as_in_a_regular_expression(pattern: str, value: str) -> None:
    meant = re.fullmatch(pattern.replace("*", ".*"), value) is not None
    assert subject_matches(f"CN={pattern},O=Grid", f"CN={value},O=Grid") == meant


def test_many_stars_do_not_take_for_ever() -> None:
    """A regular expression takes years for this; what fails here is the suite's own patience."""
    assert not subject_matches(f"CN={'*a' * 40}b", f"CN={'a' * 900}")
