#!/bin/bash
# calc and score read standard input.
. tests/cli/lib.sh

feed()
{
    local text=$1
    shift
    printf '%s' "$text" > in
    "$GRPOLAB" "$@" <in >out 2>msg
    status=$?
}

feed '{"load":[10,2,4,0],"bias":[0,0,0,0],"gamma":0.001}' calc balance
check 'calc balance' test "$status $(cat out)" = '0 {"bias":[-0.001,0.001,0,0.001],"max_vio":1.5}'
feed '{"rewards":[1,0],"logp":[[-1],[-1]],"logp_old":[[-1],[-1]],"loss":"grpo","std":"none","eps_low":0.2,"eps_high":0.2,"beta":0}' calc grpo
check 'calc grpo' test "$status" = 0
check 'calc grpo says all' json_has advantages ratio clipped kl loss grad_logp clip_low clip_high flat
check 'kl is null without a reference' grep -qF '"kl":null' out
feed '{"load":[1],"bias":[0]}' calc balance
check 'a missing key is 2' test $status = 2
check 'and named' grep -q gamma msg
feed '{"load":[1],"bias":[0],"gamma":1,"gama":1}' calc balance
check 'an unknown key is 2' test $status = 2
check 'and named too' grep -q gama msg
feed '{"load":[1],"bias":' calc balance
check 'malformed JSON is 2' test $status = 2
check 'with its line' grep -q 'line 1' msg
feed '' calc balance
check 'no input is 2' test $status = 2
feed '[]' calc grpo
check 'a list is no object' test $status = 2
feed '{"beta":0.5,"chosen_logp":-2,"chosen_ref":-2,"rejected_logp":-5,"rejected_ref":-5}' calc dpo
check 'calc dpo' test "$status $(cat out)" = '0 {"loss":0.6931471805599453,"margin":0,"grad_chosen_logp":-0.25,"grad_rejected_logp":0.25}'
feed '{"rewards":[0,1],"values":[0.5,0.25],"gamma":1,"lambda":1}' calc gae
check 'calc gae' test "$status $(cat out)" = '0 {"advantages":[0.5,0.75],"returns":[1,1]}'
feed '{"values":[448,-1,0.001,7],"tile":3}' calc fp8
check 'calc fp8' test "$status $(cat out)" = '0 {"codes":[126,184,1,126],"scales":[1,0.015625],"dequantized":[448,-1,0.001953125,7]}'
feed '{"kind":"dualpipe","pp":4,"micro_batches":8,"f":1,"b":2,"w":1}' calc schedule
check 'calc schedule' test "$status $(cat out)" = '0 {"bubble":2,"makespan":26,"activations":5,"parameters":2,"simulated":{"bubble":2,"makespan":26,"activations":5,"parameters":2}}'
feed '{"kind":"zb1p","pp":2,"micro_batches":2,"f":1,"b":2,"w":1,"timeline":true}' calc schedule
check 'calc schedule with its timeline' json_has bubble simulated timeline work begin end
feed '{"kind":"dualpipe","pp":3,"micro_batches":8,"f":1,"b":2,"w":1}' calc schedule
check 'an odd pp of dualpipe is 2' test $status = 2
check 'and named, before' grep -q '"pp"' msg
feed '{"kind":"dualpipe","pp":4,"micro_batches":7,"f":1,"b":2,"w":1}' calc schedule
check 'too few micro-batches of dualpipe are 2' test $status = 2
check 'and named, the number' grep -q '"micro_batches"' msg
for loss in bnpo reinforce rloo cispo; do
    feed '{"rewards":[1,0],"logp":[[-1],[-1]],"logp_old":[[-1],[-1]],"loss":"'$loss'","std":"none","eps_low":0.2,"eps_high":0.2,"beta":0}' calc grpo
    check "calc grpo with $loss" test "$status" = 0
done
stale='"rewards":[1,0],"logp":[[-1],[-1]],"logp_old":[[-1],[-3]],"logp_ref":[[-1],[-1]],"loss":"grpo","std":"none","eps_low":0.2,"eps_high":0.2,"beta":0'
feed "{$stale,\"kl\":\"unbiased\",\"kl_clamp\":true,\"ratio_cap\":2}" calc grpo
check 'a truncated ratio weighs no more than its cap' grep -q '"grad_logp":\[\[-0.25\],\[0.5\]\]' out
feed "{$stale,\"kl\":\"k4\"}" calc grpo
check 'an unknown KL is 2' test $status = 2
check 'and what there is, is listed' grep -q 'k3 k1 k2 unbiased' msg
feed "{$stale,\"kl_clamp\":1}" calc grpo
check 'a clamp that is no boolean is 2' test $status = 2
feed "{$stale,\"ratio_cap\":-1}" calc grpo
check 'a negative cap is 2' test $status = 2
check 'and named' grep -q '"ratio_cap"' msg
check 'calc of nothing there lists what there is' says 'grpo, dpo, gae, fp8, balance, schedule' 2 calc ppo
check 'calc wants a word' exits 2 calc

right='{"problem":{"numbers":[11,8,7],"target":26},"completion":" 11 + 8 = 19 </think> <answer> 11 + 8 + 7 </answer>"}'
wrong='{"problem":{"numbers":[11,8,7],"target":26},"completion":"</think> <answer> 11 + 8 </answer>"}'
feed "$right
$wrong
" score countdown
check 'score' test "$status $(wc -l < out)" = '0 2'
check 'a right answer' grep -qF '{"reward":1.1,"accuracy":1,"format":1,"why":"","at":-1}' out
check 'a wrong one' grep -qE '^\{"reward":0.1,"accuracy":0,"format":1,"why":".+","at":[0-9]+\}$' out
feed "$right

$right" score countdown
check 'an empty line, and no newline at the end' test "$status $(wc -l < out)" = '0 2'
feed "$right
nonsense
$right" score countdown
check 'a malformed line is 2' test $status = 2
check 'and its number is told' grep -q 'line 2' msg
check 'what came before is out' test "$(wc -l < out)" = 1
feed '{"problem":{"numbers":[11,8,7]},"completion":""}' score countdown
check 'a malformed problem is 2' test $status = 2
check 'with the key' grep -q target msg
feed '{"problem":{"numbers":[1,2],"target":3}}' score countdown
check 'no completion is 2' test $status = 2
feed '{"problem":{"numbers":[1,2],"target":3},"completion":"\u0000\ud83d\ude00 <answer>"}' score countdown
check 'hostile text is scored' test "$status" = 0
check 'unknown scenario' says 'countdown' 2 score nosuch
finish
