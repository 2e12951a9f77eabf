"""Family names that are common in the United States, in lower case, and those that are medical eponyms."""

from typing import Final

FAMILY: Final = frozenset(
    """
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson
    thomas taylor moore jackson martin lee perez thompson white harris sanchez clark ramirez lewis robinson walker
    young allen king wright scott torres nguyen hill flores green adams nelson baker hall rivera campbell mitchell
    carter roberts gomez phillips evans turner diaz parker cruz edwards collins reyes stewart morris morales murphy
    cook rogers gutierrez ortiz morgan cooper peterson bailey reed kelly howard ramos kim cox ward richardson watson
    brooks chavez wood james bennett gray mendoza ruiz hughes price alvarez castillo sanders patel myers long ross
    foster jimenez powell jenkins perry russell sullivan bell coleman butler henderson barnes gonzales fisher vasquez
    simmons romero jordan patterson alexander hamilton graham reynolds griffin wallace moreno west cole hayes bryant
    herrera gibson ellis tran medina aguilar stevens murray ford castro marshall owens harrison fernandez mcdonald
    woods washington kennedy wells vargas henry chen freeman webb tucker guzman burns crawford olson simpson porter
    hunter gordon mendez silva shaw snyder mason dixon munoz hunt hicks holmes palmer wagner black robertson boyd rose
    stone salazar fox warren mills meyer rice schmidt garza daniels ferguson nichols stephens soto weaver ryan gardner
    payne grant dunn kelley spencer hawkins arnold pierce vazquez hansen peters santos hart bradley knight elliott
    cunningham duncan armstrong hudson carroll lane riley andrews alvarado ray delgado berry perkins hoffman johnston
    matthews pena richards contreras willis carpenter lawrence sandoval guerrero george chapman rios estrada ortega
    watkins greene nunez wheeler valdez harper burke larson santiago maldonado morrison franklin carlson austin
    dominguez carr lawson jacobs obrien lynch singh vega bishop montgomery oliver jensen harvey williamson gilbert
    dean sims espinoza howell li wong reid hanson le mccoy garrett burton fuller wang weber welch rojas lucas marquez
    fields park yang little banks padilla day walsh bowman schultz luna fowler mejia davidson acosta brewer may
    holland juarez newman pearson curtis cortez douglas schneider joseph barrett navarro figueroa keller avila wade
    molina stanley hopkins campos barnett bates chambers caldwell beck lambert miranda byrd craig ayala lowe frazier
    powers neal leonard gregory carrillo sutton fleming rhodes shelton schwartz norris jennings rush frank kaplan
    stein cohen levy katz friedman goldberg rosenberg shapiro epstein weiss klein becker bauer koch richter wolf
    zimmermann braun krueger hartmann lang werner schmitt schulz huber kaiser fuchs scholz moller larsen nielsen
    andersen pedersen christensen sorensen johansson karlsson nilsson eriksson svensson gustafsson lindberg lindstrom
    bergstrom rossi russo ferrari esposito bianchi romano colombo ricci marino greco bruno gallo conti costa giordano
    mancini rizzo lombardi moretti dubois durand leroy moreau simon laurent lefebvre michel garnier fournier girard
    bonnet dupont fontaine rousseau kowalski nowak wisniewski wojcik kaminski lewandowski zielinski szymanski wozniak
    dabrowski novak horvat ivanov petrov sidorov smirnov kuznetsov popov volkov sokolov lebedev kozlov sharma gupta
    kumar verma mehta shah desai joshi rao reddy iyer nair menon banerjee mukherjee chatterjee das khan ahmed hussain
    malik qureshi sheikh siddiqui chaudhry rahman haddad khoury nasser mansour farah tanaka suzuki sato watanabe
    yamamoto nakamura kobayashi kato yoshida yamada sasaki choi jung kang cho yoon jang lim shin kwon hwang pham hoang
    vu vo dang bui huynh ngo duong ly liu zhang zhao huang zhou wu xu sun zhu hu lin guo luo zheng liang xie tang deng
    feng okafor okeke adeyemi mensah boateng owusu mwangi kamau odhiambo abdi mohamed hassan oconnor oneill okeefe
    osullivan odonnell mccarthy mcbride mccall mccarty mcclure mccormick mccullough mcdaniel mcdowell mcfarland mcgee
    mcgrath mcguire mcintosh mcintyre mckay mckee mckenzie mckinney mcknight mclaughlin mclean mcmahon mcmillan mcneil
    mcpherson mcqueen macdonald mackenzie abbott adkins albert aldridge alston ashley atkins atkinson avery ballard
    barber barker barlow barron barry bartlett barton bass baxter beard beasley benson benton bernard best blackburn
    blackwell blair blake blanchard blankenship blevins bolton bond bowen bowers boyer boyle bradford bradshaw brady
    branch bray brennan bridges briggs britt brock browning bruce bryan buck buckley buckner bullock burch burgess
    burks burnett burris bush byers cain calhoun callahan camacho cameron cannon cantrell cantu cardenas carey
    carlisle carney carson carver case cash castaneda cervantes chandler chaney chang charles chase christian church
    clay clayton clements cleveland cline cobb cochran coffey combs compton conley conner conrad conway copeland
    cortes cotton crane crosby cross daugherty davenport decker dejesus deleon dennis dickerson dickson dillard dillon
    donaldson donovan dorsey dotson downs doyle drake dudley duffy duke duran durham dyer eaton elliot emerson england
    english erickson everett ewing farley farmer farrell faulkner ferrell finch finley fitzgerald fitzpatrick fletcher
    flowers floyd flynn foley forbes foreman francis franco french frost frye fry fuentes galindo gallagher gallegos
    gamble garner garrison gates gentry gibbs giles gill gillespie gilmore glass glenn glover golden good goodman
    goodwin goff grimes gross guerra guthrie hahn hale haley hammond hampton hancock haney hardin harding hardy harmon
    harrell harrington hatfield hayden haynes hays head heath hebert hendricks hendrix henson herman herring hess
    hester hickman higgins hines hinton hobbs hodge hodges hogan holcomb holden holder holloway holman holt hood
    hooper hoover horn horne horton house houston howe hubbard huff huffman hull humphrey hurley hurst hutchinson hyde
    ingram irwin jarvis jefferson joyce kane kaufman keith kemp kent kerr kidd kirby kirk kirkland kline kramer lamb
    lancaster landry levine lindsay lindsey livingston lloyd logan lott love lowery lucero lyons macias mack madden
    maddox malone mann manning marks marsh mathews mathis maxwell mayer maynard mayo mays meadows melendez melton
    mercado mercer merrill merritt meyers middleton miles monroe montoya moody moon mooney moran morin morrow morse
    morton moses mosley moss mueller mullen mullins nash nieves nixon noble noel nolan norman norton ochoa odom oneal
    orr osborn osborne owen pace parks parrish parsons pate patrick patton paul pickett pittman pitts pollard poole
    pope potter potts pratt preston prince pruitt pugh quinn ramsey randall randolph rasmussen ratliff raymond rich
    richard richmond riddle riggs rivas rivers roach robbins robles rocha rodgers rodriquez roman rosales rosario roth
    rowe rowland roy rutledge salas salinas sampson sanford santana sargent saunders savage sawyer sexton shaffer
    sharp shepard shepherd sheppard sherman shields short skinner slater sloan small snow solis solomon sosa sparks
    spears stafford stanton stark steele stephenson stevenson stokes stout strickland strong stuart suarez summers
    swanson sweeney sweet sykes talley tanner tate terrell terry thornton tillman todd townsend travis trevino
    trujillo tyler underwood valencia valentine valenzuela vance vang vaughan vaughn velasquez velez villa villarreal
    vincent vinson wall waller walls walter walters walton ware warner waters watts weeks whitaker whitehead whitfield
    whitley whitney wiggins wilcox wilder wiley wilkerson wilkins wilkinson william winters wise witt wolfe woodard
    woodward wooten workman wyatt yates york zamora zimmerman
    """.split()
)

