#!/bin/bash
# Decoding with drafts: of a model with a module, and what is said where there is none.
. tests/cli/lib.sh

run train ./tiny.ini --quiet --set model.mtp_depth=2 --name drafts
run speculate drafts --quick --problems 6 --json
check 'speculate' test $status = 0
check 'speculate --json' json_has step layers mtp_depth texts batch_size temperature ways distribution
check 'every way is there' test "$(grep -o '"name":"[a-z]*"' out | tr '\n' ' ')" = \
    '"name":"plain" "name":"module" "name":"fixed" "name":"confidence" "name":"candidates" '
check 'greedy is equal to the bit' test "$(grep -o '"equal_to_plain":true' out | wc -l)" = 5
check 'acceptance by place' grep -q '"by_position":{"1":{"examined":[0-9]*,"accepted":[0-9]*,"rate":[^}]*},"2":' out
check 'acceptance by kind' grep -q '"by_kind":{"number":{.*"operator":{.*"word":{.*"tag":{' out
check 'as text' prints 'to the bit' speculate drafts --quick --problems 2 --set draft.tokens=1
run train ./tiny.ini --quiet --name plain
check 'a model without a module' exits 2 speculate plain
check 'which setting would help' grep -q 'model.mtp_depth' msg
check 'another setting' exits 2 speculate drafts --set model.width=32
check 'a draft that is too long' exits 2 speculate drafts --set draft.tokens=9
check 'no run' exits 2 speculate nosuch

finish
