"""A known secret is hidden in every form in which a library may print it. Rule: OP-304."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

import pytest

from gammacore.adapters.notifiers.redaction import Redactor

SECRET = "s3cret/T0ken+77f=="


@pytest.mark.parametrize("before", ["", "a", "ab", "user:", "user@host:pw:"])
@pytest.mark.parametrize("after", ["", "z", "zz", ":x"])
def test_within_base64_the_secret_cannot_be_read_wherever_it_begins(before: str, after: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        header = encode(f"{before}{SECRET}{after}".encode()).decode()
        hidden = Redactor.of([SECRET])(f"Authorization: basic {header} end").replace("Authorization: ***", "")

        assert "***" in hidden
        assert header[4:-6] not in hidden
        assert hidden.endswith(" end")


@pytest.mark.parametrize("form", [SECRET, quote(SECRET, safe=""), quote_plus(SECRET)])
def test_as_it_is_and_quoted(form: str) -> None:
    assert Redactor.of([SECRET])(f"GET /x?key={form}&y=1") == "GET /x?key=***&y=1"


@pytest.mark.parametrize(
    ("url", "hidden", "shown"),
    [
        ("tgram://123456789:AAbbCC-dd/55667788", ["123456789:AAbbCC-dd"], ["tgram"]),
        ("mailtos://me:pa55word@gmail.com", ["pa55word"], ["gmail.com"]),
        (
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            ["T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ"],
            ["slack"],
        ),
        ("json://127.0.0.1:8080/hooks/tok3n-77f?key=sup3rs3cret", ["tok3n-77f", "sup3rs3cret"], ["127.0.0.1", "hooks"]),
        ("ntfys://ntfy.sh/my-very-long-topic", ["my-very-long-topic"], ["ntfy.sh"]),
        ("nonsense", [], []),
        ("https://[bad", [], []),
    ],
)
def test_what_of_a_url_is_secret(url: str, hidden: list[str], shown: list[str]) -> None:
    """Whole, and each part that is written like a token; ordinary words and hosts stay readable in a log."""
    redact = Redactor.of_urls([url])

    assert redact(f"to {url} now") == "to *** now"
    assert all("***" in redact(f"({word})") for word in hidden)
    assert all(redact(f"({word})") == f"({word})" for word in shown)
