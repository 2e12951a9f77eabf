"""De-identification of text: what goes, what stays, and how much of each on the synthetic corpus and on real texts."""

import csv
import json
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from salus.data.deidentify.corpus import AUTHORS, generate, read_bank
from salus.data.deidentify.names_lists import FAMILY, GIVEN
from salus.data.deidentify.text import KINDS, find_identifiers, mask_text, tag
from salus.schema.errors import DataError

HARD = ("name", "place", "date", "age", "other")
"""Kinds that words around them give away: unseen words miss some. All other kinds have a form or a label."""


def found(text: str) -> dict[str, str]:
    """Return identifier words with their kind."""
    return {text[start:end]: kind for start, end, kind in find_identifiers(text)}


def recall(half: str, count: int) -> tuple[Counter[str], Counter[str], float]:
    hits, totals, good, made = Counter[str](), Counter[str](), 0, 0
    for note in generate(half, count, seed=11):  # type: ignore[arg-type]
        covered, planted = [False] * len(note.text), [False] * len(note.text)
        for start, end, _ in note.spans:
            planted[start:end] = [True] * (end - start)
        for start, end, _ in find_identifiers(note.text):
            covered[start:end] = [True] * (end - start)
            made, good = made + 1, good + any(planted[start:end])
        for start, end, kind in note.spans:
            totals[kind] += 1
            hits[kind] += all(covered[at] for at in range(start, end) if note.text[at].isalnum())
    return hits, totals, good / made


@pytest.mark.slow
def test_recall_on_the_test_half_is_above_99_percent_for_every_kind() -> None:
    hits, totals, precision = recall("test", 150)
    assert set(totals) == set(KINDS)
    assert min(totals.values()) > 90
    assert {kind: hits[kind] / totals[kind] for kind in KINDS if hits[kind] < 0.99 * totals[kind]} == {}
    assert precision > 0.98


@pytest.mark.slow
def test_recall_on_the_bank_that_mended_the_rules_last() -> None:
    hits, totals, precision = recall("fresh", 120)
    direct = [kind for kind in KINDS if kind not in HARD]
    assert {kind: hits[kind] / totals[kind] for kind in direct if hits[kind] < 0.99 * totals[kind]} == {}
    # First met at 0.980 in all; above 0.99 since the rules were mended on it and the tagger was trained on it.
    assert {kind: hits[kind] for kind in HARD if hits[kind] < 0.99 * totals[kind]} == {}
    assert precision > 0.97


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("His aunt, 94, is in good health.", "94"),
        ("She is in her late nineties.", "late nineties"),
        ("Booking 771204 was moved.", "771204"),
        ("Docket RT-5521 is open.", "RT-5521"),
        ("Sent from Wexcombe Veterans Home today.", "Wexcombe Veterans Home"),
        ("Torvik A. Bellwen was seen today.", "Torvik A. Bellwen"),
        ("We heard that Bellwen said no.", "Bellwen"),
    ],
)
def test_identifiers_told_by_words_around_them(text: str, value: str) -> None:
    assert value in found(text)


@pytest.mark.parametrize("text", ["Sodium 139, glucose 94, is normal.", "Reference 13-60 U/L.", "Sample 12500 cells."])
def test_measurements_near_such_words_stay(text: str) -> None:
    assert found(text) == {}


def test_banks_share_no_headers_and_few_names() -> None:
    held = {name: (author, read_bank(name)) for author, names in AUTHORS.items() for name in names}
    for name, (author, one) in held.items():
        for other_name, (other_author, other) in held.items():
            if name >= other_name:
                continue
            shared = [len(set(getattr(one, of)) & set(getattr(other, of))) for of in ("given", "family", "cities")]
            headers = {s for v in one.headers.values() for s in v} & {s for v in other.headers.values() for s in v}
            # Authors chose common names, and so met at some; what one hand wrote shares few.
            most = 3 if author == other_author else 15
            assert (max(shared[:2]) <= most, shared[2] <= 1, len(headers)) == (True, True, 0), (name, other_name)
        names = {word.lower() for word in (*one.given, *one.family)}
        listed = len(names & (GIVEN | FAMILY)) / len(names)
        assert listed <= (0.3 if author in ("first", "voices", "blind") else 0.8), name


def test_the_corpus_is_reproducible_and_its_spans_are_right() -> None:
    first, again = generate("test", 5, seed=3), generate("test", 5, seed=3)
    assert first == again
    assert first != generate("test", 5, seed=4)
    for note in first:
        for (_, end, _), (start, _, _) in zip(note.spans, note.spans[1:], strict=False):
            assert end <= start
        assert "{" not in note.text


