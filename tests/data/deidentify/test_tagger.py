"""The trained tagger beside the rules: what it finds that rules miss, what its guards keep, and its file."""

import hashlib
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from salus.data.deidentify import tagger
from salus.data.deidentify.corpus import AUTHORS, VOICES, read_bank, training_banks, write_note
from salus.data.deidentify.tagger import MODEL, ROW, find_again, find_tagged, rows, widen_names
from salus.data.deidentify.tagger_features import features, known, shape, tokens
from salus.data.deidentify.tagger_fit import fit, hidden, labelled
from salus.data.deidentify.tagger_notes import made_name, plain_page, training_notes
from salus.data.deidentify.text import find_by_rule, find_identifiers, mask_text
from salus.data.deidentify.text_forms import find_forms
from salus.schema.errors import DataError


def found(text: str) -> dict[str, str]:
    return {text[start:end]: kind for start, end, kind in find_identifiers(text)}


def test_tokens_are_places_in_the_text() -> None:
    text = "Seen by Dr.O'Neill-Kraft on 3/4/2019;\nMRN:00-12, a.b@c.org"
    row = tokens(text)
    assert [text[token.start : token.end] for token in row] == [token.text for token in row]
    words = [token.text for token in row]
    assert "3/4/2019" in words
    assert "00-12" in words
    assert "a.b@c.org" in words
    assert "\n" in words


def test_lists_and_shapes_of_words() -> None:
    assert "g" in known("jennifer")
    assert "f" in known("gonzalez")
    assert "w" in known("walked")
    assert "w" in known("fractures")
    assert known("quillfeather") == "o"
    assert shape("Smith-Jones") == ("Aa-Aa", "Aa-Aa")
    assert shape("8KLM204")[0] == "0AAA000"


def test_every_token_has_features_of_its_line() -> None:
    row = tokens("cc: Bellwen\nseen today")
    items = features(row)
    assert len(items) == len(row)
    assert "lab=cc" in items[2]
    assert "lab=" in items[4]
    assert "flat=a" in items[4]


def test_long_texts_are_cut_at_line_ends_and_nothing_is_lost() -> None:
    row = tokens("one two three four\n" * 1000)
    parts = list(rows(row))
    assert [token for part in parts for token in part] == row
    assert max(len(part) for part in parts) <= ROW
    assert all(part[-1].text == "\n" for part in parts)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mrs okafelt tolerated the procedure well and her son drummond was updated", "okafelt"),
        ("Roommate Tirvanya loud overnight, moved to 412.", "Tirvanya"),
        ("Car towed by police, white Corolla 7XKR552 blocking the bay.", "7XKR552"),
        ("Sein PKW (HB-KL 448) was totalled.", "HB-KL 448"),
        ("The taxi (LK53 WRT) braked hard.", "LK53 WRT"),
        ("Facsimile for the court clerk: 0141 496 0772", "0141 496 0772"),
        ("on-call beeper 44719 overnight", "44719"),
        ("Kontrolle am 27.08. in der Praxis.", "27.08"),
        ("She can come Tuesday the 14th.", "14th"),
        ("Pt is 96, lives alone.", "96"),
        ("Tirvanya's glasses are in the drawer.", "Tirvanya"),
        ("DB/kt", "DB/kt"),
        ("PPSN 1695970 J confirmed.", "1695970 J"),
        ("Red cell unit G2042 64 242892 P transfused.", "G2042 64 242892 P"),
        (
            "his email is big tam underscore sixty at wirelet dot co dot uk",
            "big tam underscore sixty at wirelet dot co dot uk",
        ),
        ("Uploaded as image98(1).jpeg today.", "image98(1).jpeg"),
        ("Voiceprint vb:bac3-b169 on file.", "vb:bac3-b169"),
        ("Rego 1RZK 019, rolled on gravel.", "1RZK 019"),
        ("MD Tirvanya paged twice.", "Tirvanya"),
        ("aide kierstyn no show", "kierstyn"),
        ("(gross: HWW) Report verified", "HWW"),
        ("Lives at 9352 Farm to Market 226.", "9352 Farm to Market 226"),
        ("Transferred from OSH (KITTREDGE COMMUNITY) intubated.", "KITTREDGE COMMUNITY"),
    ],
)
def test_wordings_that_labels_do_not_cover(text: str, value: str) -> None:
    spans = find_identifiers(text)
    start = text.index(value)
    assert any(first <= start and start + len(value) <= end for first, end, _ in spans), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Zofran 4 mg IV q8h, then Xarelto 20 mg daily; Plavix was stopped.",
        "Mutations of BRCA1, KRAS G12D and EGFR L858R were not found.",
        "A 57-year-old woman; her son is 24 and her aunt died at 72.",
        "Lambert-Eaton syndrome and Zollinger-Ellison syndrome were ruled out with a Schirmer test.",
        "The 3rd rib and the 5th metatarsal were fractured; on the 4th day he walked.",
        "Platelets 150000, WBC 11200, BNP 4500.",
        "Weight 92 kg, temp 98F, SpO2 94% on 2 L, pain 7/10.",
        "Sinusrhythmus, kein Infiltrat.",
        "Outside Milan criteria; Montreal Cognitive Assessment 22/30; Glasgow-Imrie score 1.",
        "Restarted Forxiga, Lovenox and Dermovate; ABG 7.31/52/68, WBC 9.6, ratio 3/4.",
    ],
)
def test_what_the_wide_net_lets_through(text: str) -> None:
    assert mask_text(text).text == text