EPONYMS: Final = frozenset(
    """
    addison alzheimer apgar asperger babinski baker barrett bartholin basedow bell bence-jones billroth bishop bowen
    brown budd burkitt bruce chiari charcot cheyne cooley coombs cooper corrigan coudé cowper creutzfeldt crohn
    cushing dandy down doppler duchenne dupuytren ebstein edwards ehlers epstein ewing fallot fanconi finkelstein fitz
    foley fournier fontan fuchs gaucher gram graves goodpasture gleason guillain-barré guillain hamman harrington
    hartmann hashimoto heberden heimlich henoch hickman hirschsprung hodgkin hoffmann holmes homans horner huntington
    jackson jackson-pratt johnson kaplan kaposi kawasaki kernig kirschner klinefelter koch kocher korsakoff krukenberg
    kussmaul lachman langerhans lasegue lewy lewis little lyme maddox mallory marfan marshall mayo mcburney mcmurray
    meckel meniere murphy newton niemann osler paget parkinson peyronie phalen pott prader raynaud reed reiter reye
    richter rinne romberg ross roth roux russell salter schatzki schilling scott silver simmons sjogren sjögren sims
    smith sprague starling stein stevens still sturge swan swan-ganz takayasu tay tinel tourette trendelenburg
    trousseau turner valsalva virchow wagner waldenstrom wallenberg warthin weber wegener wells werner wernicke
    wharton whipple wilms wilson wolff wood yankauer zenker zollinger ishihara snellen glasgow ranson braden morse
    norton waterlow karnofsky ann arbor child pugh killip mallampati cobb cormack lehane schirmer schober spurling
    thomas thompson hawkins neer speed yergason phillips breslow clark dukes kellgren lawrence frank tanner ballard
    fisher hunt hess rankin barthel katz hamilton beck bristol allen adson buerger chvostek levine blumberg rovsing
    cullen grey kehr nissen whitehead bankart
    """.split()
)
"""Names that stand for a disease, sign, score, device or operation; `EPONYM_HEADS` after them decides."""

