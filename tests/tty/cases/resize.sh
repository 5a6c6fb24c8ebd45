#!/bin/bash
# Other sizes at once, one that is too small, and back; help scrolls; the screen is saved.
. "$(dirname "$0")/../lib.sh"
start_new 80 24
wait_rl 1
t resize-window -x 160 -y 45
wait_for "response length"
t resize-window -x 30 -y 8
wait_for "30 by 8: too small"
t resize-window -x 40 -y 10
wait_for "reward"
t resize-window -x 80 -y 24
wait_match "^─ group"
keys Space
wait_for "PAUSED"
keys '?'
wait_for "help: dashboard"
keys End
wait_for ":quit"
keys Escape
wait_gone "help: dashboard"
command_line "save-screen $work/s.txt"
wait_for "written:"
grep -q "PAUSED" "$work/s.txt" || fail "the file has no screen"
! grep -q "save-screen" "$work/s.txt" || fail "the file shows the command"
command_line "plot $work/p.png"
wait_for "p.png"
wait_until test -s "$work/p.png" || fail "no chart"
pass
