"""The half of the synthetic corpus that measures; every person, number and place is invented.

It shares no name, place, sentence or template with the other half, and its names are in no list that the rules hold.
"""

import datetime as dt
from typing import Final

import numpy as np

from salus.data.deidentify.corpus import Bank, letters

Rng = np.random.Generator


def _spell(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: letters(rng, pattern)


def _day(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: day.strftime(pattern)


def _ordinal(day: dt.date) -> str:
    suffix = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return f"{day.day}{suffix}"


def _form(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: pattern.format(
        d=day.day, m=day.month, y=day.year, yy=day.year % 100, o=_ordinal(day), b=f"{day:%b}", B=f"{day:%B}", a=f"{day:%a}"
    )


def _old(rng: Rng, day: dt.date) -> str:
    return str(int(rng.integers(90, 108)))


BANK: Final = Bank(
    given=(
        "Aoife Balthazar Caoimhe Dacian Eilidh Florentyna Ghislaine Hyacinth Ingeborg Jolanta Kazimierz Lysander Mairead "
        "Nikephoros Octavio Pádraig Qamar Roisin Siegfried Tzipora Ursuline Vendela Wenceslas Xochitl Ygritte Zbigniew "
        "Achieng Bronagh Cillian Desta Ekundayo Fikret Gulnara Hovhannes Ildikó Jadwiga Kehinde Lindiwe Modestas Nkechi "
        "Onyekachi Pranvera Rasheeda Sukhdeep Temitope Uzoma Viveka Wiremu Yetunde Zoltán"
    ).split(),
    family=(
        "Achterberg Brzezinski Cazalet-Moor Dobrovolny Eszterhazy Fotopoulos Grzybowski Hallgrimsson Ilyasova Jokinen "
        "Karapetyan Lubomirski Mkhabela Njoroge Obuchowski Przybylski Quackenbush Rademaker Skaarup Tchaikov Uhlenbeck "
        "Vasconcellos Weatherstone Yilmazer Zavodny Abdulrashid Blankenfeld Csikszent De-Witte Erdogmus Fiorentini "
        "Goncharenko Hinterland Imanishi Janowicz Kjeldsen Laakkonen Moldovan O'Rafferty Pommeroy Rozhdestvensky Staszak "
        "Thorvaldsen Underhill-Pace Vongsavanh Wyszynski Yamashiro Zeigler-Knox MacIlwraith D'Angelone"
    ).split(),
    cities=(
        "Quillmouth|Redfern Crossing|Saltburn Hollow|Tansy Ridge|Upper Marwick|Violet Springs|Wrenfield|Yarrowdale|Zephyr Cove|"
        "Amberley|Bluestem|Crowhaven"
    ).split("|"),
    streets=(
        "Nettlecombe Rd", "South Ferrier Street", "Pheasant Run", "Hackberry Hollow Lane", "Old Cannery Row", "NW 81st Terrace",
        "Bellweather Crescent", "Fiddlers Green Dr., Unit 12", "Port Isaac Blvd", "Salter Pike",
        "Wisteria Ct", "Third Avenue North",
    ),
    places=(
        "Saltburn Hollow Memorial Hospital", "St. Brannock's Infirmary", "Wrenfield Veterans Affairs Medical Center",
        "Amberley Hospice", "Yarrowdale Skilled Nursing Facility", "Quillmouth Children's Hospital", "Bluestem Middle School",
        "Crowhaven Trucking Co.", "Upper Marwick Community College", "Zephyr Cove Surgery Center", "Violet Springs Behavioral Health Clinic",
        "Redfern Insurance Group LLC",
    ),
    headers={
        "discharge": (
            "DISCHARGE SUMMARY - GENERAL SURGERY\n\nName: {patient.caps_full}    Hosp No: {mrn}    DOB: {date.birth}\nAdm Date: {date}    Disch Date: {date}\n"
            "Surgeon: {doctor}\nGP: Dr {second}",
            "Re: {patient.rev}\nMRN/Unit: {mrn}\nBorn: {date.birth}\nHospitalised {date} - {date} at {place}\nConsultant: Miss {doctor.last}",
            "The patient, {patient}, was admitted on {date} and went home on {date}. Next of kin: {kin} (son). Discharging physician: {doctor.full}.",
        ),
        "radiology": (
            "CHEST PA AND LATERAL\nPt: {patient.caps}   #{mrn}\nPerformed: {date}\nOrdering MD: {doctor.last}, {doctor.first}\nAccession No. {other.accession}\nFindings:",
            "EXAMINATION: Mammogram, screening. DATE: {date}\nPATIENT NAME: {patient}\nPATIENT ID: {mrn}\nReferring Dr.: {second}",
            "MRI KNEE {date}\n{patient.rev} ({mrn})\nRequester: Dr. {doctor.short}\nClinical details: twisting injury.",
        ),
        "nursing": (
            "Home health visit {date}. Client: {patient}. Visiting nurse: {nurse.full}, RN.",
            "{date} 2200: Assumed care of {patient.last}, {patient.first}, from {nurse}, RN. Charge nurse: {second.first}.",
            "TELEPHONE ENCOUNTER\nCaller: {kin}\nPatient: {patient.rev}\nTaken by: {nurse.short}\nDate/Time: {date} 09:40",
        ),
        "letter": (
            "{place}\n{street}\n{city}, MT {zip}\nTelephone {phone} | Facsimile {fax}\n\n{date}\n\nDr {doctor}\nRe: Ms {patient} - d.o.b. {date.birth} - hospital number {mrn}\n\n"
            "Dear Doctor {doctor.last},",
            "From: {doctor} <{email}>\nTo: {kin}\nSent: {date}\nSubject: your mother\n\nHi {kin.first},\n\nI reviewed the scans of {patient}.",
            "{date}\nATTN: {second}, MD\nRE: {patient.caps_full}, DOB {date.birth}\n\nDear colleague,\n\nI write about Mr. {patient.last}, who has gout.",
        ),
    },
    sentences={
        "name": (
            "Signed out to Dr. {second.last} at change of shift.", "Mother ({kin}) is anxious about the surgery.", "Ms. {patient.last}'s INR was 2.4.",
            "Patient prefers to be called {patient.first}.", "The on-call resident, Dr. {second}, evaluated her.", "His partner {kin.first} was updated.",
            "Interpreter {nurse} assisted.", "Physical therapist {nurse.full} recommends a walker.", "Mr {patient.last} has been smoking again.",
            "Findings were communicated to {second.last} by phone.", "Referred to Dr's {second.last} and {doctor.last}.", "Appointment with Dr {second.short}.",
            "Professor {second} was consulted.", "{patient.first} {patient.last} is a retired welder with asthma.", "Grandson {kin.first} helps with pills.",
            "Nurse {nurse.last} gave the injection.", "NOK: {kin}.", "Seen with {second}, medical student.",
        ),
        "place": (
            "Her home is at {street}, {city}.", "He was transferred to {place} overnight.", "She grew up in {city}.", "Admitted via the ED of {place}.",
            "Works as a driver for {place}.", "Discharge address: {street}, {city}, ID {zip}.", "Visiting from {city}, Nebraska.",
            "Attends {place}.", "Fell outside the pharmacy on {street}.", "Address on file: {street}, {city} {zip}.", "The family lives near {city}.",
        ),
        "date": (
            "Colonoscopy {date} showed two polyps.", "Stent placed in {date.month}.", "Her birthday is {date.short}.", "Since {date.short} he has had fevers.",
            "Surgery is scheduled for {date}.", "Reviewed on {date}.", "Catheter changed {date.short}, next change {date.short}.",
            "He emigrated in {date.month}.", "DOS {date}.", "Due date {date}.", "PET scan from {date} was compared.", "Started warfarin on {date.short}.",
        ),
        "age": (
            "{age}-year-old lady, frail.", "A {age} y.o. man with pneumonia.", "Mother alive at {age}.", "She will be {age} years old next month.",
            "Patient is {age} yrs old.", "Age at death: {age}.", "{age}yo M with sepsis.", "Aunt died at the age of {age}.", "Age (years): {age}.",
        ),
        "phone": (
            "Reach the son on {phone}.", "Cell phone: {phone}.", "Ring {phone} to book.", "Emergency number {phone}.", "Phone ({phone}).",
            "Daughter's number: {phone}.", "Please call us at {phone} if worse.", "Beeper {phone.pager}.", "Contact no. {phone}.",
        ),
        "fax": ("Fax to {fax}.", "FAX {fax}.", "Fax no: {fax}.", "Results were faxed to the clinic at {fax}."),
        "email": ("He can be e-mailed at {email}.", "email: {email}", "Preferred contact {email}.", "cc: {email}."),
        "ssn": ("Soc. Sec. #: {ssn}.", "Social Security No: {ssn}.", "SSN ({ssn}) verified.", "Patient's social security number is {ssn}."),
        "mrn": ("Med Rec #{mrn}.", "MRN# {mrn}.", "Unit number {mrn}.", "Chart No. {mrn} was pulled.", "Hospital ID {mrn}.", "Medical record {mrn}."),
        "plan": (
            "Policy No. {plan}.", "Insurance ID: {plan}.", "Medicare number {plan}.", "Member number {plan}.", "Beneficiary ID {plan}.", "Medicaid ID# {plan}.", "Group number: {plan}.",
        ),
        "account": ("Account # {account}.", "Billing number {account}.", "Visit ID: {account}.", "Credit card {account}.", "Acct. {account}.", "Claim number {account}.", "CSN: {account}."),
        "licence": ("License No. {licence}.", "DL# {licence}.", "His driver's licence number is {licence}.", "Passport number {licence}.", "Certificate no. {licence}.", "DEA number: {licence}.", "NPI {licence.npi}."),
        "vehicle": ("License plate number {vehicle}.", "VIN number {vehicle.vin}.", "The plate was {vehicle}.", "Vehicle registration {vehicle}.", "Drives a blue sedan, plates {vehicle}."),
        "device": (
            "Pacemaker model/serial {device}.", "Serial # {device}.", "Lot number {device}.", "Stimulator serial number {device}.", "CPAP device ID {device}.", "Glucose meter S/N: {device}.", "Implanted lens, serial no {device}.",
        ),
        "url": ("Video at {url}.", "Her web site is {url}.", "Information: {url}", "Posted on {url} last week.", "Link: {url}."),
        "ip": ("Login from {ip}.", "Device IP: {ip}.", "The camera streams from {ip}.", "IP addr {ip} recorded."),
        "biometric": ("Finger print template {biometric}.", "Retina scan ID {biometric}.", "Face ID {biometric}.", "Palm vein scan {biometric}.", "Voiceprint: {biometric}.", "Biometric hash {biometric}."),
        "photo": ("Photos: {photo}.", "Image file {photo} shows the wound.", "Facial photograph {photo}.", "See picture {photo}."),
        "other": (
            "Study number {other}.", "Subject ID {other}.", "Pathology no. {other.path}.", "Specimen ID: {other}.", "Accession # {other.accession}.", "Badge no {other}.",
            "Student ID: {other}.", "Document ID {other.uuid}.", "Order number {other}.", "Instagram {other.handle}.", "Barcode {other.accession}.",
        ),
    },
    fillers=(
        "Known Parkinson disease, Hoehn and Yahr stage 3.", "Foley removed, voiding well.", "Glasgow Coma Score 14.", "Dupuytren's contracture of the right hand.",
        "BP 142/86 lying and 120/70 standing.", "Power 5/5 throughout, sensation intact.", "Grade 3/6 holosystolic murmur at the apex.", "Ehlers-Danlos syndrome is suspected.",
        "Amoxicillin 500 mg three times a day for 7 days.", "Hickman line in situ.", "Kawasaki disease in infancy.", "Ca 2.31, PO4 1.02, ALP 88.", "Lachman test positive.",
        "Colles fracture in 2006.", "Sjogren syndrome with dry eyes.", "Takes 1/2 to 1 tablet at night.", "Romberg negative, Rinne positive.", "INR target 2-3.", "ASA class 3.",
        "Charcot foot on the left.", "C5-C6 radiculopathy.", "Raynaud phenomenon in cold weather.", "Baker's cyst behind the knee.", "Weight 82.4 kg, height 176 cm, BMI 26.6.",
        "Smokes 20 cigarettes a day since 1985.", "Nissen fundoplication 2013.", "Clark level IV, Breslow 1.8 mm.", "Meckel diverticulum found incidentally.", "Temp 38.4, pulse 104.",
        "Hemoglobin 10.1 g/dL (12-16).", "Wells score 4.5.", "He was up 3/4 of the night.", "Guillain-Barre syndrome after influenza.", "pH 7.31, pCO2 48.",
    ),
    closings={
        "discharge": ("Dictating: {doctor.rev}\n{date} 11:20\ncc {second}, MD", "Signature: {doctor}, FRCS\n{date}", "Attending attestation: seen with resident {nurse}.\n{doctor}, MD, PhD"),
        "radiology": ("Reporting radiologist: {second}\nVerified {date}", "Dr {second.full}\nConsultant Radiologist", "Signed by: {second.last}, {second.first} MD {date} 08:12"),
        "nursing": ("{nurse.first} {nurse.last}, RN, BSN", "Electronically signed: {nurse.full} ({date} 23:10)"),
        "letter": ("Yours faithfully\n\n{doctor}\nSpecialist Registrar", "Thank you,\n{doctor.first} {doctor.last}, NP-C", "Kind regards,\n\n{doctor.short}\n\nCopy: {kin}, {street}, {city}"),
    },
    forms={
        "date": (
            _form("{d}/{m}/{y}"), _form("{m}/{d}/{yy:02d}"), _form("{b} {d} {y}"), _form("{d} {b} {y}"), _day("%d-%b-%Y"), _form("{a} {d} {B} {y}"), _day("%Y.%m.%d"),
            _day("%Y-%m-%dT%H:%M:%S"), _form("{B} the {o}, {y}"), _form("{o} of {B} {y}"), _form("{m}-{d}-{y}"), _form("{a}, {b} {o}, {y}"), _day("%d.%m.%y"), _form("{d}/{b}/{y}"), _form("{y} {b} {d}"),
        ),
        "date_birth": (_form("{d}/{m}/{y}"), _form("{b} {o}, {y}"), _day("%d-%b-%y"), _day("%m/%d/%y"), _day("%Y%m%d")),
        "date_month": (_form("{B} {y}"), _form("{b}. {y}"), _form("early {B} {y}"), _day("%m-%Y"), _day("%m/%Y"), _form("{b}/{y}")),
        "date_short": (_form("{b} {o}"), _form("{o} {B}"), _form("{B} {d}"), _form("{d} {B}"), _form("{d}-{b}"), _form("the {o} of {b}")),
        "age": (_old,),
        "zip": (_spell("%####"), _spell("%####-####"), _spell("0####")),
        "phone": (
            _spell("%##-555-0###"), _spell("(%##) 555 0###"), _spell("+1-%##-555-0###"), _spell("%##.555.0### ext ####"), _spell("1 %## 555 0###"), _spell("+49 30 %######"),
            _spell("01632 960###"), _spell("+33 1 %# ## ## ##"), _spell("(%##) 555-0###, x###"), _spell("555 0###"),
        ),
        "phone_pager": (_spell("%####"), _spell("#%-####"), _spell("%##-555-0###")),
        "fax": (_spell("(%##) 555-0###"), _spell("%## 555 0###"), _spell("+44 1632 960###"), _spell("%##/555-0###")),
        "email": (_spell("first.last##@clinic-example.org"), _spell("~~~~~_%#@example.edu"), _spell("care-team@mail.example.co"), _spell("Ann-Marie%#@Example.Com")),
        "ssn": (_spell("%##-##-####"), _spell("%##.##.####"), _spell("%########"), _spell("%## ## ####")),
        "mrn": (_spell("######"), _spell("A%######"), _spell("####-####"), _spell("MR%#####-#"), _spell("##########"), _spell("^##-#####")),
        "plan": (_spell("%########-##"), _spell("^#########"), _spell("####-#####-##"), _spell("XYZ%###^####"), _spell("%^^%-^%%-^^%#")),
        "account": (_spell("#########"), _spell("ACC-######"), _spell("####-####-####-####"), _spell("%#^######")),
        "licence": (_spell("^########"), _spell("#######"), _spell("^^-###-###"), _spell("##^^#####")),
        "licence_npi": (_spell("1#########"),),
        "vehicle": (_spell("^^##^^^"), _spell("###-^^^"), _spell("^^^ ###"), _spell("%^^^###")),
        "vehicle_vin": (_spell("^%^^^##^%^%######"), _spell("%^%^^%%^#^^######")),
        "device": (_spell("^^######"), _spell("#########"), _spell("^-####-^^"), _spell("%###.####")),
        "url": (_spell("https://example.edu/~j%#/scan"), _spell("www.help-for-%##.example.org"), _spell("http://203.0.113.%#/view?p=%##"), _spell("example.info/u/%######")),
        "ip": (_spell("10.%#.%#.%"), _spell("100.64.1#%.1%#"), _spell("2001:db8::%~~:%~"), _spell("192.0.2.%#")),
        "biometric": (_spell("FPT%#####"), _spell("~~~~~~~~~~~~~~%~"), _spell("%##-%##-%##"), _spell("ID%####")),
        "photo": (_spell("DSC_####.JPG"), _spell("patient_%##_left.png"), _spell("IMG%####.heic"), _spell("P1%######.jpg")),
        "other": (_spell("^^####"), _spell("#####-#"), _spell("^^^%##"), _spell("%######")),
        "other_path": (_spell("S-##-####"), _spell("%#-####")),
        "other_accession": (_spell("^^^-####-%##"), _spell("#########"), _spell("%#^####")),
        "other_uuid": (_spell("~~~~~~~~-~~~~-4~~~-9~~~-~~~~~~~~~~~~"),),
        "other_handle": (_spell("@nurse.j_%#"), _spell("@runs4_fun%#")),
    },
)
"""Names, sentences and formats of this half."""
