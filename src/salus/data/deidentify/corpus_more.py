"""A second bank for developing rules: it was written blind as a test, met once, and its misses then shaped the rules.

Every person, number and place is invented.
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


def _plain(pattern: str):  # type: ignore[no-untyped-def]
    return lambda rng, day: pattern.format(d=day.day, m=day.month, y=day.year, yy=day.year % 100, o=_ordinal(day), b=f"{day:%b}", B=f"{day:%B}", a=f"{day:%A}")


def _old(rng: Rng, day: dt.date) -> str:
    return str(int(rng.integers(90, 104)))


BANK: Final = Bank(
    given=(
        "Abimbola Bartholomäus Chukwudi Drahomíra Efstathios Folasade Gintaras Hatshepsut Ikechukwu Jaroslava Kamalani "
        "Ljubica Mbali Nomvula Oluwaseun Paraskevi Quetzalli Rhiannon Sìne Thandeka Uchenna Vytautas Wanjiru Xiomara "
        "Yevgenia Zsófia Aurelio Bogumił Csilla Dobromir Eudora Ferenc Gwilym Hrafn Iolanthe Jessamyn Kalliope Leocadia "
        "Mireille Nikodem Orsolya Primrose Quirin Radomir Sunniva Tiberiu Ulyana Vasilisa Wulfric Ysolde"
    ).split(),
    family=(
        "Adeyinka-Cole Bhattacharjee Czarnecki D'Amboise Eyjafjord Fitzherbert Gyllenhammar Hrdlicka Ivanauskas "
        "Jankauskas Kwiatkowska Lazarevski Mutasa Ndlovu Oyelaran Papadimitriou Quispe Raghunathan Szczepanski "
        "Tshabalala Umarov Vanderlinde Wickramasinghe Xhosa-Meyer Yamazato Zgheib Abernathy-Voss Balogh Castellanos-Rey "
        "Dragomirescu Eskandari Fjellheim Ghebreyesus Haverkamp Iturralde Jovanovska Kalashnik Lindqvist McGillycuddy "
        "Nzinga O'Shaughnessy Pellegrinelli Rautiainen Subramaniam Tavares-Lund Uzelac Vlahovic Wojnarowicz Ylitalo Zubiri"
    ).split(),
    cities=(
        "Thornwick|Cape Elderberry|Alderpoint|Bramblecote|Cinder Falls|Devonmoor|Fallowmere|Granite Pass|Hollins Ferry|"
        "Ironwood Beach|Juniper Flats|Kettle Bay|Lower Wickham"
    ).split("|"),
    streets=(
        "Pemberton Ave", "Larchmont Terrace", "SE Fallbrook St", "Corriedale Pl.", "East Vanguard Parkway", "Toll House Rd",
        "Gossamer Cir", "County Line Highway", "44th Ave", "Ashburn Trail, Apt 7C", "Copper Beech Ln", "Saltmarsh Loop",
    ),
    places=(
        "Cinder Falls Regional Medical Center", "Our Lady of Solace Hospital", "Bramblecote Rehabilitation Center",
        "Fallowmere Community Hospital", "Kettle Bay VA Medical Center", "Sunnyside Assisted Living", "Alderpoint Elementary School",
        "Tidewater Freight Inc.", "University of Devonmoor", "Granite Pass Dialysis Center", "Juniper Flats Urgent Care",
        "Hollins Ferry Presbyterian Church",
    ),
    headers={
        "discharge": (
            "HOSPITAL COURSE AND DISCHARGE\nPATIENT: {patient.caps}     MR#: {mrn}\nDATE OF ADMISSION: {date}\nDATE OF DISCHARGE: {date}\n"
            "ATTENDING PHYSICIAN: {doctor.caps_full}, M.D.\nPRIMARY CARE PROVIDER: {second}\nBIRTHDATE: {date.birth}",
            "{place}\nDischarge Note\n\nPt Name: {patient.rev_middle}\nMedical Record Number: {mrn}\nD.O.B.: {date.birth}\nAdm: {date}  D/C: {date}\n"
            "Responsible MD: {doctor.rev}\nReferring: Dr. {second}",
            "Patient ID: {mrn}   Last name: {patient.last}   First name: {patient.first}\nBorn {date.birth}. Dates of stay: {date} to {date}.\n"
            "Discharged home under the care of {kin}.",
        ),
        "radiology": (
            "X-RAY REPORT\nNAME: {patient.rev}\nHOSPITAL NO: {mrn}\nACC#: {other.accession}\nDATE OF EXAM: {date}\nREFERRED BY: {doctor}, NP\n"
            "CLINICAL HISTORY: fall. PRIORS: {date}.",
            "{patient.pn}\nID {mrn}\nStudy date {date}\nRequested by Dr {doctor.last}\nTechnique: Axial images with IV contrast.",
            "ULTRASOUND ABDOMEN\nPatient {patient.full} was examined on {date}.\nReferring clinician: {doctor}\nSonographer: {nurse}",
        ),
        "nursing": (
            "{date} 0330 NURSING NOTE\nPatient: {patient}\nAssigned RN: {nurse}\nAttending: {doctor.last}",
            "Handover. Pt {patient.last}, {patient.first}; room 14. Report received from {nurse} RN on {date}.",
            "Evening shift {date}. Mr {patient.last} awake and oriented x3. Primary nurse {nurse.first}.",
        ),
        "letter": (
            "{doctor}, MD, FACC\n{street}\n{city}, ME {zip}\nP: {phone}\nF: {fax}\n\n{date}\n\nTo: {second}\n\nRegarding: {patient} (DOB: {date.birth}; MRN: {mrn})\n\n"
            "Dear {second.first},\n\nMany thanks for asking me to see this patient.",
            "{date}\n\n{patient}\n{street}\n{city}, Oregon {zip}\n\nDear Mrs. {patient.last}:\n\nYour test results of {date} are back.",
            "{date}\n\nTO WHOM IT MAY CONCERN\n\nThis is to certify that {patient} (born {date.birth}) was under my care.",
        ),
    },
    sentences={
        "name": (
            "Case staffed with Dr. {second.last} this morning.", "Pt's husband {kin.first} called the ward twice.",
            "Cardiology (Dr {second.last}) recommends rate control.", "{patient.last} is doing well overall.",
            "Family meeting held with daughter {kin} and chaplain.", "I spoke by telephone with {second.full}, PA-C.",
            "{kin.first} {kin.last}, her sister, is the health care proxy.", "dr. {second.last} will see her in clinic.",
            "Consent was obtained from {patient.first} after discussion.", "Emergency contact: {kin} (brother).",
            "Scribed for {doctor}, MD by {nurse}.", "Mr. and Mrs. {patient.last} agree with the plan.",
            "Assistant surgeon: {second.short}.", "This is {patient}, a 61-year-old man with gout.", "Reviewed by {nurse.initials}/{second.last}.",
        ),
        "place": (
            "Resides at {street} in {city}.", "Brought by ambulance from {place}.", "Born and raised in {city}.",
            "Employed at {place} for ten years.", "Lives alone in {city}, Vermont.", "Mailing address: {street}, {city}, WV {zip}.",
            "Previously followed at {place}.", "Recently moved here from {city}.", "ZIP code {zip}.", "Was picked up at {street} by EMS.",
        ),
        "date": (
            "Returned to the operating room {date}.", "The biopsy dated {date} was benign.", "Onset was around {date.month}.",
            "Next appointment: {date}.", "Extubated {date.short}.", "Echo ({date}) was unremarkable.", "LMP {date.short}.",
            "From {date.short} through {date.short} she was febrile.", "Vaccinated {date.month}.", "Expires {date}.", "Seen again {date} at 10:30 am.",
        ),
        "age": (
            "This {age}-year-old gentleman fell at home.", "Father lived to {age}.", "She is {age} years old.", "Patient aged {age} years.",
            "A {age} yo female with delirium.", "Grandmother passed away at {age}.", "He turned {age} last week.", "Age {age}, frail.",
        ),
        "phone": (
            "Her mobile number is {phone}.", "Please telephone {phone} after noon.", "Contact: {phone}.", "Home {phone}, work {phone}.",
            "Call back {phone.pager}.", "Son's cell phone is {phone}.", "Tel. {phone}.", "Paged at {phone.pager}.",
        ),
        "fax": ("Facsimile: {fax}.", "Send records by fax to {fax}.", "Fax # {fax}.", "Our fax number is {fax}."),
        "email": ("E-mail address is {email}.", "Write to {email}.", "{email} is the preferred contact.", "Sent via secure mail to {email}."),
        "ssn": ("Social security: {ssn}.", "SS# {ssn}.", "Her SSN is {ssn}.", "Soc Sec No. {ssn}."),
        "mrn": ("Medical Rec. No. {mrn}.", "Patient number {mrn}.", "Hospital number: {mrn}.", "(MRN: {mrn})", "Record # {mrn} was merged."),
        "plan": ("Subscriber # {plan}.", "Medicaid number: {plan}.", "Health plan ID {plan}.", "Group no. {plan}.", "Insured under policy # {plan}.", "HICN {plan}."),
        "account": ("Acct No: {account}.", "Patient account {account} was opened.", "Invoice {account}.", "Encounter # {account}.", "FIN: {account}.", "Bank account number {account}."),
        "licence": ("Driver license no. {licence}.", "Passport {licence}.", "DEA# {licence}.", "Birth certificate number {licence}.", "Lic. # {licence}.", "Nursing license {licence} expired."),
        "vehicle": ("Vehicle identification number {vehicle.vin}.", "Plate no. {vehicle}.", "His truck (license plate {vehicle}) was towed.", "VIN: {vehicle.vin}.", "The car's registration plate was {vehicle}."),
        "device": ("ICD serial # {device}.", "Hip prosthesis lot no. {device}.", "Insulin pump S/N {device}.", "Device identifier: {device}.", "Serial number of the generator: {device}.", "Hearing aid serial {device}."),
        "url": ("Images at {url}.", "Patient's web page {url}.", "Refer to {url} for details.", "Crowdfunding page: {url}."),
        "ip": ("IP {ip} was blocked.", "Home monitor address {ip}.", "Accessed the portal from IP address {ip}.", "Gateway at {ip}."),
        "biometric": ("Thumbprint record {biometric}.", "Iris code {biometric} on file.", "Biometric template ID: {biometric}.", "Facial recognition ID {biometric}.", "Voice print {biometric}."),
        "photo": ("Clinical photo {photo} uploaded.", "Photograph no. {photo}.", "Picture attached: {photo}.", "Portrait stored as {photo}."),
        "other": (
            "Enrolled as participant number {other}.", "Surgical pathology case {other.path}.", "Accession number: {other.accession}.",
            "Employee ID {other}.", "Requisition # {other}.", "Tracking no. {other}.", "Research ID: {other}.", "Twitter {other.handle}.",
        ),
    },
    fillers=(
        "Alzheimer's dementia, on donepezil.", "Swan-Ganz catheter removed without difficulty.", "Ranson score was 2.", "Vitals: 118/64, 88, 18, 37.2.",
        "Graves' disease treated with iodine.", "Reflexes 2/4 throughout.", "Metoprolol 25 mg 1/2 tab BID.", "Virchow node is not palpable.",
        "Started on Lasix 40 mg IV q12h.", "Addison disease and Cushing syndrome were considered.", "T12-L1 disc bulge, unchanged.",
        "Whipple procedure in 2011 for a cyst.", "Murphy sign negative.", "Epstein-Barr virus serology pending.", "Apgar scores 8/9.",
        "Motor 4/5 in the left arm.", "Marfan syndrome was ruled out.", "Jackson-Pratt drain output 30 cc.", "Gleason 3+4=7 in 4/12 cores.",
        "Oxygen saturation 94% on room air.", "Na 138, K 4.2, Cl 101, HCO3 24.", "FEV1/FVC 0.68, DLCO 55%.", "The Doppler study showed no clot.",
        "Tourette syndrome since age 12.", "Return in 3-4 weeks.", "He quit smoking in 1998.", "Heparin 5000 units SC TID.", "CA 19-9 is 37.",
        "Mallory-Weiss tear on endoscopy.", "Barrett's esophagus, short segment.", "Wegener granulomatosis is unlikely.", "Lives with family; no pets.",
    ),
    closings={
        "discharge": (
            "{doctor}, M.D.\nD: {date}\nT: {date}\nJob #: {other}", "/s/ {doctor.full}, MD\nDate signed: {date}",
            "Copies to:\nDr. {second}\n{doctor.short}, MD",
        ),
        "radiology": ("Read by {second}, M.D., on {date}.", "Electronically authenticated: {second.rev}, MD\n{date} 16:05:11", "Radiologist: {second}"),
        "nursing": ("-- {nurse}, LPN", "Documented by {nurse.short}, RN at 0645"),
        "letter": ("With kind regards,\n\n{doctor.full}\nConsultant Physician", "Respectfully,\n{doctor}, DO\n\ncc: {second.rev}; {kin}", "Best wishes,\n\nDr {doctor.last}\n{place}"),
    },
    forms={
        "date": (
            _plain("{m}/{d}/{y}"), _plain("{d}-{b}-{y}"), _plain("the {o} of {B}, {y}"), _plain("{b} {o} {y}"), _plain("{d}.{m}.{y}"), _day("%Y%m%d"),
            _day("%Y/%m/%d"), _plain("{a}, {B} {d}, {y}"), _day("%d-%m-%y"), _plain("{o} {B} {y}"), _plain("{B} {o}, {y}"), _day("%m-%d-%y"), _plain("{d} {b}. {y}"),
        ),
        "date_birth": (_plain("{m}/{d}/{y}"), _plain("{d} {B} {y}"), _day("%Y-%m-%d"), _plain("{b} {d}, {y}"), _day("%m.%d.%Y")),
        "date_month": (_plain("{B} of {y}"), _plain("{b} {y}"), _plain("{m}/{y}"), _plain("{B}, {y}"), _plain("{b} '{yy:02d}")),
        "date_short": (_plain("{B} {o}"), _plain("{d} {b}"), _plain("the {o} of {B}"), _plain("{b}. {d}"), _day("%m/%d")),
        "age": (_old,),
        "zip": (_spell("0%###"), _spell("%####"), _spell("%####-####")),
        "phone": (
            _spell("%##/555-0###"), _spell("(%##)555-0###"), _spell("+1 %## 555 0###"), _spell("%## 555 0###"), _spell("%##-555-0### ext. ###"),
            _spell("%##.555.0### x##"), _spell("555-0###"), _spell("+44 20 7946 0###"), _spell("%##5550###"),
        ),
        "phone_pager": (_spell("5-####"), _spell("x%####"), _spell("%#####")),
        "fax": (_spell("%##.555.0###"), _spell("+1-%##-555-0###"), _spell("1 (%##) 555-0###"), _spell("555-0###")),
        "email": (_spell("j.doe##@mail.example.net"), _spell("rehab_team#@health-example.co.uk"), _spell("u####+care@example.info"), _spell("Quirin.V@EXAMPLE.ORG")),
        "ssn": (_spell("%## ## ####"), _spell("%##-##-####"), _spell("%########"), _spell("XXX-XX-####")),
        "mrn": (_spell("#######"), _spell("##-##-##"), _spell("^^######"), _spell("### ### ####"), _spell("H-#######"), _spell("#####")),
        "plan": (_spell("^^##########"), _spell("%^##^^#^^##"), _spell("#####-##"), _spell("R########"), _spell("###-##-####A")),
        "account": (_spell("########"), _spell("V000########"), _spell("#####-####"), _spell("#### #### #### ####")),
        "licence": (_spell("^##-##-####"), _spell("#########"), _spell("^^#######"), _spell("^###-####-####")),
        "vehicle": (_spell("#^^^###"), _spell("^^^ ####"), _spell("^^-#####"), _spell("^## #^^")),
        "vehicle_vin": (_spell("%^^^^##%^#^######"), _spell("^^#^^##^#^^######")),
        "device": (_spell("^^^-######"), _spell("########"), _spell("^#^#####^"), _spell("##^####-##")),
        "url": (
            _spell("http://www.example.net/patients/~~~~~?id=###"), _spell("https://share.example.com/a/b_#######.html"), _spell("gofund.example.org/help-####"),
            _spell("www.familyblog##.example.com/2019"),
        ),
        "ip": (_spell("172.16.%#.1%#"), _spell("203.0.113.%#"), _spell("fe80::1%~~:~~~~:%~~~:~~~~"), _spell("2001:db8:%~~~:%~~~:%~~~:%~~~:%~~~:%~~~"), _spell("198.51.100.%#:80#%")),
        "biometric": (_spell("BIO-^^####"), _spell("~~~~%~~~-~#~~"), _spell("########"), _spell("V#.######")),
        "photo": (_spell("face_####.jpeg"), _spell("P#######.JPG"), _spell("IMG-2019####-WA####.jpg"), _spell("scan###_front.tiff")),
        "other": (_spell("^^^-##-###"), _spell("######"), _spell("##^#####"), _spell("^####")),
        "other_path": (_spell("S##-####"), _spell("SP##-#####")),
        "other_accession": (_spell("##-###-#####"), _spell("^^########"), _spell("#######")),
        "other_handle": (_spell("@care_hero##"), _spell("@mum.of.#")),
    },
)
"""Names, sentences and formats of this half."""
