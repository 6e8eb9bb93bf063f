"""Option contracts and assets as Alpaca's trading service lists them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from counterparts.alpaca_data_routes import asked_for
from counterparts.alpaca_quotes import Shown
from counterparts.alpaca_words import MALFORMED, NOT_FOUND, Refusal, id_of, number, page
from counterparts.world import World
from gammacore.domain.instruments import REGISTRY, Exercise, OptionContract, Right, Underlying
from gammacore.domain.market import OptionChain
from gammacore.domain.sessions import new_york_date

_CONTRACTS_A_PAGE = 100


def contract_routes(world: World) -> list[Route]:
    shown = Shown(world)

    async def contracts(request: Request) -> Response:
        query = request.query_params
        underlyings = [name for name in query.get("underlying_symbols", "").split(",") if name] or list(world.markets)
        with world.lock:
            listed = [
                contract_words(world, *entry)
                for name in underlyings
                for entry in shown.contracts(name)
                if asked_for(request, entry[0])
            ]
        if "status" in query:
            listed = [words for words in listed if words["status"] == query["status"]]
        if "style" in query:
            listed = [words for words in listed if words["style"] == query["style"]]
        if not (limit := query.get("limit", str(_CONTRACTS_A_PAGE))).isdigit():
            raise Refusal(422, MALFORMED, "invalid limit")
        some, more = page(listed, query.get("page_token"), max(int(limit), 1))
        return JSONResponse({"option_contracts": some, "next_page_token": more})

    async def contract(request: Request) -> Response:
        named = request.path_params["symbol"]
        with world.lock:
            for underlying in world.markets:
                for entry in shown.contracts(underlying):
                    if named in (entry[0].occ, id_of(entry[0].occ)):
                        return JSONResponse(contract_words(world, *entry))
        raise Refusal(404, NOT_FOUND, f"option contract {named} not found")

    async def asset(request: Request) -> Response:
        named = request.path_params["symbol"]
        for symbol in {*world.markets, *(line.hedge_share for line in REGISTRY.values())}:
            if named in (symbol, id_of(symbol)) and REGISTRY.get(symbol, _SHARE).exercise is Exercise.AMERICAN:
                return JSONResponse(asset_words(symbol))
        raise Refusal(404, NOT_FOUND, f"asset not found for {named}")

    return [
        Route("/v2/options/contracts", contracts),
        Route("/v2/options/contracts/{symbol}", contract),
        Route("/v2/assets/{symbol}", asset),
    ]


_SHARE = REGISTRY["SPY"]


def contract_words(world: World, contract: OptionContract, chain: OptionChain, row: int) -> dict[str, Any]:
    today, line = new_york_date(world.now()), REGISTRY[contract.underlying]
    right = "call" if contract.right is Right.CALL else "put"
    counted = (today - dt.timedelta(days=1)).isoformat()
    return {
        "id": id_of(contract.occ),
        "symbol": contract.occ,
        "name": f"{contract.underlying} {contract.expiry:%b %d %Y} {number(contract.strike)} {right.title()}",
        "status": "active" if contract.expiry >= today else "inactive",
        "tradable": contract.expiry >= today,
        "expiration_date": contract.expiry.isoformat(),
        "root_symbol": contract.root,
        "underlying_symbol": contract.underlying,
        "underlying_asset_id": id_of(contract.underlying),
        "type": right,
        "style": str(line.exercise),
        "strike_price": number(contract.strike),
        "multiplier": number(line.multiplier),
        "size": number(line.multiplier),
        "open_interest": number(int(chain.open_interest[row])),
        "open_interest_date": counted,
        "ppind": _is_penny(line),
    }


def asset_words(symbol: str) -> dict[str, Any]:
    return {
        "id": id_of(symbol),
        "class": "us_equity",
        "exchange": "ARCA",
        "symbol": symbol,
        "name": symbol,
        "status": "active",
        "tradable": True,
        "marginable": True,
        "shortable": True,
        "easy_to_borrow": True,
        "fractionable": True,
        "attributes": ["has_options"],
    }


def _is_penny(line: Underlying) -> bool:
    return line.ticks.single_high < line.ticks.single_low * 2
