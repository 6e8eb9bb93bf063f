"""Regime documents in Firestore: read as they stand, published only when newer. DH-402..405, DH-421."""

from __future__ import annotations

import datetime as dt
import math
import time
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from firestore_faults import RivaledDocuments
from firestore_server import FirestoreServer
from gammacore.adapters.firestore import Documents, FirestoreGexPublisher, FirestoreRegimeSource
from gammacore.domain.gex.exposure import GammaExposure
from gammacore.domain.gex.units import IMPLIED_FORWARD, TODAY, ExposureUnit, GreeksSource, SignModel
from gammacore.domain.regime.documents import GexCause, RegimeDocument, UnreadDocument
from gammacore.domain.verdicts import Verdict
from gammacore.errors import InvalidInput

NOW = dt.datetime(2026, 8, 19, 15, 0, tzinfo=dt.UTC)
SPX_GEX = "market_regime/SPX_GEX"
MACHINE_SECONDS = 3
"""What a busy machine may add to a time-out of ours."""


def read(documents: Documents, path: str = SPX_GEX) -> RegimeDocument | UnreadDocument:
    return FirestoreRegimeSource(documents, path).read(NOW)


def test_a_missing_document_is_missing_not_calm(documents: Documents) -> None:
    answer = read(documents)

    assert answer == UnreadDocument(GexCause.MISSING, "there is no document market_regime/SPX_GEX")
    assert FirestoreRegimeSource(documents, SPX_GEX).name == "firestore"


@pytest.mark.parametrize(
    "fields",
    [
        {"gex_value": -15000.0, "last_update": NOW - dt.timedelta(minutes=4)},
        {"gex_value": "-15000", "last_update": "2026-08-19T14:56:00Z"},
        {"gex_value": 0, "last_update": NOW},
        {"gex_value": True},
        {"gex_value": "a lot"},
        {"gex_value": None},
        {"gex_value": math.inf},
        {"last_update": NOW},
        {},
        {"gex_value": -15000, "last_update": NOW - dt.timedelta(hours=1), "symbol": "NDX", "source": "elsewhere"},
        {"spy": {"net_gex": -2.5e9, "volatility_bias": "High", "option_count": 812}, "last_updated": NOW},
        {"macro_events": [{"event_name": "CPI", "confidence": 0.9, "seen_at": NOW}], "macro_event_detected": True},
    ],
)
def test_a_document_is_handed_on_as_it_stands(documents: Documents, fields: dict[str, Any]) -> None:
    """What its values are worth is judged in the domain: section 4, table of documents."""
    documents.client.document(SPX_GEX).set(fields)

    answer = read(documents)

    assert isinstance(answer, RegimeDocument)
    assert answer.path == SPX_GEX
    assert answer.fields == fields
    assert {name: type(value) for name, value in answer.fields.items()} == {
        name: type(value) for name, value in fields.items()
    }


def test_a_value_that_is_no_number_stays_none(documents: Documents) -> None:
    documents.client.document(SPX_GEX).set({"gex_value": math.nan})

    answer = read(documents)

    assert isinstance(answer, RegimeDocument)
    assert math.isnan(answer.fields["gex_value"])


def test_the_stores_own_time_of_the_document_comes_along(documents: Documents) -> None:
    written = documents.client.document(SPX_GEX).set({"gex_value": -1})

    answer = read(documents)

    assert isinstance(answer, RegimeDocument)
    assert answer.updated_at == written.update_time
    assert type(answer.updated_at) is dt.datetime
    assert answer.updated_at.tzinfo is dt.UTC


def test_a_value_that_json_does_not_know_is_handed_on_as_text(documents: Documents) -> None:
    reference = documents.client.document("other/one")
    documents.client.document(SPX_GEX).set({"gex_value": b"\x00", "inner": [{"see": reference}]})

    answer = read(documents)

    assert isinstance(answer, RegimeDocument)
    assert answer.fields["gex_value"] == "b'\\x00'"
    assert isinstance(answer.fields["inner"][0]["see"], str)


def test_a_store_that_does_not_answer_is_unreachable_within_two_seconds_and_back_at_once(
    own_server: FirestoreServer, own_documents: Documents
) -> None:
    own_documents.client.document(SPX_GEX).set({"gex_value": -15000})
    source = FirestoreRegimeSource(own_documents, SPX_GEX)
    own_server.freeze()
    began = time.monotonic()

    answer = source.read(NOW)

    assert isinstance(answer, UnreadDocument)
    assert answer.cause is GexCause.UNREACHABLE
    assert time.monotonic() - began < 2 + MACHINE_SECONDS
    own_server.thaw()
    assert isinstance(source.read(NOW), RegimeDocument)


