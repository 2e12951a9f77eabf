"""How hospitals write units, and what they mean in the Unified Code for Units of Measure (UCUM).

Only spellings that mean one thing are here. What is not here stays as it was written.
"""

from functools import cache

_SPELLED = {
    "mEq/L": "meq/L", "mEq": "meq", "mEq.": "meq", "mEq./hour": "meq/h", "mEq/hour": "meq/h",
    "K/uL": "10*3/uL", "k/ul": "10*3/uL", "K/µL": "10*3/uL", "x10^3/uL": "10*3/uL", "10^3/uL": "10*3/uL",
    "10^9/L": "10*9/L", "x10^9/L": "10*9/L", "10e9/L": "10*9/L", "m/uL": "10*6/uL", "M/uL": "10*6/uL",
    "x10^6/uL": "10*6/uL", "10^6/uL": "10*6/uL", "10^12/L": "10*12/L", "x10^12/L": "10*12/L", "#/uL": "/uL",
    "cells/uL": "{cells}/uL", "#/CU MM": "/mm3", "/cu mm": "/mm3",
    "#/hpf": "/[HPF]", "/hpf": "/[HPF]", "#/lpf": "/[LPF]", "/lpf": "/[LPF]",
    "sec": "s", "secs": "s", "seconds": "s", "hrs": "h", "hour": "h", "hours": "h", "mins": "min", "minutes": "min",
    "day": "d", "days": "d", "weeks": "wk", "months": "mo", "years": "a", "yrs": "a", "msec": "ms",
    "mm Hg": "mm[Hg]", "mmHg": "mm[Hg]", "mmhg": "mm[Hg]", "cmH2O": "cm[H2O]", "cm H2O": "cm[H2O]",
    "bpm": "{beats}/min", "beats/min": "{beats}/min", "insp/min": "{breaths}/min", "breaths/min": "{breaths}/min",
    "°F": "[degF]", "degF": "[degF]", "Deg. F": "[degF]", "°C": "Cel", "degC": "Cel", "Deg. C": "Cel",
    "IU/L": "[IU]/L", "IU/mL": "[IU]/mL", "mIU/mL": "m[IU]/mL", "mIU/L": "m[IU]/L", "uIU/mL": "u[IU]/mL",
    "µIU/mL": "u[IU]/mL", "IU": "[IU]", "mcIU/mL": "u[IU]/mL",
    "mcg": "ug", "mcg/mL": "ug/mL", "mcg/dL": "ug/dL", "mcg/L": "ug/L", "mcg/kg/min": "ug/kg/min", "mcg/min": "ug/min",
    "mcg/hour": "ug/h", "mcg/h": "ug/h", "mcg/kg/hour": "ug/kg/h", "µg/L": "ug/L", "µmol/L": "umol/L", "µg": "ug",
    "mL/hour": "mL/h", "ml/hr": "mL/h", "mL/hr": "mL/h", "mg/hour": "mg/h", "grams/hour": "g/h", "grams/min": "g/min",
    "mm/hr": "mm/h", "mg/24hr": "mg/(24.h)", "units/hour": "U/h", "ml": "mL",
    "grams": "g", "gm": "g", "gms": "g", "lbs": "[lb_av]", "lb": "[lb_av]", "Lbs": "[lb_av]", "inch": "[in_i]",
    "inches": "[in_i]", "in": "[in_i]", "Inches": "[in_i]", "kgs": "kg", "feet": "[ft_i]",
    "mOsm/kg": "mosm/kg", "mOsm/L": "mosm/L", "Ratio": "{ratio}", "ratio": "{ratio}", "INR": "{INR}",
    "ng/mL FEU": "ng{FEU}/mL", "log10 IU/mL": "{Log_IU}/mL", "log10 copies/mL": "{Log_copies}/mL",
    "log10 cop/mL": "{Log_copies}/mL", "mL/min/1.73m2": "mL/min/{1.73_m2}", "mL/min/1.73 m2": "mL/min/{1.73_m2}",
    "UNIT": "U", "UNITS": "U", "units": "U", "Units": "U", "unit": "U", "TAB": "{tbl}", "CAP": "{capsule}",
    "BAG": "{bag}", "dose": "{dose}", "PUFF": "{puff}", "DROP": "[drp]", "NEB": "{nebule}", "VIAL": "{vial}",
    "SYR": "{syringe}", "PKT": "{packet}", "PTCH": "{patch}", "Appl": "{application}", "SUPP": "{suppository}",
    "SPRY": "{spray}", "LOZ": "{lozenge}", "INH": "{inhalation}", "GPL": "[GPL'U]", "MPL": "[MPL'U]",
    "n/a": "", "null": "", "None": "", "percent": "%", "units/g/Hb": "U/g{Hb}", "U/g/Hb": "U/g{Hb}",
    "pH units": "[pH]", "pH": "[pH]",
}  # fmt: skip


@cache
def spelled(unit: str) -> str:
    """Return a unit in UCUM where its spelling is known, else as it was written, without blanks around it.

    Case matters to UCUM (`m` is metre and milli-, `M` mega-), so no spelling is guessed from another.

    >>> spelled("K/uL"), spelled("mm Hg"), spelled("mg/dL")
    ('10*3/uL', 'mm[Hg]', 'mg/dL')
    """
    clean = unit.strip()
    return _SPELLED.get(clean, clean)
