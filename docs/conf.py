"""How Sphinx builds the documentation: `make docs`."""

import os
import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path

from sphinx.application import Sphinx

from pytest_arielml import errors

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
# What the page of the API documents, by the name that docstrings have for it.
_DOCUMENTED = {
    name.rpartition(".")[2]: name
    for name in re.findall(
        r"auto(?:class|function|exception):: ([\w.]+)", (_DOCS / "api.md").read_text("utf-8")
    )
}
_ERRORS = {name for name in vars(errors) if isinstance(getattr(errors, name), type)}
_DOCUMENTED |= {name: f"pytest_arielml.errors.{name}" for name in _ERRORS}
_QUOTED = re.compile(r"(?<!`)`([A-Za-z_]+)((?:\.[a-z_]+)*)`(?!`)")
_RAISED = re.compile(
    rf"(?<![`\w.])({'|'.join(sorted((*_ERRORS, 'AccuracyError', 'BudgetExceeded')))})(?![`\w])"
)
_ARRAY = re.compile(
    r"~?(numpy\.)?ndarray\[tuple\[~?(typing\.)?Any, \.\.\.\], ~?(numpy\.)?dtype\[~?[\w.]+\]\]"
)
_LINK = re.compile(r"\]\(([^)#:]+\.md)")


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", _read)
    # Before napoleon, which makes sections of a docstring.
    app.connect("autodoc-process-docstring", _link_names, priority=400)
    app.connect("autodoc-process-signature", _shorten)


def _link_names(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Links the names in a docstring that are documented, and sets off what it raises."""

    def link(match: re.Match[str]) -> str:
        full = _DOCUMENTED.get(match[1])
        return f":py:obj:`{match[1]}{match[2]} <{full}{match[2]}>`" if full else match[0]

    for number, line in enumerate(lines):
        linked = _QUOTED.sub(link, _RAISED.sub(r"`\1`", line))
        lines[number] = re.sub(r"\bRaises: ", "**Raises:** ", linked)
    if what == "property":
        # Of one with a colon in its first line, napoleon takes what is before for a type;
        # an empty comment has none.
        lines[:0] = ["..", ""]


def _shorten(
    app: Sphinx,
    what: str,
    name: str,
    obj: object,
    options: object,
    given: str | None,
    back: str | None,
) -> tuple[str | None, str | None]:
    """Arrays by the name that the page has for them."""
    return (given and _ARRAY.sub("Array", given), back and _ARRAY.sub("Array", back))


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
