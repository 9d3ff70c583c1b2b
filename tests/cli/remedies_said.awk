# remedies_said.awk SAID TABLE: prints the lines of the table that say "here" and whose text is not in SAID, where the commands
# of the tests have written what they said. The parts of a text between what printf fills in must follow one another in a line.
function parts_of(text, parts) {
    gsub(/\\n/, " ", text)
    gsub(/\\"/, "\"", text)
    gsub(/\\\\/, "\\", text)
    gsub(/%(\.\*|[-+#0-9.]*)(l|ll|z)?[a-zA-Z%]/, "\001", text)
    gsub(/  +/, " ", text)
    sub(/^ /, "", text)
    sub(/ $/, "", text)
    return split(text, parts, "\001")
}
function is_said(text, parts, count, i, k, rest, at) {
    count = parts_of(text, parts)
    for (i = 1; i <= lines; i++) {
        rest = said[i]
        for (k = 1; k <= count; k++) {
            at = parts[k] == "" ? 1 : index(rest, parts[k])
            if (!at) break
            rest = substr(rest, at + length(parts[k]))
        }
        if (k > count) return 1
    }
    return 0
}
FNR == NR { said[++lines] = $0; next }
FNR == 1 { FS = "\t"; $0 = $0 }
$2 == "here" && $3 !~ /^cam_remedy_put/ && !is_said($3) { print $1 ": " $3 }
