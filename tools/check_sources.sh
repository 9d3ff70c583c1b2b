#!/bin/sh
# check_sources.sh BUILD: what tools find in the sources without running them; part of `make check`.
#   all C, C++ and CUDA sources: clang-format, by .clang-format; version 14, since each version formats otherwise
#   the C and C++ sources that differ from BASE: clang-tidy with BUILD's compile_commands.json, where there is a .clang-tidy
#   all text but data and goldens: codespell, by .codespellrc
#   all shell scripts: shellcheck
# BASE: a commit; by default where this branch left origin/main or main. Exits 1 where something was found; a tool that is not
# installed has a line that begins with SKIP.
set -u
build=$1
failed=0

git rev-parse --is-inside-work-tree >/dev/null 2>&1 || {
    echo "SKIP format, clang-tidy, spelling and shellcheck: this is no checkout of git"
    exit 0
}
# files PATTERN...: those that git knows or would take; a deleted one is left out
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do [ ! -f "$file" ] || echo "$file"; done
}
verdict() {
    if [ "$2" -eq 0 ]; then
        echo "$1: nothing found"
    else
        failed=1
        echo "FAILED: $1$3"
    fi
}
has() { command -v "$1" >/dev/null 2>&1; }

format=clang-format-14
has $format || format=clang-format
if has $format && $format --version | grep -q 'version 14\.'; then
    files '*.c' '*.h' '*.cc' '*.cu' '*.cuh' | xargs $format --dry-run -Werror
    verdict clang-format $? "; make format mends it"
else
    echo "SKIP clang-format: version 14 is not installed"
fi

base=${BASE:-$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)}
changed=$({
    git diff --name-only "$base"
    git ls-files --others --exclude-standard
} | grep '\.cc\{0,1\}$' | sort -u | while read -r file; do
    [ ! -f "$file" ] || ! grep -qF "$PWD/$file\"" "$build/compile_commands.json" || echo "$file"
done)
if [ ! -f .clang-tidy ]; then
    echo "SKIP clang-tidy: there is no .clang-tidy"
elif ! has clang-tidy; then
    echo "SKIP clang-tidy: it is not installed"
elif [ ! -f "$build/compile_commands.json" ]; then
    echo "SKIP clang-tidy: $build has no compile_commands.json"
elif [ "$changed" ]; then
    echo "$changed" | xargs -P "${JOBS:-2}" -n 4 clang-tidy -p "$build" --quiet --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option
    verdict clang-tidy $? ""
else
    echo "clang-tidy: no C or C++ source differs from $base"
fi

if has codespell; then
    files | grep -vE '\.(json|jsonl|csv|tsv|safetensors|model|bin)$' | xargs codespell
    verdict codespell $? "; names and foreign words go into .codespellrc"
else
    echo "SKIP codespell: it is not installed"
fi

if has shellcheck; then
    files '*.sh' '*.sbatch' .ci/run | xargs shellcheck --severity=warning
    verdict shellcheck $? ""
else
    echo "SKIP shellcheck: it is not installed"
fi
exit $failed
