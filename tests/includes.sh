#!/bin/sh
# includes.sh: keeps the map of the boxes (src/boxes.txt). Run from the root of the repository; prints every offence,
# exits 1 where there is one.
#   - no ".." in an #include
#   - a box includes its own headers, those of the boxes that its row of the map reaches, and include/cam
#   - include/cam includes nothing outside itself but the standard library
#   - a header that only its own box includes is named *_internal.h, and no other box includes one that is
#   - no two headers have one name
#   - no two files of src/ include each other in a circle
#   - no file knows a backend by #ifdef
#   - no file is longer than 600 lines
set -u
failed=0
map=src/boxes.txt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

offence() {
    echo "$1"
    failed=1
}

# The boxes that a box may include, itself left out: the rows' second column, followed downwards.
awk -F'|' -v reached="$folder/reach" '/^[a-z]/ {
    name = $1; gsub(/ /, "", name); reach = ""
    n = split($2, uses, " ")
    for (i = 1; i <= n; i++) {
        if (!(uses[i] in closed)) { print name ": uses \"" uses[i] "\", which no earlier row has"; bad = 1 }
        reach = reach " " uses[i] " " closed[uses[i]]
    }
    closed[name] = reach; all = all " " name
    print name " " reach > reached
}
END { print "cli " all > reached; exit bad }' $map || failed=1

sources() {
    find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) | sort
}

# FILE HEADER, one a line, of every quoted include.
# shellcheck disable=SC2046 # the names of our files have no spaces
grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $(sources include src kernels tests bench) |
    sed 's/^\([^:]*\):[0-9]*:[^"]*"\([^"]*\)".*/\1 \2/' >"$folder/includes"
# BOX HEADER of every header of a box.
sources src kernels | grep -E '\.(h|cuh)$' |
    awk -F/ '{ print ($1 == "kernels" ? $1 : $2), $NF }' >"$folder/headers"

grep -F ' ..' "$folder/includes" && offence "^ an #include by \"..\""
for file in $(sources include src kernels tests bench); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || offence "$file: $lines lines, more than 600"
done
for name in $(cut -d' ' -f2 "$folder/headers" | sort | uniq -d); do
    offence "$name: two headers have this name"
done

awk -v reach_file="$folder/reach" -v header_file="$folder/headers" '
BEGIN {
    while ((getline line < reach_file) > 0) {
        n = split(line, word, " "); known[word[1]] = 1
        for (i = 1; i <= n; i++) may[word[1], word[i]] = 1
    }
    while ((getline line < header_file) > 0) { split(line, word, " "); box_of[word[2]] = word[1] }
}
function offence(text) { print text; bad = 1 }
{
    n = split($1, part, "/")
    here = part[1] == "src" ? part[2] : part[1]
    header = $2
    if (here == "include") {
        if (header !~ /^cam\//) offence($1 ": \"" header "\" lies outside include/cam")
        next
    }
    target = (header in box_of) ? box_of[header] : ""
    if (part[1] == "src" && !known[here]) offence($1 ": \"" here "\" is no box of src/boxes.txt")
    if (here == "bench" && target != "") outside[header] = 1
    if (part[1] != "src" && here != "kernels") next # tests and benchmarks look into everything
    if (target == "" || header ~ /^cam\//) next
    if (!may[here, target]) offence($1 ": \"" header "\" lies in \"" target "\", which \"" here "\" may not include")
    if (target != here) {
        outside[header] = 1
        if (header ~ /_internal\.h$/) offence($1 ": \"" header "\" is internal to \"" target "\"")
    }
    if ($1 ~ /\.h$/) from[$1] = from[$1] " " header
}
END {
    # what a public header includes of its own box is public with it
    for (changed = 1; changed;) {
        changed = 0
        for (file in from) {
            n = split(file, part, "/")
            if (!outside[part[n]]) continue
            m = split(from[file], included, " ")
            for (i = 1; i <= m; i++) if (!outside[included[i]]) { outside[included[i]] = 1; changed = 1 }
        }
    }
    for (name in box_of) {
        box = box_of[name]
        if (box == "cli" || box == "kernels") continue # a program, and code for another compiler
        if (!outside[name] && name !~ /_internal\.h$/)
            offence(name ": only its own box \"" box "\" includes it: name it *_internal.h")
        if (outside[name] && name ~ /_internal\.h$/) offence(name ": a public header includes it")
    }
    exit bad
}' "$folder/includes" || failed=1

# A circle of files: a source and its headers, NAME.h and NAME_internal.h, are one.
grep '^src/' "$folder/includes" | grep -v ' cam/' | awk '{
    n = split($1, part, "/"); file = part[n]; header = $2
    sub(/(_internal)?\.[a-z]+$/, "", file); sub(/(_internal)?\.[a-z]+$/, "", header)
    if (file != header) print file, header
}' | tsort >/dev/null 2>"$folder/circle" || { sed 's/^tsort: */a circle of files: /' "$folder/circle"; failed=1; }

# Include guards end in _H.
# shellcheck disable=SC2046
grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif).*(CUDA|CUBLAS|NCCL|CAM_BACKEND|CAM_HAVE)' $(sources src) |
    grep -vE '_H$' && offence "^ an #ifdef that knows a backend"

exit $failed
