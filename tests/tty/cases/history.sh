#!/bin/bash
# The command line: history with characters of several bytes, Ctrl-R, completion, an escape.
. "$(dirname "$0")/../lib.sh"
mkdir -p "$work/state/grpolab"
printf '%s\n' 'note größer als α' 'pause' >"$work/state/grpolab/history"
start 100 30
wait_rl 1
keys :
wait_match "^:"
keys C-r
wait_for "reverse-i-search"
keys -l "größ"
wait_match "größ.*note größer als α"
keys C-g
wait_gone "reverse-i-search"
keys Escape
wait_until hides ":note" || fail "the line is still there"
keys :
wait_match "^:"
keys Up Up
wait_for ":note größer als α"
keys -l "β"
wait_for "αβ"
keys Enter
wait_gone ":note"
keys 6
wait_for "größer als αβ"
keys 1
keys :
wait_match "^:"
keys -l "sav"
keys Tab
wait_for ":save-screen"
keys C-u
keys -l "fork rl.los"
keys Tab
wait_for "rl.loss="
keys -l "d"
keys Tab
wait_match "rl.loss=d(apo|r_grpo)?"
keys Escape
grep -q "αβ" "$work/state/grpolab/history" || fail "the history was not written"
pass
