#!/bin/bash
# Every digit shows its screen at 80x24 and at 40x10, with its help; what is typed there does not break it.
. "$(dirname "$0")/../lib.sh"
names=(log dashboard group trace experts objective runs compare evaluation scenarios)
start_new 80 24
wait_rl 3
keys Space
wait_for "PAUSED"
visit()
{
    local i
    for i in 1 2 3 4 5 6 7 8 9 0; do
        keys $i '?'
        wait_for "help: ${names[i]}"
        keys Escape
        wait_gone "help: ${names[i]}"
        [ "$(screen | sed -n '1p')" != "" ] || fail "screen $i has no header"
    done
}
visit
t resize-window -x 40 -y 10
wait_until test "$(screen | wc -l)" -le 10 || fail "the size did not change"
visit
t resize-window -x 80 -y 24
keys 1
wait_match "^─ group"
pass
