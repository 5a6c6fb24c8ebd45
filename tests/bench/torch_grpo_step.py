#!/usr/bin/python3
"""The PyTorch peer of `grpolab bench step`: a whole GRPO step, written the straightforward way.

The model is the engine's (latent attention, mixture of experts): its sizes come from the bench, the rows of
its parameters from tests/golden/make_model.py, which is also what --check compares it with. A step: prompts
are fed once a group; G completions each are sampled in batch at T 1, in latent space (absorbed) against a
preallocated cache, and finished ones leave the batch; advantages within a group; the clipped, token-mean
loss without KL (DAPO) over padded micro-batches sorted by length, backward, gradient clipping, AdamW, the
experts' bias.

How long each completion gets is told, not sampled: the lengths are those of the steps that the bench
measured, so that both sides do the same work. Rewards are drawn at random: there is no scorer to wait for.
Batch sizes are tried in a first step that does not count, and the fastest are kept.

stdin: {"model":{..},"steps":[{"prompts":[P],"lengths":[N]}]}, keys of "model" as in make_model.py, lengths
of prompts and completions in tokens; nothing: an example. One JSON line comes out: medians over the steps.
Exit status 3 where PyTorch is missing.
"""
import argparse
import json
import math
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = dict(vocab_n=48, width=96, layers_n=3, heads_n=4, attention=0, q_rank=64, kv_rank=48, nope_dim=16,
               rope_dim=16, v_dim=24, head_dim=0, ffn_width=256, dense_layers=1, experts_n=8, shared_n=1,
               top_k=2, expert_width=96, groups_n=1, route_scale=2.0, tied=0, mtp_depth=0, rope_theta=1000.0,
               norm_eps=1e-6)
PROMPTS, GROUP, LIMIT = 16, 8, 224


def arguments():
    p = argparse.ArgumentParser(description="PyTorch's speed in grpolab's GRPO step; see the script's top")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--check", action="store_true", help="compare the model with tests/golden/make_model.py")
    a = p.parse_args()
    if a.threads < 1:
        p.error("--threads is below 1")
    return a


args = arguments()
# Read once, when PyTorch loads them; the spin as in torch_peer.py.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)
try:
    import torch
    import torch.nn.functional as F
except ImportError as missing:
    print("torch_grpo_step: no PyTorch here (%s): apt-get install python3-torch libopenblas0-pthread"
          % missing, file=sys.stderr)
    sys.exit(3)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "golden"))
import make_model  # noqa: E402  it sets the default type to double and one thread

if not args.check:
    torch.set_default_dtype(torch.float32)
torch.set_num_threads(args.threads)


def rmsnorm(x, w, eps):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * w.view(-1)


def rotate(x, turn):
    """Pairs (2i, 2i+1) of x [.., d] by the complex unit numbers turn [.., d/2]."""
    pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous())
    return torch.view_as_real(pairs * turn).flatten(-2)


def swiglu(x, gate_up, down):
    gate, up = (x @ gate_up).chunk(2, -1)
    return (F.silu(gate) * up) @ down


