#!/usr/bin/python3
"""Golden vectors of PPO: advantages, losses and gradients in PyTorch, float64, by autograd.

GAE is written as the sum of Schulman et al. 2016 eq. 16, not as a recursion; the losses as their equations read. Run
it in this folder: it writes ppo.json, a list `cases` of settings, `trace`s and what comes of them.
"""
import json

import torch

torch.set_default_dtype(torch.float64)


def unit(row, j):
    """The formula of README.md: a multiple of 2^-16 in [-0.5, 0.5)."""
    mask = 0xFFFFFFFF
    x = (row * 2654435761 + j * 2246822519 + 374761393) & mask
    x ^= x >> 15
    x = x * 2246822519 & mask
    x ^= x >> 13
    x = x * 3266489917 & mask
    x ^= x >> 16
    return (x >> 16) / 65536 - 0.5


BASE = dict(gae_lambda=0.95, gamma=1.0, value_clip=0.2, value_weight=0.5, kl_reward=0.0, normalise=1, eps_low=0.2,
            eps_high=0.28, beta=0.0)
CASES = {
    "plain": dict(BASE, normalise=0, value_clip=0.0),
    "normalised": BASE,
    "to_the_end": dict(BASE, gae_lambda=1.0, beta=0.04),
    "discounted": dict(BASE, gae_lambda=0.6, gamma=0.9, normalise=0, value_weight=1.0),
    "kl_in_the_reward": dict(BASE, kl_reward=0.3, value_clip=0.05),
}
LENGTHS = (5, 1, 8, 3)
REWARDS = (1.0, 0.0, 0.1, 1.1)


def gae(r, v, gamma, lam):
    T = len(r)
    after = torch.cat([v[1:], torch.zeros(1)])
    delta = r + gamma * after - v
    A = torch.stack([sum((gamma * lam) ** (k - t) * delta[k] for k in range(t, T)) for t in range(T)])
    return A, A + v


def make(name, c):
    old, ref, v_old = [], [], []
    for i, n in enumerate(LENGTHS):
        # float32 is what the engine keeps of log-probabilities: these are exact in it.
        old.append(torch.tensor([-1 + unit(10 + i, j) for j in range(n)]))
        ref.append(torch.tensor([-1 + unit(20 + i, j) for j in range(n)]))
        v_old.append(torch.tensor([0.5 + unit(30 + i, j) for j in range(n)]))
    logp = [(o + torch.tensor([unit(40 + i, j) for j in range(len(o))])).requires_grad_() for i, o in enumerate(old)]
    value = [(v + torch.tensor([unit(50 + i, j) for j in range(len(v))])).requires_grad_()
             for i, v in enumerate(v_old)]
    adv, ret = [], []
    for i in range(len(LENGTHS)):
        r = -c["kl_reward"] * (old[i] - ref[i])
        r[-1] += REWARDS[i]
        a, b = gae(r, v_old[i], c["gamma"], c["gae_lambda"])
        adv.append(a)
        ret.append(b)
    every = torch.cat(adv)
    if c["normalise"]:
        adv = [(a - every.mean()) / (every.std(unbiased=False) + 1e-8) for a in adv]
    A, R, V0 = torch.cat(adv), torch.cat(ret), torch.cat(v_old)
    lp, lo, lr, V = torch.cat(logp), torch.cat(old), torch.cat(ref), torch.cat(value)
    rho = (lp - lo).exp()
    policy = -torch.minimum(rho * A, rho.clamp(1 - c["eps_low"], 1 + c["eps_high"]) * A).mean()
    kl = (lr - lp).exp() - (lr - lp) - 1
    bounded = torch.maximum(torch.minimum(V, V0 + c["value_clip"]), V0 - c["value_clip"]) if c["value_clip"] else V
    critic = 0.5 * torch.maximum((V - R) ** 2, (bounded - R) ** 2).mean()
    total = policy + c["beta"] * kl.mean() + c["value_weight"] * critic
    total.backward()
    clipped = (rho * A > rho.clamp(1 - c["eps_low"], 1 + c["eps_high"]) * A).double()
    explained = 1 - torch.var(R - V0, unbiased=False) / torch.var(R, unbiased=False)
    traces = [{"reward": REWARDS[i], "old": old[i].tolist(), "ref": ref[i].tolist(), "logp": logp[i].tolist(),
               "value_old": v_old[i].tolist(), "value": value[i].tolist(), "advantage": adv[i].tolist(),
               "return": ret[i].tolist(), "dlogp": logp[i].grad.tolist(), "dvalue": value[i].grad.tolist()}
              for i in range(len(LENGTHS))]
    return {"case": name, **c, "trace": traces, "policy_loss": float(policy), "loss": float(total),
            "value_loss": float(critic), "clipped": float(clipped.sum()), "explained_variance": float(explained),
            "value_mean": float(V0.mean())}


if __name__ == "__main__":
    with open("ppo.json", "w") as f:
        f.write('{"cases": [\n' + ",\n".join(json.dumps(make(k, c)) for k, c in CASES.items()) + "\n]}\n")
