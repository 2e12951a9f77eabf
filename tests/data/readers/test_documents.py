"""Texts with mentions: brat and JSON lines. Every offset indexes the original text."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salus.data.documents import Document, Lost, Mention, Relation, document_samples, mention_of, tags_of
from salus.data.iob import iob_classes
from salus.data.readers.brat import counts, read_brat, read_brat_folder, write_brat
from salus.data.readers.jsonl import looks_like_documents, read_jsonl, write_jsonl
from salus.schema.errors import DataError, SalusError


def put(folder: Path, text: str, ann: str, name: str = "d") -> Path:
    (folder / f"{name}.txt").write_bytes(text.encode("utf-8"))
    (folder / f"{name}.ann").write_bytes(ann.encode("utf-8"))
    return folder / f"{name}.ann"


LETTERS = st.characters(codec="utf-8", exclude_characters="\r\t\x00\ufeff", exclude_categories=("Cs",))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(st.text(LETTERS, min_size=1, max_size=60))
    mentions = []
    for number in range(draw(st.integers(0, 4))):
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=4)))
        spans = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
        mentions.append(
            mention_of(text, spans, id=f"T{number + 1}", kind=draw(st.sampled_from(["Drug", "Sign"])), place="x")
        )
    return Document(id="d", text=text, mentions=tuple(mentions))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents())
def test_what_is_written_is_read_and_offsets_hold_the_mention(tmp_path: Path, document: Document) -> None:
    write_jsonl(tmp_path / "a.jsonl", [document])
    assert read_jsonl(tmp_path / "a.jsonl") == (document,)
    found = read_brat(write_brat(document, tmp_path))
    assert found.text == document.text
    assert [(m.id, m.kind, m.spans) for m in found.mentions] == [(m.id, m.kind, m.spans) for m in document.mentions]
    for mention in found.mentions:
        assert " ".join(found.text[a:b] for a, b in mention.spans) == mention.text


@settings(max_examples=100, deadline=None)
@given(document=documents())
def test_a_tagged_sample_points_into_its_text(document: Document) -> None:
    lost = Lost()
    classes = iob_classes(("Drug", "Sign"))
    for whole in (True, False):
        for sample in document_samples([(document, {})], classes, whole=whole, lost=lost):
            note = sample.inputs["note"]
            assert len(sample.target) == len(note.tokens)
            assert all(note.text[a:b] == token for (a, b), token in zip(note.offsets, note.tokens, strict=True))


def test_everything_brat_can_say(tmp_path: Path) -> None:
    text = "Äspirin gave 😀 no left\nor right pain."
    ann = (
        "T1\tDrug 0 7\tÄspirin\nT2\tSign 18 22;32 36\tleft pain\nT3\tGive 8 12\tgave\n"
        "R1\tTreats Arg1:T1 Arg2:T2\t\nE1\tGive:T3 Agent:T1\nA1\tNegated T2\nM1\tLevel E1 High\n"
        "*\tEquiv T1 T3\n#1\tAnnotatorNotes T2\tlook again\nN1\tReference T1 ATC:N02BA01\tAspirin\n"
    )
    found = read_brat(put(tmp_path, text, ann))
    assert found.mentions[1] == Mention(id="T2", kind="Sign", spans=((18, 22), (32, 36)), text="left pain")
    assert found.relations == (
        Relation(id="R1", kind="Treats", arguments=(("Arg1", "T1"), ("Arg2", "T2"))),
        Relation(id="E1", kind="Give", arguments=(("Give", "T3"), ("Agent", "T1"))),
        Relation(id="A1", kind="Negated", arguments=(("Target", "T2"),)),
        Relation(id="M1", kind="Level", arguments=(("Target", "E1"),), value="High"),
        Relation(id="*", kind="Equiv", arguments=(("Member", "T1"), ("Member", "T3"))),
        Relation(id="#1", kind="AnnotatorNotes", arguments=(("Target", "T2"),), value="look again"),
        Relation(id="N1", kind="Reference", arguments=(("Target", "T1"),), value="ATC:N02BA01 Aspirin"),
    )
    (tmp_path / "again").mkdir()
    assert read_brat(write_brat(found, tmp_path / "again")) == found
    assert counts([found]) == {"Drug": 1, "Give": 1, "Sign": 1}
    assert read_brat_folder(tmp_path) == (found,)


def test_other_ways_to_count_are_found_and_said(tmp_path: Path) -> None:
    text = "😀😀 pain"
    assert read_brat(put(tmp_path, text, "T1\tSign 3 7\tpain\n")).notes == ()
    found = read_brat(put(tmp_path, text, "T1\tSign 5 9\tpain\n"))
    assert found.mentions[0].spans == ((3, 7),)
    assert "UTF-16" in found.notes[0]
    found = read_brat(put(tmp_path, "one\r\ntwo pain\r\n", "T1\tSign 8 12\tpain\nT2\tNumber 0 3\tone\n"))
    assert [m.spans for m in found.mentions] == [((9, 13),), ((0, 3),)]
    assert "one letter a line end" in found.notes[0]
    assert found.text == "one\r\ntwo pain\r\n"


@pytest.mark.parametrize(
    ("ann", "words"),
    [
        ("T1\tSign 0 99\tx\n", "line 1: mention T1 at 0 to 99 lies beyond the text's 8 letters"),
        ("T1\tSign 5 2\tx\n", "is empty or runs backwards"),
        ("T1\tSign 0 2\tpain\n", "T1 quotes 'pain', but its offsets hold 'no'"),
        ("T1\tSign 0 2\tno\nT1\tSign 3 7\tpain\n", "line 2: a second T1"),
        ("T1 Sign 0 2 no\n", "is no brat annotation"),
        ("X1\tSign 0 2\tno\n", "is no brat annotation"),
        ("T1\tSign 0\tno\n", "expected a type and offsets"),
        ("T1\tSign 0 2\tno\nR1\tTreats Arg1:T1 Arg2:T9\n", "R1 names Arg2:T9, which is not defined"),
        ("R1\tTreats T1\n", "expected a relation"),
        ("E1\tGive\n", "expected Type:T1"),
        ("A1\tNegated\n", "expected an attribute"),
        ("T1\tSign 0 1;0 2\tno\n", "runs backwards"),
    ],
)
def test_what_brat_cannot_mean_is_refused(tmp_path: Path, ann: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_brat(put(tmp_path, "no pain.", ann))


def test_brat_needs_both_files_and_stays_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "a.ann").write_text("")
    with pytest.raises(DataError, match="no such file"):
        read_brat(tmp_path / "a.ann")
    with pytest.raises(DataError, match="not a plain file name"):
        write_brat(Document(id="../x", text="a"), tmp_path)
    with pytest.raises(DataError, match=r"no \.ann file"):
        read_brat_folder(tmp_path / "none")


@pytest.mark.parametrize(
    "line",
    [
        {"text": "no pain", "entities": [[3, 7, "Sign"]]},
        {"text": "no pain", "label": [[3, 7, "Sign"]], "id": 1},
        {"data": "no pain", "labels": [[3, 7, "Sign"]]},
        {"text": "no pain", "entities": [{"id": 4, "start_offset": 3, "end_offset": 7, "label": "Sign"}]},
        {"text": "no pain", "spans": [{"start": 3, "end": 7, "label": "Sign", "token_start": 1}]},
        {"text": "no pain", "entities": [{"id": "T1", "type": "Sign", "spans": [[3, 7]], "text": "pain"}]},
        {"content": "no pain", "annotations": [{"begin": 3, "stop": 7, "tag": "Sign"}]},
        {"text": "no pain", "label": [{"start": 3, "end": 7, "text": "pain", "labels": ["Sign"]}]},
        {"text": "no pain", "entities": [[3, 7, "Sign", "pain"]]},
    ],
)
def test_common_spellings(tmp_path: Path, line: dict[str, object]) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps(line) + "\n\n")
    (found,) = read_jsonl(tmp_path / "a.jsonl")
    assert [(m.kind, m.spans, m.text) for m in found.mentions] == [("Sign", ((3, 7),), "pain")]
    assert looks_like_documents(json.dumps(line))
    assert not looks_like_documents('{"resourceType": "Patient", "text": "x"}')


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 1: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ("[1]", "list instead of an object"),
        ('{"entities": []}', "no text under"),
        ('{"text": "a", "entities": [[0, 9, "X"]]}', "document 1: mention T1 at 0 to 9 lies beyond"),
        ('{"text": "a", "entities": [[0, 0, "X"]]}', "is empty"),
        ('{"text": "a", "entities": [["0", 1, "X"]]}', "expected whole numbers"),
        ('{"text": "a", "entities": [[0, 1.0, "X"]]}', "expected whole numbers"),
        ('{"text": "a", "entities": [[true, 1, "X"]]}', "expected whole numbers"),
        ('{"text": "a", "entities": [[0, 1]]}', r"expected \[start, end, label\]"),
        ('{"text": "a", "entities": [[0, 1, null]]}', "label 'None'"),
        ('{"text": "a", "entities": "X"}', "expected a list"),
        ('{"text": "ab", "entities": [{"start": 0, "end": 1, "label": "X", "text": "b"}]}', "quotes 'b', but"),
        ('{"text": "a", "id": 1}\n{"text": "b", "id": 1}', "line 2: a second document '1'"),
    ],
)
def test_lines_that_cannot_be_meant_are_refused(tmp_path: Path, line: str, words: str) -> None:
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(DataError, match=words):
        read_jsonl(tmp_path / "a.jsonl")


def test_of_two_mentions_that_meet_the_longer_one_is_tagged() -> None:
    text = "acute left knee pain"
    tokens = [(0, 5), (6, 10), (11, 15), (16, 20)]
    spans = {"Place": [(6, 15)], "Sign": [(6, 20)], "Course": [(0, 5)], "Split": [(0, 5), (16, 20)]}
    mentions = [mention_of(text, spans[kind], id=f"T{n}", kind=kind, place="x") for n, kind in enumerate(spans)]
    lost = Lost()
    tags, missed = tags_of(mentions, tokens, lost)
    assert tags == ["B-Course", "B-Sign", "I-Sign", "I-Sign"]
    assert (lost.discontinuous, lost.overlapping) == (["Split"], ["Place"])
    assert sorted(missed) == [("Place", 6), ("Split", 0)]


def test_damage_gives_typed_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    text, ann = "no pain, no 😀 gain", "T1\tSign 3 7\tpain\nT2\tSign 14 18\tgain\nR1\tOr Arg1:T1 Arg2:T2\n"
    line = json.dumps({"text": text, "entities": [[3, 7, "Sign"]]})
    for number in range(150):
        data = bytearray((ann if number % 2 else line).encode())
        for _ in range(int(rng.integers(1, 5))):
            data[int(rng.integers(len(data)))] = int(rng.integers(256))
        place = put(tmp_path, text, ann)
        target = place if number % 2 else tmp_path / "a.jsonl"
        target.write_bytes(bytes(data[: int(rng.integers(1, len(data) + 1))]))
        try:
            read_brat(place) if number % 2 else read_jsonl(target)
        except SalusError:
            continue
