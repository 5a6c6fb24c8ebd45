#!/bin/bash
# Kinds of attention of one size: what is measured, and sizes and contexts that cannot be.
. tests/cli/lib.sh

run attention --quick --tokens 32,64 --json
check 'attention' test $status = 0
check 'attention --json' json_has preset width layers heads streams contexts fed largest_logit ways group v3
check 'every way is there' test "$(grep -o '"name":"[a-z ]*"' out | head -6 | tr '\n' ' ')" = \
    '"name":"mha" "name":"gqa" "name":"mqa" "name":"mla" "name":"mla plain" "name":"mla paged" '
check 'of each what was measured' json_has bytes_measured tokens_a_second largest_difference
check 'the forms agree' awk -v d="$(number largest_difference)" 'BEGIN { exit !(d >= 0 && d < 0.01) }'
check 'grouped-query has two of four' grep -q '"name":"gqa","form":"plain","kv_heads":2,' out
check 'V3 caches 70,272 bytes a token' grep -q '"cached":576,"bytes":70272' out
check 'as text' prints 'paged against contiguous' attention quick --quick --tokens 16 --set model.heads=8
check 'a model without latent attention' says 'the size must be' 2 attention quick-dense --tokens 16
check 'contexts that do not ascend' exits 2 attention --tokens 64,32
check 'no context' exits 2 attention --tokens many
check 'a model with shared keys' exits 2 train quick --set model.kv_heads=2
check 'which attention that is of' grep -q 'latent' msg
check 'heads that cannot share' exits 2 train quick-gqa --set model.kv_heads=3

finish