@pytest.mark.realdata
@pytest.mark.slow
def test_little_is_masked_in_real_texts_without_identifiers(data_root: Path) -> None:
    lines = (data_root / "maccrobat2020" / "train.jsonl").read_text(encoding="utf-8").splitlines()[:60]
    posts = defaultdict(list)
    with (data_root / "psytar" / "sentences.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            posts[row["drug_id"]].append(row.get("sentence") or row.get("sentences") or "")
    for texts, limit, names in (
        ([json.loads(line)["text"] for line in lines], 0.020, 0.008),
        (["\n".join(post) for post in posts.values()][:300], 0.010, 0.006),
    ):
        words = masked = people = 0
        for text in texts:
            places = [match.span() for match in re.finditer(r"\w+", text)]
            words += len(places)
            for start, end, kind in find_identifiers(text):
                count = sum(a < end and b > start for a, b in places)
                masked, people = masked + count, people + count * (kind == "name")
        # Case reports hold true dates and hospitals; names in them are all false alarms.
        assert masked / words < limit
        assert people / words < names


@pytest.mark.parametrize(
    "text",
    [
        "Parkinson's disease, Foley catheter, Crohn's disease, Bell's palsy, Hashimoto thyroiditis, Hodgkin lymphoma.",
        "Babinski sign absent. Glasgow Coma Scale 15. Apgar 8/9. Whipple procedure. Swan-Ganz catheter. Baker's cyst.",
        "BP 120/80, strength 5/5, 2/6 murmur, pain 7/10, vision 20/40, take 1/2 tablet, reflexes 2/4, L4-5 stenosis.",
        "POD#2. In 2009 he quit smoking. Three days ago. On Monday at 10:30 am. The patient is 54 years old.",
        "HbA1c 7.2%, creatinine 1.4 mg/dL (0.6-1.2), WBC 11,200, Na 138, EF 55-60%, heparin 5000 units, SpO2 94%.",
        "She was born in Texas and lives in Mexico. Trial NCT01234567. Amoxicillin 500 mg, Xarelto and Lexapro.",
        "You may march on. OCT of the macula was normal. He will mark the site. Chase the result. A frank discussion.",
    ],
)
def test_what_is_no_identifier_stays(text: str) -> None:
    assert mask_text(text).text == text


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("Dr. Parkinson will call.", "Parkinson", "name"),
        ("seen by dr. smith today", "smith", "name"),
        ("JOHNSON^MARY^A", "JOHNSON^MARY^A", "name"),
        ("Jennifer Oduya-Bell has asthma.", "Jennifer Oduya-Bell", "name"),
        ("on the 3rd of March, 2019 he", "the 3rd of March, 2019", "date"),
        ("since 03/2019", "03/2019", "date"),
        ("on 4/27 she", "4/27", "date"),
        ("a 93-year-old man", "93", "age"),
        ("lives at 12 Elm St, Ames, IA 50010.", "12 Elm St, Ames, IA 50010", "place"),
        ("fax 617.555.0199", "617.555.0199", "fax"),
        ("(617) 555-0143 x12", "(617) 555-0143 x12", "phone"),
        ("SSN 123-45-6789", "123-45-6789", "ssn"),
        ("MRN: 00482913", "00482913", "mrn"),
        ("VIN 1HGCM82633A004352", "1HGCM82633A004352", "vehicle"),
        ("host 2001:db8::12:9", "2001:db8::12:9", "ip"),
        ("\uff2d\uff32\uff2e 123\u2010456\u2010789, SSN 123\u201145\u20116789", "123\u201145\u20116789", "ssn"),
        ("tel\u00a0617\u2013555\u20130143", "617\u2013555\u20130143", "phone"),
    ],
)
def test_one_of_each(text: str, value: str, kind: str) -> None:
    assert found(text).get(value) == kind, found(text)


def test_a_found_name_is_masked_wherever_it_stands() -> None:
    text = "Patient: Ngwane, Thabisa\nNgwane slept. THABISA was given tea. Her ngwane-like rash is gone."
    masked = mask_text(text).text
    assert "Ngwane" not in masked
    assert "THABISA" not in masked


def test_known_names_and_numbers_are_masked_in_any_form() -> None:
    text = "zork was here; Frob, Zork. Number 123-456 789 and 0123456789; zorkian stays."
    masked = mask_text(text, known=["FROB^ZORK", "123456789"]).text
    assert masked == "[NAME] was here; [NAME]. Number [OTHER] and [OTHER]; zorkian stays."


def test_tags_keep_what_the_rule_lets_stay() -> None:
    assert tag("date", "March 3, 2019") == "[DATE 2019]"
    assert tag("date", "20190303") == "[DATE 2019]"
    assert tag("date", "3/4") == "[DATE]"
    assert tag("place", "12 Elm St, Boston, MA 02134") == "[PLACE 021]"
    assert tag("place", "1 Main St, Somewhere, VT 05901") == "[PLACE 000]"
    assert tag("age", "93") == "[AGE 90+]"


def test_replacements_are_the_callers() -> None:
    calls = []

    def write(kind: str, value: str) -> str:
        calls.append((kind, value))
        return "*"

    masked = mask_text("Dr. Ortiz, MRN 4458812.", replace=write)
    assert masked.text == "Dr. *, MRN *."
    assert calls == [("name", "Ortiz"), ("mrn", "4458812")]
    assert masked.spans == ((4, 9, "name"), (15, 22, "mrn"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["A" * 50, "1-", "Dr. ", "a.b", "(", "Smith, ", "1/1/", "\u00e9'", "Mr. A ", "@a.", "::", "x "]
)
def test_hostile_text_is_done_in_time(piece: str) -> None:
    started = time.perf_counter()
    mask_text(piece * (40_000 // len(piece)))
    assert time.perf_counter() - started < 10


def test_empty_and_giant_texts() -> None:
    assert mask_text("").text == ""
    with pytest.raises(DataError, match="20,000,001 letters"):
        mask_text("a" * 20_000_001)
