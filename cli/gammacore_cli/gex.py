"""`gammacore gex`: dealer gamma exposure of a chain file or of the configured market."""

from __future__ import annotations

import itertools
import logging
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gammacore.errors import ConfigurationError, GammacoreError, InvalidInput, StorageError
from gammacore_cli.frame import Frame, common_options, leaving_by_sigterm
from gammacore_cli.gex_course import emit_course
from gammacore_cli.market_options import choose_market, market_options, rests_without_session
from gammacore_cli.network import network_option, waiting
from gammacore_cli.options import DECIMAL, INSTANT, MOMENT, PICTURE
from gammacore_cli.output import emit, emit_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gammacore.domain.gex.units import SignModel
    from gammacore.wiring import ExposureTerms, ExposureView
    from gammacore.wiring.exposure_course import When

log = logging.getLogger(__name__)


@click.command("gex")
@click.argument("chain", required=False, type=click.Path(path_type=Path))
@click.option("--as-of", type=INSTANT, metavar="T", help="Time to measure at (default: the chain's own).")
@click.option("--spot", type=DECIMAL, metavar="S", help="Price of the underlying, points (default: the chain's own).")
@click.option("--scope", default="all", show_default=True, help="0dte, a number of days like 7d, or all.")
@click.option("--greeks", type=click.Choice(["feed", "model"]), default="model", show_default=True)
@click.option("--rate", type=float, metavar="R", help="Interest rate a year, fraction; replaces the implied forward.")
@click.option(
    "--dividend", type=float, metavar="Q", help="Dividend yield a year, fraction; replaces the implied forward."
)
@click.option(
    "--unit", type=click.Choice(["per-1pct", "per-point", "shares", "per-100pct"]), default="per-1pct",
    show_default=True,
)  # fmt: skip
@click.option("--sign", type=click.Choice(["naive", "inverted", "unsigned"]), default="naive", show_default=True)
@click.option("--plot", type=PICTURE, metavar="FILE", help="Draw exposure by strike (png or svg).")
@click.option(
    "--publish",
    is_flag=True,
    help="Also write the exposure to market_regime/{SYMBOL}_GEX in Firestore, if it is newer.",
)
@click.option(
    "--every", type=click.IntRange(1, 86_400), metavar="SECONDS",
    help="Measure again after so many seconds until stopped: one line each (with --json one document a line). With "
    "--from: seconds between measurements (default: 300).",
)  # fmt: skip
@click.option("--track", is_flag=True, help="With --every: keep each measurement for the page Gamma.")
@network_option
@click.option(
    "--from", "begin", type=MOMENT, metavar="T",
    help="Measure through the day or days from here: a date, a time of the market's date, or an instant.",
)  # fmt: skip
@click.option("--to", "end", type=MOMENT, metavar="T", help="End of --from (default: the close of that day).")
@market_options
@common_options
@rests_without_session
def gex(
    frame: Frame, chain: Path | None, plot: Path | None, publish: bool, every: int | None, track: bool,
    begin: When | None, end: When | None, wait_for_network: float, **options: Any,
) -> None:  # fmt: skip
    """Measure exposure by strike and in total, flips, walls and pin. CHAIN is recognised by its content.

    Without CHAIN the configured market is measured; that of a broker (--market tradier or alpaca) as it is now.
    """
    from gammacore import wiring

    choose_market(frame, options)
    terms = _terms(options)
    if begin is not None:
        if publish or options["as_of"] is not None or options["spot"] is not None:
            raise click.UsageError("--from measures many moments; leave --publish, --as-of and --spot out")
        emit_course(frame, chain, terms, begin, end, every or 300, plot)
        return
    if end is not None:
        raise click.UsageError("--to is the end of --from; give --from too")
    if track and every is None:
        raise click.UsageError("--track keeps a course; give --every SECONDS too")
    outside = wiring.Outside(frame.credentials)
    if publish:
        _check_publishable(frame, terms.sign)
    if every is not None:
        from gammacore.application.wait_for_network import is_unreachable

        if options["as_of"] is not None:
            raise click.UsageError("--every measures what is there each time; leave --as-of out")

        def opened() -> Iterator[ExposureView | GammacoreError]:
            views = wiring.follow_exposure(
                frame.configuration, chain, terms, every, spot=options["spot"], outside=outside, tell=log.info
            )  # fmt: skip
            first = next(views)
            if wait_for_network and isinstance(first, GammacoreError) and is_unreachable(first):
                raise first
            return itertools.chain([first], views)

        _follow(frame, waiting(wait_for_network)(opened), plot, publish, track=track)
        return
    if wait_for_network:
        raise click.UsageError("--wait-for-network belongs to --every: a single look is asked again by hand")
    view = wiring.view_exposure(
        frame.configuration, chain, terms, as_of=options["as_of"], spot=options["spot"], outside=outside
    )  # fmt: skip
    document = _shown(frame, view, plot, publish)
    emit(document, frame.as_json, lambda: _table(view))


