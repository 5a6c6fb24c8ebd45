#!/bin/bash
# Breakpoints: a hit stops the run and says why; they are listed, and deleted the run goes on.
. "$(dirname "$0")/../lib.sh"
start_new 120 36
wait_rl 4
keys Space
wait_for "PAUSED"
now=$(step_now)
command_line "break kll > 0.1"
wait_match "kll"
command_line "break step $((now + 3))"
wait_match "breakpoint 1: step $((now + 3))"
command_line "break reward > 0.01"
wait_match "breakpoint 2: "
command_line "break delete 2"
wait_for "breakpoint 2 deleted"
keys Space
wait_match "breakpoint 1: .*step $((now + 3))"
wait_for "PAUSED"
command_line "break list"
wait_for "breakpoints"
wait_match "step $((now + 3))"
keys Escape
wait_gone "esc closes"
command_line "break delete all"
wait_for "deleted"
keys Space
wait_step_past $((now + 4))
command_line "when step $((now + 1))"
wait_match "step $((now + 1)), from the store"
pass
