"""The view of a day beside its ledger: pictures for people, which nothing decides on. Rules: OP-502, OP-503."""

from gammacore.adapters.view_files.encoding import Whose, now_document
from gammacore.adapters.view_files.publisher import ViewFiles
from gammacore.adapters.view_files.reading import read_day, read_now, view_folder

__all__ = ["ViewFiles", "Whose", "now_document", "read_day", "read_now", "view_folder"]
