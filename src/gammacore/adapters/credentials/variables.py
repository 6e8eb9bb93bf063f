"""Credentials from variables: of the environment, or of a `.env` file that was read into a mapping."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from gammacore.ports.credentials import Credential, Secret


@frozen
class Variables:
    """Looks a name up among variables; one set to nothing or to blanks counts as unset, blanks around it are taken off.

    >>> found = Variables({"TRADIER_TOKEN": " f00d ", "TRADIER_ACCOUNT": ""}, ".env").find("TRADIER_TOKEN")
    >>> found
    Credential(name='TRADIER_TOKEN', secret=***, source='.env TRADIER_TOKEN')
    """

    variables: Mapping[str, str | None] = field(repr=False)
    source: str

    def find(self, name: str) -> Credential | None:
        text = (self.variables.get(name) or "").strip()
        if not text:
            return None
        where = f"{self.source} {name}"
        return Credential(str(name), Secret(text, name=where), where)
