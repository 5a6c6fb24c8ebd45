#!/usr/bin/python3
"""An independent forward pass of a checkpoint in Hugging Face's DeepseekV3ForCausalLM layout, numpy, float64.

It reads model.safetensors (or the shards of its index) with its own small reader and follows the published
modeling code step by step, one token, head and expert at a time: RoPE there sorts even and odd places of
queries and keys apart and then turns halves, where grpolab turns adjacent pairs.

    hf_logits.py DIR --tokens 1,2,3                 prints {"logits": [[..] per position]}
    hf_logits.py DIR --tokens 1,2,3 --compare FILE  the largest difference to those; exit status 1 above 1e-4
    hf_logits.py --make KIND DIR                    a small random checkpoint: plain, bf16, fp8, shards, ...
    hf_logits.py --golden                           writes hf_logits.json (see README.md)
"""
import json
import math
import os
import struct
import sys

import numpy as np

TOLERANCE = 1e-4


def decode(dtype, raw):
    if dtype == "F32":
        return np.frombuffer(raw, "<f4").astype(np.float64)
    if dtype == "F16":
        return np.frombuffer(raw, "<f2").astype(np.float64)
    if dtype == "BF16":
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if dtype == "F8_E4M3":
        return E4M3[np.frombuffer(raw, np.uint8)]
    raise ValueError("dtype " + dtype)


def e4m3_value(code):
    sign, exponent, fraction = code >> 7, code >> 3 & 15, code & 7
    if exponent == 15 and fraction == 7:
        return float("nan")
    value = (1 + fraction / 8) * 2.0 ** (exponent - 7) if exponent else fraction / 8 * 2.0 ** -6
    return -value if sign else value


E4M3 = np.array([e4m3_value(c) for c in range(256)])


