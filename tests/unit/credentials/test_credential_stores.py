"""Credentials come from the environment, else from .env, else from the keyring; what they are is never shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

keyring = pytest.importorskip("keyring", reason="the extra `keyring` is not installed")

from keyring.backend import KeyringBackend  # noqa: E402
from keyring.errors import KeyringLocked, NoKeyringError  # noqa: E402

from gammacore.adapters.credentials import FirstFound, SystemKeyring, Variables  # noqa: E402
from gammacore.errors import ConfigurationError, InvalidInput  # noqa: E402

NAME = "TRADIER_TOKEN"


class MemoryKeyring(KeyringBackend):
    """A keyring that forgets; `fault` is what it answers instead."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # the library does not annotate it
        self.kept: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.fault: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def ring() -> Iterator[MemoryKeyring]:
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def stores(environment: dict[str, str | None], dotenv: dict[str, str | None]) -> FirstFound:
    return FirstFound((Variables(environment, "environment"), Variables(dotenv, ".env"), SystemKeyring()))


@pytest.mark.parametrize(
    ("environment", "dotenv", "source", "text"),
    [
        ({NAME: "env"}, {NAME: "dot"}, f"environment {NAME}", "env"),
        ({}, {NAME: "dot"}, f".env {NAME}", "dot"),
        ({NAME: "  "}, {NAME: "dot"}, f".env {NAME}", "dot"),
        ({NAME: ""}, {NAME: None}, f"keyring gammacore {NAME}", "ring"),
        ({}, {}, f"keyring gammacore {NAME}", "ring"),
    ],
)
def test_the_first_that_has_it_wins(
    ring: MemoryKeyring, environment: dict[str, str | None], dotenv: dict[str, str | None], source: str, text: str
) -> None:
    ring.set_password("gammacore", NAME, "ring")

    found = stores(environment, dotenv).find(NAME)

    assert found is not None
    assert (found.source, found.secret.reveal()) == (source, text)


def test_the_keyring_is_not_asked_for_what_is_found_before(ring: MemoryKeyring) -> None:
    stores({NAME: "env"}, {}).find(NAME)

    assert ring.asked == 0


def test_a_name_that_is_missing_is_nothing(ring: MemoryKeyring) -> None:
    assert stores({}, {}).find(NAME) is None


def test_a_machine_without_a_keyring_has_nothing(ring: MemoryKeyring) -> None:
    ring.fault = NoKeyringError("none")

    assert stores({}, {}).find(NAME) is None


def test_a_keyring_that_stays_locked_is_reported(ring: MemoryKeyring) -> None:
    ring.fault = KeyringLocked("locked")

    with pytest.raises(ConfigurationError, match=f"unlock it, or give {NAME}"):
        stores({}, {}).find(NAME)


def test_a_defective_one_is_named_by_its_place_and_not_shown(ring: MemoryKeyring) -> None:
    with pytest.raises(InvalidInput, match=rf"\.env {NAME}: \*\*\*") as refused:
        stores({}, {NAME: "two words"}).find(NAME)

    assert "two words" not in str(refused.value)


def test_the_variables_themselves_are_not_printed() -> None:
    assert "sesame" not in repr(Variables({NAME: "sesame"}, "environment"))
