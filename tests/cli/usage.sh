#!/bin/bash
# What is asked wrongly is refused with 2 and a message that helps; help and version need nothing.
. tests/cli/lib.sh

for c in open scenarios settings train resume fork runs show metrics traces eval experts compute sample digest plot export import logits calc score bench check help; do
    check "help of $c" prints "usage: grpolab $c" "$c" --help
    check "help $c" prints "usage: grpolab $c" help $c
done
check 'help lists the commands' prints 'grpolab train PRESET' help
check '--help' prints 'grpolab train PRESET' --help
check '-h' prints 'exit status' -h
check '--version' prints 'kernels' --version
check 'no help of what is not there' exits 2 help nosuch

check 'without a terminal the workbench is refused' says 'terminal' 2
check 'open without a terminal' says 'terminal' 2 open quick
check 'unknown command' says 'did you mean `train`' 2 trian quick
check 'unknown recipe' says 'r1-zero' 2 recipe nosuch
check 'unknown option' says 'did you mean `--steps`' 2 train quick --stpes 3
check 'option of another command' says 'takes no --csv' 2 train quick --csv
check 'usage of the command is shown' says 'usage: grpolab train PRESET' 2 train
check 'one word too many' says 'extra' 2 runs extra
check 'a value is missing' says '--steps' 2 train quick --steps
check 'not a number' says 'three' 2 train quick --steps three
check 'unknown preset' says 'nosuch' 2 train nosuch
check 'no such file' says 'nosuch.ini' 2 train ./nosuch.ini
check 'unknown key' says 'rl.betta' 2 train quick --set rl.betta=1
check 'bad value' says 'rl.beta' 2 train quick --set rl.beta=many
check 'not key=value' says 'key=value' 2 train quick --set rl.beta
check 'bad seed' says 'seed' 2 train quick --set seed=x
check 'bad condition' says 'did you mean `reward`' 2 train quick --until 'rewrd > 1'
check 'an event takes no operator' says 'aha.verified' 2 train quick --until 'aha.verified > 1'
check 'bad expectation' says 'operator' 2 train quick --expect reward
check 'bad name' says '--name' 2 train quick --name 12
echo '[preset]' > bad.ini
check 'malformed preset' says 'bad.ini' 2 train ./bad.ini
check 'nothing of this has made a store' test ! -e lab.db

check 'a snapshot without a store' says 'there is no' 2 --snapshot 80x24
for c in show metrics traces eval experts compute sample digest resume fork check; do
    check "$c without a store" says 'there is no' 2 $c run
    check "$c makes no store" test ! -e lab.db
done
check 'export without a store' says 'there is no' 2 export run out
check 'logits without a store' says 'there is no' 2 logits run --tokens 1
check 'import of nothing' says 'config.json' 2 import nosuch
check 'none of them makes a store' test ! -e lab.db
check 'runs without a store' prints '[]' runs --json
check 'runs without a store makes none' test ! -e lab.db

check 'plot wants a metric' says '--metric' 2 plot run -o f.png
check 'plot wants a file' says '-o' 2 plot run --metric reward
check 'plot knows its metrics' says 'did you mean `reward`' 2 plot run --metric rward -o f.png
check 'bench knows its topics' says 'train, generate' 2 bench nosuch

check 'scenarios' prints 'countdown' scenarios
run scenarios --json
check 'scenarios --json' json_has name kind summary
check 'scenarios are of two kinds' test "$(grep -o '"kind":"[a-z]*"' out | sort -u | tr '\n' ' ')" = '"kind":"preset" "kind":"scenario" '
check 'settings' prints 'rl.beta' settings
check 'settings of a preset' prints 'rl.beta' settings quick
run settings quick --json --set rl.beta=0.25
check 'settings --json' json_has key value default range meaning
check 'settings --json lists metrics' grep -q '"key":"frac_reward_zero_std"' out
check 'settings --json has what --set says' grep -q '"key":"rl.beta","value":0.25' out
check 'settings --set needs a preset' exits 2 settings --set rl.beta=1
check 'settings of nothing' exits 2 settings nosuch

if [ -e /dev/full ]; then
    "$GRPOLAB" settings >/dev/full 2>msg
    status=$?
    check 'a full disk under stdout is 1' test $status = 1
    check 'and one message' test "$(wc -l < msg)" = 1
fi
"$GRPOLAB" settings 2>msg | head -n 1 >/dev/null
yes '{"problem":{"numbers":[1,2],"target":3},"completion":""}' | "$GRPOLAB" score countdown 2>msg | head -n 1 >out
check 'a reader that has enough ends it' test "${PIPESTATUS[1]}" -le 1
check 'without a message' test ! -s msg
finish
