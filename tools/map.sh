#!/bin/sh
# map.sh write|check: the table of boxes in docs/architecture.md, made from src/boxes.txt between two markers. `make
# docs` writes it, and the test "map" checks it, and that the arrows drawn below the table are those of src/boxes.txt. Run
# from the root of the repository.
set -eu
page=docs/architecture.md
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

awk -F' *[|] *' '
BEGIN { print "| box | may include | holds |"; print "|---|---|---|" }
/^[a-z]/ { printf "| `%s` | %s | %s |\n", $1, $2 == "" ? "" : $2, $4 }' src/boxes.txt >"$folder/table"
awk -v table="$folder/table" '
/^<!-- src\/boxes.txt/ { print; while ((getline line < table) > 0) print line; skip = 1; next }
/^<!-- end -->/ && skip { skip = 0; complete = 1 }
!skip
END { exit !complete }' $page >"$folder/page" || { echo "$page has lost a marker of the table of boxes"; exit 1; }

# The arrows, one a line, "cpu ops": of the map's rows, and of the drawing, whose lines are "cpu, kernels ──> ops".
awk -F' *[|] *' '/^[a-z]/ { n = split($2, uses, " "); for (i = 1; i <= n; i++) print $1, uses[i] }' src/boxes.txt |
    LC_ALL=C sort >"$folder/arrows"
awk '
/^<!-- arrows/ { inside = 1; next }
inside && /^```/ { if (++fences == 2) exit; next }
inside {
    groups = split($0, group, / *(─)+> */)
    for (i = 1; i < groups; i++) {
        from = split(group[i], a, /, */)
        to = split(group[i + 1], b, /, */)
        for (x = 1; x <= from; x++) for (y = 1; y <= to; y++) { sub(/   .*/, "", b[y]); print a[x], b[y] }
    }
}' $page | LC_ALL=C sort >"$folder/drawn"

case "${1:-}" in
write) cmp -s "$folder/page" $page || cp "$folder/page" $page ;;
check)
    diff $page "$folder/page" || { echo "$page is out of date; run \"make docs\""; exit 1; }
    diff "$folder/arrows" "$folder/drawn" || { echo "$page does not draw the arrows of src/boxes.txt"; exit 1; }
    ;;
*)
    echo "usage: tools/map.sh write|check" >&2
    exit 2
    ;;
esac