class Model:
    """Weights w by name, [count, rows, cols] as in make_model.py; bias [MoE layers, E]."""

    def __init__(self, c, w, bias, positions):
        assert c["attention"] == 0 and c["groups_n"] == 1 and not c["mtp_depth"]
        self.c, self.w, self.bias = c, w, bias
        self.load = torch.zeros_like(bias)
        half = torch.arange(0, c["rope_dim"], 2) / c["rope_dim"]
        angle = torch.outer(torch.arange(positions), c["rope_theta"] ** -half)
        self.turn = torch.polar(torch.ones_like(angle), angle)
        self.mask = torch.full((positions, positions), -math.inf).triu(1)
        self.scale = (c["nope_dim"] + c["rope_dim"]) ** -0.5

    def latents(self, p, h, turn):
        """Normed query [..,H,dk], its rotary part turned, and the row of the cache [.., kv_rank+rope_dim]."""
        c, w = self.c, self.w
        H, dn, dr = c["heads_n"], c["nope_dim"], c["rope_dim"]
        q, kv, k_r = (h @ w[p + ".attn.down"][0]).split([c["q_rank"] or H * (dn + dr), c["kv_rank"], dr], -1)
        if c["q_rank"]:
            q = rmsnorm(q, w[p + ".attn.q_norm"], c["norm_eps"]) @ w[p + ".attn.q_up"][0]
        q_c, q_r = q.view(*q.shape[:-1], H, dn + dr).split([dn, dr], -1)
        row = torch.cat([rmsnorm(kv, w[p + ".attn.kv_norm"], c["norm_eps"]), rotate(k_r, turn)], -1)
        return q_c, rotate(q_r, turn.unsqueeze(-2)), row

    def up(self, p):
        """The two maps out of the latent: keys' plain part [r,H,dn] and values [r,H,dv]."""
        c = self.c
        k, v = self.w[p + ".attn.kv_up"][0].split([c["heads_n"] * c["nope_dim"],
                                                   c["heads_n"] * c["v_dim"]], -1)
        return k.view(c["kv_rank"], c["heads_n"], -1), v.view(c["kv_rank"], c["heads_n"], -1)

    def attend(self, p, h, rows):
        """Causal attention of whole sequences h [B,T,D]; their rows of the cache are appended to `rows`."""
        c = self.c
        B, T, _ = h.shape
        q_c, q_r, row = self.latents(p, h, self.turn[:T])
        if rows is not None:
            rows.append(row)
        kv, k_r = row.split([c["kv_rank"], c["rope_dim"]], -1)
        k, v = (kv @ self.w[p + ".attn.kv_up"][0]).split([c["heads_n"] * c["nope_dim"],
                                                           c["heads_n"] * c["v_dim"]], -1)
        k = torch.cat([k.view(B, T, c["heads_n"], -1), k_r.unsqueeze(2).expand(-1, -1, c["heads_n"], -1)], -1)
        q = torch.cat([q_c, q_r], -1).transpose(1, 2) * self.scale
        score = q @ k.permute(0, 2, 3, 1) + self.mask[:T, :T]
        o = torch.softmax(score, -1) @ v.view(B, T, c["heads_n"], -1).transpose(1, 2)
        return o.transpose(1, 2).reshape(B, T, -1) @ self.w[p + ".attn.out"][0]

    def attend_one(self, p, h, cache, at):
        """One token a sequence, h [B,D], at the places `at` [B]: absorbed, over the cache [B,places,r+dr]."""
        r, dr = self.c["kv_rank"], self.c["rope_dim"]
        n, (w_k, w_v) = self.reach, self.absorbed[p]
        q_c, q_r, row = self.latents(p, h, self.turn[at])
        cache[self.every[:len(h)], at] = row
        # w_k [H,dn,r]: q W_uk meets the latent itself (V2 section 2.1.2).
        q = torch.cat([(q_c.transpose(0, 1) @ w_k).transpose(0, 1), q_r], -1) * self.scale
        score = q @ cache[:, :n].transpose(1, 2) + self.hidden
        o = torch.softmax(score, -1) @ cache[:, :n, :r]
        o = (o.transpose(0, 1) @ w_v).transpose(0, 1)
        return o.reshape(len(h), -1) @ self.w[p + ".attn.out"][0]

    def experts(self, p, u, layer):
        """u [n,D] through the top K of the routed experts, each of which takes its tokens in one go."""
        c, w = self.c, self.w
        s = torch.sigmoid(u @ w[p + ".moe.router"][0])
        chosen = torch.topk(s.detach() + self.bias[layer], c["top_k"], -1, sorted=False)[1]
        gate = s.gather(1, chosen)
        gate = gate / gate.sum(-1, keepdim=True) * c["route_scale"]
        order = chosen.flatten().argsort()
        count = chosen.flatten().bincount(minlength=c["experts_n"])
        self.load[layer] += count
        token = order.div(c["top_k"], rounding_mode="floor")
        parts = u.index_select(0, token).split(count.tolist())
        gate_up, down = w[p + ".moe.experts.gate_up"], w[p + ".moe.experts.down"]
        out = torch.cat([swiglu(x, gate_up[e], down[e]) for e, x in enumerate(parts) if len(x)])
        out = out * gate.flatten().index_select(0, order).unsqueeze(-1)
        y = torch.zeros_like(u).index_add(0, token, out)
        if c["shared_n"]:
            y = y + swiglu(u, w[p + ".moe.shared.gate_up"][0], w[p + ".moe.shared.down"][0])
        return y

    def feed_forward(self, l, u):
        p = "layers.%d" % l
        if l < self.c["dense_layers"]:
            return swiglu(u, self.w[p + ".ffn.gate_up"][0], self.w[p + ".ffn.down"][0])
        flat = self.experts(p, u.reshape(-1, u.shape[-1]), l - self.c["dense_layers"])
        return flat.view_as(u)

    def blocks(self, x, attend):
        """x through all layers to the last norm; attend(layer, its prefix, normed input)."""
        for l in range(self.c["layers_n"]):
            p = "layers.%d" % l
            x = x + attend(l, p, rmsnorm(x, self.w[p + ".attn_norm"], self.c["norm_eps"]))
            x = x + self.feed_forward(l, rmsnorm(x, self.w[p + ".ffn_norm"], self.c["norm_eps"]))
        return rmsnorm(x, self.w["final_norm"], self.c["norm_eps"])

    def logits(self, h):
        return h @ (self.w["embed"][0].T if self.c["tied"] else self.w["head"][0])

    def forward(self, ids, rows=None):
        """Hidden states of whole sequences ids [B,T], shorter ones padded on the right."""
        return self.blocks(F.embedding(ids, self.w["embed"][0]), lambda l, p, h: self.attend(p, h, rows))

    def start(self):
        """Before the first step(): what depends on the weights alone."""
        self.absorbed = {}
        for l in range(self.c["layers_n"]):
            w_k, w_v = self.up("layers.%d" % l)
            self.absorbed["layers.%d" % l] = (w_k.permute(1, 2, 0).contiguous(),
                                              w_v.transpose(0, 1).contiguous())

    def step(self, ids, caches, at, reach):
        """Logits [B,V] after the tokens ids [B] at the places at [B], all below reach."""
        self.reach, self.every = reach, torch.arange(len(ids))
        late = torch.arange(reach) > at.unsqueeze(1)
        self.hidden = torch.zeros(late.shape).masked_fill(late, -math.inf).unsqueeze(1)
        x = F.embedding(ids, self.w["embed"][0])
        return self.logits(self.blocks(x, lambda l, p, h: self.attend_one(p, h, caches[l], at)))


