"""Credentials in files: NAME_FILE, a container's secrets, systemd's credentials; before `.env`. Rule: OP-003."""

from __future__ import annotations

from pathlib import Path

import pytest

from gammacore.adapters import credentials
from gammacore.adapters.credentials import NamedFiles, SecretFiles, SystemdCredentials
from gammacore.errors import ConfigurationError
from gammacore.wiring.service.arming import open_credentials

NAME = "TRADIER_TOKEN"


def test_a_file_that_a_variable_names(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("f00d\n")
    found = NamedFiles({f"{NAME}_FILE": str(file)}).find(NAME)
    assert found is not None
    assert (found.secret.reveal(), found.source) == ("f00d", f"{file} ({NAME}_FILE)")


def test_a_file_that_is_named_and_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{NAME}_FILE: .*none is not there"):
        NamedFiles({f"{NAME}_FILE": str(tmp_path / "none")}).find(NAME)


def test_a_file_that_cannot_be_read_shows_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"s3cr3t-\xff")
    with pytest.raises(ConfigurationError) as wrong:
        SecretFiles(tmp_path).find(NAME)
    assert "s3cr3t" not in str(wrong.value)


def test_the_secrets_of_a_container(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("f00d")
    (tmp_path / "TRADIER_ACCOUNT").write_text(" \n")
    store = SecretFiles(tmp_path)
    found = store.find(NAME)
    assert found is not None
    assert found.secret.reveal() == "f00d"
    assert store.find("TRADIER_ACCOUNT") is None
    assert store.find("ALPACA_API_KEY") is None


def test_the_credentials_of_systemd(tmp_path: Path) -> None:
    (tmp_path / "env").write_text(f"# paper\n{NAME}=f00d\n")
    store = SystemdCredentials({"CREDENTIALS_DIRECTORY": str(tmp_path)})
    found = store.find(NAME)
    assert found is not None
    assert found.secret.reveal() == "f00d"
    assert store.find("TRADIER_ACCOUNT") is None
    assert SystemdCredentials({}).find(NAME) is None


def test_the_environment_comes_first_then_files_then_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "CONTAINER_SECRETS", tmp_path)
    file = tmp_path / "token"
    file.write_text("of-the-file")
    (tmp_path / "env").write_text(f"{NAME}=of-systemd\n")
    named, systemd, dotenv = {f"{NAME}_FILE": str(file)}, {"CREDENTIALS_DIRECTORY": str(tmp_path)}, {NAME: "of-dotenv"}

    def first(environment: dict[str, str | None]) -> str:
        found = open_credentials(environment, dotenv).find(NAME)
        assert found is not None
        return found.secret.reveal()

    assert first({NAME: "of-the-environment", **named, **systemd}) == "of-the-environment"
    assert first({**named, **systemd}) == "of-the-file"
    assert first({**systemd}) == "of-systemd"
    assert first({}) == "of-dotenv"
