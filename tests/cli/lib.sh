#!/bin/bash
# What the tests of the command line share; read by each of them. A test is a function of its own; `check NAME COMMAND...` counts
# one. Each file has a folder and a store of its own.
GRPOLAB=${GRPOLAB:-$PWD/grpolab}
work=$(mktemp -d "${TMPDIR:-/tmp}/grpolab-cli.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export GRPOLAB_STORE=$work/lab.db
passed=0 failed=0

# A model so small that a step takes a few milliseconds.
cat > tiny.ini <<'INI'
[preset]
name = tiny
summary = for tests
scenario = countdown
[model]
width = 16
layers = 2
heads = 2
q_rank = 8
kv_rank = 8
nope_dim = 4
rope_dim = 4
v_dim = 8
ffn_width = 32
dense_layers = 1
experts = 4
expert_width = 8
[base]
steps = 3
documents = 2
[cold]
steps = 4
documents = 2
[rl]
steps = 6
prompts = 2
group = 4
max_tokens = 48
drop_flat = 0
beta = 0.01
[eval]
every = 3
k = 2
problems = 4
final_problems = 8
[countdown]
numbers_low = 3
numbers_high = 3
INI

# run: output in out, messages in msg, exit status in $status. No terminal, no input but what is given.
run()
{
    "$GRPOLAB" "$@" >out 2>msg
    status=$?
}

check()
{
    local name=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
        echo "ok $name"
    else
        failed=$((failed + 1))
        echo "not ok $name"
        sed 's/^/    out: /' out | cut -c 1-400 | head -n 5
        sed 's/^/    msg: /' msg | cut -c 1-400 | head -n 5
    fi
}

# exits STATUS ARGUMENTS...: and where the status is not 0, a message that begins with the program's name.
exits()
{
    local want=$1
    shift
    run "$@" </dev/null
    [ "$status" = "$want" ] && { [ "$want" = 0 ] || grep -q '^grpolab: ' msg; }
}

# says TEXT STATUS ARGUMENTS...: and the message has the text.
says()
{
    local text=$1
    shift
    exits "$@" && grep -qF -e "$text" msg
}

# prints TEXT ARGUMENTS...: exits with 0, and the output has the text.
prints()
{
    local text=$1
    shift
    exits 0 "$@" && grep -qF -e "$text" out
}

# is_json FILE: one whole document. The scorer's reader is asked, by putting it into a key that it does not look at.
is_json()
{
    { printf '{"problem":{"numbers":[1,2],"target":3},"completion":"","x":'; tr -d '\n' < "$1"; printf '}\n'; } |
        "$GRPOLAB" score countdown >/dev/null 2>&1
}

# json_has KEY...: out is one document, with these keys.
json_has()
{
    is_json out || return 1
    for key in "$@"; do
        grep -qF "\"$key\":" out || return 1
    done
}

# number KEY: the first value of the key in out.
number()
{
    grep -o "\"$1\":[^,}]*" out | head -n 1 | cut -d: -f2
}

finish()
{
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
    exit
}