def sample(model, prompts, prompt_n, lengths, group, seen=None):
    """Completions [N, longest] of the told lengths. prompts [P, longest prompt], prompt_n [P], lengths [N];
    seen: gets the log-probabilities that were sampled from, for --check."""
    c, N = model.c, len(lengths)
    out = torch.zeros(N, int(lengths.max()), dtype=torch.long)
    each = prompt_n.repeat_interleave(group)
    size = int((each + lengths).max())
    with torch.inference_mode():
        rows = []
        h = model.forward(prompts, rows)
        first = model.logits(h[torch.arange(len(prompt_n)), prompt_n - 1]).repeat_interleave(group, 0)
        caches = [torch.empty(N, size, c["kv_rank"] + c["rope_dim"]) for _ in rows]
        for cache, row in zip(caches, rows):
            cache[:, :row.shape[1]] = row.repeat_interleave(group, 0)
        model.start()
        # Row i of the batch is completion live[i].
        live, logits, left, at = torch.arange(N), first, lengths.clone(), each.clone()
        for t in range(out.shape[1]):
            ids = torch.multinomial(torch.softmax(logits, -1), 1)[:, 0]
            out[live, t] = ids
            if seen is not None:
                seen[live, t] = torch.log_softmax(logits, -1).gather(1, ids.unsqueeze(1))[:, 0]
            going = left > t + 1
            n = int(going.sum())
            if n == 0:
                break
            # Finished rows leave; the caches move only where it pays.
            if n < len(live) - len(live) // 16:
                keep = going.nonzero()[:, 0]
                live, ids, at, left = live[keep], ids[keep], at[keep], left[keep]
                caches = [cache.index_select(0, keep) for cache in caches]
            # A finished row that still stays writes to its last place.
            at = at.clamp(max=size - 1)
            logits = model.step(ids, caches, at, int(at.max()) + 1)
            at = at + 1
    return out