def an_exposure(total: float, minutes: float = 0, **changed: Any) -> GammaExposure:
    """One strike's worth of exposure, dollars per point, as of so many minutes after NOW."""
    exposure = GammaExposure(
        "SPX", NOW + dt.timedelta(minutes=minutes), Decimal("6053.25"), ExposureUnit.PER_POINT, SignModel.NAIVE, TODAY,
        GreeksSource.MODEL, IMPLIED_FORWARD, np.array([6050.0]), np.array([total]), np.array([0.0]), 812,
        {"no_open_interest": 30, "no_gamma": 4},
    )  # fmt: skip
    return evolve(exposure, **changed)


def published(documents: Documents) -> dict[str, Any]:
    document = documents.get(SPX_GEX)
    assert document is not None
    return dict(document.fields)


def test_an_exposure_is_published_with_these_fields_and_no_others(documents: Documents) -> None:
    documents.client.document(SPX_GEX).set({"gex_value": 1, "last_update": NOW, "left over": True, "a.b": 2})

    assert FirestoreGexPublisher(documents).publish(an_exposure(-15000.125, minutes=1)) == Verdict.ok(-15000.13)

    assert published(documents) == {
        "gex_value": -15000.13,
        "last_update": NOW + dt.timedelta(minutes=1),
        "symbol": "SPX",
        "source": "gammacore",
        "unit": "per-point",
        "sign": "naive",
        "scope": "0dte",
        "spot": 6053.25,
        "contracts_used": 812,
        "contracts_skipped": 34,
    }


def test_an_exposure_of_another_unit_is_converted(documents: Documents) -> None:
    per_percent = an_exposure(-15000.0).converted(ExposureUnit.PER_1PCT)

    FirestoreGexPublisher(documents).publish(per_percent)

    assert published(documents)["gex_value"] == -15000.0


@pytest.mark.parametrize(
    ("there", "replaced"),
    [
        (NOW - dt.timedelta(microseconds=1000), True),
        (NOW, False),
        (NOW + dt.timedelta(minutes=1), False),
        ("2026-08-19T14:59:59Z", True),
        ("2026-08-19T15:00:00Z", False),
        ("yesterday", True),
        ("2026-08-19T15:30:00", True),
        (None, True),
        (7, True),
    ],
)
def test_only_an_older_document_is_replaced(documents: Documents, there: object, replaced: bool) -> None:
    """A time that cannot be read, or lacks its zone, is no claim to be newer."""
    documents.client.document(SPX_GEX).set({"gex_value": 1, "last_update": there})

    verdict = FirestoreGexPublisher(documents).publish(an_exposure(-15000.0))

    assert verdict.passed is replaced
    assert verdict.reason == (None if replaced else "not_newer")
    assert (published(documents)["gex_value"] == -15000.0) is replaced


@pytest.mark.parametrize("exposure", [None, an_exposure(0.0, used=0)])
def test_a_failed_computation_writes_nothing(documents: Documents, exposure: GammaExposure | None) -> None:
    assert FirestoreGexPublisher(documents).publish(exposure).reason == "no_exposure"
    assert documents.get(SPX_GEX) is None


@pytest.mark.parametrize("exposure", [an_exposure(math.nan), an_exposure(math.inf)])
def test_an_exposure_that_is_no_number_is_refused(documents: Documents, exposure: GammaExposure) -> None:
    with pytest.raises(InvalidInput, match="finite"):
        FirestoreGexPublisher(documents).publish(exposure)
    assert documents.get(SPX_GEX) is None


def test_an_exposure_of_another_sign_model_is_refused(documents: Documents) -> None:
    with pytest.raises(InvalidInput, match="naive"):
        FirestoreGexPublisher(documents).publish(an_exposure(1.0, sign=SignModel.INVERTED))


@pytest.mark.parametrize("exists", [False, True])
def test_a_publisher_that_was_outrun_by_a_newer_one_gives_way(documents: Documents, exists: bool) -> None:
    rival = FirestoreGexPublisher(documents)
    if exists:
        rival.publish(an_exposure(1.0, minutes=-5))
    newer = an_exposure(-2.0, minutes=5)
    slow = RivaledDocuments(documents.client, documents.patience, before_commit=[partial(rival.publish, newer)])

    assert FirestoreGexPublisher(slow).publish(an_exposure(-1.0)).reason == "not_newer"

    assert published(documents)["gex_value"] == -2.0


def test_a_publisher_that_was_outrun_by_an_older_one_writes_after_it(documents: Documents) -> None:
    rival, older = FirestoreGexPublisher(documents), an_exposure(-2.0, minutes=-5)
    slow = RivaledDocuments(documents.client, documents.patience, before_commit=[partial(rival.publish, older)])

    assert FirestoreGexPublisher(slow).publish(an_exposure(-1.0)).passed

    assert published(documents)["gex_value"] == -1.0
