#!/bin/bash
# The table of objectives, on a model so small that all of the race takes seconds.
. tests/cli/lib.sh

sets=()
for s in model.width=16 model.layers=2 model.heads=2 model.q_rank=8 model.kv_rank=8 model.nope_dim=4 model.rope_dim=4 \
    model.v_dim=4 model.ffn_width=24 model.experts=4 model.expert_width=8 base.steps=2 base.documents=4 cold.steps=2 \
    cold.documents=4 rl.prompts=2 rl.group=4 rl.max_tokens=24 eval.every=2 eval.problems=4 eval.final_problems=4 eval.k=2; do
    sets+=(--set "$s")
done

cat > dry.ini <<'INI'
[recipe]
name = dry
summary = for tests
[stage base]
run = base
preset = quick
INI
check 'a recipe without reinforcement' says 'run = grpo' 2 objectives ./dry.ini
check 'no such recipe' says 'r1-zero' 2 objectives nosuch
check 'neither makes a store' test ! -e lab.db

check 'the table' exits 0 objectives "${sets[@]}" --steps 3 -q
check 'five objectives and a start' test "$(grep -cE '^(grpo|ppo|reinforce|rloo|dpo|untuned) ' out)" = 6
check 'PPO has a critic' grep -qE '^ppo +cold +ppo +yes' out
check 'GRPO has none' grep -qE '^grpo +cold +dapo +no' out
check 'DPO learns from pairs' grep -qE '^dpo .*pairs by rules: accuracy \+ 0\.1 format$' out
check 'equal steps' grep -q 'within 3 steps' out

run objectives "${sets[@]}" --steps 3 --json -q
check 'as JSON' json_has equal_seconds equal_steps objectives stage loss critic reference parameters memory_bytes \
    seconds_a_step reward after_equal_seconds after_equal_steps
# A value head on a trunk of width 16: 16 weights and a bias.
parameters() { grep -o "\"stage\":\"$1\"[^}]*" out | grep -o '"parameters":[0-9]*' | cut -d: -f2; }
check 'the critic is the value head' test $(($(parameters ppo) - $(parameters grpo))) = 17
check 'others have as many parameters' test "$(parameters grpo)" = "$(parameters dpo)"
memory() { grep -o "\"stage\":\"$1\"[^}]*" out | grep -o '"memory_bytes":[0-9]*' | cut -d: -f2; }
check 'a critic takes memory' test "$(memory ppo)" -gt "$(memory grpo)"
check 'all have the same steps' test "$(grep -o '"steps":3,' out | wc -l)" -ge 6
check 'evaluated at the end' test "$(grep -o '"after_equal_steps":{"step":3,' out | wc -l)" = 6
check 'its runs are there' prints 'race-ppo' runs
check 'no steps' says 'rl.steps is 0' 2 objectives "${sets[@]}" --steps 0 -q
finish