def rollout(model, prompts, prompt_n, lengths, group, batch):
    """Sub-batches of whole groups."""
    parts = [sample(model, prompts[p:p + batch // group], prompt_n[p:p + batch // group],
                    lengths[p * group:p * group + batch], group)
             for p in range(0, len(prompt_n), batch // group)]
    widest = max(x.shape[1] for x in parts)
    return torch.cat([F.pad(x, (0, widest - x.shape[1])) for x in parts])


def update(model, optimizer, prompts, prompt_n, lengths, group, tokens, advantage, micro, gamma=0.001):
    """One AdamW step on the clipped token-mean loss; logp_old is this forward's, as the rollout is fresh."""
    each = prompt_n.repeat_interleave(group)
    total, order = int(lengths.sum()), torch.argsort(each + lengths, descending=True)
    model.load.zero_()
    optimizer.zero_grad(set_to_none=True)
    for rows in order.split(micro):
        n, m = each[rows], lengths[rows]
        width = int((n + m).max())
        # The sequence: prompt, completion, padding.
        place = torch.arange(width)
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        ids[:, :prompts.shape[1]] = prompts[rows.div(group, rounding_mode="floor")][:, :width]
        in_completion = (place >= n.unsqueeze(1)) & (place < (n + m).unsqueeze(1))
        ids[in_completion] = tokens[rows][torch.arange(tokens.shape[1]) < m.unsqueeze(1)]
        h = model.forward(ids[:, :-1])
        scored = in_completion[:, 1:]
        logp = F.log_softmax(model.logits(h[scored]), -1)
        logp = logp.gather(1, ids[:, 1:][scored].unsqueeze(1))[:, 0]
        a = advantage[rows].repeat_interleave(m)
        ratio = torch.exp(logp - logp.detach())
        term = torch.min(ratio * a, ratio.clamp(0.8, 1.2) * a)
        (-term.sum() / total).backward()
    parameters = list(model.w.values())
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    model.bias += gamma * torch.sign(model.load.mean(-1, keepdim=True) - model.load)


def fresh(c, positions):
    w = {}
    for name, count, n, m, kind in make_model.table(c):
        w[name] = torch.ones(count, n, m) if kind == "norm" else torch.randn(count, n, m)
        if kind == "linear":
            w[name] *= n ** -0.5
        elif kind == "embed":
            w[name] *= 0.5
        w[name].requires_grad_(True)
    return Model(c, w, torch.zeros(c["layers_n"] - c["dense_layers"], c["experts_n"]), positions)


def advantages(rewards, group):
    """(r - mean) / (std + 1e-4) in each group; equal rewards give 0."""
    r = rewards.view(-1, group)
    return ((r - r.mean(1, keepdim=True)) / (r.std(1, keepdim=True) + 1e-4)).flatten()


class Step:
    """One step's data and its two timed halves."""

    def __init__(self, model, optimizer, group):
        self.model, self.optimizer, self.group = model, optimizer, group

    def load(self, prompt_n, lengths):
        V = self.model.c["vocab_n"]
        self.prompt_n, self.lengths = torch.tensor(prompt_n), torch.tensor(lengths)
        self.prompts = torch.randint(V, (len(prompt_n), max(prompt_n)))
        self.rewards = torch.randint(2, (len(lengths),)).float()
        return self

    def rollout(self, batch):
        begin = time.perf_counter()
        self.tokens = rollout(self.model, self.prompts, self.prompt_n, self.lengths, self.group, batch)
        return time.perf_counter() - begin

    def update(self, micro):
        begin = time.perf_counter()
        update(self.model, self.optimizer, self.prompts, self.prompt_n, self.lengths, self.group, self.tokens,
               advantages(self.rewards, self.group), micro)
        return time.perf_counter() - begin


def fastest(choices, run):
    """Each choice twice, the better of its two times; the choice with the least."""
    return min(choices, key=lambda x: min(run(x), run(x)))


def example():
    g = torch.Generator().manual_seed(1)
    draw = (30 + 50 * torch.empty(3, PROMPTS * GROUP).exponential_(generator=g)).clamp(max=LIMIT).long()
    return {"model": EXAMPLE, "steps": [{"prompts": [9] * PROMPTS, "lengths": x} for x in draw.tolist()]}


def measure():
    text = "" if sys.stdin.isatty() else sys.stdin.read()
    task = json.loads(text) if text.strip() else example()
    steps = [(s["prompts"], s["lengths"]) for s in task["steps"]]
    P, N = len(steps[0][0]), len(steps[0][1])
    group = N // P
    positions = max(max(prompt_n) + max(lengths) for prompt_n, lengths in steps)
    torch.manual_seed(0)
    model = fresh(task["model"], positions)
    optimizer = torch.optim.AdamW(model.w.values(), lr=1.5e-4, betas=(0.9, 0.98), weight_decay=0,
                                  foreach=True)
    step = Step(model, optimizer, group).load(*steps[0])
    batch = fastest([b for b in (64, 128) if b % group == 0 and b <= N] or [N], step.rollout)
    micro = fastest((8, 16), step.update)
    rates = {"step": [], "rollout": [], "update": []}
    for prompt_n, lengths in steps:
        step.load(prompt_n, lengths)
        begin, n = time.perf_counter(), sum(lengths)
        rates["rollout"].append(n / step.rollout(batch))
        rates["update"].append(n / step.update(micro))
        rates["step"].append(n / (time.perf_counter() - begin))
    # Completion tokens a second.
    out = {name: round(statistics.median(x), 1) for name, x in rates.items()}
    print(json.dumps({**out, "steps": len(steps), "parameters": sum(w.numel() for w in model.w.values()),
                      "threads": torch.get_num_threads(), "batch": batch, "micro_batch": micro}))


def check():
    """The model against make_model.py: log-probabilities of padded sequences, gradients; then decoding."""
    c = dict(make_model.MOE, groups_n=1)
    w = make_model.weights(make_model.table(c), 3, c["gain"])
    bias = [[make_model.unit(make_model.BIAS_ROW + l, i) / 2 for i in range(c["experts_n"])]
            for l in range(2)]
    model = Model(c, w, torch.tensor(bias), max(c["lengths"]))
    ids, target, padded = [], [], torch.zeros(len(c["lengths"]), max(c["lengths"]), dtype=torch.long)
    for i, n in enumerate(c["lengths"]):
        part = [int((make_model.unit(len(ids) + t, 77) + 0.5) * c["vocab_n"]) for t in range(n)]
        padded[i, :n] = torch.tensor(part)
        ids += part
        target += part[1:] + [-1]
    want = make_model.forward(c, w, bias, ids, target, 1.0, 0)["logp"]
    real = torch.arange(padded.shape[1]) < torch.tensor(c["lengths"]).unsqueeze(1)
    logp = torch.log_softmax(model.logits(model.forward(padded)), -1)
    scored = torch.tensor(target) >= 0
    got = logp[real][torch.arange(len(ids)), torch.tensor(target).clamp(min=0)]
    worst = float((got - want)[scored].abs().max())
    grads = [torch.autograd.grad(x[scored].sum(), list(w.values())) for x in (got, want)]
    gradient = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(*grads))
    # Decoding as the rollout does it, where rows stand at different places, end and leave.
    group, prompt_n, lengths = 8, torch.tensor([3, 5, 2]), torch.arange(24) * 7 % 11 + 1
    model = Model(c, w, torch.tensor(bias), 16)
    prompts, seen = torch.arange(15).view(3, 5) % c["vocab_n"], torch.zeros(24, 11)
    out = sample(model, prompts, prompt_n, lengths, group, seen)
    decoded = 0.0
    for i, n in enumerate(lengths.tolist()):
        m = int(prompt_n[i // group])
        whole = torch.cat([prompts[i // group, :m], out[i, :n]])
        logp = torch.log_softmax(model.logits(model.forward(whole[:-1].unsqueeze(0))), -1)[0, m - 1:]
        decoded = max(decoded, float((logp[torch.arange(n), out[i, :n]] - seen[i, :n]).abs().max()))
    print("largest differences: log-probability %.1e, gradient %.1e (relative), decoding %.1e"
          % (worst, gradient, decoded))
    return 0 if max(worst, gradient, decoded) < 1e-9 else 1


sys.exit(check() if args.check else measure())
