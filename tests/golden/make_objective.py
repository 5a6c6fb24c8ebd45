#!/usr/bin/python3
"""Golden vectors of the learning rules: GRPO's objective, expert balance, AdamW, pass@k and maj@k.

Written from the equations (R1 eq. 1-3, DeepSeekMath eq. 3-4, DAPO, Dr. GRPO, GSPO; V3 section 2.1.2 on
balance), in numpy float64, independent of the engine. Gradients are derived by hand here and checked against
finite differences; AdamW is PyTorch's own. Run it in this folder: it writes objective.json, advantages.json,
balance.json, adamw.json, passk.json and majk.json.
"""
import itertools
import json
import math
from fractions import Fraction

import numpy as np

SEQUENCE = ("r1", "gspo")  # one ratio a sequence
# The rounded mean of these equal rewards is not their value: only max == min tells that the group is flat.
EQUAL = [123456789012.3] * 7
assert sum(EQUAL) / len(EQUAL) != EQUAL[0]


def write(name, head, cases):
    with open(name, "w") as f:
        f.write('{\n"about": %s,\n"cases": [\n%s\n]}\n'
                % (json.dumps(head), ",\n".join(json.dumps(c) for c in cases)))


def advantages(rewards, std, eps=1e-4):
    """(r - mean) / (std + eps); `none` leaves the division out; equal rewards get 0."""
    r = np.array(rewards, float)
    if r.max() == r.min():
        return np.zeros(len(r)), True
    a = r - r.mean()
    if std != "none":
        a = a / (r.std(ddof={"sample": 1, "population": 0}[std]) + eps)
    return a, False


def k3(d):
    """d = log pi_ref - log pi."""
    return math.exp(d) - d - 1


def kl_value(x, d, q):
    """An estimate of KL(pi || ref); d = log pi_ref - log pi, q = pi / pi_old of the same sample."""
    kind = x.get("kl", "k3")
    if kind == "k1":
        return -d
    if kind == "k2":
        return 0.5 * d * d
    if x.get("kl_clamp"):  # verl, core_algos.kl_penalty, low_var_kl
        d = float(np.clip(d, -20, 20))
        value = float(np.clip(k3(d), -10, 10))
    else:
        value = k3(d)
    return q * value if kind == "unbiased" else value


def kl_slope(x, d, q):
    """Its derivative by log pi, q moving along."""
    kind = x.get("kl", "k3")
    if kind == "k1":
        return 1.0
    if kind == "k2":
        return -d
    clamped = x.get("kl_clamp") and (abs(d) > 20 or k3(d) > 10)
    if kind == "unbiased":  # q (k3 + k3') without the cancellation
        return kl_value(x, d, q) if clamped else q * -d
    return 0.0 if clamped else 1 - math.exp(d)


def loss_advantages(x):
    """As the loss has them: RLOO against the mean of the others, REINFORCE against its baseline."""
    adv, flat = advantages(x["rewards"], x["std"])
    r = x["rewards"]
    if x["loss"] == "rloo" and not flat:
        adv = np.array([r[i] - np.mean(r[:i] + r[i + 1:]) for i in range(len(r))])
    if x["loss"] == "reinforce":
        base = {"batch": np.mean(r), "none": 0, "running": x.get("running_mean")}[x.get("baseline", "batch")]
        adv = np.array(r, float) - base
    return adv, flat


def weight_of(x, q):
    """What weighs log pi where there is no min: CISPO's clipped ratio, or the ratio itself, both truncated."""
    if x["loss"] == "cispo":
        q = min(max(q, 1 - x["eps_low"]), 1 + x["eps_high"])
    return min(q, x.get("ratio_cap", 0) or math.inf)


