"""The way into Firestore, without a server: what is missing is named, and Google's complaints are distinguished."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("google.cloud.firestore", reason="the extra `firestore` is not installed")

from google.api_core import exceptions as google
from google.auth.exceptions import RefreshError

from gammacore.adapters.firestore import StoreUnreachable, connect
from gammacore.adapters.firestore.faults import Outrun, StoreBusy, as_storage_errors
from gammacore.errors import ConfigurationError, StorageError


def test_importing_the_adapter_does_not_load_googles_library() -> None:
    script = (
        "import sys, gammacore.adapters.firestore; sys.exit(any(m.startswith('google.cloud') for m in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize("project", ["", "  "])
def test_no_project_is_named_with_the_setting(project: str) -> None:
    with pytest.raises(ConfigurationError, match="FIREBASE_PROJECT_ID"):
        connect(project)


@pytest.mark.parametrize("content", [None, "garbage", "{}", "[]", '{"type": "service_account"}'])
def test_a_key_that_is_missing_or_unreadable_is_named_with_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    key = tmp_path / "key.json"
    if content is not None:
        key.write_text(content)
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))

    with pytest.raises(ConfigurationError, match="GOOGLE_APPLICATION_CREDENTIALS") as refusal:
        connect("demo")

    assert str(key) in str(refusal.value)


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.firestore", None)

    with pytest.raises(ConfigurationError, match=r"pip install --editable '\.\[firestore\]'"):
        connect("demo")


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        (google.FailedPrecondition, Outrun, "nothing was written"),
        (google.AlreadyExists, Outrun, "nothing was written"),
        (google.Aborted, Outrun, "nothing was written"),
        (google.NotFound, Outrun, "nothing was written"),
        (google.ServiceUnavailable, StoreUnreachable, "does not answer"),
        (google.DeadlineExceeded, StoreUnreachable, "does not answer"),
        (google.InternalServerError, StoreUnreachable, "does not answer"),
        (google.Unknown, StoreUnreachable, "does not answer"),
        (google.Cancelled, StoreUnreachable, "does not answer"),
        (partial(google.RetryError, cause=None), StoreUnreachable, "does not answer"),
        (RefreshError, StoreUnreachable, "did not let us in"),
        (google.PermissionDenied, StorageError, "the right to read and write"),
        (google.Unauthenticated, StorageError, "the right to read and write"),
        (google.ResourceExhausted, StoreBusy, "the quota is used up, nothing was written"),
        (google.InvalidArgument, StorageError, "refused, nothing was written"),
    ],
)
def test_what_google_complains_of_is_distinguished_by_what_may_have_been_written(
    fault: Callable[[str], Exception], kind: type[StorageError], sentence: str
) -> None:
    with pytest.raises(StorageError, match=sentence) as raised, as_storage_errors("market_regime/SPX_GEX"):
        raise fault("something happened")

    assert type(raised.value) is kind
    assert "market_regime/SPX_GEX: " in str(raised.value)


def test_a_key_that_google_refuses_later_is_distinguished_from_a_dead_network() -> None:
    """The connection asks for the access token, and its complaint comes as "unavailable"."""
    unavailable: Callable[[str], Exception] = google.ServiceUnavailable

    with pytest.raises(StoreUnreachable) as raised, as_storage_errors("market_regime/SPX_GEX"):
        raise unavailable("503 Getting metadata from plugin failed with error: ('invalid_grant')")

    assert "Google did not let us in" in str(raised.value)
    assert "check the key and the network" in str(raised.value)
