"""The reference page of all datasets, `docs/reference/datasets.md`, written from the catalogue."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salus.data.entry import Entry

_HEADS = {
    "image": "Images",
    "volume": "Volumes",
    "signal": "Signals",
    "record": "Records",
    "table": "Tables",
    "text": "Texts",
}
_INTRO = """# Datasets

`salus data ls --markdown` writes this page from the catalogue; `salus data show NAME` prints one set with its counts
and pictures, `--html FILE` writes them as a page.

Each set is fetched from its publisher (`salus data get NAME`), ships inside a dependency (embedded) or is computed
(simulated). Cite the work named, keep to the licence, and never try to find out who a person in the data is.
"""


def page(found: Sequence["Entry"]) -> str:
    """Return the page as Markdown: an overview, then each set with what one must know before using it."""
    parts = [_INTRO, "| name | data | task | licence | checked by |", "|---|---|---|---|---|"]
    parts += [
        f"| [{e.name}](#{e.name}) | {e.modality} | {', '.join(e.tasks)} | {_cell(e.licence)} | {_checked(e)} |"
        for e in found
    ]
    for modality, head in _HEADS.items():
        inside = [e for e in found if e.modality == modality]
        if inside:
            parts += [f"\n## {head}", *(_one(e) for e in inside)]
    return "\n".join(parts) + "\n"


def _one(found: "Entry") -> str:
    lines = [f"\n### {found.name}\n", f"{found.title}.", ""]
    rows = [
        ("Question", ", ".join(found.tasks)),
        ("Patient", found.patient),
        ("Split", found.split),
        ("Options", "; ".join(f"{key}: {', '.join(values) or 'any text'}" for key, values in found.options.items())),
        ("Licence", found.licence),
        ("Citation", found.citation),
        ("Homepage", f"<{found.homepage}>" if found.homepage else ""),
        ("Files", _files(found)),
    ]
    lines += [f"- **{name}:** {text}" for name, text in rows if text]
    if found.traps:
        lines += ["- **Traps:**", *(f"  - {trap}" for trap in found.traps)]
    return "\n".join(lines)


def _files(found: "Entry") -> str:
    if found.kind != "mirror":
        return "none needed: " + ("inside a dependency" if found.kind == "embedded" else "computed")
    if not found.files:
        return "get them from the homepage"
    return ", ".join(f"<{remote.url}>" for remote in found.files)


def _checked(found: "Entry") -> str:
    if found.kind != "mirror":
        return found.kind
    if not found.files:
        return "fetched by hand"
    kinds = {"SHA-256" if file.sha256 else "MD5" if file.md5 else "nothing" for file in found.files}
    return ", ".join(sorted(kinds))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
