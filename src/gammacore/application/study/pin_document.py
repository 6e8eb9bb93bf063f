"""A study of the pin as a document: the keys of `gammacore pins --json`. Rule: ST-801."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gammacore.domain.study.pin_sensitivity import PinSensitivity
from gammacore.domain.study.pin_study import PinMark, share_known_to

if TYPE_CHECKING:
    from gammacore.application.study.pins import PinStudy


def pin_document(study: PinStudy) -> dict[str, object]:
    """Warnings first, then marks by their time, sensitivity, and every day as it was seen. Rules: ST-005, ST-006."""
    return {
        "kind": "pins",
        "underlying": study.underlying,
        "market": study.market,
        "warnings": [{"code": one.code, "text": one.text, "numbers": dict(one.numbers)} for one in study.warnings],
        "assumptions": list(study.assumptions),
        "conclusion": study.conclusion,
        "marks": {f"{mark.mark:%H:%M}": _mark(mark) for mark in study.marks},
        "sensitivity": [_row(row) for row in study.sensitivity],
        "days": [
            {
                "date": look.date.isoformat(),
                "mark": f"{look.mark:%H:%M}",
                "price": str(look.price),
                "vix": str(look.vix),
                "pin": str(look.pin),
                "close": str(look.close),
                "expected_move": look.move,
                "estimated": look.estimated,
            }
            for look in study.looks
        ],
        "out": [{"date": one.date.isoformat(), "mark": f"{one.mark:%H:%M}", "reason": one.reason} for one in study.out],
        "missing_days": [date.isoformat() for date in study.missing],
    }


def _mark(mark: PinMark) -> dict[str, object]:
    return {
        "days": mark.days,
        "toward": mark.toward,
        "of": mark.of,
        "interval": None if mark.interval is None else list(mark.interval),
        "known_to": share_known_to(mark.of),
        "above": mark.above,
        "below": mark.below,
        "distance_points": None if mark.points is None else list(mark.points),
        "distance_moves": None if mark.moves is None else list(mark.moves),
        "nearness": mark.nearness,
        "p_nearness": mark.p_nearness,
        "rho": mark.rho,
        "p_rho": mark.p_rho,
        "p_rho_holm": mark.p_holm,
        "unfair_random_strikes": mark.nearer_than_random,
        "undefined": dict(mark.undefined),
    }


def _row(row: PinSensitivity) -> dict[str, object]:
    variant = row.variant
    return {
        "sign": variant.sign.value,
        "greeks": variant.greeks.value,
        "rates": "not used" if variant.rates is None else str(variant.rates),
        "open_interest": "drawn" if variant.drawn else "yesterday",
        "readings": row.moments,
        "same_pin": row.same_pin,
        "no_pin": row.no_pin,
        "shift_strikes": row.shift_strikes,
        "shift_points": row.shift_points,
        "moved_points": row.moved_points,
        "other_setup": row.other_setup,
        "flip_lost": row.flip_lost,
        "flip_shift_points": row.flip_shift_points,
    }
