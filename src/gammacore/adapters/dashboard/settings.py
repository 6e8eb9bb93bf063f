"""Where the page is served, and whether it may leave requests. Rules: OP-501, OP-508, OP-509, OP-512."""

from __future__ import annotations

from attrs import frozen

from gammacore.domain.parameters import parameter


@frozen
class DashboardSettings:
    """The page on this machine; controls are off."""

    enabled: bool = parameter(False, "A day in real time starts the page beside it; DASHBOARD_ENABLED.")
    host: str = parameter("127.0.0.1", "Address it listens on; another than loopback needs a token and allow_hosts.")
    port: int = parameter(10000, "Port it listens on.", at_least=1, at_most=65535)
    allow_hosts: tuple[str, ...] = parameter((), "Names it may be asked by besides loopback's, without a port.")
    controls: bool = parameter(False, "Halt, resume and flatten from the page; needs a token.")
    trusted_proxy: str = parameter("", "Address of the proxy whose X-Forwarded headers count; empty = none.")
