import pytest

from salus.data.library import open_data
from salus.data.readers.table import read_columns
from salus.data.records.dictionary import apply_dictionary, read_dictionary
from salus.schema.errors import DataError, UsageError

DICTIONARY = """column,type,unit,allowed,missing,description
id,identifier,,,,number of the row
sex,category,,1=male|2=female,9,
age,integer,years,18..110,-9|999,
glucose,number,mg/dL,0..,,fasting
grade,integer,,1|2|3,,
seen,date,,,,
"""
TABLE = """id,sex,age,glucose,grade,seen,extra
01,1,40,90.5,1,2020-01-01,a
02,2,-9.0,low,2,2020-13-01,b
03,9,12,-4,7,,c
04,3,999,80,2.5,2020,d
"""


def write(folder, dictionary=DICTIONARY, table=TABLE):
    (folder / "d.csv").write_text(dictionary)
    (folder / "t.csv").write_text(table)
    return apply_dictionary(read_columns(folder / "t.csv"), read_dictionary(folder / "d.csv"))


def test_violations_are_listed_cell_by_cell(tmp_path):
    checked = write(tmp_path)
    assert [(v.line, v.column, v.value) for v in checked.violations] == [
        (5, "sex", "3"), (4, "age", "12"), (3, "glucose", "low"), (4, "glucose", "-4"), (4, "grade", "7"),
        (5, "grade", "2.5"), (3, "seen", "2020-13-01"),
    ]  # fmt: skip
    assert str(checked.violations[1]) == "line 4, column 'age': '12' is outside 18..110"
    assert checked.table.words["sex"] == ["male", "female", "", ""]
    assert checked.table.numbers["age"][0] == 40
    assert (checked.table.numbers["age"][1:] != checked.table.numbers["age"][1:]).all()
    assert checked.table.words["id"] == ["01", "02", "03", "04"]
    assert "id" not in checked.table.numbers  # an identifier with leading zeros stays text
    assert checked.unlisted == ("extra",)
    notes = checked.notes()
    assert any("'glucose'" in note and "line 3" in note for note in notes)
    assert "extra" in notes[-1]


@pytest.mark.parametrize(
    ("line", "why"),
    [("x,strange,,,,", "type"), ("x,number,mmHgg,,,", "not UCUM"), ("x,number,,9..1,,", "holds no number"),
     ("x,text,,1..2,,", "only numbers"), ("x,number,,a..b,,", "low..high"), (",number,,,,", "type"),
     ("id,text,,,,", "twice")],
)  # fmt: skip
def test_a_bad_dictionary_is_named_with_its_line(tmp_path, line, why):
    with pytest.raises(DataError, match=f"line 8.*{why}|{why}"):
        write(tmp_path, DICTIONARY + line + "\n")


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match="glucos"):
        write(tmp_path, DICTIONARY.replace("glucose", "glucos"))


def test_a_table_opens_with_its_dictionary(tmp_path):
    head, *lines = TABLE.splitlines()
    lines = [line[:-1] + word for line, word in zip(lines, ("yes", "no", "yes", "no"), strict=True)]
    write(tmp_path, table="\n".join([head, *lines]) + "\n")
    loaded = open_data(f"{tmp_path}/t.csv:target=extra,id=id,dictionary={tmp_path}/d.csv")
    assert loaded.dataset[0].inputs["row"].values["sex"] == "male"
    assert any("outside 18..110" in note for note in loaded.notes)
    with pytest.raises(UsageError, match="dictionary"):
        open_data(f"{tmp_path}/t.csv:target=extra,dictionry=x")
