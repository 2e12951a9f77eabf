"""Given names that are common in the United States, written in lower case; facts, as any birth register shows them."""

from typing import Final

_WOMEN = """
mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa nancy betty sandra margaret ashley
kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca sharon laura cynthia dorothy amy kathleen
angela shirley emma brenda pamela nicole anna samantha katherine christine debra rachel carolyn janet maria olivia
heather helen catherine diane julie victoria joyce lauren kelly christina ruth joan virginia judith evelyn hannah
andrea megan cheryl jacqueline madison teresa abigail sophia martha sara gloria janice kathryn ann isabella judy
charlotte julia amber alice jean denise frances danielle marilyn natalie beverly diana brittany theresa kayla alexis
doris lori tiffany erin lillian eleanor florence ethel edna thelma phyllis norma lucille irene esther hazel marjorie
ida bernice mildred agnes gertrude josephine loretta rhonda anita wanda bonnie tracy peggy gladys connie wendy
geraldine maureen rosemary ellen audrey sylvia leslie yolanda vivian tamara valerie renee vanessa monica veronica
regina carmen rosa guadalupe juanita lucia elena isabel ana marta alejandra gabriela mariana camila valentina sofia
ximena yesenia marisol beatriz leticia esperanza consuelo graciela maribel priya anjali lakshmi sunita kavita meera
deepa fatima aisha amina zainab khadija leila yasmin mei ling yuki hana sakura keiko yoko michiko naomi miriam leah
rebekah tamika latoya keisha shanice ebony imani aaliyah precious jasmine destiny brianna alyssa kaitlyn haley paige
chloe zoe mia ava amelia harper evelynn aubrey ella avery scarlett layla penelope nora hailey aurora stella lucy
claire caroline bella nadia natasha olga svetlana irina tatiana ekaterina ludmila anastasia ingrid astrid greta helga
heidi brigitte giulia francesca chiara bianca lorena noemi siobhan bridget colleen eileen sheila deirdre fiona moira
aileen kristen kristin krista kara tara erica erika jill jillian jenna jenny katie kate kathy kathie cathy cindy sandy
debbie becky vicky nicki nikki terri sherri sherry tammy tina trina gina dana dawn stacy stacey shannon shawna
meredith melanie melinda belinda lynda lynn lynne marie marian marianne maryann annette annemarie suzanne susanna
roxanne joanne joanna johanna jeanne jeannette jeanette nanette paulette claudette yvonne yvette collette gwendolyn
gwen glenda rosalind rosalie roslyn marlene darlene charlene arlene maxine francine nadine justine ernestine pauline
adele adrienne vivienne elaine lorraine germaine constance clarissa larissa melody felicia alicia patrice candace
candice latasha lakeisha tonya tanya sonya sonia antonia virgie velma verna vera viola minnie nellie bessie mabel
myrtle pearl elsie hattie
""".split()

_MEN = """
james john robert michael david william richard joseph thomas charles christopher daniel matthew anthony donald steven
paul andrew joshua kenneth kevin brian george timothy ronald edward jason jeffrey ryan jacob gary nicholas eric
jonathan stephen larry justin scott brandon benjamin samuel gregory alexander patrick jack dennis jerry tyler aaron
jose adam nathan henry zachary douglas peter kyle noah ethan jeremy walter christian keith roger terry austin sean
gerald carl harold dylan arthur lawrence jordan jesse bryan bruce gabriel joe logan albert willie alan juan wayne
elijah randy roy vincent ralph eugene russell bobby mason philip louis harry billy howard fred clarence ernest martin
craig stanley shawn travis bradley leonard earl jimmy francis todd danny dale curtis leroy norman allen marvin glenn
jeffery melvin alfred francisco chad cody jared antonio ronnie tommy edwin floyd leo herbert ricardo theodore clifford
barry miguel micheal oscar jay jim tom calvin alex jon manuel bernard ramon troy lloyd marcus ricky leon alfredo
gilbert eduardo ruben fernando raul armando enrique javier sergio alejandro roberto carlos luis jorge pedro hector
jesus rafael arturo salvador ernesto julio cesar guillermo gustavo rodrigo diego mateo santiago emilio ignacio esteban
rajesh sanjay anil sunil vijay arjun rahul amit deepak suresh ramesh mohammed muhammad mohammad ahmed ahmad ali hassan
hussein omar ibrahim khalid yusuf mustafa abdul karim tariq hamid jamal malik wei jun hiroshi kenji takashi akira
satoshi minh tuan duc hung kwame kofi emeka chidi tunde dmitri ivan sergei vladimir nikolai boris mikhail alexei igor
yuri anatoly pavel piotr tomasz andrzej jakub marek lars sven erik bjorn nils anders henrik johan klaus hans dieter
wolfgang jurgen heinrich friedrich gunther otto pierre jacques francois philippe olivier laurent giovanni giuseppe
antonino marco luca matteo lorenzo paolo stefano angelo dominic dominick salvatore vincenzo seamus liam declan brendan
conor cormac aidan angus callum duncan malcolm ewan hamish alistair graeme nigel clive trevor simon neil colin ian
derek rodney gareth rhys owen tyrone darnell deshawn terrence terrell reginald cedric cornelius demetrius darius
isaiah jeremiah caleb lucas isaac josiah hunter gavin landon julian wyatt jaxon lincoln levi sebastian xavier
dominique damian adrian preston spencer grayson mitchell elliott desmond emmett everett wendell willard wilbur orville
virgil homer horace chester lester luther elmer roland rolando armand maurice morris milton irving irvin sidney
seymour myron byron marlon mario clayton clinton clifton clyde claude dwight dwayne duane darrell daryl darryl gerard
geoffrey jeff greg doug steve stephan stefan mike mick nick rick rich ron don ken kenny benny denny lenny manny sammy
teddy freddy eddie andy randall rudolph rudy rufus rupert sylvester thaddeus tobias wallace warren wesley winston
woodrow zachariah abraham abram alvin alton amos archie
""".split()

AMBIGUOUS: Final = frozenset(
    """
    mark bill will frank jack rich art drew chase dale earl hunter mason pierce rose grace faith hope joy iris lily
    violet daisy ivy olive ginger amber crystal ruby pearl dawn eve april may june august summer autumn robin melody
    destiny precious page paige carol angel christian dominique jordan chad kenya sierra virginia georgia carolina
    florence charlotte madison austin lincoln preston victoria sydney paris aurora constance patience prudence charity
    stella ava mia ella gene jean jay ray ralph guy miles skip buddy sandy rusty dusty randy homer virgil mercy clay
    dean duke king prince major cliff forest woody rocky sterling stone wade wally tony ken don ron jun wei ling min
    ali ana bella regina viola cesar ben mike ann leo ida sara
    """.split()
)
"""Given names that are also words, places or parts of terms; alone they prove nothing."""

GIVEN: Final = frozenset(_WOMEN) | frozenset(_MEN) | AMBIGUOUS
