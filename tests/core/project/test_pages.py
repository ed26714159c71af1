"""Pages link to files and headings that exist, and name files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
HELP = sorted(path.name for path in (ROOT / "docs" / "help").glob("*.html"))
FILE = re.compile(r"`([a-z_]+/[\w./-]+\.(?:py|md|toml|json|yaml|html|sh|svg))`")
PLACES = ("", "core", "geolangbind_qgis", "docs")
"""Where a page's paths may begin: at the root, or in the packages and pages it is about."""
FOLDERS = {path.name for place in PLACES for path in (ROOT / place).iterdir() if path.is_dir()}
MADE_UP = {"docs/how-to/task.md": {"core/tasks/declared/count_above.py"}}
"""Files that a page tells to write."""
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere(name):
    page = ROOT / name
    broken = []
    for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_is_on_the_index_or_linked_from_a_page_that_is():
    seen, waiting = set(), [ROOT / "docs" / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        targets = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
        waiting += [(page.parent / target.partition("#")[0]).resolve() for target in targets if ":" not in target]
    assert [name for name in PAGES if ROOT / name not in seen] == []


@pytest.mark.parametrize("name", PAGES)
def test_files_that_a_page_names_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8").split("## Former names")[0]
    paths = {path for path in FILE.findall(text) if "NAME" not in path and path.split("/")[0] in FOLDERS}
    missing = {path for path in paths if not any((ROOT / place / path).exists() for place in PLACES)}
    assert missing == MADE_UP.get(name, set())


@pytest.mark.parametrize("name", HELP)
def test_links_of_a_help_page_lead_somewhere(name):
    folder = ROOT / "docs" / "help"
    broken = []
    for target in re.findall(r"(?:href|src)=\"([^\"]+)\"", (folder / name).read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        page = folder / (path or name)
        if not page.exists() or (anchor and f'id="{anchor}"' not in page.read_text(encoding="utf-8")):
            broken.append(target)
    assert broken == []
