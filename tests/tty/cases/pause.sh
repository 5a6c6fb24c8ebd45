#!/bin/bash
# A pause in the middle of a rollout, and steps by token within it.
. "$(dirname "$0")/../lib.sh"
tokens()
{
    screen | sed -n 's/.* live;.* \([0-9][0-9]*\) tokens.*/\1/p' | head -n 1
}
tokens_are()
{
    [ "$(tokens)" = "$1" ]
}
start_new 160 45
wait_rl 1
command_line "pace 20"
wait_for "20 tokens/s"
wait_match "live;.* ([3-9]|1[0-9]) tokens"
keys Space
wait_match "ROLLOUT.*PAUSED"
# It is still: a key that changes nothing is answered, and no token has come.
before=$(tokens)
[ -n "$before" ] || fail "no trace is followed"
for i in 1 2 3; do
    keys .
    wait_until tokens_are $((before + i)) || fail "step $i: not $((before + i)) tokens"
done
keys ,
wait_for "one step is now a phase"
wait_for "steps by phase"
keys p Space
wait_match "RUNNING"
wait_step_past 3
pass
