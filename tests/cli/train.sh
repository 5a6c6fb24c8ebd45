#!/bin/bash
# A run from its beginning to its forks, and everything that is read back of it.
. tests/cli/lib.sh

run train ./tiny.ini --json
check 'train' test $status = 0
check 'train --json' json_has run id step digest stopped_by seconds rl_seconds metrics
check 'train stops at its end' test "$(number step) $(number stopped_by) $(number run)" = '6 "end" "tiny"'
check 'progress is on stderr' test -s msg
end=$(number digest | tr -d '"')
check 'digest of the end' prints "$end" digest tiny

run runs --json
check 'runs --json' json_has name id parent parent_step preset step state
check 'three runs, all done' test "$(grep -o '"state":"done"' out | wc -l)" = 3
check 'names of the stages' test "$(grep -o '"name":"[a-z-]*"' out | tr '\n' ' ')" = '"name":"tiny-base" "name":"tiny-cold" "name":"tiny" '
check 'runs' prints tiny-cold runs

run train ./tiny.ini --threads 1 --name one --quiet --json
check 'reused stages and one thread give the same digest' test "$(number digest)" = "\"$end\""
check '--quiet is quiet' test ! -s msg
run train ./tiny.ini --name other --seed 7 --quiet --json
check 'another seed, another digest' test "$(number digest)" != "\"$end\""
run train ./tiny.ini --name third --set seed=7 --quiet --json
check 'seed= is --seed' test "$(number digest)" = "$("$GRPOLAB" digest other | sed 's/.*/"&"/')"

run train ./tiny.ini --name part --steps 2 --quiet --json
check '--steps is the last step' test "$(number step) $(number stopped_by)" = '2 "steps"'
run resume part --steps 4 --quiet --json
check 'resume --steps' test "$(number step)" = 4
run resume part --quiet --json
check 'resume goes to the end' test "$(number step) $(number stopped_by)" = '6 "end"'
check 'resumed twice: the same digest' test "$(number digest)" = "\"$end\""
run resume part --steps 8 --quiet --json
check '--steps beyond the settings' test "$status $(number step)" = '0 8'
run resume part --steps 3 --quiet --json
check 'nothing to do' test "$status $(number step)" = '0 8'
check 'resume at a step is refused' exits 2 resume part@3
check 'resume with another seed is refused' says 'seed' 2 resume part --seed 9
check 'resume of nothing names what there is' says "'part'" 2 resume prat

run train ./tiny.ini --name u --until 'step >= 3' --quiet --json
check '--until' test "$status $(number step) $(number stopped_by)" = '0 3 "until"'
run train ./tiny.ini --name v --until 'reward > 5' --quiet --json
check '--until that never holds' test "$status $(number step)" = '3 6'
check 'says so even when quiet' grep -q -- '--until' msg
run train ./tiny.ini --name w --steps 2 --expect 'reward < 5 and step == 2' --quiet --json
check '--expect that holds' test $status = 0
run train ./tiny.ini --name x --steps 2 --expect 'reward > 5' --quiet --json
check '--expect that does not' test "$status $(number step)" = '3 2'
run resume v --expect 'pass@1 >= 0' --quiet
check 'a condition on what was measured long ago' test $status = 0

run fork tiny@3 --name f --steps 6 --quiet --json
check 'a fork without a change has the same digest' test "$(number digest)" = "\"$end\""
run fork tiny@3 --set rl.beta=0 --name g --steps 6 --quiet --json
check 'a fork with a change has another' test "$status" = 0 -a "$(number digest)" != "\"$end\""
run fork tiny@3 --name h --steps 3 --quiet --json
check 'a fork without steps' test "$status $(number step)" = '0 3'
check 'begins where its parent was' prints "$("$GRPOLAB" digest tiny@3)" digest h
run fork tiny@3 --seed 5 --name s --steps 4 --quiet --json
check 'a fork with a seed of its own' test "$status" = 0
check 'a fork cannot change a shape' says 'model.width' 2 fork tiny --set model.width=32
check 'a fork of a step that is not there' says '6' 2 fork tiny@77
check 'a fork of nothing' exits 2 fork nosuch
check 'a malformed step' says 'step' 2 fork tiny@x

