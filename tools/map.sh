#!/bin/sh
# map.sh write|check: the table of boxes in docs/architecture.md, made from src/boxes.txt between two markers. `make
# docs` writes it, and the test "map" checks it. Run from the root of the repository.
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

case "${1:-}" in
write) cmp -s "$folder/page" $page || cp "$folder/page" $page ;;
check) diff $page "$folder/page" || { echo "$page is out of date; run \"make docs\""; exit 1; } ;;
*)
    echo "usage: tools/map.sh write|check" >&2
    exit 2
    ;;
esac
