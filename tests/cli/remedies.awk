# remedies.awk: prints FILE<tab>LITERAL for every text in C sources that proposes something to the user, and FILE<tab>CALL
# for every call of cam_remedy_put, which writes such a text. Adjacent literals are one.
function ends() {
    if (joined != "" && proposes(joined)) print file "\t" joined
    joined = ""
}
function proposes(text) {
    return text ~ "(^|[;:,(] |, or |, and |^[^a-z]+|n't |or |\\\\n|: )(" verbs ")( |$|:)" ||
        text ~ /(^|[^a-z_])[a-z]+_?[a-z_]*[a-z]=[^= ]/ || text ~ /(^|[^-])--[a-z]/ || text ~ /cam-train (%s|[a-z]+ --)/ ||
        text ~ /did you mean|the key is|hf download|iconv|sed '|tail -c|python3 -c|git lfs pull|sqlite3 |hint|needs less/ ||
        text ~ /label_column|text_column|label_map|belongs in|CAM_[A-Z]+|ddp_timeout|on_bad_row|stands before|stand under/
}
BEGIN {
    verbs = "set|write|leave|name|use|add|save|choose|run|put|train|make|rename|export|install|wait|correct|keep|try|fetch|" \
        "download|load|convert|replace|remove|consider|group|mend|merge|unpack|take|score|label|lower|start|read|look"
}
FNR == 1 { ends(); comment = 0; file = FILENAME; call = "" }
{
    line = $0
    if (line ~ /cam_remedy_put\(/ && line !~ /^void/) {
        call = line
        sub(/.*cam_remedy_put\(/, "cam_remedy_put(", call)
        if (call !~ /;$/) { getline more; sub(/^ */, " ", more); call = call more; line = line more }
        print file "\t" call
    }
    while (line != "") {
        if (comment) {
            at = index(line, "*/")
            if (!at) break
            line = substr(line, at + 2)
            comment = 0
        } else if (match(line, /^[ \t\\]+/)) line = substr(line, RLENGTH + 1)
        else if (line ~ /^\/\*/) { comment = 1; line = substr(line, 3) }
        else if (match(line, /^"([^"\\]|\\.)*"/)) {
            joined = joined substr(line, 2, RLENGTH - 2)
            line = substr(line, RLENGTH + 1)
        } else if (joined != "" && match(line, /^(PRI|CAM_)[A-Za-z0-9_]+/)) {
            joined = joined "<" substr(line, 1, RLENGTH) ">"
            line = substr(line, RLENGTH + 1)
        } else {
            ends()
            if (match(line, /^'([^'\\]|\\.)*'/) || match(line, /^[A-Za-z_0-9]+/) || match(line, /^./)) line = substr(line, RLENGTH + 1)
        }
    }
}
END { ends() }
