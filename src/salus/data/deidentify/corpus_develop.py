"""The half of the synthetic corpus on which rules may be developed; every person, number and place is invented."""

import datetime as dt
from typing import Final

import numpy as np

from salus.data.deidentify.corpus import Bank, letters

Rng = np.random.Generator


def _spell(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: letters(rng, pattern)


def _day(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: day.strftime(pattern)


def _nth(day: dt.date) -> str:
    suffix = "th" if 11 <= day.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return f"{day.day}{suffix}"


def _old(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: pattern.format(int(rng.integers(90, 105)))


BANK: Final = Bank(
    given=(
        "Brannoch Celestyna Dorrien Elowen Fenwick Gwendoline Hadleigh Isolde Jocasta Kestrel Lorcan Maëlys Nerys Oriel "
        "Peregrine Quillon Rosamund Saoirse Tamsin Ulrika Verity Wilhelmina Xanthe Yestin Zelda Anneke Bertrand Cosima "
        "Dagny Eskil Freya Gudrun Halvard Ilse Jorunn Kaspar Liv Magnhild Njal Ottilie"
    ).split(),
    family=(
        "Ashgrove Birtwistle Cholmondeley Drinkwater Entwistle Featherstone Goldsworthy Heppenstall Inchbald Jessop "
        "Kirkbride Longbottom Micklethwait Nightingale-Roe Oglethorpe Penhaligon Quennell Ravenscroft Satterthwaite "
        "Thistlewood Upjohn Vavasour Whittingstall Yelverton Zouche MacAskill O'Halloran Bjørnstad Van-Houten Dalgaard "
        "Ekeberg Fosse Grindheim Hovland Iversgaard"
    ).split(),
    cities="Ottersfield Pinehollow Marlow Harborview Glenbrook Eastmere Wexcombe Dunmore Stonebridge Larkspur".split(),
    streets=(
        "Willow Bend Road", "Harrow Street", "N. Quarry Lane", "Old Mill Drive", "W Cedar Ave", "Birchwood Court",
        "Kingfisher Way", "Sycamore Blvd", "12th Street", "Meadowlark Circle",
    ),
    places=(
        "Glenbrook Memorial Hospital", "St. Aldhelm Medical Center", "Pinehollow Nursing Home", "Harborview Family Clinic",
        "Eastmere High School", "Dunmore Logistics LLC", "Larkspur Cancer Center", "Wexcombe General Hospital",
    ),
    headers={
        "discharge": (
            "DISCHARGE SUMMARY\nPatient Name: {patient.rev}\nMRN: {mrn}\nDOB: {date.birth}\nAdmission Date: {date}\n"
            "Discharge Date: {date}\nAttending: {doctor}, MD\nFacility: {place}",
            "Name: {patient.full}    Unit No: {mrn}\nAdmitted: {date}    Discharged: {date}\nDate of Birth: {date.birth}   Sex: F\n"
            "Service: MEDICINE\nAttending: Dr. {doctor.last}",
        ),
        "radiology": (
            "RADIOLOGY REPORT\nPATIENT: {patient.caps}\nMED REC #: {mrn}\nACCESSION: {other.accession}\nEXAM DATE: {date}\n"
            "ORDERING PHYSICIAN: {doctor.caps_full}\nEXAM: CT CHEST WITHOUT CONTRAST\nCOMPARISON: CT chest {date}.",
            "Exam: MR BRAIN\nPatient: {patient}  DOB: {date.birth}  MRN {mrn}\nRequesting provider: {doctor.rev}\n"
            "Indication: headache. Comparison: none.",
        ),
        "nursing": (
            "NURSING PROGRESS NOTE {date} 07:15\nPt: {patient.rev} (MRN {mrn})\nRN: {nurse}",
            "Shift note, {date}\nPatient {patient} resting. Bed 12. Nurse: {nurse.short}",
        ),
        "letter": (
            "{place}\n{street}, {city}, OH {zip}\nTel: {phone}  Fax: {fax}\n\n{date}\n\nRe: {patient}, DOB {date.birth}\n\nDear Dr. {doctor.last},\n\n"
            "Thank you for referring Mr. {patient.last}, whom I saw in clinic on {date}.",
            "{date}\n\nDear {doctor},\n\nRE: {patient.full}  MRN: {mrn}\n\nI had the pleasure of seeing {patient.first} today.",
        ),
    },
    sentences={
        "name": (
            "Dr. {doctor.last} was notified of the result.", "His wife, {kin}, was at the bedside.",
            "Discussed with {second}, MD, who agrees.", "Ms. {patient.last} denies chest pain.",
            "Plan reviewed with {nurse}, RN.", "{patient.first} was tearful but consolable.", "Her son {kin.first} will drive her home.",
            "Per Dr. {second}, hold the morning dose.", "Mrs. {patient.last} tolerated the procedure well.",
        ),
        "place": (
            "She lives at {street}, {city}, OH {zip}.", "Transferred from {place} for higher level of care.",
            "He is a retired teacher from {city}.", "He works at {place}.", "Home address: {street}, {city}, NY {zip}.",
        ),
        "date": (
            "Last seen on {date}.", "Surgery was performed on {date}.", "CT of {date} showed no change.",
            "Symptoms began in {date.month}.", "Follow up on {date.short}.", "Chest tube removed {date}.",
            "He was admitted from {date} to {date}.", "Labs drawn {date.short} were normal.",
        ),
        "age": ("The patient is a {age}-year-old woman.", "Mother died at age {age}.", "He is a pleasant {age} year old man with COPD.", "Age: {age}.", "{age} y/o F with falls."),
        "phone": ("Call {phone} with questions.", "Phone: {phone}.", "Daughter can be reached at {phone}.", "Pager {phone.pager}.", "Cell: {phone}."),
        "fax": ("Fax: {fax}.", "Records faxed to {fax} (fax).", "Please fax results to {fax}."),
        "email": ("Email: {email}.", "Contact her at {email} for scheduling.", "Portal account {email}."),
        "ssn": ("SSN: {ssn}.", "Social Security Number {ssn}.", "SSN {ssn} on file."),
        "mrn": ("MRN {mrn}.", "Medical record number: {mrn}.", "Chart #{mrn} reviewed."),
        "plan": ("Member ID: {plan}.", "Insurance policy number {plan}.", "Medicare ID {plan}.", "Blue Cross ID# {plan}."),
        "account": ("Account number: {account}.", "Acct# {account}.", "Visit number {account}.", "Billing account {account}."),
        "licence": ("Driver's license {licence}.", "License number: {licence}.", "DEA {licence}.", "NPI: {licence.npi}."),
        "vehicle": ("VIN {vehicle.vin}.", "License plate {vehicle}.", "Struck by a car, plate number {vehicle}."),
        "device": ("Pacemaker serial number {device}.", "Device S/N: {device}.", "Implant lot number {device}.", "Serial no. {device}."),
        "url": ("See {url} for instructions.", "Website: {url}.", "Her blog ({url}) mentions the fall."),
        "ip": ("Logged in from IP {ip}.", "IP address: {ip}.", "Telehealth session from {ip}."),
        "biometric": ("Fingerprint ID {biometric}.", "Retinal scan template: {biometric}.", "Voiceprint {biometric} enrolled."),
        "photo": ("Photo saved as {photo}.", "See wound photograph {photo}.", "Full-face photo: {photo}."),
        "other": ("Study ID: {other}.", "Specimen number {other}.", "Accession {other.accession}.", "Badge number {other}."),
    },
    fillers=(
        "Parkinson's disease is stable on levodopa.", "A Foley catheter was placed.", "BP 120/80, HR 72, RR 16, T 98.6.",
        "Strength is 5/5 in all extremities.", "Crohn's disease since childhood.", "A 2/6 systolic murmur is heard.",
        "Take 1/2 tablet twice daily for 10 days.", "POD#2, doing well.", "Glasgow Coma Scale 15.", "Babinski sign is absent.",
        "Hodgkin lymphoma in remission.", "MRI of L4-5 shows stenosis.", "She has Bell's palsy on the left.", "Pain 7/10 today.",
        "HbA1c was 7.2% and creatinine 1.4 mg/dL.", "The patient is 54 years old.", "Diagnosed in 2009 with diabetes.",
        "Dose increased to 500 mg.", "Vision is 20/40 in the right eye.", "Hashimoto thyroiditis on levothyroxine 75 mcg.",
        "A 12-lead ECG was normal.", "Ejection fraction 55-60%.", "She denies fever, chills or night sweats.",
        "Wilson disease was excluded.", "Kaplan-Meier survival is not applicable.", "WBC 11.2, Hgb 9.8, Plt 210.",
    ),
    closings={
        "discharge": ("Dictated by: {doctor}, MD\nDictated: {date}", "Electronically signed by {doctor.full}, M.D. on {date} 14:32",
                      "Discharge instructions given to {kin}.\n\n{doctor}, DO"),
        "radiology": ("IMPRESSION: No acute findings.\n\nInterpreted by: {second}, MD\nSigned: {date}", "Reported by {doctor.short}, MD"),
        "nursing": ("{nurse}, RN", "Signed: {nurse.full} RN {date.short} 19:00"),
        "letter": ("Sincerely,\n\n{second}, MD\n\ncc: {doctor}", "Yours sincerely,\n\nDr. {second}\n{place}"),
    },
    forms={
        "date": (_day("%m/%d/%Y"), _day("%B %d, %Y"), _day("%Y-%m-%d"), _day("%m/%d/%y"), _day("%b %d, %Y"), _day("%d %B %Y")),
        "date_birth": (_day("%m/%d/%Y"), _day("%B %d, %Y"), _day("%m-%d-%Y")),
        "date_month": (_day("%B %Y"), _day("%B"), _day("%m/%Y")),
        "date_short": (_day("%m/%d"), lambda rng, day: f"{day:%B} {_nth(day)}", lambda rng, day: f"{day:%b} {day.day}"),
        "age": (_old("{}"),),
        "zip": (_spell("%####"), _spell("%####-####")),
        "phone": (_spell("(%##) 555-#%##"), _spell("%##-555-#%##"), _spell("%##.555.#%##"), _spell("1-%##-555-#%##")),
        "phone_pager": (_spell("%####"), _spell("4-####")),
        "fax": (_spell("(%##) 555-#%##"), _spell("%##-555-#%##")),
        "email": (_spell("anna##@example.org"), lambda rng, day: f"contact{rng.integers(10, 99)}@mail.example.com"),
        "ssn": (_spell("%##-##-####"), _spell("%########")),
        "mrn": (_spell("########"), _spell("###-##-##"), _spell("^#######")),
        "plan": (_spell("^^^#########"), _spell("#########^"), _spell("%^^#-^^#-^^##")),
        "account": (_spell("##########"), _spell("^########"), _spell("##-#######")),
        "licence": (_spell("^#######"), _spell("^^#######")),
        "licence_npi": (_spell("%#########"),),
        "vehicle": (_spell("^^^-####"), _spell("#^^^###")),
        "vehicle_vin": (_spell("%^^^^##^#^^######"),),
        "device": (_spell("^^^######^"), _spell("SN-######"), _spell("#####-####")),
        "url": (_spell("https://portal.example.org/p/######"), _spell("www.^^-clinic.example.com")),
        "ip": (_spell("10.%#.1%#.1%#"), _spell("192.168.1.%#")),
        "biometric": (_spell("FP-########"), _spell("~~~~~~~~~~~~#")),
        "photo": (_spell("IMG_####.jpg"), _spell("wound_######.png"), _spell("DSC#####.JPG")),
        "other": (_spell("^^-####"), _spell("##-#####"), _spell("S##-#####")),
        "other_accession": (_spell("########"), _spell("^##-######")),
    },
)
"""Names, sentences and formats of this half."""
