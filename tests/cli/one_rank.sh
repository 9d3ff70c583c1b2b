#!/bin/bash
# one_rank.sh FOLDER PROGRAM...: a rank under mpirun. FOLDER gets its host (host.R), its process id (pid.R), its
# standard error (stderr.R) and, when it has ended, the time (end.R) and its exit code (code.R). What mpirun sends to
# its process group reaches the program only; so does what a test sends to pid.R.
trap '' TERM INT USR1
folder=$1 rank=$OMPI_COMM_WORLD_RANK code=0
shift
uname -n >"$folder/host.$rank"
"$@" 2>"$folder/stderr.$rank" &
echo $! >"$folder/pid.$rank.new" && mv "$folder/pid.$rank.new" "$folder/pid.$rank"
wait $! || code=$?
date +%s%3N >"$folder/end.$rank"
echo "$code" >"$folder/code.$rank"
if [ "$code" -eq 137 ]; then kill -KILL $$; fi # mpirun is to see what happened
exit "$code"
