#!/bin/bash
# A fork with a changed setting, its errors, and the list of runs.
. "$(dirname "$0")/../lib.sh"
start_new 120 36
wait_rl 6
keys Space
wait_for "PAUSED"
command_line "fork 4 rl.betta=0"
wait_for "there is no setting rl.betta"
command_line "frok 4"
wait_for "did you mean 'fork'?"
keys f
wait_for ":fork"
keys -l "4 rl.beta=0 nokl"
wait_for "4 rl.beta=0 nokl"
keys Enter
wait_match "nokl .*grpo"
keys Space
wait_step_past 5
keys Space
wait_for "PAUSED"
command_line "settings"
wait_for "settings of the open run"
keys q
wait_gone "settings of the open run"
keys 6
wait_for "nokl @4"
wait_match "quick-2 .*@[0-9]+"
wait_match "nokl.* beta 0 "
pass
