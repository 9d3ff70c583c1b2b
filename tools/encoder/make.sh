#!/bin/sh
# make.sh: makes the shipped encoder (examples/encoder-fr) again, in stages. A stage that is done is not done again, and a
# training that was stopped goes on.
#
#   tools/encoder/make.sh TEACHER HELD_BACK WORK TEXTS [TEXTS ...]
#
# TEACHER    the folder of the teacher, multilingual-e5-small, or of another model that vocabulary.py can cut
# HELD_BACK  a folder with the sets that the encoder is tried on: tables at any depth
# WORK       gets corpus/, teacher/, student/ and encoder-fr/
# TEXTS      a folder with sources, a text a line, NAME.txt or NAME.txt.xz; examples/encoder-fr/SOURCES.md names them
#
# On two processor cores the training takes an hour, all else three minutes.
set -eu
cd "$(dirname "$0")/../.."
if [ $# -lt 4 ]; then
    sed -n '/^#   tools/,/^$/p' "$0" | sed '/^set/,$d; s/^# \{0,1\}//' >&2
    exit 2
fi
teacher=$1 held_back=$2 work=$3
shift 3
program=${CAM_TRAIN:-build/cam-train}
# Everyday and service language. The other sources (novels, courses, manuals of programs) only help to choose the pieces.
learnt="adobe-campaign adobe-commerce-kb assemblee-nationale canada-gov cv-extra export gov-apps gov-apps2 gov-apps3
    gov-guides gutenberg hf-course law ms-alchemy ms-businesscentral ms-cloudappsec ms-intune ms-o365-enterprise
    ms-partner-center ms-project-ops ms-teams-skype sentence-collector service-public tatoeba tldr travail-gouv ui-strings
    xpersona-chat"
mkdir -p "$work"

echo "1. the corpus, without the texts of the example and of the sets that the encoder is tried on"
tools/encoder/corpus.py --held-back examples/commandes "$held_back" --output "$work/corpus" "$@"

echo "2. the teacher, with the pieces that the corpus uses most and positions for 128 tokens"
if [ ! -e "$work/teacher/config.json" ]; then
    cat "$work"/corpus/*.txt |
        "$program" tokenize --model "$teacher" --format ids |
        tools/encoder/vocabulary.py --model "$teacher" --pieces 4000 --positions 130 --output "$work/teacher"
fi

echo "3. the student"
files=
for name in $learnt; do files="$files, $work/corpus/$name.txt"; done
"$program" pretrain --config tools/encoder/student.yaml "train_file=[${files#, }]" "model_name_or_path=$work/teacher" \
    "distill_teacher=$work/teacher" "output_dir=$work/student"

echo "4. its weights in 16 bits"
rm -rf "$work/encoder-fr"
"$program" export --model "$work/student" --output "$work/encoder-fr" --dtype f16
cp examples/encoder-fr/README.md examples/encoder-fr/LICENSE examples/encoder-fr/SOURCES.md "$work/encoder-fr"