def test_names_are_widened_and_found_again_in_any_case() -> None:
    text = "Seen with J. Tirvanya Okafelt today. OKAFELT slept; okafelt's chart is here. Rose rose."
    start = text.index("Tirvanya")
    spans = widen_names(text, [(start, start + 8, "name")])
    assert [text[a:b] for a, b, _ in spans] == ["J. Tirvanya Okafelt"]
    again = find_again(text, spans)
    assert [text[a:b].lower() for a, b, _ in again].count("okafelt") == 3
    assert find_again("Rose rose.", [(0, 4, "name")]) == []


def test_the_model_is_the_one_its_checksum_names() -> None:
    folder = files("salus.data.deidentify").joinpath("models")
    content = folder.joinpath(MODEL).read_bytes()
    assert len(content) < 2_000_000
    assert hashlib.sha256(content).hexdigest() == folder.joinpath(f"{MODEL}.sha256").read_text().split()[0]


def test_a_damaged_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    source = files("salus.data.deidentify").joinpath("models")
    content = bytearray(source.joinpath(MODEL).read_bytes())
    content[1000] ^= 1
    (folder / MODEL).write_bytes(content)
    (folder / f"{MODEL}.sha256").write_text(source.joinpath(f"{MODEL}.sha256").read_text())
    monkeypatch.setattr(tagger, "files", lambda name: tmp_path)
    with pytest.raises(DataError, match="SHA-256"):
        tagger._content.__wrapped__()
    (folder / MODEL).unlink()
    with pytest.raises(DataError, match="missing"):
        tagger._content.__wrapped__()


def test_training_notes_repeat_and_keep_their_spans() -> None:
    chosen = [read_bank(VOICES[0])]
    first, again = training_notes(chosen, 4, 3), training_notes(chosen, 4, 3)
    assert first == again
    assert first != training_notes(chosen, 4, 4)
    for note in first:
        assert all(0 <= start < end <= len(note.text) for start, end, _ in note.spans)
        for items, labels in labelled(note):
            assert len(items) == len(labels)
    rng = np.random.default_rng(1)
    assert len({made_name("family", rng) for _ in range(50)}) > 45
    assert "{" not in plain_page(rng)


def test_every_bank_is_trained_on_once_and_by_one_author() -> None:
    names = [name for held in AUTHORS.values() for name in held]
    assert len(names) == len(set(names)) == len(training_banks())
    # A bank that a claim rests on is in the package and not among the authors.
    folder = files("salus.data.deidentify").joinpath("corpora")
    there = {path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")}
    assert set(names) <= there - {"plain"}
    assert "blind2" not in names


def test_a_part_of_the_neighbours_is_hidden_and_nothing_of_the_word_itself() -> None:
    items = features(tokens("Seen by Dr. Bellwen today\n"))
    kept = hidden(items, np.random.default_rng(1))
    assert len(kept) == len(items)
    assert sum(map(len, kept)) < 0.9 * sum(map(len, items))
    for before, after in zip(items, kept, strict=True):
        assert set(after) <= set(before)
        assert [each for each in before if each.startswith(("w=", "k=", "s="))] == [
            each for each in after if each.startswith(("w=", "k=", "s="))
        ]


@pytest.mark.slow
def test_a_model_trained_twice_is_the_same_and_finds_in_a_bank_it_never_saw(tmp_path: Path) -> None:
    out = "voice_legal"
    others = [read_bank(name) for name in VOICES if name != out][:3]
    model = fit(others, tmp_path / "a", notes=5, rounds=15)
    fit(others, tmp_path / "b", notes=5, rounds=15)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    bank = read_bank(out)
    hits = [0, 0]
    planted = 0
    for index in range(15):
        note = write_note(bank, "x", np.random.default_rng([7, index]))
        for at, spans in enumerate((find_by_rule(note.text), find_identifiers(note.text, model=model))):
            held = [False] * len(note.text)
            for start, end, _ in spans:
                held[start:end] = [True] * (end - start)
            hits[at] += sum(all(held[start:end]) for start, end, _ in note.spans)
        planted += len(note.spans)
    assert hits[1] > hits[0]
    assert hits[1] / planted > 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", ["a", "1", "plate A1 ", "Fax ", "one ", "A/1/", "1.1.", "Dr. A", "x'", "Tu 1st ", "@\n", "9 "]
)
def test_hostile_text_is_done_in_time(piece: str) -> None:
    text = piece * (40_000 // len(piece))
    started = time.perf_counter()
    find_tagged(text)
    find_forms(text)
    assert time.perf_counter() - started < 10
