#!/usr/bin/python3
"""Golden vectors of distillation on logits (Hinton, Vinyals and Dean 2015, section 2) in PyTorch, float64, by autograd.

loss = sum_t share_t ((1 - w) (-log softmax(z_t)[token_t]) + w tau^2 sum_j p_tj log(p_tj / q_tj)), p and q the softmax of
the teacher's and the student's logits over tau. Run it in this folder: it writes distill.json, a list `cases`.
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


CASES = (("plain_kl", 1.0, 1.0, 4), ("half", 0.5, 1.0, 4), ("soft", 0.9, 2.0, 4), ("hot", 0.7, 8.0, 16),
         ("cold", 1.0, 0.5, 4), ("tokens_alone", 0.0, 2.0, 4))
T, V = 5, 7


def loss_of(z, teacher, token, share, w, tau):
    p = torch.softmax(teacher / tau, -1)
    kl = (p * (torch.log_softmax(teacher / tau, -1) - torch.log_softmax(z / tau, -1))).sum(-1)
    hard = -torch.log_softmax(z, -1)[torch.arange(T), token]
    return (share * ((1 - w) * hard + w * tau * tau * kl)).sum(), kl


cases = []
for n, (name, w, tau, gain) in enumerate(CASES):
    teacher = torch.tensor([[gain * unit(100 + n, t * V + j) for j in range(V)] for t in range(T)])
    z = torch.tensor([[gain * unit(200 + n, t * V + j) for j in range(V)] for t in range(T)], requires_grad=True)
    token = torch.tensor([int((unit(300 + n, t) + 0.5) * V) for t in range(T)])
    share = torch.tensor([0.5 + unit(400 + n, t) for t in range(T)])
    loss, kl = loss_of(z, teacher, token, share, w, tau)
    loss.backward()
    up = z.detach().clone()
    up[2, 3] += 1e-6
    numeric = (loss_of(up, teacher, token, share, w, tau)[0] - loss.detach()) / 1e-6
    assert abs(numeric - z.grad[2, 3]) < 1e-5, name
    cases.append(dict(case=name, weight=w, temperature=tau, teacher=teacher.tolist(), student=z.tolist(),
                      token=token.tolist(), share=share.tolist(), kl=kl.tolist(), loss=loss.item(),
                      grad=z.grad.tolist()))
with open("distill.json", "w") as f:
    f.write('{"cases": [\n%s\n]}\n' % ",\n".join(json.dumps(c) for c in cases))
