#!/bin/bash
# A recipe by script: held for a hand's verdicts, judged, gone on with, and its table and texts on the command line.
. tests/cli/lib.sh

cat > mini.ini <<'INI'
[recipe]
name = mini
summary = for tests
[stage base]
run = base
preset = r1
[stage teach]
run = cold
preset = r1
from = base
epochs = 2
collect = templates base problems=6
INI
small='model.width=16 model.layers=2 model.heads=2 model.q_rank=8 model.kv_rank=8 model.nope_dim=4 model.rope_dim=4
model.v_dim=4 model.ffn_width=24 model.experts=4 model.expert_width=8 base.steps=2 base.documents=4 cold.documents=4
rl.prompts=6 rl.group=4 rl.max_tokens=32 eval.every=0 eval.final_problems=4 eval.k=2'

cat > the.script <<S
recipe ./mini.ini $(echo $small) review
wait stage cold and state paused timeout 60
wait idle
wait text "waits for your verdicts"
key T
wait idle
key x
wait text "rejected"
key down
judge edit </think> <answer> 1 </answer>
wait text "edited"
resume
wait state done timeout 60
wait idle
recipe
wait text "2 of 2 stages done"
say {run}
S
check 'a recipe is reviewed' exits 0 --script the.script
check 'it has gone on' grep -q 'mini-teach' out
check 'the texts' prints 'learns from 5 of 6 texts' texts mini-teach
check 'what a hand did' prints '1 rejected' texts mini-teach
check 'as JSON' prints '"verdict":"edited"' texts mini-teach --json
check 'none' prints 'learns from no collected text' texts mini-base
check 'no such run' says 'nosuch' 2 texts nosuch

sets=()
for s in $small; do sets+=(--set "$s"); done
check 'the same recipe is done' prints '5/6' recipe ./mini.ini "${sets[@]}" -q
check 'a verdict comes too late' says 'has taken' 2 --script <(printf 'texts mini-teach\nwait idle\njudge accept\n')
finish
