"""Names of people: what stands before and after them, lists of common names, and every later mention of a found one.

A name is taken where its surroundings say so (a title, a label, a degree after it, a salutation or signature, a
relative, a verb of speech), or where a common given name stands with another capitalised word. Words found that way
are then masked wherever the text repeats them. A family name alone proves nothing: most are words, and many stand for
a disease or a device.
"""

import re
from collections.abc import Iterator, Sequence

from salus.data.deidentify.names_cues import (
    ACTS,
    ADDRESSEE,
    ALONE,
    ANY,
    APPOSED,
    BY_TWO,
    CARET,
    CHAIN,
    CUE_ABOUT,
    CUE_BARE,
    CUE_CLOSE,
    CUE_DEAR,
    CUE_LABEL,
    CUE_LOWER,
    CUE_MARK,
    CUE_RELATIVE,
    CUE_TITLE,
    CUE_VERB,
    FAMILY_FIRST,
    HANDLED,
    INITIALS,
    LABELLED,
    LAST_FIRST,
    LINE,
    LISTED,
    MIDDLE,
    NEXT_JOINED,
    NICKNAMED,
    OWNS,
    PAIR,
    PARTICLED,
    POST,
    SAID,
    START,
    STEP,
    SUBJECT,
    TERM_END,
    L,
    U,
)
from salus.data.deidentify.names_lists import (
    AMBIGUOUS,
    EPONYM_HEADS,
    EPONYMS,
    FAMILY,
    GIVEN,
    NOT_NAMES,
    POSTNOMINALS,
    SHORT_TERMS,
)
from salus.data.deidentify.text_rules import Span


def find_names(text: str, taken: Sequence[Span] = ()) -> list[Span]:
    """Find names of people.

    Args:
        text: The text, with plain quotes, hyphens and spaces.
        taken: What other rules hold already; a name does not begin inside.
    """
    spans = list(dict.fromkeys([*_cued(text), *_degrees(text), *_listed(text)]))
    spans = [(start, end) for start, end in spans if not _inside(start, taken)]
    repeated = _repeated(text, spans)
    return [(start, end, "name") for start, end in _merged([*spans, *repeated], text)]


def _cued(text: str) -> Iterator[tuple[int, int]]:
    for cue in (CUE_TITLE, CUE_RELATIVE, CUE_VERB, CUE_MARK, CUE_ABOUT):
        weak = cue in (CUE_VERB, CUE_RELATIVE, CUE_ABOUT)
        for match in cue.finditer(text):
            yield from _walk_list(text, match.end(), weak=weak)
    for match in CUE_LOWER.finditer(text):
        word = ANY.match(text, match.end())
        if word and word[0].lower().removesuffix("'s") in (FAMILY | GIVEN) - NOT_NAMES - {"will", "may", "day"}:
            yield word.span()
    for match in CUE_BARE.finditer(text):
        yield match.span("x")
    for cue in (CUE_LABEL, CUE_DEAR, CUE_CLOSE):
        for match in cue.finditer(text):
            start = match.end()
            title = CUE_TITLE.match(text, start)
            yield from _walk_list(text, title.end() if title else start, comma=True)
    for match in INITIALS.finditer(text):
        if "/" in match["x"] or match["x"].lower() not in NOT_NAMES | SHORT_TERMS:
            yield match.span("x")
    yield from _pairs(text)
    framed = (SUBJECT, ACTS, APPOSED, ADDRESSEE, ALONE, BY_TWO, FAMILY_FIRST, LINE, HANDLED, LISTED)
    for pattern in (*framed, MIDDLE, NICKNAMED, PARTICLED, OWNS, SAID):
        for match in pattern.finditer(text):
            span = _trim(text, *match.span("x"))
            if span and not _term(text, *span) and not _medical(text[slice(*span)]):
                yield span


