"""How Sphinx builds the documentation: `make docs`."""

import os
import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

project = "pytest-arielml"
author = "the authors of pytest-arielml"
release = version_of("pytest-arielml")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinxcontrib.programoutput",
]
exclude_patterns = ["_build"]

# Markdown as GitHub shows it: links to headings too.
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
# An annotation as it is written: `Dims`, not what it stands for.
autodoc_type_aliases = {"Array": "Array", "Dims": "Dims", "ModelSource": "ModelSource"}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
# Docstrings have their code between single backticks, as Markdown does.
default_role = "code"

nitpicky = True
# Nothing is fetched while building, so names of other packages lead nowhere.
nitpick_ignore_regex = [(r"py:.*", r".*")]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_title = f"pytest-arielml {release}"
html_copy_source = False
html_show_copyright = False

copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

# `arielml --help` of the package that is documented, as wide as a page.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ["COLUMNS"] = "90"

# Pages that lie beside what they are about: of each, the page that has it here.
_ELSEWHERE = {
    "renode_platforms/README.md": "renode-platforms",
    "conformance/README.md": "conformance",
    "conformance/runtime/README.md": "conformance-runtime",
    "conformance/parallel/README.md": "conformance-parallel",
}
_DOCS = Path(__file__).parent
_LINK = re.compile(r"\]\(([^)#:]+\.md)")


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", _read)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    """Fills in pages of elsewhere; links that hold in the repository hold on the site."""
    place = _DOCS / f"{page}.md"
    for name, here in _ELSEWHERE.items():
        if here == page:
            place = _DOCS.parent / name
            app.env.note_dependency(place)
            source[0] = place.read_text(encoding="utf-8")

    def link(match: re.Match[str]) -> str:
        target = (place.parent / match[1]).resolve().relative_to(_DOCS.parent).as_posix()
        page = _ELSEWHERE.get(target) or target.removeprefix("docs/").removesuffix(".md")
        return f"]({page}.md"

    source[0] = _LINK.sub(link, source[0])
