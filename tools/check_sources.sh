#!/bin/sh
# check_sources.sh BUILD: what tools find in the sources without running them; part of `make check`. Run from the root
# of the repository.
#   all C, C++ and CUDA sources: clang-format, by .clang-format; version 14, since each version formats otherwise
#   the C and C++ sources that differ from BASE and that BUILD compiles: clang-tidy, by .clang-tidy
#   all text but data and goldens: codespell, by .codespellrc
#   all shell scripts: shellcheck
# BASE: a commit; by default where this branch left origin/main or main. Exits 1 where something was found; a tool that
# is not installed has a line that begins with SKIP.
set -u
build=$1
failed=0

# An archive of the sources is no checkout, and may lie in the checkout of something else.
git ls-files --error-unmatch tools/check_sources.sh >/dev/null 2>&1 || {
    echo "SKIP clang-format, clang-tidy, codespell and shellcheck: git does not track these files"
    exit 0
}
# files PATTERN...: those that git knows or would take, one a line; a deleted one is left out
files() {
    git -c core.quotePath=off ls-files --cached --others --exclude-standard -- "$@" |
        while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
}
# on_each COMMAND...: the command with the files of standard input as further arguments; nothing where there are none
on_each() {
    xargs --no-run-if-empty --delimiter='\n' "$@"
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
    files '*.c' '*.h' '*.cc' '*.cu' '*.cuh' | on_each $format --dry-run -Werror
    verdict clang-format $? "; make format mends it"
else
    echo "SKIP clang-format: version 14 is not installed"
fi

base=${BASE:-$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || git rev-parse HEAD)}
# compile_commands.json has absolute paths
changed=$({
    git -c core.quotePath=off diff --name-only --relative "$base"
    git -c core.quotePath=off ls-files --others --exclude-standard
} | grep '\.cc\{0,1\}$' | sort -u | while IFS= read -r file; do
    [ ! -f "$file" ] || ! grep -qF "/$file\"" "$build/compile_commands.json" 2>/dev/null || echo "$file"
done)
tidy=clang-tidy-14
has $tidy || tidy=clang-tidy
if ! has $tidy; then
    echo "SKIP clang-tidy: it is not installed"
elif [ ! -f "$build/compile_commands.json" ]; then
    echo "SKIP clang-tidy: $build has no compile_commands.json"
elif [ "$changed" ]; then
    echo "$changed" | on_each -P "${JOBS:-2}" -n 4 \
        $tidy -p "$build" --quiet --warnings-as-errors='*' --extra-arg=-Wno-unknown-warning-option
    verdict clang-tidy $? ""
else
    echo "clang-tidy: no C or C++ source differs from $base"
fi

if has codespell; then
    files | grep -vE '\.(json|jsonl|csv|tsv|safetensors|model|bin)$' | on_each codespell
    verdict codespell $? "; names and foreign words go into .codespellrc"
else
    echo "SKIP codespell: it is not installed"
fi

if has shellcheck; then
    files '*.sh' '*.sbatch' .ci/run | on_each shellcheck --severity=warning
    verdict shellcheck $? ""
else
    echo "SKIP shellcheck: it is not installed"
fi
exit $failed
