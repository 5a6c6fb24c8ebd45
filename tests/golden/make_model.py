#!/usr/bin/python3
"""Golden vectors of the model: an independent reference in PyTorch, float64, gradients by autograd.

It is written from the papers (V3 = arXiv 2412.19437; equation numbers below are V3's), one sequence, one head
and one expert at a time, so that it shares no trick with the engine. Only the order and the columns of the
parameter block are the engine's (engine/nn/params.c). Run it in this folder: it writes model_CASE.json.

Numbers are made by a formula that C repeats exactly, in float too (see README.md): unit(row, j).
"""
import itertools
import json
import math
import sys

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

MASK = 0xFFFFFFFF
ROW_ALIGN = 16
BIAS_ROW, DLOGP_ROW, MTP_DLOGP_ROW, DVALUE_ROW, PROBE_ROW, HIDDEN_ROW = 1000, 2000, 2001, 2010, 3000, 4000

# Keys as in struct model_config; attention 0 is MLA, 1 is multi-head; kv_heads_n absent: as many as heads.
# lengths: of the packed sequences; gain: of the linear weights, a power of two.
MHA = dict(vocab_n=11, width=12, layers_n=2, heads_n=2, positions_n=16, attention=1, q_rank=0, kv_rank=0,
           nope_dim=0, rope_dim=0, v_dim=0, head_dim=6, ffn_width=14, dense_layers=2, experts_n=0, shared_n=0,
           top_k=0, expert_width=0, groups_n=1, top_groups=1, route_scale=1.0, balance_alpha=0.0, tied=1,
           mtp_depth=0, mtp_lambda=0.3, rope_theta=100.0, norm_eps=1e-3, lengths=(7, 1, 10), gain=1.0)
MLA = dict(MHA, attention=0, head_dim=0, q_rank=6, kv_rank=5, nope_dim=4, rope_dim=6, v_dim=3, tied=0)
MOE = dict(MLA, width=16, layers_n=3, dense_layers=1, experts_n=6, shared_n=2, top_k=2, expert_width=5,
           route_scale=2.5)
CASES = {
    "mha_dense_tied": MHA,
    "mla_moe": MOE,
    "mla_groups_balance": dict(MOE, heads_n=3, q_rank=0, layers_n=2, dense_layers=0, experts_n=12, shared_n=0,
                               top_k=3, groups_n=3, top_groups=2, route_scale=1.75, balance_alpha=0.5),
    "mla_moe_value": dict(MOE, value_head=1),
    "mla_moe_mtp1": dict(MOE, layers_n=2, mtp_depth=1),
    "mla_moe_mtp2": dict(MOE, layers_n=2, mtp_depth=2, balance_alpha=0.25),
    # Grouped-query attention, three heads of queries to each of keys and values, and multi-query attention.
    "gqa_moe": dict(MOE, attention=1, heads_n=6, kv_heads_n=2, head_dim=4, q_rank=0, kv_rank=0, nope_dim=0,
                    rope_dim=0, v_dim=0),
    "mqa_dense_mtp1": dict(MHA, heads_n=3, kv_heads_n=1, tied=0, mtp_depth=1),
    # Here the joined row of the MTP module (2D) is the widest of all.
    "mha_dense_tied_mtp1": dict(MHA, mtp_depth=1, head_dim=2, ffn_width=5),
    # Large enough for whole tiles of the vector kernels, with remainders.
    "wide": dict(MOE, vocab_n=50, width=72, layers_n=2, heads_n=4, positions_n=40, q_rank=36, kv_rank=28,
                 nope_dim=16, rope_dim=8, v_dim=20, ffn_width=90, experts_n=8, shared_n=1, expert_width=34,
                 mtp_depth=1, balance_alpha=0.25, lengths=(35, 1, 20), gain=0.5),
}
# Chosen so that no routing decision is a close call.
SEED = {"mla_moe": 3, "mla_moe_value": 3, "mla_groups_balance": 4, "wide": 4}


def unit(row, j):
    """A multiple of 2^-16 in [-0.5, 0.5): a 32-bit integer hash of (row, j)."""
    x = (row * 2654435761 + j * 2246822519 + 374761393) & MASK
    x ^= x >> 15
    x = x * 2246822519 & MASK
    x ^= x >> 13
    x = x * 3266489917 & MASK
    x ^= x >> 16
    return (x >> 16) / 65536 - 0.5


