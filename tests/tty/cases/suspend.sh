#!/bin/bash
# Ctrl-Z gives the terminal back as it was, fg takes it again; a resize meanwhile is noticed.
. "$(dirname "$0")/../lib.sh"
shell 100 30
line "stty -a >$work/before"
wait_until test -s "$work/before" || fail "no stty"
line "'$GRPOLAB'"
new_quick
wait_rl 1
keys C-z
wait_for "ready>"
[ "$(t display-message -p '#{alternate_on}')" = 0 ] || fail "the other screen is still shown"
line "stty -a >$work/after"
wait_until test -s "$work/after" || fail "no stty"
cmp -s "$work/before" "$work/after" || fail "the terminal's modes differ"
t resize-window -x 90 -y 28
line "fg"
wait_match "quick.*RUNNING"
wait_gone "ready>"
keys Space
wait_for "PAUSED"
pass
