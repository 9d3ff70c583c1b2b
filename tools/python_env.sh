#!/bin/sh
# python_env.sh: makes the Python environments for comparisons; the product does not need them.
#
#     tools/python_env.sh debian   build/python-debian: Debian's PyTorch, transformers of tests/model/requirements.txt
#     tools/python_env.sh index    build/python-index:  the package index's current PyTorch and transformers
#
# The last line printed is the interpreter's path. Needs the package index, and for debian the package python3-torch.
set -eu
cd "$(dirname "$0")/.."
which=${1:-debian}
folder=build/python-$which
if [ ! -f "$folder/complete" ]; then
    case $which in
    debian)
        if ! /usr/bin/python3 -c 'import torch, venv, ensurepip' 2> /dev/null; then
            if [ "$(id -u)" != 0 ]; then
                echo "missing packages; ask for: apt-get install python3-torch python3-venv" >&2
                exit 2
            fi
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-torch python3-venv >&2
        fi
        /usr/bin/python3 -m venv --system-site-packages "$folder"
        "$folder/bin/pip" install -q -r tests/model/requirements.txt >&2
        ;;
    index)
        python3 -m venv "$folder"
        "$folder/bin/pip" install -q torch transformers accelerate scikit-learn safetensors numpy >&2
        ;;
    *)
        echo "usage: tools/python_env.sh debian|index" >&2
        exit 2
        ;;
    esac
    touch "$folder/complete"
fi
echo "$folder/bin/python"
