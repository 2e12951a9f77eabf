"""The patterns that tell a name of a person by what stands around it; every repetition has an upper bound."""

import re
from typing import Final

from salus.data.deidentify.names_lists import EPONYM_HEADS, POSTNOMINALS

_LETTERS: Final = [chr(code) for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)) if chr(code).isalpha()]
U: Final = "A-Z" + "".join(letter for letter in _LETTERS if letter.isupper())
L: Final = "a-z" + "".join(letter for letter in _LETTERS if not letter.isupper())
_TOKEN: Final = rf"[{U}](?:['\-][{U}])?[{U}{L}]{{1,24}}(?:['\-][{U}{L}]{{1,24}}){{0,3}}"
_INITIAL: Final = rf"[{U}]\.?(?:-[{U}]\.?)?(?![{L}{U}'\d/])"
_PARTICLE: Final = (
    r"(?:de la|de los|de las|van der|van den|van de|von der|de|del|della|da|dos|das|di|du|la|le|van|"
    r"von|der|den|ter|ten|bin|ibn|bint|al|el|abu|ben|af|av|zu|y|st\.?)"
)
STEP: Final = re.compile(rf"(?P<particle>(?i:{_PARTICLE})[ ](?=[{U}]))|(?P<token>{_TOKEN})|(?P<initial>{_INITIAL})")
LABELLED: Final = re.compile(r"[ ]{0,2}:[ ]{0,3}\S")
CUE_BARE: Final = re.compile(rf"\b(?i:name)\s{{1,3}}(?P<x>{_TOKEN},[ ]{_TOKEN}(?:[ ]{_INITIAL})?)")
ANY: Final = re.compile(rf"[{U}{L}][{U}{L}'\-]{{1,30}}")
_PERSON: Final = rf"(?:{_TOKEN}|{_INITIAL})(?:[ ]{{1,2}}(?:(?i:{_PARTICLE})[ ])?(?:{_TOKEN}|{_INITIAL})){{0,4}}"

