#!/bin/sh
# tiers.sh BUILD: what tests/CMakeLists.txt says of the labels holds in that build. Prints every offence, exits 1 where
# there is one.
#   - every test has a label of its kind
#   - no test is both in make check and left to make test-all only
#   - every operator family on the host GPU has a test in make check and, where races are tested, one in make test
set -u
build=$1
failed=0

# names OPTION...: the tests that ctest selects; several -L select the tests that match all
names() {
    ctest --test-dir "$build" -N "$@" | sed -n 's/^ *Test *#[0-9]*: *//p'
}

# none WHAT OPTION...: an offence where ctest selects any
none() {
    what=$1
    shift
    found=$(names "$@")
    [ -z "$found" ] && return
    printf '%s: %s\n' "$what" "$(echo "$found" | tr '\n' ' ')"
    failed=1
}

# some WHAT OPTION...: an offence where ctest selects none
some() {
    what=$1
    shift
    [ -n "$(names "$@")" ] && return
    echo "$what: no test"
    failed=1
}

[ -n "$(names)" ] || {
    echo "no tests in $build"
    exit 1
}
none "without the label of a kind" -LE '^(unit|sources|ops|model|simt|ptx|ranks|cuda|cli|fuzz|bench)$'
none "labelled check and slow" -L '^check$' -L '^slow$'
for family in $(names -L '^simt$' -L '^core$' | sed -n 's/^simt_core_//p'); do
    some "make check, $family on the host GPU" -L '^check$' -L '^core$' -L "^$family\$"
    [ -z "$(names -L '^races$')" ] || some "make test, races of $family" -L '^races$' -L "^$family\$" -LE '^slow$'
done
exit $failed