def objective(x, weights=None):
    """loss = -J of one group and all that `calc grpo` prints beside it. weights: of log pi, held fixed."""
    adv, flat = loss_advantages(x)
    G, kind, beta = len(adv), x["loss"], x["beta"]
    lengths = [len(o) for o in x["logp"]]
    loss, ratios, clips, kls, grads, low, high = 0.0, [], [], [], [], 0, 0
    for i in range(G):
        n, a = lengths[i], adv[i]
        new, old = np.array(x["logp"][i], float), np.array(x["logp_old"][i], float)
        ref = np.array(x["logp_ref"][i], float) if "logp_ref" in x else None
        # What a token's term, or the sequence's, is multiplied by.
        micro = x.get("micro_batch", G)
        mine = lengths[i // micro * micro:(i // micro + 1) * micro]
        scale = {"grpo": 1 / (G * n), "dapo": 1 / sum(lengths), "r1": 1 / G, "gspo": 1 / G,
                 "cispo": 1 / sum(lengths), "reinforce": 1 / G, "rloo": 1 / G,
                 "bnpo": 1 / (sum(mine) * math.ceil(G / micro)),
                 "dr_grpo": 1 / (G * x.get("max_length", 1))}[kind]
        if kind in SEQUENCE:
            norm = n if kind == "gspo" else 1
            rho = [math.exp((new.sum() - old.sum()) / norm)]
        else:
            norm, rho = 1, [math.exp(d) for d in new - old]
        clipped, slope = [], []
        cap = x.get("ratio_cap", 0) or math.inf
        delta = x.get("off_policy_delta", 0)
        # V3.2's mask of the policy's part.
        if delta > 0 and a < 0 and np.mean(old - new) > delta:
            a = 0.0
        for t, q in enumerate(rho):
            if kind in ("reinforce", "rloo", "cispo"):
                bounded = min(max(q, 1 - x["eps_low"]), 1 + x["eps_high"])
                cut = kind == "cispo" and bounded != q
                has_weight = kind == "cispo" or cap < math.inf
                w = 1.0 if not has_weight else weight_of(x, q) if weights is None else weights[i][t]
                clipped.append(int(cut))
                low += cut and q < 1
                high += cut and q > 1
                loss -= scale * w * a * new[t]
                slope.append(-scale * w * a)
                continue
            bounded = min(max(q, 1 - x["eps_low"]), 1 + x["eps_high"])
            # The minimum of both branches; clipped is where the bounded branch is strictly the smaller.
            cut = bounded * a < q * a
            clipped.append(int(cut))
            low += cut and a < 0
            high += cut and a > 0
            if not cut and q > cap:  # the weight of the gradient stops at cap; the term goes on in log pi
                loss -= scale * a * cap * (1 + math.log(q) - math.log(cap))
                slope.append(-scale * a * cap / norm)
                continue
            loss -= scale * min(q * a, bounded * a)
            slope.append(0.0 if cut else -scale * a * q / norm)
        grad = np.array(slope * n if kind in SEQUENCE else slope)
        kl = None
        if ref is not None:
            d = [ref.sum() - new.sum()] if kind == "r1" else list(ref - new)
            own = rho if kind == "r1" else [math.exp(v) for v in new - old]
            kl = [kl_value(x, v, q) for v, q in zip(d, own)]
            # gspo: the tokens' KL is averaged over the sequence, then over the group.
            share = scale / n if kind == "gspo" else scale
            loss += beta * share * sum(kl)
            back = np.array([beta * share * kl_slope(x, v, q) for v, q in zip(d, own)])
            grad = grad + (np.full(n, back[0]) if kind == "r1" else back)
        ratios.append(rho)
        clips.append(clipped)
        kls.append(kl)
        grads.append(grad.tolist())
    terms = sum(len(r) for r in ratios)
    return {"advantages": adv.tolist(), "ratio": ratios, "clipped": clips,
            "kl": kls if "logp_ref" in x else None, "loss": float(loss), "grad_logp": grads,
            "clip_low": low / terms, "clip_high": high / terms, "flat": flat}


def check_gradient(x, out):
    """Finite differences; the cases keep every ratio away from the kinks."""
    h = 1e-6
    weights = [[weight_of(x, q) for q in seq] for seq in out["ratio"]]
    for i, seq in enumerate(x["logp"]):
        for t in range(len(seq)):
            kept, value = seq[t], []
            for step in (h, -h):
                seq[t] = kept + step
                value.append(objective(x, weights)["loss"])
            seq[t] = kept
            numeric, exact = (value[0] - value[1]) / (2 * h), out["grad_logp"][i][t]
            assert abs(numeric - exact) < 1e-7 * max(1, abs(exact)), (x, i, t, numeric, exact)


def spread(rng, lengths, scale):
    return [np.round(-rng.gamma(1.2, 0.7, n), 6).tolist() for n in lengths], \
        lambda base: [np.round(np.array(s) + rng.normal(0, scale, len(s)), 6).tolist() for s in base]


def make_case(name, seed, loss, std, rewards, lengths, eps=(0.2, 0.2), beta=0.0, ref=True, scale=0.25,
              **more):
    rng = np.random.default_rng(seed)
    old, moved = spread(rng, lengths, scale)
    x = {"rewards": rewards, "logp": moved(old) if scale else [list(s) for s in old], "logp_old": old}
    if ref:
        x["logp_ref"] = moved(old) if scale else [list(s) for s in old]
    x.update({"loss": loss, "std": std, "eps_low": eps[0], "eps_high": eps[1], "beta": beta}, **more)
    out = objective(x)
    check_gradient(x, out)
    return {"name": name, "input": x, "output": out}


def by_hand():
    """Cases small enough to be worked out on paper, so that this script is itself held to something."""
    l2 = math.log(2)
    x = {"rewards": [1, 0], "logp": [[l2 - 1], [-l2 - 1]], "logp_old": [[-1.0], [-1.0]],
         "logp_ref": [[-1.0], [-1.0]], "loss": "grpo", "std": "none", "eps_low": 0.2, "eps_high": 0.2,
         "beta": 0.5}
    out = objective(x)
    # A = .5, -.5; ratios 2, 1/2, both clipped: J = (1.2*.5 - .8*.5)/2 = .1; KL = 1/2+ln2-1, 2-ln2-1.
    kl = [l2 - 0.5, 1 - l2]
    assert np.allclose(out["loss"], -0.1 + 0.25 * sum(kl), atol=1e-15)
    assert np.allclose(out["grad_logp"], [[0.25 * 0.5], [0.25 * -1.0]], atol=1e-15)
    assert out["clipped"] == [[1], [1]] and out["clip_low"] == out["clip_high"] == 0.5
    flipped = dict(x, rewards=[0, 1])  # the same ratios against the other sign: neither is clipped
    back = objective(flipped)
    assert back["clipped"] == [[0], [0]] and np.allclose(back["loss"], 0.25 * sum(kl) + 0.375)
    return [{"name": "both clipped", "input": x, "output": out},
            {"name": "same ratios, neither clipped", "input": flipped, "output": back}]


LOSSES = ("grpo", "r1", "dapo", "dr_grpo", "gspo", "bnpo", "reinforce", "rloo", "cispo")


def variant_cases(rewards, lengths):
    """The estimators of KL, clamped and not; truncated ratios; V3.2's mask."""
    cases, seed = [], 900
    for loss in LOSSES:
        more = {"max_length": 12} if loss == "dr_grpo" else {}
        for kind in ("k1", "k2", "k3", "unbiased"):
            seed += 1
            cases.append(make_case("%s, KL by %s" % (loss, kind), seed, loss, "sample", rewards, lengths,
                                   (0.2, 0.28), 0.3, scale=0.5, kl=kind, **more))
        cap = 1.01 if loss == "gspo" else 1.1  # a mean ratio moves less
        cases.append(make_case("%s, ratios up to %g" % (loss, cap), seed + 100, loss, "sample", rewards, lengths,
                               (0.2, 0.28), 0.04, scale=0.5, ratio_cap=cap, **more))
        cases.append(make_case("%s, ratios up to 2, wide clip" % loss, seed + 200, loss, "none", [1, 0, 0],
                               [2, 4, 3], (0.9, 10.0), 0.5, scale=1.2, ratio_cap=2.0, kl="unbiased", **more))
        masked = make_case("%s, off the policy" % loss, seed + 305, loss, "sample", [1.1, 0.0, 0.0, 0.1],
                           [5, 2, 3, 7], (0.2, 0.28), 0.1, scale=0.6, off_policy_delta=0.02, **more)
        assert objective(dict(masked["input"], off_policy_delta=0))["loss"] != masked["output"]["loss"], loss
        cases.append(masked)
    # Far from the reference, both clamps take hold: d beyond 20 either way, k3 beyond 10 with d within.
    for kind in ("k1", "k2", "k3", "unbiased"):
        for clamp in (False, True):
            far = {"rewards": [1, 0], "logp": [[-30.0, -1.0, -4.0], [-0.5, -2.0]],
                   "logp_old": [[-29.9, -1.0, -4.1], [-0.6, -2.0]], "logp_ref": [[-1.0, -26.0, -1.0], [-0.75, -1.5]],
                   "loss": "grpo", "std": "none", "eps_low": 0.2, "eps_high": 0.2, "beta": 1e-3, "kl": kind,
                   "kl_clamp": clamp}
            out = objective(far)
            if clamp or kind in ("k1", "k2"):  # e^29 leaves no digits for a difference
                check_gradient(far, out)
            cases.append({"name": "%s %sclamped" % (kind, "" if clamp else "not "), "input": far, "output": out})
    by_clamp = [c["output"]["kl"][0] for c in cases[-8:]]
    assert by_clamp[5][0] == 10 and by_clamp[4][0] > 1e12 and by_clamp[0] == by_clamp[1]
    for loss in LOSSES:  # each has been truncated somewhere, and not by its clip
        assert any(q > c["input"]["ratio_cap"] and not cut and a != 0 for c in cases
                   if c["input"]["loss"] == loss and "ratio_cap" in c["input"]
                   for a, row, cuts in zip(*(c["output"][k] for k in ("advantages", "ratio", "clipped")))
                   for q, cut in zip(row, cuts)), loss
    return cases


def objective_cases():
    cases = by_hand()
    lengths, rewards = [5, 1, 3, 7], [1.1, 0.1, 0.0, 1.1]
    seed = 10
    for loss in ("grpo", "r1", "dapo", "dr_grpo", "gspo"):
        more = {"max_length": 12} if loss == "dr_grpo" else {}
        eps = (0.05, 0.06) if loss == "gspo" else (0.2, 0.28)
        for std in ("sample", "population", "none"):
            for beta in (0.0, 0.04):
                seed += 1
                cases.append(make_case("%s, std %s, beta %g" % (loss, std, beta), seed, loss, std, rewards,
                                       lengths, eps, beta, **more))
        cases.append(make_case("%s, flat group" % loss, seed + 100, loss, "sample", [0.1] * 4, lengths, eps,
                               0.1, **more))
        cases.append(make_case("%s, far from the reference" % loss, seed + 200, loss, "population", [1, 0, 0],
                               [2, 4, 3], (0.1, 10.0), 1.0, scale=1.0, **more))
    # Appended with seeds of their own, so that the cases above keep their numbers.
    seed = 500
    for loss in ("bnpo", "reinforce", "rloo", "cispo"):
        for beta in (0.0, 0.04):
            seed += 1
            cases.append(make_case("%s, beta %g" % (loss, beta), seed, loss, "sample", rewards, lengths,
                                   (0.2, 0.28), beta))
        cases.append(make_case("%s, flat group" % loss, seed + 100, loss, "sample", [0.1] * 4, lengths, beta=0.1))
        cases.append(make_case("%s, far from the reference" % loss, seed + 200, loss, "none", [1, 0, 0], [2, 4, 3],
                               (0.1, 10.0), 1.0, scale=1.0))
    for micro in (1, 2, 3, 9):
        cases.append(make_case("bnpo, micro-batches of %d" % micro, 800 + micro, "bnpo", "sample",
                               rewards + [0.0], lengths + [2], beta=0.04, micro_batch=micro))
    cases += [
        make_case("reinforce without baseline", 811, "reinforce", "sample", rewards, lengths, baseline="none"),
        make_case("reinforce, flat without baseline", 812, "reinforce", "none", [1, 1], [2, 3], baseline="none"),
        make_case("reinforce, running mean", 813, "reinforce", "none", rewards, lengths, beta=0.04,
                  baseline="running", running_mean=0.35),
        make_case("rloo, group of one", 814, "rloo", "sample", [1.0], [3], beta=0.04),
        make_case("rloo, group of two", 815, "rloo", "sample", [1.0, 0.1], [3, 1]),
    ]
    cases += variant_cases(rewards, lengths)
    cases += [
        make_case("first update: ratio 1, KL 0", 1, "grpo", "sample", [1, 0, 0, 0], [3, 2, 1, 4], beta=0.04,
                  scale=0),
        make_case("no reference", 2, "dapo", "sample", [1, 0, 1], [3, 2, 4], ref=False),
        make_case("group of one", 3, "grpo", "sample", [1.0], [3], beta=0.04),
        make_case("flat without reference: all zero", 4, "dapo", "none", [0, 0], [2, 2], ref=False),
        make_case("nearly equal rewards", 5, "grpo", "population", [.1, .1, .1, .100001], [2, 2, 2, 2]),
        make_case("asymmetric clip", 6, "grpo", "sample", [1, 0, 1, 0], [9, 9, 9, 9], (0.05, 0.4), 0.01,
                  scale=0.4),
        make_case("equal rewards, their computed mean another", 7, "grpo", "sample", EQUAL, [2] * len(EQUAL)),
    ]
    for loss in ("grpo", "dapo", "dr_grpo", "r1", "gspo", "bnpo", "cispo"):
        mine = [c["output"] for c in cases if c["input"]["loss"] == loss]
        assert any(c["clip_low"] > 0 for c in mine) and any(c["clip_high"] > 0 for c in mine), loss
    return cases


def advantage_cases():
    """The measured advantages of other trainers: (rewards, column) -> numbers as published, 5 places."""
    nearly = [.1, .1, .1, .100001]
    published = [
        ([1, 0, 0, 0], "population", 1e-4, [1.73165, -.57722], [0, 1]),
        ([1, 0, 0, 0], "sample", 1e-4, [1.49970, -.49990], [0, 1]),
        ([1, 0, 0, 0], "sample", 1e-6, [1.5, -.5], [0, 1]),
        ([1, 0, 0, 0], "none", 0, [.75, -.25], [0, 1]),
        ([.1, .1, .1, 0], "population", 1e-4, [.57602, -1.72806], [0, 3]),
        ([.1, .1, .1, 0], "sample", 1e-4, [.49900, -1.49701], [0, 3]),
        ([.1, .1, .1, 0], "sample", 1e-6, [.49999, -1.49997], [0, 3]),
        ([.1, .1, .1, 0], "none", 0, [.025, -.075], [0, 3]),
        (nearly, "population", 1e-4, [-.00249, .00747], [0, 3]),
        (nearly, "sample", 1e-4, [-.00249, .00746], [0, 3]),
        (nearly, "sample", 1e-6, [-.16667, .50000], [0, 3]),
    ]
    out = []
    for rewards, std, eps, numbers, index in published:
        a = advantages(rewards, std, eps)[0]
        off = max(abs(a[i] - v) for i, v in zip(index, numbers))
        # Rewards in single precision move the nearly flat group's last places.
        assert off < 2.5e-5, (rewards, std, eps, a, numbers)
        out.append({"name": "%s, std %s, eps %g" % (rewards, std, eps), "rewards": rewards, "std": std,
                    "eps": eps, "advantages": a.tolist(), "flat": False})
    return out


def balance_cases():
    def case(name, load, bias, gamma):
        mean = Fraction(sum(load), len(load))
        return {"name": name, "input": {"load": load, "bias": bias, "gamma": gamma},
                "output": {"bias": [b + gamma * ((n < mean) - (n > mean)) for n, b in zip(load, bias)],
                           "max_vio": float(max(load) / mean - 1)}}
    return [case("V3's gamma", [10, 2, 4, 0], [0.0, 0.0, 0.0, 0.0], 0.001),
            case("an expert at the mean stays", [3, 5, 4], [0.5, -0.25, 0.125], 0.01),
            case("all at the mean", [7, 7, 7, 7], [0.1, 0.2, -0.3, 0.0], 0.001),
            case("one takes all", [0, 0, 0, 64, 0, 0, 0, 0], [0.0] * 8, 0.01),
            case("a mean that is no whole number", [3, 3, 4], [0.0, 0.01, 0.02], 0.002),
            case("gamma 0", [1, 2], [0.3, 0.4], 0.0),
            case("one expert", [12], [0.0], 0.001)]


def adamw_case(name, rows, steps, lr, betas, eps, max_norm, seed):
    import torch
    torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(seed)
    w = [torch.tensor(np.round(rng.normal(0, 0.5, n), 6), requires_grad=True) for n, _ in rows]
    groups = [{"params": [p], "weight_decay": d} for p, (_, d) in zip(w, rows)]
    opt = torch.optim.AdamW(groups, lr=0.0, betas=betas, eps=eps)
    record = {"name": name, "beta1": betas[0], "beta2": betas[1], "eps": eps, "max_norm": max_norm,
              "rows": [{"n": n, "decay": d, "w": p.detach().tolist()} for p, (n, d) in zip(w, rows)],
              "steps": []}
    m, v, shadow = [0] * len(w), [0] * len(w), [p.detach().numpy().copy() for p in w]
    for step in range(1, steps + 1):
        grad = [np.round(rng.normal(0, 2.0 if step == 2 else 0.3, n), 6) for n, _ in rows]
        norm = math.sqrt(sum(float((g * g).sum()) for g in grad))
        scale = max_norm / norm if max_norm and norm > max_norm else 1.0
        rate = lr * min(1, step / 3)
        for g in opt.param_groups:
            g["lr"] = rate
        for p, g in zip(w, grad):
            p.grad = torch.tensor(g * scale)
        opt.step()
        # Loshchilov & Hutter 2019, algorithm 2, beside PyTorch's.
        for i, (g, (_, decay)) in enumerate(zip(grad, rows)):
            m[i] = betas[0] * m[i] + (1 - betas[0]) * g * scale
            v[i] = betas[1] * v[i] + (1 - betas[1]) * (g * scale) ** 2
            hat = m[i] / (1 - betas[0] ** step) / (np.sqrt(v[i] / (1 - betas[1] ** step)) + eps)
            shadow[i] -= rate * (hat + decay * shadow[i])
            assert np.allclose(shadow[i], w[i].detach().numpy(), rtol=0, atol=1e-14)
            assert np.allclose(v[i], opt.state[w[i]]["exp_avg_sq"].numpy(), rtol=0, atol=1e-14)
        record["steps"].append({
            "lr": rate, "norm": norm, "scale": scale,
            "rows": [{"grad": g.tolist(), "w": p.detach().tolist(), "m": opt.state[p]["exp_avg"].tolist(),
                      "v": opt.state[p]["exp_avg_sq"].tolist()} for g, p in zip(grad, w)]})
    return record


def adamw_cases():
    return [adamw_case("clip, warm-up, decay by row", [(5, 0.1), (3, 0.0), (17, 0.01)], 5, 0.01, (0.9, 0.98),
                       1e-8, 1.0, 1),
            adamw_case("no clip, large eps", [(4, 0.0), (2, 0.5)], 4, 0.1, (0.9, 0.95), 1e-3, 0.0, 2)]


def pass_at_k(n, c, k):
    """1 - C(n-c,k)/C(n,k), and the same by counting every choice of k samples."""
    exact = 1 - Fraction(math.comb(n - c, k), math.comb(n, k))
    if n <= 10:
        picks = list(itertools.combinations([i < c for i in range(n)], k))
        assert exact == Fraction(sum(any(p) for p in picks), len(picks))
    return float(exact)


def maj_at_k(answers, right):
    """The right answer's share of the first place: votes by value, null abstains, a tie is shared."""
    votes = {}
    for a in answers:
        if a is not None:
            votes[Fraction(a)] = votes.get(Fraction(a), 0) + 1
    best = [a for a, n in votes.items() if n == max(votes.values())]
    return float(Fraction(Fraction(right) in best, max(1, len(best))))


def passk_tables():
    pass_at = [{"n": n, "c": c, "k": k, "value": pass_at_k(n, c, k)}
               for n, c, k in [(8, 0, 1), (8, 3, 1), (8, 8, 8), (8, 1, 8), (8, 3, 4), (10, 2, 5), (10, 9, 2),
                               (16, 1, 16), (64, 5, 16), (64, 63, 2), (200, 7, 100), (1, 1, 1), (1, 0, 1)]]
    votes = [("clear majority", ["24", "24", "7"], "24"), ("minority", ["7", "7", "24"], "24"),
             ("tie of two", ["24", "7"], "24"), ("tie of three", ["1", "2", "24"], "24"),
             ("tie of others", ["1", "1", "2", "2", "24"], "24"),
             ("malformed abstain", [None, None, None, "24"], "24"), ("all malformed", [None, None], "24"),
             ("a tie of reduced fractions", ["48/2", "24", "7", "7"], "24"),
             ("fractions are exact", ["1/3", "2/6", "33333333/100000000"], "1/3"),
             ("one sample", ["5"], "24")]
    maj = [{"name": n, "answers": a, "reduced": [x and str(Fraction(x)) for x in a],
            "right": [int(x is not None and Fraction(x) == Fraction(r)) for x in a], "value": maj_at_k(a, r)}
           for n, a, r in votes]
    return pass_at, maj


if __name__ == "__main__":
    write("objective.json", "input and output of `calc grpo`; kl is null without logp_ref", objective_cases())
    write("advantages.json", "advantages of one group, as three trainers compute them", advantage_cases())
    write("balance.json", "input and output of `calc balance`", balance_cases())
    write("adamw.json", "decoupled AdamW, scale = max_norm / norm where norm > max_norm > 0", adamw_cases())
    pass_table, maj_table = passk_tables()
    write("passk.json", "unbiased pass@k: k of n samples, c of which are right", pass_table)
    write("majk.json", "maj@k by exact value, null abstains; reduced: the answers in lowest terms", maj_table)
