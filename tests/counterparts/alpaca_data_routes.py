"""The paths of Alpaca's market data service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from counterparts.alpaca_quotes import Shown, Words
from counterparts.alpaca_words import MALFORMED, UNPROCESSABLE, Refusal, id_of, page, read_time
from counterparts.world import PAID_AFTER, World
from gammacore.domain.instruments import OptionContract, Right
from gammacore.domain.pricing.rates import CashDividend
from gammacore.domain.sessions import new_york_date

_OPTIONS_A_PAGE = 100
_BARS_A_PAGE = 1000
_ACTIONS_A_PAGE = 100
_MOST_ACTIONS_A_PAGE = 1000


def data_routes(world: World) -> list[Route]:
    """Options under /v1beta1/options, shares under /v2/stocks, dividends under /v1/corporate-actions.

    Shares are named both ways, in the path or the query. `settings["actions_a_page"]` makes pages of dividends shorter.
    """
    shown = Shown(world)

    async def chain(request: Request) -> Response:
        _feed_is_paid_for(world, request)
        with world.lock:
            listed = [contract for contract, _, _ in shown.contracts(request.path_params["underlying"])]
            return _page_of_snapshots(request, shown, [contract for contract in listed if asked_for(request, contract)])

    async def option_snapshots(request: Request) -> Response:
        _feed_is_paid_for(world, request)
        with world.lock:
            known = shown.snapshots_of(_symbols(request))
            symbols, more = page(
                sorted(known), request.query_params.get("page_token"), _limit(request, _OPTIONS_A_PAGE)
            )
            return JSONResponse({"snapshots": {symbol: known[symbol] for symbol in symbols}, "next_page_token": more})

    async def option_quotes(request: Request) -> Response:
        _feed_is_paid_for(world, request)
        with world.lock:
            return JSONResponse({"quotes": shown.option_quotes(_symbols(request))})

    async def option_trades(request: Request) -> Response:
        _feed_is_paid_for(world, request)
        _symbols(request)
        return JSONResponse({"trades": {}})  # the markets here have quotes, and no tape

    async def option_bars(request: Request) -> Response:
        _symbols(request)
        return JSONResponse({"bars": {}, "next_page_token": None})

    async def stock_bars(request: Request) -> Response:
        _feed_is_paid_for(world, request)
        query = request.query_params
        with world.lock:
            rows = [
                (symbol, bar)
                for symbol in _symbols(request)
                for bar in shown.share_bars(
                    symbol, query.get("timeframe", "1Min"), query.get("start"), query.get("end")
                )
            ]
        if query.get("sort") == "desc":
            rows.reverse()
        some, more = page(rows, query.get("page_token"), _limit(request, _BARS_A_PAGE))
        bars: dict[str, list[Words]] = {}
        for symbol, bar in some:
            bars.setdefault(symbol, []).append(bar)
        if (named := request.path_params.get("symbol")) is not None:
            return JSONResponse({"symbol": named, "bars": bars.get(named, []), "next_page_token": more})
        return JSONResponse({"bars": bars, "next_page_token": more})

    def latest(name: str, several: str, show: Callable[[str], Words | None]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            _feed_is_paid_for(world, request)
            with world.lock:
                known = {symbol: words for symbol in _symbols(request) if (words := show(symbol)) is not None}
            if (named := request.path_params.get("symbol")) is not None:
                return JSONResponse({"symbol": named, name: known.get(named)})
            return JSONResponse({several: known} if several else known)

        return answer

    async def corporate_actions(request: Request) -> Response:
        """By the day of payment, which is when Alpaca processes a dividend; of no other kind of action."""
        query, today = request.query_params, new_york_date(world.now())
        first, last = (read_time(query[name]).date() if name in query else today for name in ("start", "end"))
        with world.lock:
            rows = [
                _dividend(symbol, paid)
                for symbol in _symbols(request)
                for paid in world.dividends.get(symbol, ())
                if first <= paid.ex_date + PAID_AFTER <= last and "cash_dividend" in query.get("types", "cash_dividend")
            ]
        most = int(world.settings.get("actions_a_page", _MOST_ACTIONS_A_PAGE))
        by_payment = sorted(rows, key=lambda row: str(row["process_date"]))
        some, more = page(by_payment, query.get("page_token"), min(_limit(request, _ACTIONS_A_PAGE), most))
        return JSONResponse({"corporate_actions": {"cash_dividends": some} if some else {}, "next_page_token": more})

    quotes, trades = latest("quote", "quotes", shown.share_quote), latest("trade", "trades", shown.share_trade)
    options, stocks = "/v1beta1/options", "/v2/stocks"
    return [
        Route(f"{options}/snapshots", option_snapshots),
        Route(f"{options}/snapshots/{{underlying}}", chain),
        Route(f"{options}/quotes/latest", option_quotes),
        Route(f"{options}/trades/latest", option_trades),
        Route(f"{options}/bars", option_bars),
        Route("/v1/corporate-actions", corporate_actions),
        Route(f"{stocks}/quotes/latest", quotes),
        Route(f"{stocks}/{{symbol}}/quotes/latest", quotes),
        Route(f"{stocks}/trades/latest", trades),
        Route(f"{stocks}/{{symbol}}/trades/latest", trades),
        Route(f"{stocks}/snapshots", latest("snapshot", "", shown.share_snapshot)),
        Route(f"{stocks}/bars", stock_bars),
        Route(f"{stocks}/{{symbol}}/bars", stock_bars),
    ]


def _dividend(symbol: str, paid: CashDividend) -> Words:
    ex_date, payment = paid.ex_date.isoformat(), (paid.ex_date + PAID_AFTER).isoformat()
    return {
        "id": id_of("dividend", symbol, ex_date, str(paid.amount)), "symbol": symbol, "cusip": "000000000",
        "rate": float(paid.amount), "special": False, "foreign": False, "process_date": payment, "ex_date": ex_date,
        "record_date": ex_date, "payable_date": payment,
    }  # fmt: skip


def asked_for(request: Request, contract: OptionContract) -> bool:
    """Whether a contract passes the filters of a query: those of the chain and of the list of contracts alike."""
    query, expiry, strike = request.query_params, contract.expiry, float(contract.strike)
    checks: dict[str, Callable[[str], bool]] = {
        "type": lambda text: text == ("call" if contract.right is Right.CALL else "put"),
        "root_symbol": lambda text: text == contract.root,
        "strike_price_gte": lambda text: strike >= float(text),
        "strike_price_lte": lambda text: strike <= float(text),
        "expiration_date": lambda text: expiry == read_time(text).date(),
        "expiration_date_gte": lambda text: expiry >= read_time(text).date(),
        "expiration_date_lte": lambda text: expiry <= read_time(text).date(),
    }
    try:
        return all(check(query[name]) for name, check in checks.items() if name in query)
    except ValueError:
        raise Refusal(400, MALFORMED, "invalid query") from None


def _page_of_snapshots(request: Request, shown: Shown, contracts: list[OptionContract]) -> Response:
    limit = _limit(request, _OPTIONS_A_PAGE)
    some, more = page(contracts, request.query_params.get("page_token"), limit)
    return JSONResponse({"snapshots": shown.option_snapshots(some), "next_page_token": more})


def _symbols(request: Request) -> list[str]:
    if (named := request.path_params.get("symbol")) is not None:
        return [named]
    symbols = [symbol for symbol in request.query_params.get("symbols", "").split(",") if symbol]
    if not symbols:
        raise Refusal(400, MALFORMED, "symbol is required")
    return symbols


def _limit(request: Request, default: int) -> int:
    text = request.query_params.get("limit", "")
    if text and not text.isdigit():
        raise Refusal(400, MALFORMED, "invalid limit")
    return max(int(text or default), 1)


def _feed_is_paid_for(world: World, request: Request) -> None:
    feed, is_option = request.query_params.get("feed"), "/options/" in request.url.path
    if world.settings.get("plan") != "basic":
        return
    if is_option and feed == "opra":
        raise Refusal(403, UNPROCESSABLE, "OPRA agreement is not signed")
    if not is_option and feed in (None, "sip") and _is_recent(world, request):
        raise Refusal(403, UNPROCESSABLE, "subscription does not permit querying recent SIP data")


def _is_recent(world: World, request: Request) -> bool:
    """Whether a question goes into the last quarter of an hour: what is older is open to every plan."""
    if not request.url.path.endswith("/bars"):
        return True
    end = request.query_params.get("end")
    return end is not None and read_time(end) > world.now() - dt.timedelta(minutes=15)
