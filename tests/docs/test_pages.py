"""Every page of the documentation can be found, and every link in it leads somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def links(path):
    """Return the links of a page that lead to files, without their anchors."""
    text = FENCED.sub("", path.read_text("utf-8"))
    found = (link.partition("#")[0] for link in LINK.findall(text) if "://" not in link)
    return [link for link in found if link]


def test_the_site_has_each_page():
    named = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == PAGES, "list it in the nav of mkdocs.yml"


def test_the_index_leads_to_each_page():
    missing = {page for page in PAGES if not page.startswith("decisions/")}
    missing -= {"index.md", *links(DOCS / "index.md")}
    assert not missing, "link it in docs/index.md"


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{page}" for page in PAGES)])
def test_links_lead_somewhere(page):
    path = ROOT / page
    lost = [link for link in links(path) if not (path.parent / link).exists()]
    assert not lost