def table(c):
    """The rows of the parameter block as engine/nn/params.c adds them: (name, count, rows, cols, kind)."""
    rows = []
    D, H, V = c["width"], c["heads_n"], c["vocab_n"]
    mla = c["attention"] == 0
    dk = c["nope_dim"] + c["rope_dim"] if mla else c["head_dim"]
    dv = c["v_dim"] if mla else c["head_dim"]

    def norm(name, n):
        rows.append((name, 1, 1, n, "norm"))

    def linear(name, i, o, count=1):
        rows.append((name, count, i, o, "linear"))

    def block(p, layer):
        norm(p + ".attn_norm", D)
        if mla:
            linear(p + ".attn.down", D, (c["q_rank"] or H * dk) + c["kv_rank"] + c["rope_dim"])
            if c["q_rank"]:
                norm(p + ".attn.q_norm", c["q_rank"])
                linear(p + ".attn.q_up", c["q_rank"], H * dk)
            norm(p + ".attn.kv_norm", c["kv_rank"])
            linear(p + ".attn.kv_up", c["kv_rank"], H * (c["nope_dim"] + dv))
        else:
            linear(p + ".attn.qkv", D, (H + 2 * c.get("kv_heads_n", H)) * dk)
        linear(p + ".attn.out", H * dv, D)
        norm(p + ".ffn_norm", D)
        if layer < c["dense_layers"]:
            linear(p + ".ffn.gate_up", D, 2 * c["ffn_width"])
            linear(p + ".ffn.down", c["ffn_width"], D)
            return
        E, F, S = c["experts_n"], c["expert_width"], c["shared_n"] * c["expert_width"]
        linear(p + ".moe.router", D, E)
        linear(p + ".moe.experts.gate_up", D, 2 * F, E)
        linear(p + ".moe.experts.down", F, D, E)
        if S:
            linear(p + ".moe.shared.gate_up", D, 2 * S)
            linear(p + ".moe.shared.down", S, D)

    rows.append(("embed", 1, V, D, "embed"))
    for l in range(c["layers_n"]):
        block("layers.%d" % l, l)
    norm("final_norm", D)
    if not c["tied"]:
        linear("head", D, V)
    for k in range(c["mtp_depth"]):
        p = "mtp.%d" % k
        norm(p + ".h_norm", D)
        norm(p + ".e_norm", D)
        linear(p + ".project", 2 * D, D)
        block(p, c["layers_n"] - 1)
        norm(p + ".final_norm", D)
    if c.get("value_head"):
        linear("value_head.weight", 1, D)
        linear("value_head.bias", 1, 1)
    return rows


def weights(rows, seed, gain):
    """name -> tensor [count, rows, cols], each a leaf of the graph."""
    out = {}
    for r, (name, count, n, m, kind) in enumerate(rows):
        size = count * n * m
        v = torch.tensor([unit(r + 100 * seed, j) for j in range(size)])
        v = {"norm": 1 + v / 2, "linear": v * gain, "embed": 2 * v}[kind]
        out[name] = v.reshape(count, n, m).requires_grad_(True)
    return out


