"""The docs site: built strictly, nothing from outside, its reference written from the code. Rules: OP-904, OP-901."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import docs_pages
from conftest import ROOT
from gammacore.configuration.settings import Settings, flatten

FROM_OUTSIDE = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=["'](?:https?:)?//[^"']*["']""")
pytestmark = pytest.mark.xdist_group("docs site")  # built once, not by every worker
IN_STYLES = re.compile(r"""(?:@import\s+|url\(\s*)["']?(?:https?:)?//[^)"';]*""")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The site, and what the build said."""
    for package in ("mkdocs", "material", "mkdocstrings"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: it is in the dependency group `test`")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        env={"NO_MKDOCS_2_WARNING": "1", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert built.returncode == 0, built.stdout + built.stderr
    return folder, built.stdout + built.stderr


def test_the_site_is_built_without_a_warning(site: tuple[Path, str]) -> None:
    _, said = site
    assert "WARNING" not in said
    assert "ERROR" not in said


def test_no_script_style_font_or_picture_comes_from_outside(site: tuple[Path, str]) -> None:
    folder, _ = site
    pages, styles = list(folder.rglob("*.html")), list(folder.rglob("*.css"))
    assert len(pages) > 50
    assert styles

    found = {link for page in pages for link in FROM_OUTSIDE.findall(page.read_text(encoding="utf-8"))}
    assert {link for link in found if "canonical" not in link} == set()
    assert {rule for style in styles for rule in IN_STYLES.findall(style.read_text(encoding="utf-8"))} == set()


def test_every_public_name_is_on_the_page_of_the_library(site: tuple[Path, str]) -> None:
    import gammacore

    folder, _ = site
    page = (folder / "reference" / "library" / "index.html").read_text(encoding="utf-8")
    assert [name for name in gammacore.__all__ if f"<code>{name}</code>" not in page] == []


def test_the_pages_are_what_the_code_says() -> None:
    stale = [path.name for path, wanted in docs_pages.pages().items() if path.read_text(encoding="utf-8") != wanted]
    assert stale == [], "run python tests/docs_pages.py"


def test_every_reason_code_has_a_cause_and_a_fix_and_no_other_is_explained() -> None:
    missing, gone = docs_pages.without_cause(docs_pages.codes_in_the_code(), docs_pages.explained())
    assert (missing, gone) == ([], [])
    said = [words for room in docs_pages.explained().values() for pair in room.values() for words in pair]
    assert all(words.endswith(".") for words in said)


def test_the_settings_a_fix_names_exist() -> None:
    keys = {key for key, _ in flatten(Settings())}
    known = keys | {key.rsplit(".", depth)[0] for key in keys for depth in range(1, key.count(".") + 1)}
    said = [words for room in docs_pages.explained().values() for pair in room.values() for words in pair]
    named = {name for words in said for name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)`", words)}
    others = {"strike_increment", "resume"}

    assert {name for name in named - others if name not in known} == set()


def test_version_metadata_and_changelog_agree() -> None:
    """OP-901: CI also compares the tag, where there is one."""
    from gammacore import __version__

    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[([^\]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert __version__ == version
    assert headings[0] == "Unreleased"
    assert docs_pages.disagreements(version, headings, tags=()) == []
    assert docs_pages.disagreements("1.2.0", ["Unreleased", "1.2.0"], tags=["v1.2.0"]) == []
    assert docs_pages.disagreements("1.2.0", ["Unreleased"], tags=["v1.2.0"]) == ["the changelog has no [1.2.0]"]
    assert docs_pages.disagreements("1.2.0", ["Unreleased", "1.2.0"], tags=["v1.1.9"]) == ["tag v1.1.9 is not v1.2.0"]