def _terms(options: dict[str, Any]) -> ExposureTerms:
    from gammacore import wiring
    from gammacore.domain.gex.units import ExposureUnit, GreeksSource, Rates, Scope, SignModel

    try:
        return wiring.ExposureTerms(
            sign=SignModel(options["sign"]),
            scope=Scope.parse(options["scope"]),
            unit=ExposureUnit(options["unit"]),
            greeks=GreeksSource(options["greeks"]),
            rates=Rates(options["rate"], options["dividend"]),
        )
    except InvalidInput as wrong:
        raise click.UsageError(str(wrong)) from wrong


def _shown(frame: Frame, view: ExposureView, plot: Path | None, publish: bool) -> dict[str, object]:
    """The document of a measurement, which is drawn and published where that was asked for."""
    if view.caution:
        log.warning("%s", view.caution)
    if view.left_out:
        log.warning("%s", view.left_out)
    if plot is not None:
        from gammacore.adapters.html_report.exposure_plot import save_exposure_plot

        save_exposure_plot(plot, view.survey, view.pin)
    document = gex_document(view)
    if publish:
        document["published"] = _publish(frame, view)
    return document


def _follow(
    frame: Frame, views: Iterator[ExposureView | GammacoreError], plot: Path | None, publish: bool, *, track: bool
) -> None:  # fmt: skip
    """Line after line until Ctrl-C or SIGTERM; what cannot be measured or published is reported and tried again."""
    with leaving_by_sigterm():
        for view in views:
            if isinstance(view, GammacoreError):
                log.warning("not measured: %s", view)
                continue
            try:
                document = _shown(frame, view, plot, publish)
            except StorageError as outage:
                log.warning("not published: %s", outage)
                continue
            if track:
                _keep(frame, view)
            if not emit_line(document, frame.as_json, _line(view)):
                return


def _keep(frame: Frame, view: ExposureView) -> None:
    """For the page; a full disk costs a picture."""
    from gammacore import wiring
    from gammacore.adapters.view_files.track import keep_measurement

    try:
        keep_measurement(frame.settings.storage.home, view.survey, view.pin, wiring.system_clock().now())
    except (StorageError, OSError) as refusal:
        log.warning("not kept for the page: %s", refusal)


def _check_publishable(frame: Frame, sign: SignModel) -> None:
    """Refuse what readers would misunderstand, before anything is measured. Rule: DH-421."""
    if sign.value != "naive":
        raise click.UsageError("--publish: readers expect the naive sign model; leave --sign out")
    shape = frame.settings.hedging.gex_shape.value
    if shape != "spx_gex":
        raise ConfigurationError(f"hedging.gex_shape: {shape} is written by others; --publish writes spx_gex")
    if not frame.settings.firestore.project:
        raise ConfigurationError("--publish: no Firestore project is named; set FIREBASE_PROJECT_ID")


