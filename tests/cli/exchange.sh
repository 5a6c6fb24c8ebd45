#!/bin/bash
# export, import and logits: a run goes out to Hugging Face's layout and comes back to the bit; logits agree
# with a script that shares no code (where numpy is installed); what is malformed is refused in one line.
tree=$PWD
. tests/cli/lib.sh
script=$tree/tests/golden/hf_logits.py
python=${PYTHON:-/usr/bin/python3}
ids=5,0,17,5,22,9,1,30

one_line()
{
    says "$@" && [ "$(grep -c . msg)" = 1 ]
}

# agrees DIR: logits of the folder are those of the script.
agrees()
{
    "$GRPOLAB" logits "$1" --tokens $ids --json > theirs.json 2>msg &&
        "$python" "$script" "$1" --tokens $ids --compare theirs.json > out 2>msg
}

# put FILE OFFSET BYTES: overwrites bytes; printf's escapes.
put()
{
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

sed -i 's/^experts = 4/experts = 4\nmtp_depth = 1/' tiny.ini
check 'a run to export' exits 0 train ./tiny.ini --quiet
check 'export' prints 'tensors of float32' export tiny checkpoint
for file in config.json tokenizer.json generation_config.json model.safetensors; do
    check "its $file" test -s checkpoint/$file
done
check 'nothing half written' test -z "$(ls checkpoint | grep part)"
for name in embed_tokens layers.0.self_attn.{q_a_proj,q_a_layernorm,q_b_proj,kv_b_proj,o_proj} \
    layers.0.self_attn.{kv_a_proj_with_mqa,kv_a_layernorm} layers.0.mlp.{gate,up,down}_proj \
    layers.1.mlp.gate layers.1.mlp.experts.3.{gate,up,down}_proj \
    layers.1.mlp.shared_experts.down_proj layers.{0,2}.{input,post_attention}_layernorm \
    layers.2.{enorm,hnorm,eh_proj,shared_head.norm} layers.2.mlp.experts.0.up_proj norm; do
    check "tensor $name" grep -qaF "\"model.$name.weight\"" checkpoint/model.safetensors
done
check 'the correction bias' grep -qaF 'mlp.gate.e_score_correction_bias"' checkpoint/model.safetensors
run export tiny@2 earlier --json
check 'export --json, an earlier step' json_has run step folder tensors
cmp -s checkpoint/model.safetensors earlier/model.safetensors
check 'that step is another' test $? = 1
for key in hidden_size q_lora_rank kv_lora_rank n_routed_experts num_nextn_predict_layers eos_token_id; do
    check "config.json has $key" grep -q "\"$key\": [0-9]" checkpoint/config.json
done

run import checkpoint/ --name back --json
check 'import --json' json_has run id step digest
digest=$(grep -o '"digest":"[0-9a-f]*"' out | cut -d'"' -f4)
run digest back@0
check 'its digest is that of its step 0' grep -q "$digest" out
check 'and out again' exits 0 export back again
check 'weights come back to the bit' cmp checkpoint/model.safetensors again/model.safetensors
check 'config.json too' cmp checkpoint/config.json again/config.json
check 'a run is named like its folder' prints 'checkpoint (' import checkpoint
check 'what came back is sampled' prints '<think>' sample back --n 1
check 'and trained' exits 0 resume back --steps 1 --quiet
check 'the store is sound' exits 0 check back

run logits tiny --tokens $ids --json
check 'logits of a run' json_has logits
cp out theirs.json
run logits checkpoint --tokens $ids --json
check 'are those of its export' cmp out theirs.json
check 'as text, with words' prints 'User  ->' logits checkpoint --tokens 1
check 'logits want tokens' says '--tokens' 2 logits checkpoint
check 'a token that is none' says '120' 2 logits checkpoint --tokens 1,120
check 'no number' says "'x'" 2 logits checkpoint --tokens 1,x
check 'an empty list' says 'tokens' 2 logits checkpoint --tokens 1,
check 'too many for the run' says 'positions' 2 logits checkpoint --tokens "$(seq -s, 1 119),$(seq -s, 1 119)"
check 'no such folder' says 'nosuch' 2 logits ./nosuch --tokens 1

sed 's/^heads = 2/heads = 2\nattention = mha/; s/^name = tiny/name = dense/' tiny.ini > dense.ini
check 'a run with plain attention' exits 0 train ./dense.ini --quiet --set model.dense_layers=2
check 'is not of that layout' one_line 'not latent' 2 export dense nowhere
check 'and nothing is written' test ! -e nowhere
check 'its logits are told all the same' prints '->' logits dense --tokens 1
echo > file
check 'a file is no folder' one_line 'file' 2 export tiny file
check 'a folder that cannot be' says 'nosuch' 2 export tiny nosuch/deeper

# Each of these is a good export with one thing wrong.
n=0
broken()
{
    rm -rf broken
    cp -r checkpoint broken
    n=$((n + 1))
}
broken; rm broken/config.json
check 'no config.json' one_line 'config.json' 2 import broken
broken; rm broken/model.safetensors
check 'no tensors' one_line 'model.safetensors' 2 import broken
broken; rm broken/tokenizer.json
check 'no tokenizer' one_line 'logits' 2 import broken
check 'but logits' prints '#1' logits broken --tokens 1
broken; put broken/model.safetensors 0 '\377\377\377\377\377\377\377\177'
check 'an overlong header' one_line 'the most that the format allows' 2 import broken
broken; put broken/model.safetensors 4 '\001'
check 'a header past the end' one_line 'header' 2 logits broken --tokens 1
broken; truncate -s -1 broken/model.safetensors
check 'cut short' one_line 'tensor' 2 import broken
broken; printf x >> broken/model.safetensors
check 'a byte too many' one_line 'after the last tensor' 2 import broken
broken; truncate -s 5 broken/model.safetensors
check 'next to nothing' one_line 'too short' 2 import broken
broken; sed -i '0,/"F32"/s//"F99"/' broken/model.safetensors
check 'an unknown type' one_line 'tensor model.embed_tokens.weight: unknown dtype "F99"' 2 import broken
broken; sed -i '0,/"F32"/s//"U32"/' broken/model.safetensors
check 'a type that is no weight' one_line 'U32 is not read as weights' 2 import broken
broken; sed -i '0,/\[120,16\]/s//[120,17]/' broken/model.safetensors
check 'a wrong size' one_line 'tensor model.embed_tokens.weight' 2 import broken
broken; sed -i '0,/enorm/s//dnorm/' broken/model.safetensors
check 'a wrong name' one_line 'model.layers.2' 2 import broken
broken; sed -i 's/"vocab"/"vocap"/' broken/tokenizer.json
check 'a tokenizer without words' one_line 'tokenizer.json' 2 import broken
broken; sed -i 's/"User"/"Usre"/' broken/tokenizer.json
check 'words of no task' one_line 'logits' 2 import broken
broken; sed -i 's/"model.heads = 2"/"model.heads = x"/' broken/config.json
check 'a setting that cannot be' one_line 'heads' 2 import broken
runs=$("$GRPOLAB" runs --json | grep -o '"id"' | wc -l)
check 'none of them left a run behind' test "$runs" = 8
mkdir foreign && echo '{"model_type":"llama"}' > foreign/config.json
check 'the folder of another checkpoint is left alone' one_line 'did not write' 2 export tiny foreign

if "$python" -c 'import numpy' 2>/dev/null; then
    check 'logits agree with the script' agrees checkpoint
    for kind in plain bf16 fp8 shards shards_fp8 tied no_module dense yarn; do
        "$python" "$script" --make $kind made-$kind
        check "a foreign checkpoint: $kind" agrees made-$kind
        check "$kind fits no task" says 'tokenizer.json' 2 import made-$kind
    done
    cp checkpoint/tokenizer.json made-fp8/
    check 'a vocabulary of another size' one_line '120 tokens' 2 import made-fp8
    sed -i 's/"F32"/"F16"/; s/_scale_inv/_scale_vni/' made-fp8/model.safetensors
    check 'codes without scales' one_line 'tensor' 2 logits made-fp8 --tokens 1
else
    echo "skipped: the independent script needs numpy"
fi
finish
