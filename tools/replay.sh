#!/bin/bash
# replay.sh check|write PROGRAM PAGE...: runs the commands that a page of the documentation shows, in their order, and
# compares what they print with what the page shows; `write` puts the real output into the page.
#
# In the page, a block ```console holds commands after "$ " (continued after "> ") and below each its output, standard
# output and error together. A line "..." stands for any lines. A block with a second word, ```csv new.csv, is a file
# that the reader writes; it is written too. A line <!-- $ command --> is run early: where the
# page shows the same command later, its output is that of this run. Each page starts in an empty folder that has examples/, configs/ and
# build/cam-train. Durations, rates and sizes of memory differ from run to run and are not compared.
set -u
mode=$1 program=$(realpath "$2")
shift 2
root=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C.UTF-8 NO_COLOR=1 HF_HUB_OFFLINE=1 OMP_WAIT_POLICY=passive
failed=0 commands=0
declare -A early

# Replaces what differs from run to run: durations, rates, sizes of memory.
mask() {
    sed -E 's#[0-9,]+ tokens/s#\# tokens/s#g; s/ETA [0-9:]+/ETA #/g; s/[0-9]+([.,][0-9]+)? ?([MG]i?B)\b/# bytes/g
        s/[0-9]+([.,][0-9]+)? ?(seconds?|minutes?|hours?|days?|min|ms|us|s|h)\b/<time>/g; s/<time>( <time>)+/<time>/g
        s/[[:space:]]+$//'
}

# Prints "$1" lines of the actual output in place of a block's lines: those before and after "..." are as many as before.
elide() { # SHOWN ACTUAL
    local before after
    grep -qx '\.\.\.' "$1" || {
        cat "$2"
        return
    }
    before=$(grep -nx -m1 '\.\.\.' "$1" | cut -d: -f1)
    after=$(($(wc -l <"$1") - before))
    head -n $((before - 1)) "$2"
    echo ...
    tail -n "$after" "$2"
}

# Compares the shown lines with the actual ones, where "..." stands for any lines.
same() { # SHOWN ACTUAL
    mask <"$1" >"$1.masked"
    elide "$1" "$2" | mask | diff "$1.masked" - >"$1.diff"
}

run_command() { # COMMAND SHOWN -> prints the lines to show
    local actual
    actual=$(mktemp)
    commands=$((commands + 1))
    if [ -n "${early[$1]:-}" ]; then
        cp "${early[$1]}" "$actual"
    else
        bash -c "$1" 2>&1 </dev/null | tr -d '\r' >"$actual"
    fi
    if ! same "$2" "$actual"; then
        if [ "$mode" = check ]; then
            failed=$((failed + 1))
            {
                echo "$page: the output of this command differs (shown <, real >): $1"
                cat "$2.diff"
            } >&2
        fi
        elide "$2" "$actual" >"$2.new"
    else
        cp "$2" "$2.new" # the page keeps its durations
    fi
    rm -f "$actual"
}

run_early() { # COMMAND
    early[$1]=$folder/early-${#early[@]}
    bash -c "$1" >"${early[$1]}" 2>&1 </dev/null && return
    failed=$((failed + 1))
    {
        echo "$page: this command failed: $1"
        cat "${early[$1]}"
    } >&2
}

replay() { # PAGE, in the folder of the replay; writes the page again to new_page
    local kind='' name='' command='' shown line
    shown=$(mktemp)
    flush() {
        [ -n "$command" ] || return 0
        run_command "$command" "$shown"
        cat "$shown.new"
        command=''
        : >"$shown"
    }
    while IFS= read -r line; do
        case $kind in
        '')
            printf '%s\n' "$line"
            if [[ $line =~ ^\`\`\`console$ ]]; then
                kind=console
            elif [[ $line =~ ^\`\`\`[a-z]+\ ([^ ]+)$ ]]; then
                kind=file name=${BASH_REMATCH[1]}
                : >"$name"
            elif [[ $line =~ ^\`\`\` ]]; then
                kind=other
            elif [[ $line =~ ^\<!--\ \$\ (.*)\ --\>$ ]]; then
                run_early "${BASH_REMATCH[1]}"
            fi
            ;;
        *)
            if [ "$line" = '```' ]; then
                [ $kind != console ] || flush
                kind=''
                printf '%s\n' "$line"
            elif [ $kind = console ] && [[ $line == '$ '* ]]; then
                flush
                command=${line#'$ '}
                printf '%s\n' "$line"
            elif [ $kind = console ] && [[ $line == '> '* ]] && [ ! -s "$shown" ]; then
                command+=$'\n'${line#'> '}
                printf '%s\n' "$line"
            elif [ $kind = console ]; then
                printf '%s\n' "$line" >>"$shown"
            else
                [ $kind != file ] || printf '%s\n' "$line" >>"$name"
                printf '%s\n' "$line"
            fi
            ;;
        esac
    done <"$1"
    rm -f "$shown" "$shown".*
}

for page; do
    page=$(realpath "$page")
    folder=$(mktemp -d)
    mkdir "$folder/build" "$folder/home"
    cp -r "$root/examples" "$root/configs" "$folder/"
    ln -s "$program" "$folder/build/cam-train"
    new_page=$(mktemp)
    early=()
    here=$PWD
    cd "$folder" || exit 1
    HOME=$folder/home replay "$page" >"$new_page"
    cd "$here" || exit 1
    [ "$mode" = check ] || cat "$new_page" >"$page"
    rm -rf "$folder" "$new_page"
done
echo "replay: $commands commands, $failed with another output than shown"
[ "$failed" -eq 0 ] && [ "$commands" -gt 0 ]