def _publish(frame: Frame, view: ExposureView) -> dict[str, object]:
    """What became of the document: written, or why not. A second publisher that was newer wins. Rule: DH-421."""
    from gammacore import wiring
    from gammacore.domain.regime.documents import GexShape

    path = GexShape.SPX_GEX.path(view.survey.exposure.underlying)
    if view.caution:
        log.warning("%s left as it is: nothing is published of quotes that nothing may be decided on", path)
        return {"document": path, "written": False, "reason": "not_for_decisions"}
    verdict = wiring.publish_exposure(frame.settings, view.survey.exposure)
    if verdict.passed:
        log.info("%s written: %s per point", path, verdict.value)
    else:
        log.warning("%s left as it is: %s %s", path, verdict.reason, verdict.limit)
    return {"document": path, "written": verdict.passed, "reason": verdict.reason or None}


def gex_document(view: ExposureView) -> dict[str, object]:
    """A survey as JSON: strikes and exposures as numbers."""
    from gammacore.domain.reports.gex_document import exposure_document

    return exposure_document(view.survey, view.pin)


def _table(view: ExposureView) -> object:
    from rich.console import Group
    from rich.table import Table

    from gammacore.domain.sessions import NEW_YORK

    exposure, flips, walls = view.survey.exposure, view.survey.flips, view.survey.walls
    head = Table(show_header=False)
    local = exposure.as_of.astimezone(NEW_YORK)
    for name, value in (
        ("underlying", f"{exposure.underlying} {exposure.spot} at {local:%Y-%m-%d %H:%M} New York"),
        ("measured", f"{exposure.unit.label}; scope {exposure.scope}; sign {exposure.sign}; greeks {exposure.greeks}"),
        ("clock, rates", f"{exposure.clock}; {exposure.rates}"),
        ("net", large(exposure.net_total)),
        ("calls / puts", f"{large(exposure.call_total)} / {large(exposure.put_total)}"),
        ("flip", "none" if flips.flip is None else f"{flips.flip:,.2f}"),
        ("all flips", ", ".join(f"{root:,.2f}" for root in flips.roots) or "none"),
        ("call wall", "none" if walls.call is None else f"{walls.call.strike} ({large(walls.call.exposure)})"),
        ("put wall", "none" if walls.put is None else f"{walls.put.strike} ({large(walls.put.exposure)})"),
        ("pin (0DTE)", _pin_words(view)),
        ("contracts", f"{exposure.used} used; skipped {_counts(exposure.skipped)}"),
    ):
        head.add_row(name, value)
    strikes = Table("strike", "calls", "puts", "net", title="largest exposures")
    order = abs(exposure.net).argsort()[::-1][:15]
    for row in sorted(order.tolist(), key=lambda index: -exposure.strikes[index]):
        figures = (exposure.call[row], exposure.put[row], exposure.net[row])
        strikes.add_row(f"{exposure.strikes[row]:g}", *(large(float(figure)) for figure in figures))
    return Group(head, strikes)


def _line(view: ExposureView) -> str:
    """One measurement in one line."""
    from gammacore.domain.sessions import NEW_YORK

    exposure, flip, pin = view.survey.exposure, view.survey.flips.flip, view.pin
    return (
        f"{exposure.as_of.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S} {exposure.underlying} {exposure.spot}: "
        f"net {large(exposure.net_total)}, flip {'none' if flip is None else f'{flip:,.2f}'}, "
        f"pin {'none' if pin is None else pin.strike}"
    )


def _pin_words(view: ExposureView) -> str:
    if view.pin is None:
        return "none: no contract of today's expiry counts"
    peaks = ", ".join(f"{c.strike} ({large(c.exposure)} per 100 %)" for c in view.pin.candidates)
    return f"{view.pin.strike}{' between competing peaks' if view.pin.competing else ''}; {peaks}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in sorted(counts.items())) or "none"


def large(figure: float | Decimal) -> str:
    """Dollars as a trader reads them: -3.2 bn, 410.0 m, 12.5 k."""
    amount = float(figure)
    for size, word in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(amount) >= size:
            return f"{amount / size:,.3f} {word}"
    return f"{amount:,.2f}"
