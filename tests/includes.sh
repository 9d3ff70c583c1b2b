#!/bin/sh
# includes.sh: keeps the map of the boxes. Run from the root of the repository; prints every offence, exits 1 where there is one.
#   - no ".." in an #include
#   - a box includes the headers of those boxes only that its arrows reach, and include/cam
#   - include/cam includes nothing outside itself but the standard library
#   - no file knows a backend by #ifdef
#   - no file is longer than 600 lines
set -u
failed=0

# allowed BOX: the boxes whose headers BOX may include, itself left out.
allowed() {
    case $1 in
    base) echo "" ;;
    ops) echo "base" ;;
    cpu) echo "ops base" ;;
    config | text | hub | report | comm) echo "base" ;;
    model) echo "ops base" ;;
    train) echo "model text config report comm ops base" ;;
    cli) echo "train config hub report cpu model text comm ops base" ;;
    *) return 1 ;;
    esac
}

offence() {
    echo "$1"
    failed=1
}

# box_of HEADER BOX: the box that a header called by its plain name lies in, BOX itself first; nothing for the system's.
box_of() {
    for found in src/"$2"/"$1" src/*/"$1"; do
        [ -e "$found" ] || continue
        found=${found#src/}
        echo "${found%%/*}"
        return
    done
}

sources() {
    find "$@" -type f \( -name '*.c' -o -name '*.h' -o -name '*.cc' -o -name '*.cu' -o -name '*.cuh' \) 2>/dev/null | sort
}

includes_of() {
    sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$1"
}

for file in $(sources include src kernels tests bench); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || offence "$file: $lines lines, more than 600"
    for header in $(includes_of "$file"); do
        case $header in
        *..*) offence "$file: \"$header\" includes by \"..\"" ;;
        esac
    done
done

for file in $(sources include); do
    for header in $(includes_of "$file"); do
        case $header in
        cam/*) ;;
        *) offence "$file: \"$header\" lies outside include/cam" ;;
        esac
    done
done

for file in $(sources src); do
    box=${file#src/}
    box=${box%%/*}
    if ! reach=$(allowed "$box"); then
        offence "$file: \"$box\" is no box"
        continue
    fi
    for header in $(includes_of "$file"); do
        target=$(box_of "$header" "$box")
        case " $box $reach " in
        *" ${target:-$box} "*) ;;
        *) offence "$file: \"$header\" lies in \"$target\", which \"$box\" may not include" ;;
        esac
    done
    # Include guards end in _H.
    if grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif).*(CUDA|CUBLAS|NCCL|CAM_BACKEND|CAM_HAVE)' "$file" |
        grep -vE '_H$'; then
        offence "$file: knows a backend by #ifdef"
    fi
done

exit $failed
