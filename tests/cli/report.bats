# report.html and the event file: made at the end of a run, made again by `report`; well-formed, self-contained, harmless.
load common
setup() { in_own_folder; }

# well_formed PAGE: an XML parser reads it, every id is there once, every link leads to a part of the page or to a file
# beside it, nothing is loaded and nothing is a script.
well_formed() {
    python3 - "$1" <<'PYTHON' || complain "$1"
import pathlib, sys, xml.etree.ElementTree as tree
page = pathlib.Path(sys.argv[1])
root = tree.parse(page).getroot()
names = {element.tag for element in root.iter()}
assert not names & {"script", "img", "link", "iframe", "object", "embed", "base", "form", "image", "use"}, names
ids = [element.get("id") for element in root.iter() if element.get("id")]
assert len(ids) == len(set(ids)), "an id occurs twice"
for element in root.iter():
    assert not [a for a in element.attrib if a.startswith("on") or a in ("src", "style", "action")], element.attrib
    link = element.get("href")
    if link is not None:
        assert element.tag == "a" and (link[1:] in ids if link[0] == "#" else (page.parent / link).is_file()), link
    for target in (element.get("aria-labelledby") or "").split():
        assert target in ids, target
for picture in root.iter("svg"):
    assert picture.get("aria-hidden") == "true" or picture.get("role") == "img" and picture.find("title").text, "no title"
for table in root.iter("table"):
    assert table.find("caption").text, "a table without a caption"
assert "http" not in page.read_text(), "an address"
PYTHON
}

@test "a run ends with a page, which report makes again from the same files" {
    succeeds cam-train --config c.yaml num_train_epochs=2
    says "report.html        the same to look at, in a browser"
    well_formed out/report.html
    [ ! -e out/events.out.tfevents.cam-train ] || complain "nobody asked for an event file"
    for part in result course labels confusions mistakes configuration files; do
        [ "$(grep -c "id=\"$part\"" out/report.html)" -eq 1 ] || [ "$part" = mistakes ] || complain "no $part"
    done
    grep -q "learning_rate: 5e-3" out/report.html
    mv out/report.html first.html
    succeeds cam-train report out
    says 'wrote "out/report.html"'
    cmp first.html out/report.html
    [ -z "$output" ] || complain "standard output is for results"
}

@test "the language is that of the key, of the option, of the environment" {
    LC_ALL='' LC_MESSAGES='' LANG=fr_FR.UTF-8 succeeds cam-train --config c.yaml max_steps=2
    grep -q '<html lang="fr">' out/report.html
    succeeds cam-train --config c.yaml max_steps=2 language=en overwrite_output_dir=true
    grep -q '<html lang="en">' out/report.html
    succeeds cam-train report out --language fr
    well_formed out/report.html
    grep -q '>Déroulement de' out/report.html
    LC_ALL=C succeeds cam-train report out
    grep -q '<html lang="en">' out/report.html
    refused 2 "" cam-train report out --language de
}

@test "report_to: a page, an event file, both, none; an earlier run's do not stay" {
    succeeds cam-train --config c.yaml max_steps=2 'report_to=[tensorboard, html]'
    says "events.out.tfevents.cam-train  the same for TensorBoard"
    grep -q brain.Event:2 out/events.out.tfevents.cam-train
    grep -q events.out.tfevents.cam-train out/report.html
    [ -s out/log.jsonl ] || complain "both are made from the log"
    succeeds cam-train --config c.yaml max_steps=2 report_to=tensorboard overwrite_output_dir=true
    [ -s out/events.out.tfevents.cam-train ] && [ ! -e out/report.html ] || complain "an event file alone"
    succeeds cam-train --config c.yaml max_steps=2 'report_to=[]' overwrite_output_dir=true
    [ ! -e out/events.out.tfevents.cam-train ] && [ ! -e out/report.html ] && [ ! -e out/log.jsonl ] || complain "files"
    [[ "$stderr" != *report.html* ]] || complain "a file that is not there"
}

@test "labels and texts that are HTML, formulas, control characters or of another direction are shown as they are" {
    python3 - <<'PYTHON'
import csv
labels = ['<script>alert("1")</script>', '"><img src=x onerror=alert(2)>', "&amp; ' ]]>", "\u202eש\u200f\u001b[31m"]
with open("data.csv", "w", encoding="utf-8", newline="") as out:
    rows = csv.writer(out)
    rows.writerow(["text", "label"])
    for i in range(80):
        rows.writerow([f'<b onclick="x()">texte {i}</b>\n<!-- {i} --> \u202e=1+1 & &lt;', labels[i * 7 % 4]])
PYTHON
    succeeds cam-train --config c.yaml max_steps=2
    well_formed out/report.html
    python3 - <<'PYTHON' || complain "the texts are not shown"
import xml.etree.ElementTree as tree
text = "".join(tree.parse("out/report.html").getroot().itertext())
for shown in ['<script>alert("1")</script>', '"><img src=x onerror=alert(2)>', "&amp; ' ]]>", "\\u202e", "\\x1b[31m", '<b onclick="x()">texte ']:
    assert shown in text, shown
assert not [c for c in text if ord(c) < 32 and c not in "\n\t" or 0x202A <= ord(c) <= 0x202E]
PYTHON
}

@test "a page of pretraining" {
    cut -d, -f1 data.csv >texts.txt
    succeeds cam-train pretrain --config c.yaml train_file=texts.txt max_steps=2 validation_split=0.2
    well_formed out/report.html
    grep -q "Perplexity" out/report.html
}

@test "pages of measure, compare, curve and clean, alone and together, in both languages" {
    for name in measure compare curve clean all; do
        mkdir $name
        if [ $name = all ]; then cp "$repository"/tests/unit/data/pages/*.json all; else cp "$repository/tests/unit/data/pages/$name.json" $name; fi
        for language in fr en; do
            succeeds cam-train report $name --language $language
            well_formed $name/report.html
        done
    done
    [ "$(grep -c '<section' all/report.html)" -eq 9 ] || complain "sections: $(grep -c '<section' all/report.html)"
}

@test "no folder, nothing in it, a damaged file, a full disk: one message, and the page that was there stays" {
    refused 2 "report needs a folder of a run" cam-train report
    refused 2 'there is no folder "nowhere"' cam-train report nowhere
    refused 2 "has nothing to report" cam-train report tiny
    mkdir some && cp "$repository/tests/unit/data/pages/clean.json" some
    succeeds cam-train report some
    cp some/report.html before.html
    printf '{"format":' >some/clean.json
    refused 3 'this is not a JSON object' cam-train report some
    cp "$repository/tests/unit/data/pages/clean.json" some
    run --separate-stderr bash -c "ulimit -f 4; '$program' report some"
    [ "$status" -eq 8 ] || complain "expected exit 8"
    cmp before.html some/report.html
    [ "$(ls some)" = $'clean.json\nreport.html' ] || complain "$(ls some)"
    echo mine >some/report.html
    refused 2 'is not a page of cam-train; move it away' cam-train report some
    [ "$(cat some/report.html)" = mine ] || complain "a file of the user was replaced"
    refused 2 'already holds a run (report.html)' cam-train --config c.yaml output_dir=some
    rm some/report.html
    succeeds cam-train report some
    succeeds cam-train --config c.yaml max_steps=2 output_dir=some
    grep -q 'id="data"' some/report.html && grep -q 'id="result"' some/report.html || complain "one page of both"
}
