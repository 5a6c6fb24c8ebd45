# What the tests in a real terminal share: a tmux server of their own, and waiting for what the screen shows.
#
# A case is a script that reads this file and calls start, keys, wait_for, ... ; it ends with `ok NAME` or `not ok NAME`,
# the screen below it. GRPOLAB names the program. STORE, when it is set, is copied for the case, so that what it has
# learned already need not be learned again. Nothing here sleeps for a fixed time to let something happen: a
# wait ends when the screen shows it, and fails after WAIT seconds.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
NAME=$(basename "$0" .sh)
WAIT=${WAIT:-60}
GRPOLAB=${GRPOLAB:-$PWD/grpolab}
work=$(mktemp -d "${TMPDIR:-/tmp}/tty.XXXXXX") || exit 1
mkdir "$work/home" "$work/state"

t()
{
    env -u TMUX tmux -u -S "$work/s" -f /dev/null "$@"
}

finish()
{
    t kill-server 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

screen()
{
    t capture-pane -p
}

fail()
{
    echo "not ok $NAME: $*"
    screen | sed 's/^/    |/'
    exit 1
}

pass()
{
    echo "ok $NAME"
    exit 0
}

# wait_until COMMAND...: polls it until it succeeds.
wait_until()
{
    local end=$((SECONDS + WAIT))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.05
    done
}

shows()
{
    screen | grep -qF -- "$1"
}

hides()
{
    ! shows "$1"
}

matches()
{
    screen | grep -qE -- "$1"
}

wait_for()
{
    wait_until shows "$1" || fail "never showed: $1"
}

wait_match()
{
    wait_until matches "$1" || fail "never matched: $1"
}

wait_gone()
{
    wait_until hides "$1" || fail "still shows: $1"
}

# shell W H: a terminal with a shell that repairs nothing, and the store.
shell()
{
    local f
    for f in ${STORE:+"$STORE" "$STORE-wal"}; do
        [ ! -e "$f" ] || cp "$f" "$work/lab.db${f#"$STORE"}"
    done
    t new-session -d -x "$1" -y "$2" "env -i PATH='$PATH' HOME='$work/home' XDG_STATE_HOME='$work/state' LC_ALL=C.UTF-8 \
        TERM=tmux-256color PS1='ready> ' GRPOLAB_STORE='$work/lab.db' ASAN_OPTIONS='${ASAN_OPTIONS:-}' \
        UBSAN_OPTIONS='${UBSAN_OPTIONS:-}' /bin/sh -i" || fail "no terminal to be had"
    wait_for "ready>"
}

# start W H [ARGUMENTS]: the program in it.
start()
{
    shell "$1" "$2"
    shift 2
    line "'$GRPOLAB' $*"
}

keys()
{
    t send-keys "$@"
}

# line TEXT: typed, then Enter.
line()
{
    t send-keys -l -- "$1"
    t send-keys Enter
}

# command TEXT: on the program's command line; it is there before the Enter.
command_line()
{
    t send-keys -l -- ":"
    wait_match "^:"
    t send-keys -l -- "$1"
    wait_for ":$1"
    t send-keys Enter
}

# new_quick: a new run of `quick`, with so many steps that no test comes to its end, however late its keys are read.
new_quick()
{
    wait_match "PAUSED|DONE"
    command_line "new quick rl.steps=20000"
    wait_match "RUNNING"
}

# start_new W H: the program, on such a run.
start_new()
{
    start "$1" "$2"
    new_quick
}

# step_now: the step that the header shows.
step_now()
{
    screen | sed -n '1s/.* step \([0-9]*\).*/\1/p'
}

step_is_past()
{
    local now
    now=$(step_now)
    [ -n "$now" ] && [ "$now" -gt "$1" ]
}

wait_step_past()
{
    wait_until step_is_past "$1" || fail "never came past step $1"
}

# wait_rl N: past step N of the last stage. Where the first ones are not on record, that takes longer.
wait_rl()
{
    WAIT=240 wait_match " grpo +step "
    wait_step_past "$1"
}

# program_pid: of the program in the shell.
program_pid()
{
    pgrep -P "$(t display-message -p '#{pane_pid}')" | head -n 1
}