EPONYM_HEADS: Final = frozenset(
    """
    disease diseases syndrome syndromes sign signs signe's palsy catheter catheters drain drains lymphoma sarcoma
    tumor tumour cyst cysts node nodes nodule score scores scale stage staging class classification criteria index
    test tests stain thyroiditis contracture ulcer ulcers fracture fractures esophagus oesophagus body bodies cell
    cells chorea anomaly malformation tetralogy triad law reflex manoeuvre maneuver position procedure operation
    repair fundoplication pouch pouches limb anastomosis bypass classification's line lines tube tubes clamp clamps
    knife needle needles wire wires pins nail plate plates screw retractor forceps lamp chart encephalopathy purpura
    granulomatosis macroglobulinemia macroglobulinaemia phenomenon gangrene sinus space duct gland glands ligament
    canal fascia pouch's area gene virus exact model models estimator breathing respiration respirations dementia
    symptoms edema oedema diverticulum diverticula spots nodes' pneumonia dystrophy ataxia glomerulonephritis
    nephritis agglutinin antibody proteins hernia triangle point tenderness angle method technique incision approach
    dressing splint sling boot collar brace patch medication-induced dyskinesia parkinsonism vasculitis arteritis ring
    rings web ganz pratt barre barré danlos willi lead leads osteotomy prosthesis amputation facies hand fingers toe
    foot disorder prick dosing formula equation curve analysis regression correction protocol protocols population's stone stones attack
    attacks and
    """.split()
)