def read_file(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    header.pop("__metadata__", None)
    return {name: decode(t["dtype"], data[t["data_offsets"][0]:t["data_offsets"][1]]).reshape(t["shape"])
            for name, t in header.items()}


def read_checkpoint(folder):
    config = json.load(open(os.path.join(folder, "config.json")))
    tensors = {}
    single = os.path.join(folder, "model.safetensors")
    files = [single]
    if not os.path.exists(single):
        index = json.load(open(single + ".index.json"))
        files = [os.path.join(folder, f) for f in sorted(set(index["weight_map"].values()))]
    for f in files:
        tensors.update(read_file(f))
    rows, columns = config.get("quantization_config", {}).get("weight_block_size", [128, 128])
    for name in [n for n in tensors if n.endswith("_scale_inv")]:
        weight = name[:-len("_scale_inv")]
        scale = np.kron(tensors.pop(name), np.ones((rows, columns)))
        tensors[weight] = tensors[weight] * scale[:tensors[weight].shape[0], :tensors[weight].shape[1]]
    return config, tensors


def norm(x, weight, eps):
    return weight * x / np.sqrt((x * x).mean(-1, keepdims=True) + eps)


def silu(x):
    return x / (1 + np.exp(-x))


def yarn_gain(factor, m):
    return 1.0 if factor <= 1 else 0.1 * m * math.log(factor) + 1.0


def frequencies(c, d):
    """Angles a position, and what cos and sin are multiplied with."""
    theta, yarn = c["rope_theta"], c.get("rope_scaling")
    extrapolated = 1 / theta ** (np.arange(0, d, 2) / d)
    if not yarn:
        return extrapolated, 1.0

    def correction(rotations):
        length = yarn["original_max_position_embeddings"]
        return d * math.log(length / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low = max(math.floor(correction(yarn["beta_fast"])), 0)
    high = min(math.ceil(correction(yarn["beta_slow"])), d - 1)
    ramp = np.clip((np.arange(d // 2) - low) / (high - low if high != low else 0.001), 0, 1)
    mask = 1 - ramp
    interpolated = extrapolated / yarn["factor"]
    return (interpolated * (1 - mask) + extrapolated * mask,
            yarn_gain(yarn["factor"], yarn["mscale"]) / yarn_gain(yarn["factor"], yarn["mscale_all_dim"]))


def softmax_scale(c):
    scale, yarn = (c["qk_nope_head_dim"] + c["qk_rope_head_dim"]) ** -0.5, c.get("rope_scaling")
    return scale * yarn_gain(yarn["factor"], yarn["mscale_all_dim"]) ** 2 if yarn else scale


def rotate(x, position, c):
    """x [d]: even places, then odd ones; then the halves are turned against each other."""
    d = len(x)
    x = np.concatenate([x[0::2], x[1::2]])
    frequency, size = frequencies(c, d)
    angle = position * frequency
    cos, sin = np.tile(size * np.cos(angle), 2), np.tile(size * np.sin(angle), 2)
    half = np.concatenate([-x[d // 2:], x[:d // 2]])
    return x * cos + half * sin


def attention(c, w, x):
    heads, nope, rope, value = (c[k] for k in ("num_attention_heads", "qk_nope_head_dim", "qk_rope_head_dim",
                                               "v_head_dim"))
    T, eps = len(x), c["rms_norm_eps"]
    if c["q_lora_rank"]:
        q = norm(x @ w["q_a_proj.weight"].T, w["q_a_layernorm.weight"], eps)
        q = q @ w["q_b_proj.weight"].T
    else:
        q = x @ w["q_proj.weight"].T
    down = x @ w["kv_a_proj_with_mqa.weight"].T
    latent, shared = down[:, :c["kv_lora_rank"]], down[:, c["kv_lora_rank"]:]
    kv = norm(latent, w["kv_a_layernorm.weight"], eps) @ w["kv_b_proj.weight"].T
    kv = kv.reshape(T, heads, nope + value)
    q = q.reshape(T, heads, nope + rope)
    shared = np.array([rotate(shared[t], t, c) for t in range(T)])
    out = np.zeros((T, heads, value))
    for h in range(heads):
        for t in range(T):
            query = np.concatenate([q[t, h, :nope], rotate(q[t, h, nope:], t, c)])
            keys = np.concatenate([kv[:t + 1, h, :nope], shared[:t + 1]], 1)
            score = keys @ query * softmax_scale(c)
            p = np.exp(score - score.max())
            out[t, h] = p / p.sum() @ kv[:t + 1, h, nope:]
    return out.reshape(T, -1) @ w["o_proj.weight"].T


def mlp(w, prefix, x):
    up = silu(x @ w[prefix + "gate_proj.weight"].T) * (x @ w[prefix + "up_proj.weight"].T)
    return up @ w[prefix + "down_proj.weight"].T


def mixture(c, w, x):
    experts, groups, top = c["n_routed_experts"], c["n_group"], c["num_experts_per_tok"]
    out = mlp(w, "shared_experts.", x) if c["n_shared_experts"] else np.zeros_like(x)
    for t, u in enumerate(x):
        score = 1 / (1 + np.exp(-(w["gate.weight"] @ u)))
        choice = score + w["gate.e_score_correction_bias"]
        by_group = choice.reshape(groups, -1)
        worth = np.sort(by_group, 1)[:, -2:].sum(1)
        allowed = np.full(by_group.shape, -np.inf)
        best = np.argsort(-worth)[:c["topk_group"]]
        allowed[best] = by_group[best]
        chosen = np.argsort(-allowed.reshape(experts))[:top]
        gate = score[chosen] / (score[chosen].sum() + 1e-20) * c["routed_scaling_factor"]
        for g, i in zip(gate, chosen):
            out[t] += g * mlp(w, "experts.%d." % i, u)
    return out


def part(tensors, prefix):
    return {name[len(prefix):]: t for name, t in tensors.items() if name.startswith(prefix)}


def forward(config, tensors, tokens):
    x = tensors["model.embed_tokens.weight"][tokens]
    eps = config["rms_norm_eps"]
    for layer in range(config["num_hidden_layers"]):
        w = part(tensors, "model.layers.%d." % layer)
        h = norm(x, w["input_layernorm.weight"], eps)
        x = x + attention(config, part(w, "self_attn."), h)
        h = norm(x, w["post_attention_layernorm.weight"], eps)
        w = part(w, "mlp.")
        x = x + (mlp(w, "", h) if layer < config["first_k_dense_replace"] else mixture(config, w, h))
    x = norm(x, tensors["model.norm.weight"], eps)
    head = "model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"
    return x @ tensors[head].T


CONFIG = dict(model_type="deepseek_v3", architectures=["DeepseekV3ForCausalLM"], hidden_act="silu",
              attention_bias=False, vocab_size=37, hidden_size=20, intermediate_size=26,
              moe_intermediate_size=10, num_hidden_layers=3, num_nextn_predict_layers=1,
              num_attention_heads=3, num_key_value_heads=3, n_shared_experts=2,
              n_routed_experts=8, routed_scaling_factor=2.5, kv_lora_rank=12, q_lora_rank=14,
              qk_rope_head_dim=6, v_head_dim=7, qk_nope_head_dim=5, n_group=4, topk_group=2,
              num_experts_per_tok=3, first_k_dense_replace=1, norm_topk_prob=True,
              max_position_embeddings=163840, rms_norm_eps=1e-6, rope_theta=10000, rope_scaling=None,
              scoring_func="sigmoid", topk_method="noaux_tc", tie_word_embeddings=False)
KINDS = {
    "plain": {}, "bf16": {}, "fp8": {}, "shards": {}, "shards_fp8": {},
    "tied": dict(tie_word_embeddings=True, q_lora_rank=None, n_shared_experts=None, n_group=1, topk_group=1,
                 num_nextn_predict_layers=2, first_k_dense_replace=0),
    # As a program that does not know the module saves it.
    "no_module": dict(num_nextn_predict_layers=1),
    "yarn": dict(rope_scaling=dict(type="yarn", factor=40, beta_fast=32, beta_slow=1, mscale=1.0,
                                   mscale_all_dim=0.8, original_max_position_embeddings=64)),
    "dense": dict(first_k_dense_replace=9, num_nextn_predict_layers=0),
}


def shapes(c):
    """Names and shapes, written down from the published weights."""
    D, H, nope, rope, v = (c[k] for k in ("hidden_size", "num_attention_heads", "qk_nope_head_dim",
                                          "qk_rope_head_dim", "v_head_dim"))
    out = {"model.embed_tokens.weight": (c["vocab_size"], D), "model.norm.weight": (D,)}
    if not c["tie_word_embeddings"]:
        out["lm_head.weight"] = (c["vocab_size"], D)
    for i in range(c["num_hidden_layers"] + c["num_nextn_predict_layers"]):
        p = "model.layers.%d." % i
        a = p + "self_attn."
        if c["q_lora_rank"]:
            out[a + "q_a_proj.weight"] = (c["q_lora_rank"], D)
            out[a + "q_a_layernorm.weight"] = (c["q_lora_rank"],)
            out[a + "q_b_proj.weight"] = (H * (nope + rope), c["q_lora_rank"])
        else:
            out[a + "q_proj.weight"] = (H * (nope + rope), D)
        out[a + "kv_a_proj_with_mqa.weight"] = (c["kv_lora_rank"] + rope, D)
        out[a + "kv_a_layernorm.weight"] = (c["kv_lora_rank"],)
        out[a + "kv_b_proj.weight"] = (H * (nope + v), c["kv_lora_rank"])
        out[a + "o_proj.weight"] = (D, H * v)
        out[p + "input_layernorm.weight"] = out[p + "post_attention_layernorm.weight"] = (D,)
        hidden = {"mlp.": c["intermediate_size"]}
        if i >= c["first_k_dense_replace"]:
            hidden = {"mlp.experts.%d." % e: c["moe_intermediate_size"] for e in range(c["n_routed_experts"])}
            if c["n_shared_experts"]:
                hidden["mlp.shared_experts."] = c["moe_intermediate_size"] * c["n_shared_experts"]
            out[p + "mlp.gate.weight"] = (c["n_routed_experts"], D)
            out[p + "mlp.gate.e_score_correction_bias"] = (c["n_routed_experts"],)
        for name, F in hidden.items():
            out[p + name + "gate_proj.weight"] = out[p + name + "up_proj.weight"] = (F, D)
            out[p + name + "down_proj.weight"] = (D, F)
        if i >= c["num_hidden_layers"]:
            out[p + "enorm.weight"] = out[p + "hnorm.weight"] = out[p + "shared_head.norm.weight"] = (D,)
            out[p + "eh_proj.weight"] = (D, 2 * D)
    return dict(sorted(out.items()))


def unit(row, j):
    """A multiple of 2^-16 in [-0.5, 0.5), as in make_model.py; j an array."""
    x = (row * 2654435761 + np.asarray(j, np.uint64) * 2246822519 + 374761393) & 0xFFFFFFFF
    x ^= x >> np.uint64(15)
    x = x * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(13)
    x = x * np.uint64(3266489917) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return (x >> np.uint64(16)).astype(np.float64) / 65536 - 0.5


def values(c):
    """Tensor r in the order of the names, element j: as README.md says."""
    out = {}
    for r, (name, shape) in enumerate(shapes(c).items()):
        u = unit(r, np.arange(int(np.prod(shape)))).reshape(shape)
        out[name] = 1 + u / 2 if "norm" in name else u / 2 if name.endswith("bias") else u
    return out


def encode(dtype, x):
    """Bytes of x, rounded; the value that they have is what a reader is to find."""
    if dtype == "F32":
        return x.astype("<f4").tobytes()
    if dtype == "BF16":
        bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
        bits += 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))
        return (bits >> np.uint64(16)).astype("<u2").tobytes()
    finite = np.where(np.isnan(E4M3), 1e9, E4M3)
    return np.abs(finite[None, :] - x.reshape(-1, 1)).argmin(1).astype(np.uint8).tobytes()


def write_file(path, entries):
    header, at, data = {"__metadata__": {"format": "pt"}}, 0, b""
    for name, dtype, shape, raw in entries:
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def quantized(name, x, block):
    """A weight of a linear map as codes and one scale a block; the rest as it is."""
    linear = name.endswith("proj.weight") and x.ndim == 2
    if not linear:
        dtype = "BF16" if x.ndim == 2 else "F32"
        return [(name, dtype, x.shape, encode(dtype, x))]
    rows, columns = -(-x.shape[0] // block[0]), -(-x.shape[1] // block[1])
    scale = np.zeros((rows, columns))
    scaled = x.copy()
    for i in range(rows):
        for j in range(columns):
            at = np.s_[i * block[0]:(i + 1) * block[0], j * block[1]:(j + 1) * block[1]]
            scale[i, j] = np.float32(max(np.abs(x[at]).max(), 1e-4) / 448)
            scaled[at] = x[at] / scale[i, j]
    return [(name, "F8_E4M3", x.shape, encode("F8_E4M3", scaled)),
            (name + "_scale_inv", "F32", scale.shape, encode("F32", scale))]


def make(kind, folder):
    config = dict(CONFIG, **KINDS[kind])
    os.makedirs(folder, exist_ok=True)
    tensors = values(config)
    entries = []
    if kind.endswith("fp8"):
        config["quantization_config"] = dict(quant_method="fp8", fmt="e4m3", weight_block_size=[8, 6])
    for name, x in tensors.items():
        if kind == "no_module" and name.startswith("model.layers.%d." % config["num_hidden_layers"]):
            continue
        if kind.endswith("fp8"):
            entries += quantized(name, x, (8, 6))
        else:
            dtype = "BF16" if kind == "bf16" and x.ndim == 2 else "F32"
            entries.append((name, dtype, x.shape, encode(dtype, x)))
    json.dump(config, open(os.path.join(folder, "config.json"), "w"), indent=2)
    if not kind.startswith("shards"):
        write_file(os.path.join(folder, "model.safetensors"), entries)
        return
    of = 3
    files = ["model-%05d-of-%05d.safetensors" % (i + 1, of) for i in range(of)]
    for i in range(of):
        write_file(os.path.join(folder, files[i]), entries[i::of])
    index = {"metadata": {"total_size": sum(len(t[3]) for t in entries)},
             "weight_map": {t[0]: files[k % of] for k, t in enumerate(entries)}}
    json.dump(index, open(os.path.join(folder, "model.safetensors.index.json"), "w"))


def golden():
    cases = []
    for kind in ("plain", "tied", "dense"):
        config = dict(CONFIG, **KINDS[kind])
        tokens = [5, 0, 36, 17, 5, 22, 9, 1, 30]
        logits = forward(config, values(config), tokens)
        cases.append(dict(name=kind, config=config, tokens=tokens, logits=logits.round(7).tolist(),
                          names=list(shapes(config))))
    json.dump(dict(cases=cases), open("hf_logits.json", "w"), separators=(",", ":"))


def main(argv):
    if argv[1:2] == ["--golden"]:
        return golden()
    if argv[1:2] == ["--make"]:
        return make(argv[2], argv[3])
    tokens = [int(t) for t in argv[argv.index("--tokens") + 1].split(",")]
    logits = forward(*read_checkpoint(argv[1]), tokens)
    if "--compare" not in argv:
        print(json.dumps({"logits": logits.tolist()}))
        return 0
    theirs = np.array(json.load(open(argv[argv.index("--compare") + 1]))["logits"])
    if theirs.shape != logits.shape:
        print("%s logits, not %s" % (theirs.shape, logits.shape))
        return 1
    difference = np.abs(theirs - logits).max()
    print("largest difference %.3g of logits up to %.3g" % (difference, np.abs(logits).max()))
    return 0 if difference < TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
