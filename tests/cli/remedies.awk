# remedies.awk: prints "FILE<tab>TEXT" for every text in C sources that may propose something to the user, and for every call
# of cam_remedy_put, which writes such a text. Adjacent literals are one text. A literal of a single word is a part of a
# message that is found by its other parts.
function proposes(text) {
    if (text !~ /[ =]/) return 0
    return text ~ "(^|[;:,(] |, or |, and |^[^A-Za-z]+|n't |or |\\\\n)(" verbs ")( |$|:)" || text ~ /[a-z]+_?[a-z_]*[a-z]=[^= ]/ ||
        text ~ /(^|[^-])--[a-z]/ || text ~ /cam-train (%s|[a-z]+ --)|did you mean|the key is|hf download|iconv|sed '|tail -c/ ||
        text ~ /python3 -c|git lfs pull|sqlite3 |hint: |needs less|fits another|label_column|text_column|label_map/ ||
        text ~ /belongs in|CAM_[A-Z]+_|ddp_timeout|on_bad_row|stands? (before|under)|[a-z]_[a-z]+ (lists|says)|to_json/ ||
        text ~ /goes after|without a space|comes first|comes from|is named with|is an option of|is the one in which/ ||
        text ~ /for %s write |set%s|name is|quotes keep|path may begin|is written twice|restores the file|quicker: |leaves %s|must be started/
}
function ends() {
    if (proposes(joined)) print file "\t" joined
    joined = ""
}
BEGIN {
    verbs = "set|write|leave|name|use|add|save|choose|run|put|train|make|rename|export|install|wait|correct|keep|try|fetch|" \
        "download|load|convert|replace|remove|consider|group|mend|merge|unpack|take|score|label these|lower|start|read|look"
}
FNR == 1 { ends(); comment = 0; file = FILENAME }
/^#include/ { next }
{
    line = $0
    while (line ~ /cam_remedy_put\(/ && line !~ /;$/ && line !~ /{$/ && (getline more) > 0) {
        sub(/^ */, " ", more)
        sub(/[( ]$/, "&", line)
        line = line more
    }
    if (line ~ /cam_remedy_put\(.*;$/) {
        call = line
        sub(/.*cam_remedy_put\( */, "cam_remedy_put(", call)
        gsub(/  +/, " ", call)
        print file "\t" call
        next
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
            joined = joined "%d"
            line = substr(line, RLENGTH + 1)
        } else {
            ends()
            if (match(line, /^'([^'\\]|\\.)*'/) || match(line, /^[A-Za-z_0-9]+/) || match(line, /^./)) line = substr(line, RLENGTH + 1)
        }
    }
}
END { ends() }
