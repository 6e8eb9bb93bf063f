"""Builds alpaca-py's clients so that nothing waits for ever and nothing is sent twice behind our back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from attrs import frozen
from requests.adapters import HTTPAdapter

from gammacore.adapters.alpaca.bounded import BOUNDED_POOLS
from gammacore.adapters.wire.deadline import ask_the_gate
from gammacore.domain.parameters import parameter
from gammacore.ports.credentials import Secret

if TYPE_CHECKING:
    from alpaca.common.rest import RESTClient
    from alpaca.data.historical import OptionHistoricalDataClient, StockHistoricalDataClient
    from alpaca.data.historical.corporate_actions import CorporateActionsClient
    from alpaca.trading.client import TradingClient


@frozen
class AlpacaKeys:
    """The two halves of an Alpaca key pair; those of a paper account are not those of the live one."""

    key: Secret
    secret: Secret


@frozen
class Endpoints:
    """Where the calls go; None: to Alpaca, paper or live as `paper` says. Given for a server on this machine."""

    paper: bool = True
    trading: str | None = None
    data: str | None = None
    stream: str | None = None
    quotes: str | None = None

    @property
    def label(self) -> str:
        return "paper" if self.paper else "live"


@frozen
class TimeOuts:
    """alpaca-py sets none: without these a dead connection would stop the loop for good."""

    connect_seconds: float = parameter(5.0, "A connection that is not there by then was never made.", above=0)
    read_seconds: float = parameter(15.0, "An answer that is silent for so long is lost.", above=0)


@frozen
class AlpacaClients:
    """alpaca-py's four clients of one account, asked for raw bodies."""

    trading: TradingClient
    options: OptionHistoricalDataClient
    stocks: StockHistoricalDataClient
    actions: CorporateActionsClient
    endpoints: Endpoints

    @property
    def each(self) -> tuple[RESTClient, ...]:
        return self.trading, self.options, self.stocks, self.actions

    def close(self) -> None:
        """Let go of the pooled connections; idempotent."""
        for client in self.each:
            client._session.close()


class TimedAdapter(HTTPAdapter):
    """Pools connections, repeats nothing, and gives every request that brings none the default time-outs.

    The whole of it, body included, is under the deadline that `wire.deadline.within` sets.
    """

    def __init__(self, time_outs: TimeOuts) -> None:
        super().__init__(pool_connections=2, pool_maxsize=8, max_retries=0)
        self._time_outs = (time_outs.connect_seconds, time_outs.read_seconds)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self._time_outs
        ask_the_gate()
        return super().send(request, *args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = BOUNDED_POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = BOUNDED_POOLS
        return manager


def connect(keys: AlpacaKeys, endpoints: Endpoints | None = None, time_outs: TimeOuts | None = None) -> AlpacaClients:
    """The clients of an account. Nothing is sent yet; the first call says whether the keys are right."""
    from alpaca.data.historical import OptionHistoricalDataClient, StockHistoricalDataClient
    from alpaca.data.historical.corporate_actions import CorporateActionsClient
    from alpaca.trading.client import TradingClient

    where, limits = endpoints or Endpoints(), time_outs or TimeOuts()
    key, secret = keys.key.reveal(), keys.secret.reveal()
    trading = TradingClient(key, secret, paper=where.paper, raw_data=True, url_override=where.trading)
    options = OptionHistoricalDataClient(key, secret, raw_data=True, url_override=where.data)
    stocks = StockHistoricalDataClient(key, secret, raw_data=True, url_override=where.data)
    actions = CorporateActionsClient(key, secret, raw_data=True, url_override=where.data)
    clients = AlpacaClients(trading, options, stocks, actions, where)
    for client in clients.each:
        _harden(client, limits)
    return clients


def _harden(client: RESTClient, time_outs: TimeOuts) -> None:
    """Take alpaca-py's own repeats out (3 × 3 s after 429 and 504, orders included) and put time-outs in.

    alpaca-py offers no public way: its constructors do not pass these on, and 0 would be read as "default".
    """
    client._retry = 0
    client._retry_codes = []
    for scheme in ("https://", "http://"):
        client._session.mount(scheme, TimedAdapter(time_outs))
