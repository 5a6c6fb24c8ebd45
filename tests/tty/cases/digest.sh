#!/bin/bash
# A fork that changes nothing is its parent to the bit, and says so by its digest; the parent's is the same.
. "$(dirname "$0")/../lib.sh"
start_new 120 36
wait_rl 8
keys Space
wait_for "PAUSED"
command_line "fork 3 twin"
wait_match "twin .*grpo +step"
command_line "step 3 step"
wait_match "equals its parent at step [0-9]+: digest [0-9a-f]{12}"
said=$(screen | sed -n 's/.*equals its parent at step \([0-9]*\): digest \([0-9a-f]*\).*/\1 \2/p')
step=${said% *} digest=${said#* }
wait_step_past 5
keys 7
wait_for "A = B to the bit up to step"
command_line "quit"
wait_until shows "ready>" || fail "it goes on"
for run in twin quick-2; do
    "$GRPOLAB" digest "$run@$step" --store "$work/lab.db" 2>/dev/null | grep -q "^$digest" ||
        fail "$run@$step has another digest than $digest"
done
pass
