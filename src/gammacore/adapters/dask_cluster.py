"""Tasks on a cluster of Dask `distributed`. Implements `gammacore.ports.executor.Executor`.

A scheduler runs whatever is sent to it by anyone who reaches it, so without TLS only one on this machine is spoken to.
Rules: ST-505, ST-508, ST-509.
"""

from __future__ import annotations

import importlib
import ipaddress
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from gammacore.errors import ConfigurationError, missing_extra
from gammacore.ports.executor import WorkerDied, perform

PLAIN, TLS = "dask", "dask+tls"
REACHED_WITHIN = 10
"""Seconds in which a scheduler answers and has a worker, or is named as unreachable. Rule: ST-803."""


@frozen
class TlsFiles:
    """What proves both sides to each other: PEM files of the authority, the certificate and its key."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        named = {"--tls-ca": self.ca, "--tls-cert": self.cert, "--tls-key": self.key}
        return tuple(option for option, path in named.items() if path is None)


def refuse_unsafe(address: str, tls: TlsFiles) -> None:
    """Refuse a scheduler that is not on this machine without TLS, before anything is sent.

    Raises:
        ConfigurationError: names the address and what to give.

    >>> refuse_unsafe("dask://127.0.0.1:8786", TlsFiles())
    >>> refuse_unsafe("dask://10.0.0.1:1", TlsFiles())
    Traceback (most recent call last):
    gammacore.errors.ConfigurationError: engine dask://10.0.0.1:1: is not on this machine, ...
    """
    parts = _parts(address)
    if parts.scheme == TLS:
        if tls.missing:
            raise ConfigurationError(
                f"engine {address}: give {', '.join(tls.missing)} too: both sides prove themselves"
            )
        unread = next((path for path in (tls.ca, tls.cert, tls.key) if path is not None and not path.is_file()), None)
        if unread is not None:
            raise ConfigurationError(f"engine {address}: {unread} is no file; give PEM files of authority, "
                                     "certificate and key")  # fmt: skip
        return
    if not _is_loopback(parts.hostname or ""):
        raise ConfigurationError(
            f"engine {address}: is not on this machine, and a scheduler runs whatever is sent to it; give "
            f"dask+tls://{parts.netloc} with --tls-ca, --tls-cert and --tls-key"
        )


def _parts(address: str) -> Any:
    parts = urlsplit(address)
    try:
        is_whole = parts.scheme in (PLAIN, TLS) and parts.hostname and parts.port
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ConfigurationError(f"engine {address}: write dask://HOST:PORT or dask+tls://HOST:PORT")
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class DaskCluster:
    """The workers of one scheduler.

    Raises:
        ConfigurationError: the extra is not installed, the address is not safe, or no worker is reached within 10 s.
    """

    def __init__(self, address: str, tls: TlsFiles = TlsFiles()) -> None:
        refuse_unsafe(address, tls)
        try:
            library: Any = importlib.import_module("distributed")
        except ImportError as missing:
            raise missing_extra("cluster", "Dask distributed") from missing
        parts = _parts(address)
        is_tls = parts.scheme == TLS
        scheme = "tls" if is_tls else "tcp"
        security = None
        if is_tls:
            security = library.Security(
                tls_ca_file=str(tls.ca), tls_client_cert=str(tls.cert), tls_client_key=str(tls.key),
                require_encryption=True,
            )  # fmt: skip
        try:
            self._client: Any = library.Client(
                f"{scheme}://{parts.netloc}", timeout=REACHED_WITHIN, security=security,
                set_as_default=False, direct_to_workers=False,
            )  # fmt: skip
        except (OSError, TimeoutError, ValueError) as unreached:
            raise ConfigurationError(f"engine {address}: no scheduler answers there ({type(unreached).__name__}); "
                                     "start one, or name its address as its log does") from unreached  # fmt: skip
        try:
            self._client.wait_for_workers(1, timeout=REACHED_WITHIN)
        except TimeoutError as none:
            self._client.close()
            raise ConfigurationError(f"engine {address}: the scheduler has no worker; start one: "
                                     f"dask worker {scheme}://{parts.netloc} --nthreads 1") from none  # fmt: skip
        self._executor: Any = self._client.get_executor(retries=0)

    @property
    def workers(self) -> int:
        """Threads of all workers that the scheduler has now, at least one."""
        threads: int = sum(self._client.nthreads().values())
        return max(1, threads)

    def submit(self, task: str, given: str) -> Future[str]:
        """See `Executor.submit`. A task whose worker died runs elsewhere by itself; three deaths are final. ST-508."""
        answered: Future[str] = Future()
        asked: Future[str] = self._executor.submit(perform, task, given)
        answered.set_running_or_notify_cancel()
        asked.add_done_callback(lambda done: _pass_on(done, answered))
        return answered

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """See `Executor.shutdown`; the cluster itself goes on."""
        self._executor.shutdown(wait=wait and not cancel_futures)
        self._client.close()


def _pass_on(done: Future[str], answered: Future[str]) -> None:
    from distributed.scheduler import KilledWorker

    if done.cancelled():
        answered.set_exception(WorkerDied("the task was canceled: the scheduler is gone"))
        return
    fault = done.exception()
    if isinstance(fault, KilledWorker):
        answered.set_exception(WorkerDied("the worker process died (killed, or out of memory)", is_final=True))
    elif fault is not None:
        answered.set_exception(fault)
    else:
        answered.set_result(done.result())
