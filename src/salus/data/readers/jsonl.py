"""Texts with mentions as JSON, one document a line, in the spellings that annotation tools write.

A line is an object with a text (`text`, `data`, `content`, `sentence`) and its mentions (`entities`, `label`, `labels`,
`spans`, `annotations`). A mention is a list `[start, end, label]` (doccano, spaCy), or an object with
`start`/`start_offset`/`begin`, `end`/`end_offset`/`stop` and `label`/`type`/`tag`/`labels`, or with `spans`: pairs of
offsets, several for a discontinuous mention (MACCROBAT). Offsets count characters (Unicode code points).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from salus.data.documents import Document, Mention, Relation, mention_of
from salus.data.limits import existing
from salus.data.readers.table import decode_utf8, read_text_bytes
from salus.schema.errors import DataError
from salus.schema.files import write_text

SUFFIXES = (".jsonl", ".jsonl.gz")
_TEXT = ("text", "data", "content", "sentence", "document")
_ID = ("doc_id", "id", "document_id", "pmid", "name")
_MENTIONS = ("entities", "label", "labels", "spans", "annotations", "mentions", "ents")
_START = ("start", "start_offset", "begin", "start_char", "from")
_END = ("end", "end_offset", "stop", "end_char", "to")
_KIND = ("label", "type", "tag", "labels", "entity", "entity_type", "class")
_QUOTE = ("text", "mention", "surface")
MAX_MENTIONS = 1_000_000


def read_jsonl(path: Path | str) -> tuple[Document, ...]:
    """Read documents with mentions, one JSON object a line.

    Args:
        path: UTF-8 text, also gzipped; empty lines are passed over.

    Raises:
        DataError: Not JSON, no text, offsets that do not fit it, or a quoted mention that is not what stands there; the
            line and document are named.
    """
    found = existing(path)
    documents: list[Document] = []
    ids: set[str] = set()
    for number, line in enumerate(decode_utf8(read_text_bytes(found), found).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            content = json.loads(line)
        except (ValueError, RecursionError) as error:  # not JSON, or a number of more digits than Python reads
            raise DataError(f"{found}, line {number}: not JSON ({error}); fetch or export the file again") from None
        document = _document(content, f"{found}, line {number}", str(len(documents) + 1))
        if document.id in ids:
            raise DataError(f"{found}, line {number}: a second document {document.id!r}; give each its own id")
        ids.add(document.id)
        documents.append(document)
    if not documents:
        raise DataError(f"{found}: no document; expected one JSON object a line")
    return tuple(documents)


def write_jsonl(path: Path, documents: Sequence[Document]) -> None:
    """Write texts and mentions so that `read_jsonl` gives them back; relations have no place in the form."""
    lines = []
    for document in documents:
        mentions = [
            {"id": m.id, "type": m.kind, "spans": [list(span) for span in m.spans], "text": m.text}
            for m in document.mentions
        ]
        lines.append(
            json.dumps({"doc_id": document.id, "text": document.text, "entities": mentions}, ensure_ascii=False)
        )
    write_text(path, "\n".join(lines) + "\n")


def looks_like_documents(text: str) -> bool:
    """Tell whether the first line is an object with a text and mentions."""
    line = text.lstrip("\ufeff\n\r ").partition("\n")[0]
    try:
        content = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        # the first 20,000 letters may end within the line
        return line.startswith("{") and any(f'"{name}"' in line[:2_000] for name in _TEXT)
    return isinstance(content, dict) and isinstance(_first(content, _TEXT), str) and "resourceType" not in content


def _document(content: Any, line: str, number: str) -> Document:
    if not isinstance(content, dict):
        raise DataError(f"{line}: {type(content).__name__} instead of an object with a text; see the reader's forms")
    text = _first(content, _TEXT)
    if not isinstance(text, str):
        raise DataError(f"{line}: no text under {', '.join(_TEXT)}; name one of them")
    given = _first(content, _ID)
    name = str(given) if isinstance(given, str | int) and str(given).strip() else number
    place = f"{line}, document {name}"
    marked = _first(content, _MENTIONS)
    if marked is None:
        marked = []
    if not isinstance(marked, list) or len(marked) > MAX_MENTIONS:
        raise DataError(f"{place}: mentions are {type(marked).__name__}; expected a list of them")
    mentions = tuple(_mention(text, item, f"T{n + 1}", place) for n, item in enumerate(marked))
    return Document(id=name, text=text, mentions=mentions, relations=_relations(content.get("relations"), place))


def _mention(text: str, item: Any, number: str, place: str) -> Mention:
    if isinstance(item, Mapping):
        given = item.get("id")
        name = str(given) if isinstance(given, str | int) else number
        kind = _first(item, _KIND)
        if isinstance(kind, list) and len(kind) == 1:
            kind = kind[0]
        spans = item.get("spans")
        if spans is None:
            spans = [[_first(item, _START), _first(item, _END)]]
        quote = _first(item, _QUOTE)
    elif isinstance(item, list) and len(item) in (3, 4):
        name, kind, spans, quote = number, item[2], [item[:2]], item[3] if len(item) == 4 else None
    else:
        raise DataError(f"{place}: mention {number} is {str(item)[:60]!r}; expected [start, end, label] or an object")
    if not isinstance(kind, str) or not kind:
        raise DataError(f"{place}: mention {name} has the label {str(kind)[:60]!r}; give one name")
    pairs = spans if isinstance(spans, list) else []
    if not pairs or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise DataError(f"{place}: mention {name} has the offsets {str(spans)[:60]}; expected pairs of whole numbers")
    if not all(type(offset) is int for pair in pairs for offset in pair):
        raise DataError(f"{place}: mention {name} has the offsets {str(spans)[:60]}; expected whole numbers")
    ordered = sorted((start, end) for start, end in pairs)
    found = mention_of(text, ordered, id=name, kind=kind, place=place)
    if isinstance(quote, str) and quote.split() and quote.split() != found.text.split():
        raise DataError(
            f"{place}: mention {name} quotes {quote[:60]!r}, but its offsets hold {found.text[:60]!r}; correct one"
        )
    return found


def _relations(given: Any, place: str) -> tuple[Relation, ...]:
    if not given:
        return ()
    if not isinstance(given, list):
        raise DataError(f"{place}: relations are {type(given).__name__}; expected a list of objects")
    found = []
    for number, item in enumerate(given, start=1):
        if not isinstance(item, Mapping):
            raise DataError(f"{place}: relation {number} is {str(item)[:60]!r}; expected an object")
        ends = (
            [item.get(key) for key in ("from_id", "to_id")]
            if "from_id" in item
            else [item.get("head"), item.get("tail")]
        )
        found.append(
            Relation(
                id=str(item.get("id", f"R{number}")),
                kind=str(_first(item, ("type", "label")) or ""),
                arguments=tuple((f"Arg{n + 1}", str(end)) for n, end in enumerate(ends) if end is not None),
            )
        )
    return tuple(found)


def _first(content: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((content[name] for name in names if content.get(name) is not None), None)
