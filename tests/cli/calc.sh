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
for c in dpo gae fp8 schedule; do
    check "calc $c is not built yet" exits 2 calc $c
done
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
