"""Names of people: what stands before and after them, lists of common names, and every later mention of a found one.

A name is taken where its surroundings say so (a title, a label, a degree after it, a salutation or signature, a
relative, a verb of speech), or where a common given name stands with another capitalised word. Words found that way
are then masked wherever the text repeats them. A family name alone proves nothing: most are words, and many stand for
a disease or a device.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from salus.data.deidentify.names_family import EPONYM_HEADS, EPONYMS, FAMILY
from salus.data.deidentify.names_given import AMBIGUOUS, GIVEN
from salus.data.deidentify.names_words import NOT_NAMES, POSTNOMINALS
from salus.data.deidentify.text_rules import Span

_LETTERS: Final = [chr(code) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)) if chr(code).isalpha()]
_U: Final = "A-Z" + "".join(letter for letter in _LETTERS if letter.isupper())
_L: Final = "a-z" + "".join(letter for letter in _LETTERS if not letter.isupper())
_TOKEN: Final = rf"[{_U}](?:['\-][{_U}])?[{_U}{_L}]{{1,24}}(?:['\-][{_U}{_L}]{{1,24}}){{0,3}}"
_INITIAL: Final = rf"[{_U}]\.?(?:-[{_U}]\.?)?(?![{_L}{_U}'\d/])"
_PARTICLE: Final = r"(?:de la|de los|de las|van der|van den|van de|von der|de|del|della|da|dos|das|di|du|la|le|van|von|der|den|ter|ten|bin|ibn|bint|al|el|abu|ben|af|av|zu|y|st\.?)"
_STEP: Final = re.compile(rf"(?P<particle>(?i:{_PARTICLE})[ ](?=[{_U}]))|(?P<token>{_TOKEN})|(?P<initial>{_INITIAL})")
_LABELLED: Final = re.compile(r"[ ]{0,2}:[ ]{0,3}\S")
_ANY: Final = re.compile(rf"[{_U}{_L}][{_U}{_L}'\-]{{1,30}}")
_PERSON: Final = rf"(?:{_TOKEN}|{_INITIAL})(?:[ ]{{1,2}}(?:(?i:{_PARTICLE})[ ])?(?:{_TOKEN}|{_INITIAL})){{0,4}}"

_TITLES: Final = (
    r"(?:Drs?|Mrs?|Ms|Mss|Mx|Prof|Rev|Fr|Sgt|Lt|Capt|Cpt|Col|Gen|Maj|Hon|Sr|Sra|Srta|Mme|Mlle)\.(?:\s?and\s(?:Mrs|Mr|Dr)\.)?|"
    r"(?:Dr'?s?|Mrs?|Ms|Miss|Mx|Professor|Doctor|Nurse|Reverend|Father|Pastor|Rabbi|Imam|Chaplain|Sergeant|Officer|Detective|"
    r"Captain|Colonel|Judge|Senator|Herr|Frau|Se\u00f1ora?|Madame|Monsieur|Sir|Dame|Lord|Lady|Attorney|Deputy|Trooper|Midwife|DR|MR|MRS|MS|"
    r"Aunt|Uncle|Grandma|Grandpa|PA|NP|RN)(?:\sand\s(?:Mrs|Mr|Dr)\b)?"
)
_LABELS: Final = (
    r"patient(?:'s)?(?:\s+name)?|pt(?:\s+name)?|name(?:\s+of\s+patient)?|(?:last|first|middle|maiden|full|legal|preferred|birth|family|given|sur)[ -]?name|"
    r"attending(?:\s+(?:physician|md|provider|surgeon|radiologist))?|(?:referring|ordering|admitting|consulting|discharging|dictating|interpreting|primary(?:\s+care)?|"
    r"treating|performing|requesting|supervising|signing|covering|responsible|family|assigned|authorizing|reading|reporting|operating|prescribing)\s+(?:physician|provider|doctor|md|clinician|practitioner|surgeon|radiologist|nurse|np|pa|staff|service\s+provider|pathologist|therapist)|"
    r"physician|provider|doctor|surgeon|(?:first\s+|second\s+)?assistants?|anesthesi(?:ologist|st|a)|anaesthetist|radiologist|pathologist|cardiologist|nurse|rn|technologist|tech|sonographer|resident|fellow|intern|scribe|author|editor|"
    r"dictated(?:\s+by)?|transcribed(?:\s+by)?|transcriptionist|typed\s+by|signed(?:\s+by)?|(?:electronically\s+)?(?:signed|authenticated|verified|approved|finalized|reviewed|reported|co-?signed)(?:\s+by)?|signature|signatory|prepared\s+by|entered\s+by|recorded\s+by|performed\s+by|"
    r"read\s+by|interpreted\s+by|completed\s+by|witness(?:ed\s+by)?|consultants?|pcp|pmd|caller|client|visitor|dictating|copy|sender|requester|requestor|taken\s+by|seen\s+by|assumed\s+by|escort|cc|copies?(?:\s+(?:sent\s+)?to)?|to|from|attn|attention|re|regarding|contact(?:\s+person)?|emergency\s+contact|"
    r"next\s+of\s+kin|nok|hcp|health\s?care\s+proxy|proxy|poa|power\s+of\s+attorney|guardian|guarantor|subscriber|policy\s?holder|insured|spouse|husband|wife|mother|father|son|daughter|brother|sister|parent|partner|caregiver|carer|"
    r"case\s+manager|social\s+worker|interpreter|informant|responsible\s+party|accompanied\s+by|called\s+to|notified|call\s+back\s+to|report\s+to|student|donor|recipient|subject|client|resident\s+name|aka|a\.k\.a\.?|alias|n\u00e9e|nee|o/b/o|by|"
    r"therapist|psychologist|psychiatrist|dietitian|pharmacist|chaplain|midwife|coordinator|investigator|operator|examiner|clinician|practitioner|driver|employee|beneficiary|member(?:\s+name)?|account\s+holder|license\s+holder|veteran|sponsor"
)
_RELATIVES: Final = (
    r"(?:ex-|step|half-|grand|great-|foster\s|adoptive\s|biological\s|older\s|younger\s|eldest\s|late\s|twin\s|adult\s)?(?:wife|husband|spouse|son|daughter|mother|father|mom|dad|brother|sister|partner|"
    r"niece|nephew|aunt|uncle|cousin|friend|neighbou?r|roommate|caregiver|carer|guardian|girlfriend|boyfriend|fianc\u00e9e?|fiancee?|grandson|granddaughter|grandmother|grandfather|"
    r"son-in-law|daughter-in-law|mother-in-law|father-in-law|sister-in-law|brother-in-law|parents|children|sons|daughters|kids|dog|cat|employer|boss|coworker|landlord|pastor|attorney|lawyer|aide|"
    r"healthcare proxy|health care proxy|proxy|colleague|teacher|baby|infant|twin|newborn)"
)
_VERBS: Final = (
    r"spoke\s+(?:with|to)|spoken\s+(?:with|to)|speaking\s+with|discussed\s+(?:(?:this|the\s+case|the\s+findings|findings|results|plan|case|it|with)\s+)?(?:with|by)|d/w|s/w|talked\s+(?:with|to)|conversation\s+with|communicated\s+(?:to|with|by)|conveyed\s+to|relayed\s+to|"
    r"reviewed\s+(?:with|by)|reported\s+to|called\s+(?:to|by|in\s+by)|telephoned\s+(?:to|by)|paged|contacted|notified|informed|seen\s+(?:and\s+(?:examined|evaluated)\s+)?(?:by|with)|evaluated\s+by|examined\s+by|assessed\s+by|followed\s+by|managed\s+by|"
    r"performed\s+by|dictated\s+by|signed\s+(?:off\s+)?by|transcribed\s+by|written\s+by|interpreted\s+by|read\s+by|approved\s+by|entered\s+by|verified\s+by|confirmed\s+(?:by|with)|staffed\s+with|precepted\s+(?:with|by)|supervised\s+by|handed?\s+(?:off|over)\s+to|handoff\s+(?:to|from)|"
    r"signed\s+out\s+to|report\s+(?:given\s+)?(?:to|from)|referred\s+(?:by|to)|referral\s+(?:to|from)|follow(?:s|ed)?[- ]?up\s+with|f/u\s+with|appointment\s+with|appt\s+with|under\s+(?:the\s+)?care\s+of|care\s+of|c/o|accompanied\s+by|brought\s+in\s+by|lives\s+with|married\s+to|"
    r"consented\s+by|obtained\s+from|(?:provided|given|explained|sent|faxed|mailed|forwarded|addressed|copied|reported|emailed|delegated|released|instructions|demonstrated)\s+(?:by|to)|according\s+to|per|on\s+behalf\s+of|attn|courtesy\s+of|consult(?:ed)?\s+(?:with|by)|met\s+with|meeting\s+with|visited\s+by|delivered\s+by|assisted\s+by|covering\s+for|relieved\s+by|witnessed\s+by|thank\s+you\s+for\s+referring|"
    r"pleasure\s+of\s+(?:seeing|meeting)|i\s+saw|we\s+saw|saw|reviewed|regarding|named|called|known\s+as|goes\s+by|nicknamed|prefers\s+to\s+be\s+called|likes\s+to\s+be\s+called|addressed\s+as|a\s+patient\s+named|introduced\s+(?:himself|herself)\s+as|maiden\s+name|formerly|emergency\s+contact\s+is|proxy\s+is|pcp\s+is|name\s+is|"
    r"(?:patient|client|caller|resident|veteran|child|boy|girl|baby|infant),?|interpreter|nurse|therapist|surgeon|technologist|tech|patient|pt|resident|intern|fellow|sonographer|radiologist|attending|hospitalist|cardiologist|oncologist|neurologist|student|social\s+worker|case\s+manager|caregiver|RN"
)
_CUE_TITLE: Final = re.compile(rf"(?<![\w.'-])(?:{_TITLES})(?![{_U}{_L}'])\s{{0,2}}(?=\S)")
_CUE_LOWER: Final = re.compile(r"(?<![\w.'-])(?:drs?|mrs?|ms|miss|prof)\b\.?\s{1,2}(?=[a-z])")
_CUE_LABEL: Final = re.compile(rf"(?<![\w-])(?<!trade )(?<!brand )(?<!drug )(?<!generic )(?<!file )(?<!common )(?<!device )(?<!test )(?<!study )(?:{_LABELS})(?:\(s\))?\s{{0,3}}(?::|=|\t|\s-\s|/s/)\s{{0,6}}(?:/s/\s{{0,2}})?(?=\S)", re.IGNORECASE)
_CUE_RELATIVE: Final = re.compile(rf"\b(?i:{_RELATIVES})(?:,|:|,?\s(?i:is|was|named|called|and\s(?i:hcp|proxy|caregiver))|\sand\s(?i:{_RELATIVES}),?)?(?:\s{{1,2}}|\s?\()(?=[{_U}])")
_CUE_VERB: Final = re.compile(rf"\b(?i:{_VERBS})\s{{1,2}}(?=[{_U}])")
_CUE_DEAR: Final = re.compile(r"(?im)^\s{0,12}(?:dear|hello|hi|to)\s+(?=\S)")
_CUE_CLOSE: Final = re.compile(r"(?im)\b(?:sincerely(?: yours)?|(?:best |kind |warm )?regards|best wishes|yours (?:sincerely|truly|faithfully)|respectfully(?: submitted| yours)?|cordially|with thanks|many thanks|thank you|thanks|warmly|yours)\s?[,.!]?\s{0,3}(?:\n\s{0,20}){1,4}(?=\S)")
_CUE_MARK: Final = re.compile(rf"(?:/s/|_{{3,30}}|(?m:^)\s{{0,4}}(?:--|~)|\bX:?_{{2,30}})\s{{0,3}}(?=[{_U}])")
_POST: Final = re.compile(rf"(?P<x>{_PERSON}(?:,\s{_PERSON})?),?[ ]{{1,2}}(?:{POSTNOMINALS})(?![\w])")
_SUBJECT: Final = re.compile(
    rf"(?P<x>{_PERSON}),?\s{{1,2}}(?:(?:is|was)\s(?:an?|the)\s(?:[\w-]{{2,20}}\s){{0,3}}(?:\d{{1,3}}|[a-z]{{3,8}}-?[a-z]{{0,8}})[\s-]{{0,2}}(?:y|m|w|d)|(?:is|was)\s(?:an?|the)\s(?:[\w-]{{2,20}}\s){{0,2}}(?:man|woman|lady|gentleman|male|female|boy|girl|infant|patient|teenager)\b|an?\s(?:[\w-]{{2,20}}\s){{0,2}}\d{{1,3}}[\s-]{{0,2}}(?:y|m)|\(?(?:DOB|MRN|d\.o\.b|born|age[ds]?\s\d)|\(\d{{1,3}}\s?[yMF])"
)
_ACTS: Final = re.compile(
    rf"(?:(?<=[.!?:]\s)|(?m:^)\s{{0,6}})(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?)\s(?:denies|reports|reported|states|stated|complains|endorses|tolerated|ambulated|understands|lives|works|smokes|drinks|presents|presented|called|phoned|agreed|agrees|requested|asked|was\s(?:admitted|discharged|born|brought|extubated|intubated|counseled)|has\sbeen\s(?:doing|seen|followed)|will\s(?:follow|return|call|need|see)|did\swell|is\sdoing|slept|ate|feels)\b"
)
_LAST_FIRST: Final = re.compile(rf"(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?(?:,[ ]?|\^)(?P<given>{_TOKEN})(?:[ ^](?:{_TOKEN}|{_INITIAL}))?)")
_APPOSED: Final = re.compile(
    rf"(?P<x>{_PERSON})(?:,\s(?i:(?:his|her|their|the|my|patient's|pt's|a|an)\s)?(?i:patient's\s|pt's\s)?|\s\(\s?(?i:his\s|her\s|the\s)?(?i:patient's\s)?)"
    rf"(?:{_RELATIVES})\b"
)
_ADDRESSEE: Final = re.compile(rf"(?m)^[ ]{{0,12}}(?P<x>{_PERSON})[ ]{{0,4}}\n(?=[ ]{{0,12}}(?:\d{{1,6}}[ ]|P\.?\s?O\.?\s?Box|c/o))")
_ALONE: Final = re.compile(rf"(?m)^[ ]{{0,12}}(?P<x>{_TOKEN}(?:[ ](?:{_TOKEN}|{_INITIAL})){{0,3}}),[ ](?:{POSTNOMINALS})(?![\w])")
_TITLE_CASE: Final = rf"[{_U}](?:'[{_U}])?[{_L}]{{1,20}}(?:[{_U}][{_L}]{{1,20}})?(?:-[{_U}][{_L}]{{1,20}})?"
_HEADS: Final = "|".join(re.escape(word) for word in sorted(EPONYM_HEADS - {"and"}))
_BY_TWO: Final = re.compile(rf"\b(?i:by|of|for|with|from|and|to)\s(?P<x>{_TITLE_CASE}(?:[ ]{_INITIAL})?[ ]{_TITLE_CASE})(?![\w-]|\s(?i:{_HEADS})\b)")
_FAMILY_FIRST: Final = re.compile(
    rf"(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?,[ ]?{_TOKEN}(?:[ ](?:{_TOKEN}|{_INITIAL}))?),?[ ]{{1,3}}(?=\(?#?(?:(?:MRN|DOB|ID|MR#|M|F)\b|[A-Z]{{0,3}}-?\d{{5}}|(?=[A-Z]{{0,3}}\d)[A-Z\d-]{{5,14}}\)))"
)
_INITIALS: Final = re.compile(
    rf"\b(?:(?i:(?:reviewed|dictated|transcribed|typed|signed|entered|edited|scribed|drafted|verified|charted|recorded|witnessed)\sby)(?::\s?|\s)|(?:DD|DT|D|T|Initials|initials|INITIALS):\s?)(?P<x>[A-Z]{{2,3}}(?:[/:](?:{_TOKEN}|[A-Za-z]{{2,4}}))?)(?=[\s.,;:]|$)"
)
_CARET: Final = re.compile(rf"[{_U}{_L}][{_U}{_L}'\- ]{{0,40}}\^[{_U}{_L}'\- ]{{1,40}}(?:\^[{_U}{_L}.'\- ]{{0,20}}){{0,3}}")
_CHAIN: Final = re.compile(rf"{_PERSON}")
_NEXT_JOINED: Final = re.compile(rf"(?:,\s?(?:and\s)?|\s(?:and|&|or)\s|/|;\s?)(?:(?:Drs?|Mrs?|Ms)\.?\s)?(?=[{_U}])")
_TERM_END: Final = re.compile(
    r"(?:mab|nib|cillin|mycin|azole|prazole|statin|sartan|olol|pril|dipine|caine|azepam|oxetine|setron|triptan|vir|parin|"
    r"[aeiou]ine|amine|idine|azine|idone|isone|olone|butol|xifen|furin|phine|thasone|tion|sion|itis|osis|emia|uria|opathy|ectomy|"
    r"ology|graphy|oscopy|plasty|tomy|algia|plegia|paresis|ally|edly|ently|antly|ously|ically|ness|ment|ity|ures|ing|"
    r"-guided|-based|-induced|-related|-like|-associated|-positive|-negative|-type|-free|-dose)$",
    re.IGNORECASE,
)


_SHORT_TERMS: Final = frozenset(
    "mri ct us cxr ecg ekg eeg emg tte tee pet iv im po sc ng og ed er or icu ems pcp pmd gi gu ent ob gyn pt ot st rn md do np pa "
    "ems bid tid qid prn pcr elisa fna fnab hplc ihc fish ngs flow wbc rbc hla dna rna mra cta mrcp ercp bal cpr vad iabp ecmo "
    "cpap bipap egd tpn usg ivf iui mibg dsa ivus oct afb pas wes wgs who fda irb".split()
)


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
    for cue in (_CUE_TITLE, _CUE_RELATIVE, _CUE_VERB, _CUE_MARK):
        weak = cue in (_CUE_VERB, _CUE_RELATIVE)
        for match in cue.finditer(text):
            yield from _walk_list(text, match.end(), weak=weak)
    for match in _CUE_LOWER.finditer(text):
        word = _ANY.match(text, match.end())
        if word and word[0].lower().removesuffix("'s") in (FAMILY | GIVEN) - NOT_NAMES - {"will", "may", "day"}:
            yield word.span()
    for cue in (_CUE_LABEL, _CUE_DEAR, _CUE_CLOSE):
        for match in cue.finditer(text):
            start = match.end()
            title = _CUE_TITLE.match(text, start)
            yield from _walk_list(text, title.end() if title else start, comma=True)
    for match in _INITIALS.finditer(text):
        if "/" in match["x"] or match["x"].lower() not in NOT_NAMES | _SHORT_TERMS:
            yield match.span("x")
    for pattern in (_SUBJECT, _ACTS, _APPOSED, _ADDRESSEE, _ALONE, _BY_TWO, _FAMILY_FIRST):
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
        joined = _NEXT_JOINED.match(text, end)
        if joined is None:
            return
        at = joined.end()


def _walk(text: str, at: int, comma: bool = False) -> int | None:
    """Return where the name that begins at `at` ends; None where no name begins there."""
    end, words, place = None, 0, at
    while words < 5 and (step := _STEP.match(text, place)):
        if step["particle"]:
            place = step.end()
            continue
        word = step[0].lower().removesuffix("'s")
        if step["token"]:
            if word in NOT_NAMES or (_LABELLED.match(text, step.end()) and (words or not comma)):
                break
            if len(step[0]) <= 4 and step[0].isupper() and end is None and word not in FAMILY | GIVEN and not comma:
                break
        elif end is None and not re.match(rf"\.?\s{{0,2}}(?:[{_U}]\.?\s?)?[{_U}][{_L}{_U}']", text[step.end() : step.end() + 9]):
            break
        words, end, place = words + 1, step.end(), step.end()
        gap = re.match(r"[ ]{1,2}|\^|(?<=\.)(?=[A-Z])", text[place : place + 3])
        if gap is None and comma and words == 1:
            gap = re.match(rf",[ ]?(?!(?:{POSTNOMINALS})(?![\w]))", text[place : place + 12])
        if gap is None:
            break
        place += gap.end()
    return end


def _degrees(text: str) -> Iterator[tuple[int, int]]:
    for match in _POST.finditer(text):
        span = _trim(text, *match.span("x"))
        if span:
            yield span
    for match in _CARET.finditer(text):
        yield match.span()


def _listed(text: str) -> Iterator[tuple[int, int]]:
    """Find given names from the list with what follows or precedes them."""
    for match in _LAST_FIRST.finditer(text):
        family = re.split(r"[ ,^]", match["x"])[0].lower()
        given = match["given"].lower()
        if given in GIVEN and family not in NOT_NAMES and family not in GIVEN - FAMILY and given not in NOT_NAMES:
            yield match.span("x")
    for match in _CHAIN.finditer(text):
        words = [(m.start() + match.start(), m.end() + match.start()) for m in re.finditer(r"[^\s]+", match[0])]
        yield from _chains(text, words)


def _chains(text: str, words: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for index, (start, end) in enumerate(words):
        word = text[start:end].lower().removesuffix("'s")
        first = word.split("-")[0]
        following = [text[slice(*place)] for place in words[index + 1 : index + 4]]
        if word not in GIVEN and first not in GIVEN:
            initial = len(word.strip(".")) == 1 and text[end - 1] == "."
            if initial and following and following[0].lower().removesuffix("'s") in FAMILY - NOT_NAMES:
                if not _term(text, *words[index + 1]):
                    yield start, words[index + 1][1]
            continue
        last = index
        for offset, other in enumerate(following):
            plain = other.lower().removesuffix("'s").strip(".")
            if plain in NOT_NAMES or (len(plain) > 1 and plain in EPONYM_HEADS):
                break
            last = index + 1 + offset
        if word in AMBIGUOUS or word in FAMILY or word in NOT_NAMES:
            known = last > index and any(text[slice(*p)].lower().removesuffix("'s") in FAMILY | (GIVEN - AMBIGUOUS) for p in words[index + 1 : last + 1])
            if not known or _term(text, start, words[last][1]) or word in NOT_NAMES - AMBIGUOUS:
                continue
        if not _term(text, start, words[last][1]):
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
    if follower in EPONYM_HEADS and follower != "and" and any(part in EPONYMS for word in plain for part in (word, *word.split("-"))):
        return True
    if text[end - 2 : end] == "'s" and plain[-1] in EPONYMS:
        return True
    if len(words) == 1 and words[0].isupper() and len(words[0]) <= 5 and plain[0] not in FAMILY | GIVEN:
        return True
    return len(words) == 1 and (plain[0] in NOT_NAMES or (plain[0] in EPONYMS and plain[0] not in FAMILY))


def _medical(words: str) -> bool:
    """Tell drugs, findings and abbreviations by their form, where no list knows the word as a name."""
    found = re.findall(rf"[{_U}{_L}'\-]+", words)
    return any(
        word.lower().removesuffix("'s") not in FAMILY | GIVEN
        and ((_TERM_END.search(word) and word is found[-1]) or (word.isupper() and len(word) > 1 and not words.isupper()) or "-" in word and word.isupper())
        for word in found
    )


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Cut words off both ends that are no names; None where nothing is left."""
    words = [(m.start() + start, m.end() + start) for m in re.finditer(r"[^\s,]+", text[start:end])]
    plain = [text[slice(*word)].lower().strip(".").removesuffix("'s") for word in words]
    stops = [index for index, word in enumerate(plain) if word in NOT_NAMES and len(word) > 1]
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
        for word in re.findall(rf"[{_U}{_L}][{_U}{_L}'\-]{{2,30}}", text[start:end]):
            plain = word.removesuffix("'s")
            if plain.lower() not in NOT_NAMES and len(plain) >= 3:
                words.add(plain.lower())
    if not words:
        return
    for match in _ANY.finditer(text):
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
    for start, end in sorted(set(spans)):
        while text[end - 2 : end] == "'s" or text[end - 1] == "'":
            end -= 2 if text[end - 1] == "s" else 1
        if found and start <= found[-1][1] + 1 and (start <= found[-1][1] or text[found[-1][1]] == " "):
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found