run show tiny --json
check 'show --json' json_has settings environment state metrics
check 'show has its settings' grep -q '"rl.group":4' out
check 'show' prints 'digest' show tiny@2
check 'show of a step that is not there' exits 2 show tiny@99
run runs --json
check 'show by id' prints 'tiny' show "$(grep -o '"name":"tiny","id":[0-9]*' out | grep -o '[0-9]*$')"
run metrics tiny --json
check 'metrics --json' json_has step reward kl 'pass@1'
check 'metrics: one row a step' test "$(grep -o '"step":' out | wc -l)" = 6
check 'metrics: null where nothing was measured' grep -q '"pass@1":null' out
run metrics tiny --csv
check 'metrics --csv' test "$status $(wc -l < out) $(head -n 1 out | cut -d, -f1,2)" = '0 7 step,reward'
check 'metrics --csv has rows as wide as its header' test "$(tr -cd ',\n' < out | sort -u | wc -l)" = 1
check 'metrics' prints reward metrics tiny
check 'metrics: --csv or --json' exits 2 metrics tiny --csv --json
run traces tiny --json
check 'traces --json' json_has step prompt group index text tokens logp reward advantage accuracy format why at aha
check 'traces: all of them' test "$(grep -o '"prompt":' out | wc -l)" = 8
run traces tiny@2 --group 1 --json
check 'traces of a group' test "$(grep -o '"group":1' out | wc -l) $(grep -c '"group":0' out) $(number step)" = '4 0 2'
check 'a group that is not there' exits 2 traces tiny --group 2
run traces tiny-base --json
check 'a base run has no traces' test "$status $(cat out)" = '0 []'
check 'traces' prints 'advantage' traces tiny

run eval tiny --json
check 'eval --json' json_has 'pass@1' 'pass@k' 'maj@k' k problems mean_length
check 'eval: sixteen samples' test "$(number k) $(number problems)" = '16 8'
cp out first
run eval tiny --json --threads 1
check 'eval is deterministic' cmp -s out first
run eval tiny@2 --k 4 --problems 3 --temperature 0.6 --top-p 0.95 --expect 'pass@1 > 2' --json
check 'eval --expect' test "$status $(number k) $(number problems)" = '3 4 3'
run eval tiny --k 4 --problems 6 --knock-out 1:2 --json
check 'eval --knock-out' json_has 'pass@1' knock_out whole change error
check 'an expert that is not there' says 'no expert 1:99' 2 eval tiny --knock-out 1:99
run experts tiny --k 2 --problems 4 --json
check 'experts --json' json_has parameters active_parameters max_vio table load load_average bias affinity tags change
cp out first
run experts tiny --k 2 --problems 4 --json --threads 1
check 'experts is deterministic' cmp -s out first
check 'experts' prints 'parameters' experts tiny --k 2 --problems 4
run sample tiny --n 2 --json
check 'sample --json' json_has text tokens logp
check 'sample: as many as asked for' test "$(grep -o '"text":' out | wc -l)" = 2
run sample tiny --prompt '11 8 7 -> 26' --n 3
check 'sample of a prompt' test "$status $(grep -c '11 8 7 -> 26' out)" = '0 3'
check 'a word that is no token' says 'nosuch' 2 sample tiny --prompt nosuch

check 'a snapshot is text' exits 0 open tiny --snapshot 100x30
check 'of that size' test "$(wc -l < out)" = 30
check 'with the run in it' grep -q tiny out
check 'plot' exits 0 plot tiny g --metric reward kl -o f.png
check 'plot has written a PNG file' test "$(head -c 4 f.png | tail -c 3)" = PNG
check 'plot into nowhere' exits 1 plot tiny --metric reward -o nosuch/f.png
check 'check' prints whole check
check 'check of a run' prints equal check tiny
check 'check of a fork' prints equal check g
check 'check of nothing' exits 2 check nosuch

"$GRPOLAB" train ./tiny.ini --name long --set rl.steps=1000000 --quiet --json >out 2>msg &
child=$!
while ! "$GRPOLAB" digest long@1 >/dev/null 2>&1; do
    kill -0 $child || break
done
"$GRPOLAB" resume long >out 2>msg2
check 'a run that another process has is 1' test $? = 1
kill -TERM $child
wait $child
status=$?
check 'an interrupt is 1' test $status = 1
check 'the JSON says so' test "$(number stopped_by)" = '"interrupt"'
check 'the message says how to go on' grep -q 'grpolab resume long' msg
step=$(number step)
check 'the state on record' prints '"state":"paused"' show long --json
run resume long --steps "$step" --quiet --json
check 'what was committed is there' test "$status $(number step)" = "0 $step"
check 'and is the same run' prints "$("$GRPOLAB" digest tiny@1)" digest long@1

printf 'not a database at all, but long enough to be one' > foreign.db
check 'a foreign file is 1' exits 1 runs --store foreign.db
check 'and is left alone' grep -q 'not a database' foreign.db
finish
