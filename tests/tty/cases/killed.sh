#!/bin/bash
# A fatal signal and SIGTERM put the terminal back, against SIGKILL nothing can be done; the run goes on from its
# last commit.
. "$(dirname "$0")/../lib.sh"
modes()
{
    rm -f "$work/$1"
    line "stty -a >$work/$1.new && mv $work/$1.new $work/$1"
    wait_until test -s "$work/$1" || fail "no stty"
}
kill_by()
{
    kill "-$1" "$(program_pid)"
    wait_until other_screen_is_left || fail "$1: the other screen is still shown"
    wait_for "ready>"
    [ "$(t display-message -p '#{cursor_flag}')" = 1 ] || fail "$1: the cursor is hidden"
    [ "$(t display-message -p '#{mouse_any_flag}')" = 0 ] || fail "$1: the mouse is still reported"
    modes after
    cmp -s "$work/before" "$work/after" || fail "$1: the terminal's modes differ"
    line clear
    wait_gone "$GRPOLAB"
}
other_screen_is_left()
{
    [ "$(t display-message -p '#{alternate_on}')" = 0 ]
}
shell 100 30
modes before
line "'$GRPOLAB'"
new_quick
wait_rl 2
kill_by SEGV
line "'$GRPOLAB'"
wait_match "grpo +step .*PAUSED"
wait_match "group [0-9]+/16"
kill_by TERM
line "'$GRPOLAB'"
wait_match "grpo +step .*PAUSED"
step=$(step_now)
kill -KILL "$(program_pid)"
keys -l "stty sane; tput rmcup; tput cnorm; clear"
keys C-j
wait_until other_screen_is_left || fail "KILL: the shell does not answer"
line "'$GRPOLAB'"
wait_match "grpo +step .*PAUSED"
[ "$(step_now)" = "$step" ] || fail "KILL: step $step became $(step_now)"
# The terminal goes away: the program leaves, and gives its run free.
pid=$(program_pid)
t kill-session
is_gone()
{
    ! kill -0 "$pid" 2>/dev/null
}
wait_until is_gone || fail "it lives on without a terminal"
pass