_TITLES: Final = (
    r"(?:Drs?|Mrs?|Ms|Mss|Mx|Prof|Rev|Fr|Sgt|Lt|Capt|Cpt|Col|Gen|Maj|Hon|Sr|Sra|Srta|Mme|Mlle)\.(?:\s?and\s(?:Mrs|Mr|"
    r"Dr)\.)?|"
    r"(?:Dr'?s?|Mrs?|Ms|Miss|Mx|Professor|Doctor|Nurse|Reverend|Father|Pastor|Rabbi|Imam|Chaplain|Sergeant|Officer|"
    r"Detective|"
    r"Captain|Colonel|Judge|Senator|Herr|Frau|Se\u00f1ora?|Madame|Monsieur|Sir|Dame|Lord|Lady|Attorney|Deputy|"
    r"Trooper|Midwife|DR|MR|MRS|MS|"
    r"Aunt|Uncle|Grandma|Grandpa|PA|NP|RN)(?:\sand\s(?:Mrs|Mr|Dr)\b)?"
)
_LABELS: Final = (
    r"patient(?:'s)?(?:\s+name)?|pt(?:\s+name)?|name(?:\s+of\s+patient)?|(?:last|first|middle|maiden|full|legal|"
    r"preferred|birth|family|given|sur)[ -]?name|"
    r"attending(?:\s+(?:physician|md|provider|surgeon|radiologist))?|(?:referring|ordering|admitting|consulting|"
    r"discharging|dictating|interpreting|primary(?:\s+care)?|"
    r"treating|performing|requesting|supervising|signing|covering|responsible|family|assigned|authorizing|reading|"
    r"reporting|operating|prescribing)\s+(?:physician|provider|doctor|md|clinician|practitioner|surgeon|radiologist|"
    r"nurse|np|pa|staff|service\s+provider|pathologist|therapist)|"
    r"physician|provider|doctor|surgeon|(?:first\s+|second\s+)?assistants?|anesthesi(?:ologist|st|a)|anaesthetist|"
    r"radiologist|pathologist|cardiologist|nurse|rn|technologist|tech|sonographer|resident|fellow|intern|scribe|"
    r"author|editor|"
    r"dictated(?:\s+by)?|transcribed(?:\s+by)?|transcriptionist|typed\s+by|signed(?:\s+by)?|"
    r"(?:electronically\s+)?(?:signed|authenticated|verified|approved|finalized|reviewed|reported|"
    r"co-?signed)(?:\s+by)?|signature|signatory|prepared\s+by|entered\s+by|recorded\s+by|performed\s+by|"
    r"read\s+by|interpreted\s+by|completed\s+by|witness(?:ed\s+by)?|consultants?|pcp|pmd|caller|client|visitor|"
    r"dictating|copy|sender|requester|requestor|taken\s+by|seen\s+by|assumed\s+by|escort|cc|"
    r"copies?(?:\s+(?:sent\s+)?to)?|to|from|attn|attention|re|regarding|contact(?:\s+person)?|emergency\s+contact|"
    r"next\s+of\s+kin|nok|hcp|health\s?care\s+proxy|proxy|poa|power\s+of\s+attorney|guardian|guarantor|subscriber|"
    r"policy\s?holder|insured|spouse|husband|wife|mother|father|son|daughter|brother|sister|parent|partner|caregiver|"
    r"carer|"
    r"case\s+manager|social\s+worker|team|crew|staff|panel|interpreter|informant|responsible\s+party|"
    r"accompanied\s+by|called\s+to|notified|"
    r"call\s+back\s+to|report\s+to|student|donor|recipient|subject|client|resident\s+name|aka|a\.k\.a\.?|alias|"
    r"n\u00e9e|nee|o/b/o|by|"
    r"therapist|psychologist|psychiatrist|dietitian|pharmacist|chaplain|midwife|coordinator|investigator|operator|"
    r"examiner|clinician|practitioner|driver|employee|beneficiary|member(?:\s+name)?|account\s+holder|"
    r"license\s+holder|veteran|sponsor"
)
_RELATIVES: Final = (
    r"(?:ex-|step|half-|grand|great-|foster\s|adoptive\s|biological\s|older\s|younger\s|eldest\s|late\s|twin\s|"
    r"adult\s)?(?:wife|husband|spouse|son|daughter|mother|father|mom|dad|brother|sister|partner|"
    r"niece|nephew|aunt|uncle|cousin|friend|neighbou?r|roommate|caregiver|carer|guardian|girlfriend|boyfriend|"
    r"fianc\u00e9e?|fiancee?|grandson|granddaughter|grandmother|grandfather|"
    r"son-in-law|daughter-in-law|mother-in-law|father-in-law|sister-in-law|brother-in-law|parents|children|sons|"
    r"daughters|kids|dog|cat|employer|boss|coworker|landlord|pastor|attorney|lawyer|aide|"
    r"healthcare proxy|health care proxy|proxy|colleague|teacher|baby|infant|twin|newborn)"
)
_VERBS: Final = (
    r"spoke\s+(?:with|to)|spoken\s+(?:with|to)|speaking\s+with|discussed\s+(?:(?:this|the\s+case|the\s+findings|"
    r"findings|results|plan|case|it|with)\s+)?(?:with|by)|d/w|s/w|talked\s+(?:with|to)|conversation\s+with|"
    r"communicated\s+(?:to|with|by)|conveyed\s+to|relayed\s+to|"
    r"(?:spoke|talked|called|asked|inquired|worried|questions?|conversation|discussion)\b[^.\n]{0,40}?\babout|"
    r"reviewed\s+(?:with|by)|reported\s+to|called\s+(?:to|by|in\s+by)|telephoned\s+(?:to|by)|paged|contacted|"
    r"notified|informed|seen\s+(?:and\s+(?:examined|evaluated)\s+)?(?:by|with)|evaluated\s+by|examined\s+by|"
    r"assessed\s+by|followed\s+by|managed\s+by|"
    r"performed\s+by|dictated\s+by|signed\s+(?:off\s+)?by|transcribed\s+by|written\s+by|interpreted\s+by|read\s+by|"
    r"approved\s+by|entered\s+by|verified\s+by|confirmed\s+(?:by|with)|staffed\s+with|precepted\s+(?:with|by)|"
    r"supervised\s+by|handed?\s+(?:off|over)\s+to|handoff\s+(?:to|from)|"
    r"signed\s+out\s+to|report\s+(?:given\s+)?(?:to|from)|referred\s+(?:by|to)|referral\s+(?:to|from)|follow(?:s|"
    r"ed)?[- ]?up\s+with|f/u\s+with|appointment\s+with|appt\s+with|under\s+(?:the\s+)?care\s+of|care\s+of|c/o|"
    r"accompanied\s+by|brought\s+in\s+by|lives\s+with|married\s+to|"
    r"consented\s+by|obtained\s+from|(?:provided|given|explained|sent|faxed|mailed|forwarded|addressed|copied|"
    r"reported|emailed|delegated|released|instructions|demonstrated)\s+(?:by|to)|according\s+to|per|on\s+behalf\s+of|"
    r"attn|courtesy\s+of|consult(?:ed)?\s+(?:with|by)|met\s+with|meeting\s+with|visited\s+by|delivered\s+by|"
    r"assisted\s+by|covering\s+for|relieved\s+by|witnessed\s+by|thank\s+you\s+for\s+referring|"
    r"pleasure\s+of\s+(?:seeing|meeting)|i\s+saw|we\s+saw|saw|reviewed|regarding|named|called|known\s+as|goes\s+by|"
    r"nicknamed|prefers\s+to\s+be\s+called|likes\s+to\s+be\s+called|addressed\s+as|a\s+patient\s+named|"
    r"introduced\s+(?:himself|herself)\s+as|maiden\s+name|formerly|emergency\s+contact\s+is|proxy\s+is|pcp\s+is|"
    r"name\s+is|"
    r"(?:patient|client|caller|resident|veteran|child|boy|girl|baby|infant),?|interpreter|nurse|therapist|surgeon|"
    r"technologist|tech|patient|pt|resident|intern|fellow|sonographer|radiologist|attending|hospitalist|cardiologist|"
    r"oncologist|neurologist|student|social\s+worker|case\s+manager|caregiver|RN"
)
CUE_TITLE: Final = re.compile(rf"(?<![\w.'-])(?:{_TITLES})(?![{U}{L}'])\s{{0,2}}(?=\S)")
CUE_LOWER: Final = re.compile(r"(?<![\w.'-])(?:drs?|mrs?|ms|miss|prof)\b\.?\s{1,2}(?=[a-z])")
CUE_LABEL: Final = re.compile(
    rf"(?<![\w-])(?<!trade )(?<!brand )(?<!drug )(?<!generic )(?<!file )(?<!common )"
    rf"(?<!device )(?<!test )(?<!study )(?:{_LABELS})(?:\(s\))?\s{{0,3}}(?::|=|\t|\s-\s|"
    rf"/s/)\s{{0,6}}(?:/s/\s{{0,2}})?(?=\S)",
    re.IGNORECASE,
)
CUE_RELATIVE: Final = re.compile(
    rf"\b(?i:{_RELATIVES})(?:,|:|,?\s(?i:is|was|named|called|and\s(?i:hcp|proxy|caregiver))|"
    rf"\sand\s(?i:{_RELATIVES}),?)?(?:\s{{1,2}}|\s?\()(?=[{U}])"
)
CUE_VERB: Final = re.compile(rf"\b(?i:{_VERBS})\s{{1,2}}(?=[{U}])")
CUE_DEAR: Final = re.compile(r"(?im)^\s{0,12}(?:dear|hello|hi|to)\s+(?=\S)")
CUE_CLOSE: Final = re.compile(
    r"(?im)\b(?:sincerely(?: yours)?|(?:best |kind |warm )?regards|best wishes|yours (?:sincerely|truly|faithfully)|"
    r"respectfully(?: submitted| yours)?|cordially|with thanks|many thanks|thank you|thanks|warmly|"
    r"yours)\s?[,.!]?\s{0,3}(?:\n\s{0,20}){1,4}(?=\S)"
)
CUE_MARK: Final = re.compile(rf"(?:/s/|_{{3,30}}|(?m:^)\s{{0,4}}(?:--|~)|\bX:?_{{2,30}})\s{{0,3}}(?=[{U}])")
POST: Final = re.compile(rf"(?P<x>{_PERSON}(?:,\s{_PERSON})?),?[ ]{{1,2}}(?:{POSTNOMINALS})(?![\w])")
SUBJECT: Final = re.compile(
    rf"(?P<x>{_PERSON}),?\s{{1,2}}(?:(?:is|was)\s(?:an?|the)\s(?:[\w-]{{2,20}}\s){{0,3}}\d{{1,3}}[\s-]{{0,2}}(?:y|m|"
    rf"w|d)|(?:is|was)\s(?:an?|the)\s(?:[\w-]{{2,20}}\s){{0,2}}(?:man|woman|lady|gentleman|male|female|boy|girl|"
    rf"infant|patient|teenager)\b|an?\s(?:[\w-]{{2,20}}\s){{0,2}}\d{{1,3}}[\s-]{{0,2}}(?:y|m)|\(?(?:DOB|MRN|d\.o\.b|"
    rf"born|age[ds]?\s\d)|\(\d{{1,3}}\s?[yMF])"
)
ACTS: Final = re.compile(
    rf"(?:(?<=[.!?:]\s)|(?m:^)\s{{0,6}})(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?)\s(?:denies|reports|reported|states|stated|"
    rf"complains|endorses|tolerated|ambulated|understands|lives|works|smokes|drinks|presents|presented|called|phoned|"
    rf"agreed|agrees|requested|asked|was\s(?:admitted|discharged|born|brought|extubated|intubated|counseled)|"
    rf"has\sbeen\s(?:doing|seen|followed)|will\s(?:follow|return|call|need|see)|did\swell|is\sdoing|slept|ate|feels)\b"
)
LAST_FIRST: Final = re.compile(
    rf"(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?(?:,[ ]?|\^)(?P<given>{_TOKEN})(?:[ ^](?:{_TOKEN}|{_INITIAL}))?)"
)
APPOSED: Final = re.compile(
    rf"(?P<x>{_PERSON})(?:,\s(?i:(?:his|her|their|the|my|patient's|pt's|a|an)\s)?(?i:patient's\s|pt's\s)?|"
    rf"\s\(\s?(?i:his\s|her\s|the\s)?(?i:patient's\s)?)"
    rf"(?:{_RELATIVES})\b"
)
ADDRESSEE: Final = re.compile(
    rf"(?m)^[ ]{{0,12}}(?P<x>{_PERSON})[ ]{{0,4}}\n(?=[ ]{{0,12}}(?:\d{{1,6}}[ ]|P\.?\s?O\.?\s?Box|c/o))"
)
ALONE: Final = re.compile(
    rf"(?m)^[ ]{{0,12}}(?P<x>{_TOKEN}(?:[ ](?:{_TOKEN}|{_INITIAL})){{0,3}}),[ ](?:{POSTNOMINALS})(?![\w])"
)
_TITLE_CASE: Final = rf"[{U}](?:'[{U}])?[{L}]{{1,20}}(?:[{U}][{L}]{{1,20}})?(?:-[{U}][{L}]{{1,20}})?"
_HEADS: Final = "|".join(re.escape(word) for word in sorted(EPONYM_HEADS - {"and"}))
BY_TWO: Final = re.compile(
    rf"\b(?i:by|of|for|with|from|and|to)\s(?P<x>{_TITLE_CASE}(?:[ ]{_INITIAL})?[ ]{_TITLE_CASE})(?![\w-]|"
    rf"\s(?i:{_HEADS})\b)"
)
FAMILY_FIRST: Final = re.compile(
    rf"(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?,[ ]?{_TOKEN}(?:[ ](?:{_TOKEN}|{_INITIAL}))?),?[ ]{{1,3}}(?=\(?#?(?:(?:MRN|DOB|"
    rf"ID|MR#|M|F)\b|[A-Z]{{0,3}}-?\d{{5}}|\n|(?=[A-Z]{{0,3}}\d)[A-Z\d-]{{5,14}}\)))"
)
LINE: Final = re.compile(
    rf"(?m)^[ ]{{0,12}}(?P<x>{_TOKEN}(?:[ ]{_TOKEN})?,[ ]{_TOKEN}(?:[ ](?:{_TOKEN}|{_INITIAL}))?)[ ]{{0,12}}$"
)
START: Final = re.compile(
    rf"(?:(?<=[.!?:] )|(?m:^)[ ]{{0,8}})(?P<x>{_TITLE_CASE}(?:[ ]{_INITIAL}){{0,2}}[ ]{_TITLE_CASE})"
    rf"(?=\s[a-z]{{2,}})(?!\s(?i:{_HEADS})\b)"
)
PAIR: Final = re.compile(
    rf"(?:(?<=[{L},;(] )|(?<=\())(?P<x>{_TITLE_CASE}(?:[ ]{_INITIAL})?[ ]{_TITLE_CASE})(?![\w-]|\s(?i:{_HEADS})\b|"
    rf"\s[A-Z])"
)
LISTED: Final = re.compile(
    rf"(?:[:#=]|\b(?:for|of|on|by|to))[ ]{{1,4}}(?P<x>{_TOKEN},[ ]{_TOKEN}(?:[ ](?:{_TOKEN}|"
    rf"{_INITIAL}))?)[ ]{{0,8}}(?=\n|$|[;|(]|[ ]{{2}})"
)
CUE_ABOUT: Final = re.compile(
    rf"\b(?i:spoke|talked|called|asked|inquired|worried|questions?|conversation|"
    rf"discussion)\b[^.\n]{{0,60}}?\babout\s{{1,2}}(?=[{U}])"
)
HANDLED: Final = re.compile(
    rf"\b(?:Received|Admitted|Examined|Evaluated|Assessed|Transferred|Escorted|Medicated|Found|Helped|Assisted|"
    rf"Visited|Met|Saw|Called|Told|"
    rf"Informed|Advised|Counseled|Reassured|Consented|Discharged|Observed|Turned|Bathed|Fed|Repositioned|"
    rf"Interviewed)\s(?P<x>{_TITLE_CASE}(?:[ ]{_TITLE_CASE})?)(?=\s[a-z])"
)
MIDDLE: Final = re.compile(
    rf"(?<![\w.'-])(?P<x>{_TITLE_CASE}(?:[ ][{U}]\.){{1,2}}[ ](?:(?i:{_PARTICLE})[ ])?{_TITLE_CASE})(?![\w-]|"
    rf"\s(?i:{_HEADS})\b)"
)
"""A given name, an initial with its full stop, a family name."""
NICKNAMED: Final = re.compile(
    rf"(?<![\w.'-])(?P<x>{_TITLE_CASE}[ ]"
    rf"(?:\"{_TITLE_CASE}\"|'{_TITLE_CASE}'|\({_TITLE_CASE}\))[ ]{_TITLE_CASE})(?![\w-])"
)
PARTICLED: Final = re.compile(
    rf"(?<![\w.'-])(?P<x>{_TITLE_CASE}[ ](?:van der|van den|van de|van|von|von der|de la|de los|del|della|dos|bin|ibn|"
    rf"bint|ter|ten|ap|af)[ ]{_TITLE_CASE})(?![\w-]|\s(?i:{_HEADS})\b)"
)
OWNS: Final = re.compile(
    rf"(?<![\w.'-])(?P<x>{_TITLE_CASE}(?:[ ]{_TITLE_CASE})?)'s?\s(?={_RELATIVES}\b|(?:chart|room|bed|family|belongings|"
    rf"care|labs|family|house|home|birthday|wishes|questions|medications|caregivers?|school|job|behalf)\b)"
)
SAID: Final = re.compile(
    rf"(?:,|;|\b(?:and|but|that|when|because|while|if|as|since|after|until|before|where|then|so))\s"
    rf"(?P<x>{_TITLE_CASE}(?:[ ]{_TITLE_CASE})?)\s(?:said|says|told|asked|denies|denied|explained|mentioned|wept|cried|"
    rf"phoned|telephoned|wrote|signed|refused|agreed|insisted|recalls?|remembers?|visits|lives|works|drove|drives|fell|"
    rf"smokes|slept|ate|wants|wanted|wishes|hopes|will\s(?:call|visit|drive|bring|pick|come|stay))\b"
)
INITIALS: Final = re.compile(
    rf"\b(?:(?i:(?:reviewed|dictated|transcribed|typed|signed|entered|edited|scribed|drafted|verified|charted|"
    rf"recorded|witnessed)\sby)(?::\s?|\s)|(?:DD|DT|D|T|Initials|initials|INITIALS)"
    rf":\s?)(?P<x>[A-Z]{{2,3}}(?:[/:](?:{_TOKEN}|[A-Za-z]{{2,4}}))?)(?=[\s.,;:]|$)"
)
CARET: Final = re.compile(rf"[{U}{L}][{U}{L}'\- ]{{0,40}}\^[{U}{L}'\- ]{{1,40}}(?:\^[{U}{L}.'\- ]{{0,20}}){{0,3}}")
CHAIN: Final = re.compile(rf"{_PERSON}")
NEXT_JOINED: Final = re.compile(rf"(?:,\s?(?:and\s)?|\s(?:and|&|or)\s|\s?/\s?|;\s?)(?:(?:Drs?|Mrs?|Ms)\.?\s)?(?=[{U}])")
TERM_END: Final = re.compile(
    r"(?:mab|nib|cillin|mycin|azole|prazole|statin|sartan|olol|pril|dipine|caine|azepam|oxetine|setron|triptan|vir|"
    r"parin|"
    r"[aeiou]ine|amine|idine|azine|idone|isone|olone|butol|xifen|furin|phine|thasone|tion|sion|itis|osis|emia|uria|"
    r"opathy|ectomy|"
    r"ology|graphy|oscopy|plasty|tomy|algia|plegia|paresis|ally|edly|ently|antly|ously|ically|ness|ment|ity|ures|ing|"
    r"-guided|-based|-induced|-related|-like|-associated|-positive|-negative|-type|-free|-dose)$",
    re.IGNORECASE,
)
