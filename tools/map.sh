#!/bin/sh
# map.sh write|check: the table of boxes in docs/architecture.md, made from src/boxes.txt between two markers. `make docs` writes
# it, and the test "map" checks it.
set -eu
page=docs/architecture.md
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

awk -F' *[|] *' '
BEGIN { print "| box | may include | holds |"; print "|---|---|---|" }
/^[a-z]/ { printf "| `%s` | %s | %s |\n", $1, $2 == "" ? "" : $2, $4 }' src/boxes.txt >"$folder/table"
awk -v table="$folder/table" '
/^<!-- src\/boxes.txt/ { print; while ((getline line < table) > 0) print line; skip = 1; next }
/^<!-- end -->/ { skip = 0 }
!skip' $page >"$folder/page"
grep -q '^| `base` ' "$folder/page" || { echo "$page has lost the markers of the table of boxes"; exit 1; }

case "${1:-}" in
write) cmp -s "$folder/page" $page || cp "$folder/page" $page ;;
check) diff $page "$folder/page" || { echo "$page is out of date; run \"make docs\""; exit 1; } ;;
*)
    echo "usage: tools/map.sh write|check" >&2
    exit 2
    ;;
esac