def _walk_list(text: str, at: int, comma: bool = False, weak: bool = False) -> Iterator[tuple[int, int]]:
    """Read one name, and others joined to it by "and", a comma or a slash."""
    for first in (True, *[False] * 5):
        end = _walk(text, at, comma)
        if end is None or (weak and first and (_term(text, at, end) or _medical(text[at:end]))):
            return
        yield at, end
        joined = NEXT_JOINED.match(text, end)
        if joined is None:
            return
        at = joined.end()


def _walk(text: str, at: int, comma: bool = False) -> int | None:
    """Return where the name that begins at `at` ends; None where no name begins there."""
    end, words, place = None, 0, at
    while words < 5 and (step := STEP.match(text, place)):
        if step["particle"]:
            place = step.end()
            continue
        word = step[0].lower().removesuffix("'s")
        if step["token"]:
            if word in NOT_NAMES or (LABELLED.match(text, step.end()) and (words or not comma)):
                break
            if len(step[0]) <= 4 and step[0].isupper() and end is None and word not in FAMILY | GIVEN and not comma:
                break
        elif end is None and not re.match(
            rf"\.?\s{{0,2}}(?:[{U}]\.?\s?)?[{U}][{L}{U}']", text[step.end() : step.end() + 9]
        ):
            break
        words, end, place = words + 1, step.end(), step.end()
        gap = re.match(r"[ ]{1,2}|\^|(?<=\.)(?=[A-Z])", text[place : place + 3])
        if gap is None and comma and words == 1:
            gap = re.match(rf",[ ]?(?!(?:{POSTNOMINALS})(?![\w]))", text[place : place + 12])
        if gap is None:
            break
        place += gap.end()
    return end


def _pairs(text: str) -> Iterator[tuple[int, int]]:
    """Find two capitalised words in a row inside a sentence that no list knows as a term."""
    for match in (*PAIR.finditer(text), *START.finditer(text)):
        before = re.search(r"([^\s(]+)[\s(]{1,2}$", text[max(0, match.start("x") - 30) : match.start("x")])
        if before and before[1][0].isupper():
            continue
        words = [word.lower() for word in match["x"].split()]
        if any(word in NOT_NAMES or word in EPONYM_HEADS for word in words) or _medical(match["x"]):
            continue
        if not _term(text, *match.span("x")):
            yield match.span("x")


def _degrees(text: str) -> Iterator[tuple[int, int]]:
    for match in POST.finditer(text):
        span = _trim(text, *match.span("x"))
        if span:
            yield span
    for match in CARET.finditer(text):
        yield match.span()


def _listed(text: str) -> Iterator[tuple[int, int]]:
    """Find given names from the list with what follows or precedes them."""
    for match in LAST_FIRST.finditer(text):
        family = re.split(r"[ ,^]", match["x"])[0].lower()
        given = match["given"].lower()
        if given in GIVEN and family not in NOT_NAMES and family not in GIVEN - FAMILY and given not in NOT_NAMES:
            yield match.span("x")
    for match in CHAIN.finditer(text):
        words = [(m.start() + match.start(), m.end() + match.start()) for m in re.finditer(r"[^\s]+", match[0])]
        yield from _chains(text, words)


