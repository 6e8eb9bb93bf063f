"""What we use of libraries without their promise: private names. A version without them fails here, by name.

Their versions are capped in `pyproject.toml`: raise a cap only with these tests green on the new version.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import tomllib

import httpcore
import httpx
import pytest
import requests
from alpaca.common.rest import RESTClient
from alpaca.data.historical import OptionHistoricalDataClient, StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from conftest import ROOT

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CAPPED = {"alpaca-py": "<0.45", "httpx": "<0.29"}


@pytest.mark.parametrize("library", CAPPED)
def test_a_library_of_which_private_names_are_used_is_capped_wherever_it_is_asked_for(library: str) -> None:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    lists = (project["dependencies"], *project["optional-dependencies"].values(), *groups.values())
    asked = [text for each in lists for text in each if isinstance(text, str) and text.startswith(library)]

    assert asked
    assert all(text.endswith(CAPPED[library]) for text in asked)
    below = tuple(int(part) for part in CAPPED[library].removeprefix("<").split("."))
    assert tuple(int(part) for part in importlib.metadata.version(library).split(".")[:2]) < below


@pytest.mark.parametrize("client", [TradingClient, OptionHistoricalDataClient, StockHistoricalDataClient])
def test_the_clients_of_alpaca_py_repeat_by_retry_and_its_codes_over_one_session(client: type[RESTClient]) -> None:
    """`alpaca.client` sets `_retry` to 0 and `_retry_codes` to none, and mounts its time-outs on `_session`."""
    made = client("key", "secret", raw_data=True)

    assert made._retry > 0
    assert 429 in made._retry_codes
    assert isinstance(made._session, requests.Session)
    assert "self._retry" in inspect.getsource(RESTClient._request)
    assert "self._retry_codes" in inspect.getsource(RESTClient._one_request)


def test_the_stream_of_alpaca_py_runs_by_the_steps_that_are_wrapped() -> None:
    """`alpaca.news` awaits `_run_forever` and wraps `_start_ws`, `_consume` and `_dispatch`, which it calls."""
    steps = ("_run_forever", "_start_ws", "_consume", "_dispatch", "close")
    assert all(inspect.iscoroutinefunction(getattr(TradingStream, step)) for step in steps)

    forever, consume = inspect.getsource(TradingStream._run_forever), inspect.getsource(TradingStream._consume)
    assert "await self._start_ws()" in forever
    assert "await self._consume()" in forever
    assert "WebSocketException" in forever
    assert "await self._dispatch(" in consume
    assert "wait_for(self._ws.recv()" in consume


def test_the_stream_of_alpaca_py_pauses_by_its_least_backoff() -> None:
    """`alpaca.news` sets `_reconnect_min_backoff`."""
    stream = TradingStream("key", "secret")

    assert stream._reconnect_min_backoff > 0
    assert "_reconnect_min_backoff" in inspect.getsource(TradingStream._reconnect_delay)
    asyncio.run(stream.close())


def test_a_client_of_httpx_connects_by_the_network_backend_of_its_pools() -> None:
    """`tradier.bounded` puts its own backend into the pools of `_transport` and `_mounts`."""
    with httpx.Client(mounts={"http://": httpx.HTTPTransport()}) as client:
        for transport in (client._transport, *client._mounts.values()):
            assert isinstance(transport, httpx.HTTPTransport)
            assert isinstance(transport._pool._network_backend, httpcore.NetworkBackend)
