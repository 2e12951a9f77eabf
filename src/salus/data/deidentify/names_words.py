"""Words that begin with a capital letter in clinical text and are no part of a person's name; in lower case."""

from typing import Final

NOT_NAMES: Final = frozenset(
    """
    a about above abdomen abdominal abnormal abuse access accession account acct active activity acute addendum
    address admission admit admitted adult advised after age agency ago air all allergies allergy also although am
    ambulance an and ap any apartment apnea appears appearance appointment appt april apt are area arrived arterial as
    assessment assistant associated at attending attn august author authorized ave avenue back background bed been
    before behavioral being below bilateral billing biopsy birth birthdate black blood blvd board bone both bp brain
    breast breath by call called campus cancer care cardiac cardiology cardiothoracic caregiver case cath cc cell
    center central centre chair chart chemistry chest chf chief child chronic city class clinic clinical clinician co
    code college comments community comparison complaint complains complaints complete completed concern condition
    conference consult consultant consultation contact continue continued contrast copies copy coronary cough coumadin
    county course court covering cranial created creatinine critical ct culture current cxr daily data date dated
    dates day days dear death dec december dental denies department dept dermatology describes description device
    diabetes diabetic diagnoses diagnosis diagnostic diagnostics dialysis dictated did diet differential digital
    direct director disability discharge discharged discussed discussion disease dispense disposition division do dob
    doctor doctors documented does dose dr drive drug drugs due during ear ears ecg echo ed edema ekg elderly
    electronic electronically email emergency emr ems encounter endocrine endocrinology ent entered episode er
    evaluation evening events every exam examination examined except excision exploration extremities eye eyes fall
    family fax feb february federal female fever few film final finding findings first floor fluid follow follow-up
    followed followup foot for former found fracture fri friday from full function fundoscopic further gait
    gastroenterology gastrointestinal gender general genetics geriatric gi given global glucose good group gyn
    gynecology had has have he head heading headache health hearing heart heent hematology hemodialysis hemoglobin her
    here hers high him his history hiv home hospice hospital hospitalist hospitals hour hours house how however hpi
    husband hypertension i icu id if imaging impression in indicated indication indications infection infectious
    infirmary information informed initial injury inpatient insurance insurer intensive intern internal interpretation
    interpreted interval intervention into iron is it its iv jan january jr july june kidney knee lab labor laboratory
    labs lane last later left legal letter level license lives liver location long low lower lumbar lung lungs mail
    male manager management mar march marital married mass maternal may md medical medicare medicaid medication
    medications medicine member mental method mg microbiology middle mild mom monday month months more morning most
    mother motor mr mri mrn mrs ms my n/a name names nephrology neuro neurologic neurological neurology neurosurgery
    new next night no none normal not note noted notes nothing notice notified nov november now npi number nurse
    nurses nursing ob observation obstetrics occupation occupational occupied oct october of office officer on
    oncology once one only onset operation operative ophthalmology or oral order ordered orders org organ orthopaedic
    orthopaedics orthopedic orthopedics other our out outpatient over oxygen page pager pain palliative part past
    pathology patient patients pcp pediatric pediatrics pending per performed person pharmacy pharmacist phone
    physical physician physicians physiotherapy plan plastic please pm pneumonia podiatry police policy portable post
    practice practitioner pre pregnancy preliminary present presented presenting presents previous primary prior
    private problem problems procedure procedures prof professor program progress prostate provider providers
    psychiatric psychiatry psychology pt public pulmonary pulse radiograph radiologist radiology rash re reading
    reason received recent recommend recommendation recommendations recommended record records rectal referral
    referred referring rehab rehabilitation relation relationship relevant religion remarks renal report reported
    reports request requested requesting resident residents residence respiratory respirations response result results
    return reviewed review rheumatology right rn road room routine rx said sat saturday saw says school second section
    seen sent sep sept september serial service services session severe sex she shift should side signed signature
    significant since sincerely single sister skin skull sleep smoker smoking so social some son source spanish
    speaking special specialist specialty specimen speech spinal spine spoke spouse sr ss ssn st staff start started
    state states stated status still stomach street student study subjective subject such suite summary sun sunday
    supervising surgeon surgery surgical symptoms system systems table team tech technician technique technologist tel
    telephone temp temperature test testing tests than thank thanks that the their then therapist therapy there these
    they this those thoracic three through throat thu thursday thyroid time title to today told tomorrow took total tr
    transcribed transfer transferred transplant trauma treatment triage tue tuesday type ultrasound under underwent
    unit units university unknown until up upper urgent urine urology us use vaccine valve vascular veteran view views
    visit vital vitals via was we wed wednesday week weeks weight well were what when where which while white who whom
    wife will with within without witness woman women work wound x-ray year years yesterday you your zip abstract aim
    among approximately because between but conclusion conclusions despite five four furthermore hence interestingly
    introduction likewise many methods moreover nevertheless objective objectives purpose similarly six subsequently
    therefore thus two unlike whereas yes attn: cell: occasional stable nkda tid bid prn qd qhs qid po npo im mrsa
    copd cad htn dm esrd osa gerd uti dvt pe mi cva tia afib micu sicu ccu nicu picu pacu ehr pact ward ot slp asap
    stat wbc rbc hgb hct plt inr bmp cbc cmp lft lfts tsh bun cr na cl ros cv resp abd ext gu msk psych derm pmh psh
    fh sh hx dx sx tx fx usa american african hispanic asian caucasian latino latina catholic jewish muslim christian
    english arabic acid aspirin insulin heparin warfarin lisinopril metformin atorvastatin furosemide lasix tylenol
    ibuprofen lexapro zoloft prozac effexor paxil xanax cymbalta wellbutrin celexa ativan klonopin aide desk line
    station answering supervisor coordinator counselor interpreter navigator liaison medicolegal regards yours
    respectfully best warm kind cordially faithfully truly wishes guarantor subscriber beneficiary policyholder
    sponsor employer employed works mailing phone: fax: dictating verified authenticated approved cosigned accompanied
    brought verbal
    european british irish scottish american chinese japanese indian korean italian turkish iranian pakistani russian
    polish portuguese brazilian arab vietnamese filipino somali nigerian indonesian western southern northern eastern
    cesarean caesarean cesarian doc docs wants thinks tells gave put prescribed basically finally several lesion lesions
    depression seizures company anti pro non multi dr's otherwise never always free serious fig figs figure table left right feel feeling effects children control statistical diagnostic
    tumors tumours diseases disorders state joint ordering frcs frcp facc facs bsn msn phd fracp mrcp caller client copy dictating assigned responsible np
    """.split()
)

POSTNOMINALS: Final = (
    r"M\.?D\.?|D\.?O\.?|Ph\.?\s?D\.?|R\.?N\.?|L\.?P\.?N\.?|N\.?P\.?|FNP(?:-BC|-C)?|AGNP|ACNP|APRN|CRNP|ARNP|CNM|CRNA|"
    r"P\.?A\.?(?:-C)?|LCSW|LICSW|MSW|LSW|BSN|MSN|DNP|R\.?Ph\.?|Pharm\.?\s?D\.?|D\.?D\.?S\.?|DMD|DPM|D\.?C\.?|DPT|PT|OTR/?L?|"
    r"CCC-SLP|RRT|RT\(R\)|RD|RDN|M\.?B\.?B\.?S\.?|MBChB|MRCP|FRCP|FRCS|FRCR|FACP|FACC|FACS|FACR|MPH|MS|PsyD|LMFT|EMT(?:-P)?|CNA|MA|"
    r"Esq\.?"
)
