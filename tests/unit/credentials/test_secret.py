"""A secret is shown by `reveal` alone."""

from __future__ import annotations

import copy
import json
import pickle
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gammacore.adapters.codec.records import encode
from gammacore.errors import InvalidInput
from gammacore.ports.credentials import Credential, Secret

TEXT = "f00d-1234-beef"
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40)


@given(secrets)
def test_no_way_of_printing_tells_it(text: str) -> None:
    secret = Secret(text)
    printed = [repr(secret), str(secret), f"{secret}", f"{secret:>40}", f"{[secret]}", "%s %r" % (secret, secret)]  # noqa: UP031

    assert {word.strip("[] ") for word in printed} == {"***", "*** ***"}
    assert secret.reveal() == text


def test_what_holds_it_does_not_tell_it_either() -> None:
    credential = Credential("TRADIER_TOKEN", Secret(TEXT), "environment TRADIER_TOKEN")

    assert TEXT not in repr(credential)
    assert TEXT not in repr(attrs.asdict(credential))
    assert TEXT not in json.dumps(attrs.asdict(credential), default=str)


def test_it_cannot_be_pickled_or_written_by_the_codec() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(TEXT))
    with pytest.raises(Exception) as refused:  # noqa: PT011  # whatever it is, it does not tell
        encode(Credential("TRADIER_TOKEN", Secret(TEXT), "test"))  # type: ignore[arg-type]  # that is what is refused
    assert TEXT not in "".join(traceback.format_exception(refused.value))


def test_it_has_no_fields_to_walk_over_and_does_not_change() -> None:
    secret = Secret(TEXT)

    assert not attrs.has(Secret)
    assert not hasattr(secret, "__dict__")
    with pytest.raises(AttributeError):
        secret._text = "another"
    with pytest.raises(AttributeError):
        del secret._text
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret


def test_two_secrets_are_not_equal_by_their_text() -> None:
    assert Secret(TEXT) != Secret(TEXT)
    assert str(Secret(TEXT)) != TEXT


@given(secrets, secrets)
def test_it_matches_its_own_text_only(text: str, other: str) -> None:
    assert Secret(text).matches(text)
    assert Secret(text).matches(other) == (text == other)


@pytest.mark.parametrize("typed", ["", " ", TEXT + " ", TEXT[:-1], TEXT.upper(), "ü", "\ud800"])
def test_a_near_miss_is_a_miss(typed: str) -> None:
    assert not Secret(TEXT).matches(typed)


@pytest.mark.parametrize("text", ["a b", "a\n", "a\tb", "Bearer x", "\x00abc", "tökén", "a\u200bb"])
def test_what_cannot_go_into_a_header_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidInput, match="TRADIER_TOKEN") as refused:
        Secret(text, name="TRADIER_TOKEN")

    assert text not in str(refused.value)
    assert text not in repr(refused.value.args)


def test_an_empty_text_is_no_secret() -> None:
    with pytest.raises(InvalidInput, match="empty"):
        Secret("")


def test_a_banner_shows_three_characters_of_eight_and_none_of_seven() -> None:
    assert Secret("12345678").ending == "***678"
    assert Secret("1234567").ending == "***"
