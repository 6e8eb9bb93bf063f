"""The page served: its address, its token, and what must hold before others reach it. OP-501, OP-509, OP-512."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from gammacore.adapters.dashboard.security import Terms, is_loopback
from gammacore.adapters.service.children import GAMMACORE
from gammacore.adapters.whole_file import write_whole
from gammacore.configuration import Settings
from gammacore.domain.ledger import Mode
from gammacore.errors import ConfigurationError, GammacoreError, missing_extra
from gammacore.wiring.ledgers.choice import FoundLedger
from gammacore.wiring.ledgers.storage import make_folder
from gammacore.wiring.page.dashboard import HomeDesk

if TYPE_CHECKING:
    import uvicorn

    from gammacore.adapters.dashboard.gate import Gate

log = logging.getLogger("gammacore")
_CREDENTIAL = re.compile(r"TOKEN|SECRET|PASSWORD|API_KEY|_KEY$|WEBHOOK|ACCOUNT|DSN|CREDENTIALS", re.IGNORECASE)
ENDING_SECONDS = 5.0
TOKEN_FILE = "dashboard.token"
TOKEN_BYTES = 32


class PortTaken(GammacoreError):
    """Another process listens on the port."""


@frozen(eq=False)
class PageServer:
    """The page, ready to be served."""

    app: Gate
    host: str
    port: int
    advice: str = ""
    begin: Callable[[], object] | None = None
    """What is done beside the first visit: the ledger shown first is read before somebody asks for it."""

    @property
    def address(self) -> str:
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM.

        Raises:
            PortTaken: another process listens there.
        """

        listening = _listening(self.host, self.port)
        if self.begin is not None:
            threading.Thread(target=self.begin, name="gammacore page", daemon=True).start()
        try:
            _quiet_server()(server_settings(self.app)).run(sockets=[listening])
        finally:
            listening.close()


def _quiet_server() -> type[uvicorn.Server]:
    """A server that ends with exit code 0 when it is asked to end; uvicorn's raises the signal once more."""
    import uvicorn

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            before = {one: signal.signal(one, self.handle_exit) for one in (signal.SIGINT, signal.SIGTERM)}
            try:
                yield
            finally:
                for one, handler in before.items():
                    signal.signal(one, handler)

    return Server


def server_settings(app: Gate) -> Any:
    """uvicorn as the page wants it: no access log, no word of itself, streams let go at once."""
    import uvicorn

    return uvicorn.Config(
        app, access_log=False, log_level="warning", server_header=False, date_header=False, lifespan="off",
        timeout_graceful_shutdown=2, proxy_headers=False, timeout_keep_alive=15,
    )  # fmt: skip


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as wrong:
        listening.close()
        raise PortTaken(f"{host} port {port}: cannot be listened on ({wrong.strerror}); give another --port") from wrong
    return listening


def page_server(settings: Settings, chosen: FoundLedger | None = None) -> PageServer:
    """The page over a home, by the settings.

    Raises:
        ConfigurationError: the extra is not installed; controls without a token; an address that others reach without
            a token and dashboard.allow_hosts.
    """
    served = settings.dashboard
    try:
        from gammacore.adapters.dashboard.app import make_app
    except ImportError as missing:
        raise missing_extra("dashboard", "what the page needs") from missing
    known, exposed = token_hash(settings), not is_loopback(served.host)
    if served.controls and not known:
        raise ConfigurationError("dashboard.controls: there is no token yet; run `gammacore dashboard token --new`")
    if exposed and not (known and served.allow_hosts):
        raise ConfigurationError(
            f"--host {served.host}: others reach it; make a token (`gammacore dashboard token --new`) and name the "
            "hosts it is asked by in dashboard.allow_hosts. Better: leave it on this machine and use ssh -L"
        )
    terms = Terms(served.allow_hosts, served.controls, known, exposed, served.trusted_proxy)
    advice = "; others reach it: use ssh -L, a VPN or a proxy with TLS" if exposed else ""
    desk = HomeDesk(settings, chosen)
    return PageServer(make_app(desk, terms), served.host, served.port, advice, lambda: desk.read(None))


@contextmanager
def page_beside(settings: Settings, arguments: Sequence[str], mode: Mode) -> Iterator[None]:
    """Serve the page from a process of its own while a day is traded in real time, where `dashboard.enabled`.

    It gets no credential. What keeps it from starting is a warning: a page fails no day. Rules: OP-501, SC-901.
    """
    if not settings.dashboard.enabled or mode is Mode.STUDY:
        yield
        return
    child = None
    try:
        command = [*GAMMACORE, "dashboard", "--quiet", *arguments]
        child = subprocess.Popen(command, env=without_credentials(os.environ), stdin=subprocess.DEVNULL)
    except OSError as wrong:
        log.warning("the page was not started: %s", wrong)
    try:
        yield
    finally:
        if child is not None:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(ENDING_SECONDS)


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables a page may see.

    >>> without_credentials({"TRADIER_TOKEN": "t", "GAMMACORE_HOME": "h", "PATH": "p", "APCA_API_SECRET_KEY": "k"})
    {'GAMMACORE_HOME': 'h', 'PATH': 'p'}
    """
    return {name: value for name, value in environment.items() if not _CREDENTIAL.search(name)}


def _token_file(settings: Settings) -> Path:
    return settings.storage.home / TOKEN_FILE


def token_hash(settings: Settings) -> str:
    """The SHA-256 of the control token; "" without one."""
    with suppress(OSError):
        return _token_file(settings).read_text("utf-8").strip()
    return ""


def new_token(settings: Settings) -> str:
    """A new token of 32 random bytes; only its SHA-256 is kept, for its owner alone."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    make_folder(settings.storage.home)
    write_whole(_token_file(settings), hashlib.sha256(token.encode()).hexdigest() + "\n", 0o600)
    return token