def _chains(text: str, words: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for index, (start, end) in enumerate(words):
        word = text[start:end].lower().removesuffix("'s")
        first = word.split("-")[0]
        following = [text[slice(*place)] for place in words[index + 1 : index + 4]]
        if word not in GIVEN and first not in GIVEN:
            initial = len(word.strip(".")) == 1 and text[end - 1] == "."
            known = bool(following) and following[0].lower().removesuffix("'s") in FAMILY - NOT_NAMES
            if initial and known and not _term(text, *words[index + 1]):
                yield start, words[index + 1][1]
            continue
        last = index
        for offset, other in enumerate(following):
            plain = other.lower().removesuffix("'s").strip(".")
            if plain in NOT_NAMES or (len(plain) > 1 and plain in EPONYM_HEADS):
                break
            last = index + 1 + offset
        if word in AMBIGUOUS or word in FAMILY or word in NOT_NAMES:
            known = last > index and any(
                text[slice(*p)].lower().removesuffix("'s") in FAMILY | (GIVEN - AMBIGUOUS)
                for p in words[index + 1 : last + 1]
            )
            if not known or _term(text, start, words[last][1]) or word in NOT_NAMES - AMBIGUOUS:
                continue
        short = last == index and end - start <= 3 and text[start:end].isupper()
        if not short and not _term(text, start, words[last][1]):
            yield start, words[last][1]


def _term(text: str, start: int, end: int) -> bool:
    """Tell whether the words are a medical term: an eponym with its head, or an abbreviation."""
    words = re.findall(r"[^\s,]+", text[start:end])
    if not words:
        return True
    plain = [word.lower().removesuffix("'s").removesuffix("'").strip(".") for word in words]
    after = re.match(r"'?s?[\s-]{1,2}([A-Za-z\u00c0-\u024f]+)", text[end : end + 30])
    follower = after[1].lower() if after else ""
    if follower in EPONYM_HEADS and follower != "and" and len(words) == 1 and plain[0] in GIVEN - FAMILY:
        return True
    if (
        follower in EPONYM_HEADS
        and follower != "and"
        and any(part in EPONYMS for word in plain for part in (word, *word.split("-")))
    ):
        return True
    if text[end - 2 : end] == "'s" and plain[-1] in EPONYMS:
        return True
    if len(words) == 1 and words[0].isupper() and len(words[0]) <= 5 and plain[0] not in FAMILY | GIVEN:
        return True
    return len(words) == 1 and (plain[0] in NOT_NAMES or (plain[0] in EPONYMS and plain[0] not in FAMILY))


def _medical(words: str) -> bool:
    """Tell drugs, findings and abbreviations by their form, where no list knows the word as a name."""
    found = re.findall(rf"[{U}{L}'\-]+", words)
    return any(
        word.lower().removesuffix("'s") not in FAMILY | GIVEN
        and (
            (TERM_END.search(word) and word is found[-1])
            or (word.isupper() and len(word) > 1 and not words.isupper())
            or ("-" in word and word.isupper())
        )
        for word in found
    )


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Cut words off both ends that are no names; None where nothing is left."""
    words = [(m.start() + start, m.end() + start) for m in re.finditer(r"[^\s,]+", text[start:end])]
    plain = [text[slice(*word)].lower().strip(".").removesuffix("'s") for word in words]
    stops = [index for index, word in enumerate(plain) if word in NOT_NAMES and len(word) > 1]
    if stops == [len(words) - 1] and stops and plain[0] in GIVEN:
        stops = []  # Ezekiel Long
    if stops:
        cut = max(stops) + 1
        words, plain = words[cut:], plain[cut:]
    if not words or all(len(word) == 1 for word in plain):
        return None
    return words[0][0], words[-1][1]


def _repeated(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Find every other place of the words of found names."""
    words: set[str] = set()
    for start, end in spans:
        for word in re.findall(rf"[{U}{L}][{U}{L}'\-]{{2,30}}", text[start:end]):
            plain = word.removesuffix("'s")
            if plain.lower() not in NOT_NAMES and len(plain) >= 3:
                words.add(plain.lower())
    if not words:
        return
    for match in ANY.finditer(text):
        word = match[0].lower().removesuffix("'s")
        if word not in words or match[0][0].islower():
            continue
        common = word in AMBIGUOUS or word in EPONYMS
        if common and _term(text, *match.span()):
            continue
        yield match.start(), match.start() + len(word)


def _inside(place: int, taken: Sequence[Span]) -> bool:
    return any(start <= place < end for start, end, _ in taken)


def _merged(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Unite names that touch or have only a space between them."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(set(spans)):
        end = start + len(re.sub(r"(?:'s|')+$", "", text[start:stop]))
        if found and start <= found[-1][1] + 1 and (start <= found[-1][1] or text[found[-1][1]] == " "):
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found
