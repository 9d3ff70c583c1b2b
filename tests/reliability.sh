#!/bin/sh
# reliability.sh BUILD [FILE]: what docs/reliability.md (FILE) says of tests holds in that build. Prints every offence, exits 1
# where there is one. Checked are the rows whose first cell is a number from 1 or A1, A2, ...:
#   - each of the numbers 1 to 40 and A1 to A13 has one row
#   - a row names at least one test, and each that it names exists. A test is between backquotes:
#       `NAME.bats: TITLE`     of tests/cli
#       `PROGRAM: FUNCTION`    a case of a program of cmocka: unit_NAME, model_NAME, ranks_NAME, simt_NAME
#       `NAME`                 a test of CTest
#   - the last cell, its result, begins with "holds", "holds in part: REASON" or "not tried: REASON"
# A word between backquotes is a test only in the fourth cell.
set -u
build=$1
page=${2:-docs/reliability.md}
failed=0
list=$(mktemp)
trap 'rm -f "$list"' EXIT
ctest --test-dir "$build" -N | sed -n 's/^ *Test *#[0-9]*: *//p' >"$list"
[ -s "$list" ] || {
    echo "no tests in $build"
    exit 1
}

offence() {
    echo "$page: row $1: $2"
    failed=1
}

# exists TEST
exists() {
    case $1 in
    *.bats:\ *)
        [ -f "tests/cli/${1%%: *}" ] && grep -qF "@test \"${1#*: }\" {" "tests/cli/${1%%: *}"
        ;;
    *:\ *)
        program=${1%%: *} case=${1#*: }
        kind=${program%%_*}
        source=tests/$kind/${program#*_}.c
        [ -f "$source" ] || source=tests/$kind/${program#*_}_test.c
        # in the list of cases, which is a call of a macro, and as a function
        [ -f "$source" ] && grep -qE "[A-Za-z_]\(${case}[,)]" "$source" && grep -qE "^static void ${case}\(" "$source"
        ;;
    *) grep -qxF "$1" "$list" ;;
    esac
}

# The rows: number, cell of the tests, cell of the result. A bar within backquotes is none between cells.
separator=$(printf '\037')
rows=$(awk '
/^\| *A?[0-9]+ *\|/ {
    count = 0; cell = ""; quoted = 0
    for (i = 2; i <= length($0); i++) {
        c = substr($0, i, 1)
        if (c == "`") quoted = !quoted
        if (c == "|" && !quoted) { gsub(/^ +| +$/, "", cell); cells[++count] = cell; cell = "" } else cell = cell c
    }
    print cells[1] "\037" (count == 5 ? cells[4] : "") "\037" (count == 5 ? cells[5] : "five cells are due")
}' "$page")

for number in $(seq 40) $(seq 13 | sed 's/^/A/'); do
    found=$(printf '%s\n' "$rows" | grep -c "^$number$separator") || true
    [ "$found" -eq 1 ] || offence "$number" "there are $found of it"
done

while IFS=$separator read -r number tests result; do
    case $number in
    A[1-9] | A1[0-3] | [1-9] | [1-3][0-9] | 40) ;;
    *) offence "$number" "no such number" ;;
    esac
    case $result in
    holds | "holds; "?* | "holds in part: "?* | "not tried: "?*) ;;
    *) offence "$number" "no result: $result" ;;
    esac
    # shellcheck disable=SC2016 # backquotes are meant
    named=$(printf '%s\n' "$tests" | grep -o '`[^`]*`' | tr -d '`')
    [ -n "$named" ] || {
        case $result in "not tried: "?*) ;; *) offence "$number" "names no test" ;; esac
        continue
    }
    while IFS= read -r test; do
        exists "$test" || offence "$number" "no such test: $test"
    done <<EOF
$named
EOF
done <<EOF
$rows
EOF
exit $failed