def rmsnorm(x, w, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * w.reshape(-1)


def rope(x, theta):
    """x [n, d], row t at position t: the pair (2i, 2i+1) is turned by t * theta^(-2i/d)."""
    n, d = x.shape
    out = torch.empty_like(x)
    for i in range(d // 2):
        angle = torch.arange(n) * theta ** (-2.0 * i / d)
        a, b = x[:, 2 * i], x[:, 2 * i + 1]
        out[:, 2 * i] = a * torch.cos(angle) - b * torch.sin(angle)
        out[:, 2 * i + 1] = a * torch.sin(angle) + b * torch.cos(angle)
    return out


def attend(q, k, v):
    """One head of one sequence: causal softmax(q k / sqrt(d)) v (eq. 9-10)."""
    n, d = q.shape
    score = q @ k.T / math.sqrt(d)
    return torch.softmax(score.masked_fill(torch.ones(n, n).triu(1).bool(), -math.inf), -1) @ v


def mla(c, w, p, h):
    """Multi-head latent attention of one sequence h [n,D] (eq. 1-11)."""
    H, dn, dr, dv = c["heads_n"], c["nope_dim"], c["rope_dim"], c["v_dim"]
    nq = c["q_rank"] or H * (dn + dr)
    q, c_kv, k_r = (h @ w[p + ".attn.down"][0]).split([nq, c["kv_rank"], dr], -1)
    if c["q_rank"]:
        q = rmsnorm(q, w[p + ".attn.q_norm"], c["norm_eps"]) @ w[p + ".attn.q_up"][0]
    c_kv = rmsnorm(c_kv, w[p + ".attn.kv_norm"], c["norm_eps"])
    k_r = rope(k_r, c["rope_theta"])
    up = w[p + ".attn.kv_up"][0]
    heads = []
    for i in range(H):
        q_c, q_r = q[:, i * (dn + dr):(i + 1) * (dn + dr)].split([dn, dr], -1)
        w_uk = up[:, i * dn:(i + 1) * dn]
        w_uv = up[:, H * dn + i * dv:H * dn + (i + 1) * dv]
        q_i = torch.cat([q_c, rope(q_r, c["rope_theta"])], -1)
        o = attend(q_i, torch.cat([c_kv @ w_uk, k_r], -1), c_kv @ w_uv)
        # The absorbed form (V2 section 2.1.2) must say the same: scores against the latent itself.
        q_absorbed = torch.cat([q_c @ w_uk.T, q_i[:, dn:]], -1) * math.sqrt((c["kv_rank"] + dr) / (dn + dr))
        o_absorbed = attend(q_absorbed, torch.cat([c_kv, k_r], -1), c_kv) @ w_uv
        assert torch.allclose(o, o_absorbed, rtol=0, atol=1e-12)
        heads.append(o)
    return torch.cat(heads, -1) @ w[p + ".attn.out"][0]


def mha(c, w, p, h):
    """Plain attention; with kv_heads_n below heads_n grouped-query (Ainslie et al. 2023): every key and value head
    is repeated for each query head of its group."""
    H, d = c["heads_n"], c["head_dim"]
    pairs = c.get("kv_heads_n", H)
    q, k, v = (part.reshape(len(h), -1, d) for part in
               (h @ w[p + ".attn.qkv"][0]).split([H * d, pairs * d, pairs * d], -1))
    k, v = (x.repeat_interleave(H // pairs, 1) for x in (k, v))
    heads = []
    for i in range(H):
        heads.append(attend(rope(q[:, i], c["rope_theta"]), rope(k[:, i], c["rope_theta"]), v[:, i]))
    return torch.cat(heads, -1) @ w[p + ".attn.out"][0]


def swiglu(x, gate_up, down):
    g, u = (x @ gate_up).chunk(2, -1)
    return (g * torch.sigmoid(g) * u) @ down


def margin_of(values, k):
    """How far the k-th highest is from the next: near 0 a single-precision engine could choose otherwise."""
    v = sorted(values, reverse=True)
    return v[k - 1] - v[k] if k < len(v) else math.inf


def choose(c, s, b, margin):
    """Experts of one token: the top K of s + b, in the groups whose two highest s + b sum to most."""
    E, M = c["experts_n"], c["groups_n"]
    sb = [float(s[i]) + b[i] for i in range(E)]
    allowed = range(E)
    if M > 1:
        size = E // M
        score = [sum(sorted(sb[g * size:(g + 1) * size])[-2:]) for g in range(M)]
        margin.append(margin_of(score, c["top_groups"]))
        best = sorted(range(M), key=lambda g: -score[g])[:c["top_groups"]]
        allowed = [i for i in range(E) if i // size in best]
    margin.append(margin_of([sb[i] for i in allowed], c["top_k"]))
    return sorted(allowed, key=lambda i: -sb[i])[:c["top_k"]]


def moe(c, w, p, u, b, stat):
    """DeepSeekMoE (eq. 12-16) of all rows u [T,D], and its balance loss (eq. 17-20)."""
    E, K, T = c["experts_n"], c["top_k"], len(u)
    s = torch.sigmoid(u @ w[p + ".moe.router"][0])
    load, moved = [0] * E, 0
    out = []
    for t in range(T):
        chosen = choose(c, s[t], b, stat["margin"])
        moved += set(chosen) != set(sorted(range(E), key=lambda i: -float(s[t, i]))[:K])
        total = sum(s[t, i] for i in chosen)
        y = torch.zeros(c["width"])
        for i in chosen:
            load[i] += 1
            gate = s[t, i] / total * c["route_scale"]
            y = y + gate * swiglu(u[t], w[p + ".moe.experts.gate_up"][i], w[p + ".moe.experts.down"][i])
        out.append(y)
    out = torch.stack(out)
    if c["shared_n"]:
        out = out + swiglu(u, w[p + ".moe.shared.gate_up"][0], w[p + ".moe.shared.down"][0])
    # Each sequence counts by its share of the pass's rows: sum_i (n_i / T) alpha sum_e f_e P_e.
    balance, first = torch.zeros(()), 0
    for n in c["lengths"]:
        part = s[first:first + n]
        count = torch.zeros(E)
        for t in range(n):
            if c["balance_alpha"]:
                stat["margin"].append(margin_of(part[t].tolist(), K))
            for i in sorted(range(E), key=lambda i: -float(part[t, i]))[:K]:
                count[i] += 1
        f = count * E / (K * n)
        mean_share = (part / part.sum(-1, keepdim=True)).mean(0)
        balance = balance + n / T * c["balance_alpha"] * (f * mean_share).sum()
        first += n
    stat["load"].append(load)
    stat["moved"].append(moved)
    stat["balance"].append(balance)
    return out


def block(c, w, p, layer, x, bias, stat):
    h = rmsnorm(x, w[p + ".attn_norm"], c["norm_eps"])
    attention = mla if c["attention"] == 0 else mha
    x = x + torch.cat([attention(c, w, p, part) for part in h.split(c["lengths"])])
    u = rmsnorm(x, w[p + ".ffn_norm"], c["norm_eps"])
    if layer < c["dense_layers"]:
        return x + swiglu(u, w[p + ".ffn.gate_up"][0], w[p + ".ffn.down"][0])
    return x + moe(c, w, p, u, bias[len(stat["load"])], stat)


def score(logits, inv_temperature, target):
    """log-probability of each target (0 where it is -1) and entropy in nats."""
    lp = torch.log_softmax(logits * inv_temperature, -1)
    logp = torch.stack([lp[t, y] if y >= 0 else torch.zeros(()) for t, y in enumerate(target)])
    return logp, -(lp.exp() * lp).sum(-1)


def shifted(c, values, k, outside):
    """values[i + k] where row i + k is in row i's sequence, else `outside`."""
    out, first = [], 0
    for n in c["lengths"]:
        out += [values[first + i + k] if i + k < n else outside for i in range(n)]
        first += n
    return out


def forward(c, w, bias, ids, target, inv_temperature, with_mtp):
    stat = {k: [] for k in ("margin", "moved", "load", "balance", "hidden", "mtp_logp", "mtp_target")}
    emb, last = w["embed"][0], c["layers_n"] - 1
    head = emb.T if c["tied"] else w["head"][0]
    x = emb[ids]
    for l in range(c["layers_n"]):
        stat["hidden"].append(x)
        x = block(c, w, "layers.%d" % l, l, x, bias, stat)
    stat["hidden"].append(x)
    h = rmsnorm(x, w["final_norm"], c["norm_eps"])
    logits = h @ head
    if c.get("value_head"):
        stat["value"] = h @ w["value_head.weight"].reshape(-1) + w["value_head.bias"].reshape(())
    stat["logp"], stat["entropy"] = score(logits, inv_temperature, target)
    for k in range(1, c["mtp_depth"] * with_mtp + 1):
        # eq. 21-23: h^(k-1) of row i meets the token i + k; the module predicts token i + k + 1.
        p = "mtp.%d" % (k - 1)
        e = emb[shifted(c, ids, k, 0)]
        h = rmsnorm(x, w[p + ".h_norm"], c["norm_eps"])
        e = rmsnorm(e, w[p + ".e_norm"], c["norm_eps"])
        x = block(c, w, p, last, torch.cat([h, e], -1) @ w[p + ".project"][0], bias, stat)
        stat["mtp_target"].append(shifted(c, target, k, -1))
        logits = rmsnorm(x, w[p + ".final_norm"], c["norm_eps"]) @ head
        stat["mtp_logp"].append(score(logits, inv_temperature, stat["mtp_target"][-1])[0])
    return stat


def loss_of(stat, dlogp, mtp_dlogp, balance_weight):
    loss = (torch.tensor(dlogp) * stat["logp"]).sum()
    if "value" in stat:
        loss = loss + sum(2 * unit(DVALUE_ROW, t) * v for t, v in enumerate(stat["value"]))
    for weight, logp in zip(mtp_dlogp, stat["mtp_logp"]):
        loss = loss + (torch.tensor(weight) * logp).sum()
    return loss + balance_weight * sum(stat["balance"], torch.zeros(()))


def probe(row, x):
    """sum_j x_j unit(row, j): a sum that no permutation leaves alone."""
    return float((x * torch.tensor([unit(row, j) for j in range(len(x))])).sum())


def check_gradient(c, w, args, loss_args):
    """Finite differences on a few elements of each row, so that this script does not trust autograd alone."""
    for name, t in w.items():
        for j in {0, t.numel() // 2, t.numel() - 1}:
            flat = t.detach().reshape(-1)
            kept, h, value = float(flat[j]), 1e-5, []
            for step in (h, -h):
                flat[j] = kept + step
                with torch.no_grad():
                    value.append(float(loss_of(forward(c, w, *args), *loss_args)))
            flat[j] = kept
            numeric = (value[0] - value[1]) / (2 * h)
            exact = float(t.grad.reshape(-1)[j])
            assert abs(numeric - exact) <= 1e-6 * max(1, abs(exact)), (name, j, numeric, exact)


def run_pass(c, rows, w, bias, ids, target, inv_temperature, with_mtp, balance_weight):
    T = sum(c["lengths"])
    # Rows without a target have logp 0 whatever their weight, which is therefore left nonzero.
    dlogp = [2 * unit(DLOGP_ROW, t) for t in range(T)]
    mtp_dlogp = [[unit(MTP_DLOGP_ROW + k, t) for t in range(T)] for k in range(c["mtp_depth"] * with_mtp)]
    args = (bias, ids, target, inv_temperature, with_mtp)
    loss_args = (dlogp, mtp_dlogp, balance_weight)
    for t in w.values():
        t.grad = torch.zeros_like(t)
    stat = forward(c, w, *args)
    loss = loss_of(stat, *loss_args)
    loss.backward()
    assert min(stat["margin"], default=1) > 1e-3, "routing is too close: %g" % min(stat["margin"])
    assert not stat["load"] or min(stat["moved"]) > 0, "the bias or the groups never change a choice"
    check_gradient(c, w, args, loss_args)
    grads = []
    for r, (name, _, _, _, _) in enumerate(rows):
        g = w[name].grad.reshape(-1)
        index = sorted({0, len(g) // 3, 2 * len(g) // 3, len(g) - 1, int(g.abs().argmax())})
        grads.append({"name": name, "sum": float(g.sum()), "l2": float(g.norm()),
                      "probe": probe(PROBE_ROW + r, g),
                      "index": index, "value": [float(g[j]) for j in index]})
    silent = len(bias) - len(stat["load"])  # MTP blocks that did not run count nothing
    value = {"value": stat["value"].tolist()} if "value" in stat else {}
    return {**value, "inv_temperature": inv_temperature, "with_mtp": with_mtp, "balance_weight": balance_weight,
            "dlogp": dlogp, "mtp_dlogp": mtp_dlogp,
            "logp": stat["logp"].tolist(), "entropy": stat["entropy"].tolist(),
            "mtp_target": stat["mtp_target"], "mtp_logp": [x.tolist() for x in stat["mtp_logp"]],
            "load": stat["load"] + [[0] * c["experts_n"]] * silent,
            "balance": [float(x.detach()) for x in stat["balance"]] + [0.0] * silent,
            "hidden": [{"l2": float(x.norm()), "probe": probe(HIDDEN_ROW + l, x.reshape(-1))}
                       for l, x in enumerate(stat["hidden"])],
            "loss": float(loss), "grad": grads}, min(stat["margin"], default=math.inf)


def make(name):
    c, seed = CASES[name], SEED.get(name, 0)
    rows = table(c)
    w = weights(rows, seed, c["gain"])
    moe_rows = max(0, c["layers_n"] - c["dense_layers"])
    moe_rows += c["mtp_depth"] if moe_rows else 0
    bias = [[unit(BIAS_ROW + l, i) / 2 for i in range(c["experts_n"])] for l in range(moe_rows)]
    ids, target, position = [], [], []
    for n in c["lengths"]:
        first = len(ids)
        ids += [int((unit(first + t, 77) + 0.5) * c["vocab_n"]) for t in range(n)]
        # The first two rows stand for a prompt, the last row has no next token.
        target += [ids[first + t + 1] if 2 <= t < n - 1 else -1 for t in range(n)]
        position += range(n)
    offset, params = 0, []
    for row, count, n, m, _ in rows:
        params.append({"name": row, "count": count, "rows": n, "cols": m, "offset": offset})
        offset += -(-count * n * m // ROW_ALIGN) * ROW_ALIGN
    first, m1 = run_pass(c, rows, w, bias, ids, target, 1.0, 1 if c["mtp_depth"] else 0, 0.75)
    second, m2 = run_pass(c, rows, w, bias, ids, target, 1 / 0.7, 0, 1.0)
    out = {"case": name, "seed": seed, "config": c, "params": params, "total": offset,
           "tokens": {"begin": [0] + list(itertools.accumulate(c["lengths"])), "id": ids, "target": target,
                      "position": position},
           "bias": bias, "passes": [first, second]}
    with open("model_%s.json" % name, "w") as f:
        # One top-level key a line keeps the file small and a difference readable.
        f.write("{\n" + ",\n".join('"%s": %s' % (k, json.dumps(v)) for k, v in out.items()) + "\n}\n")
    print("%-22s %6d reals, smallest routing margin %.2g" % (name, offset, min(m1, m2)), file=sys.stderr)


if __name__ == "__main__":
    for case in sys.argv[1:] or CASES:
        make(case)
