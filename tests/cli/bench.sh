#!/bin/bash
# The PyTorch script that `bench step` is compared with: its model is the engine's, and it says so where PyTorch is missing.
script=$PWD/tests/bench/torch_grpo_step.py
. tests/cli/lib.sh
python=/usr/bin/python3
[ -x $python ] || python=python3

# peer STATUS ARGUMENTS...: the script's exit status; what it says in out and msg.
peer()
{
    local want=$1
    shift
    $python "$script" "$@" </dev/null >out 2>msg
    status=$?
    [ $status = "$want" ]
}

check 'threads below 1' peer 2 --threads 0
mkdir none
echo 'raise ImportError("not here")' > none/torch.py
without() { PYTHONPATH=$work/none peer "$@"; }
check 'without PyTorch it ends with 3' without 3
check 'and says what to install' grep -q 'apt-get install python3-torch' msg
if $python -c 'import torch' 2>/dev/null; then
    check 'forward, gradients and decoding are those of the golden model' peer 0 --check
else
    echo '# no PyTorch: its model is not compared'
fi
finish
