#!/usr/bin/python3
"""Golden vectors of `calc dpo`, `calc gae`, `calc fp8` and `calc schedule`.

Written from the equations, independent of the engine: DPO in high-precision decimals, GAE as the explicit double
sum, E4M3 by a search among the exact values of all codes, schedules as longest paths in a graph of pieces of
work. Run it in this folder: it writes dpo.json, gae.json, fp8.json and schedule.json.
"""
import json
import math
from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np

getcontext().prec = 60


def write(name, head, cases):
    with open(name, "w") as f:
        f.write('{\n"about": %s,\n"cases": [\n%s\n]}\n'
                % (json.dumps(head), ",\n".join(json.dumps(c) for c in cases)))


def dpo(x):
    b = Decimal(x["beta"])
    margin = b * ((Decimal(x["chosen_logp"]) - Decimal(x["chosen_ref"]))
                  - (Decimal(x["rejected_logp"]) - Decimal(x["rejected_ref"])))
    odds = (-margin).exp()
    push = b * odds / (1 + odds)
    return {"loss": float((1 + odds).ln()), "margin": float(margin), "grad_chosen_logp": float(-push),
            "grad_rejected_logp": float(push)}


def check_dpo(x, out):
    for key in ("chosen", "rejected"):
        up, down = dict(x), dict(x)
        up[key + "_logp"] += 1e-6
        down[key + "_logp"] -= 1e-6
        numeric = (dpo(up)["loss"] - dpo(down)["loss"]) / 2e-6
        assert abs(numeric - out["grad_%s_logp" % key]) < 1e-7 * max(1, out["loss"]), (x, key)


def dpo_cases():
    rng = np.random.default_rng(1)
    rows = [("no preference yet", .1, -12.5, -12.5, -20.25, -20.25), ("ranked right", .1, -10, -14, -30, -22),
            ("ranked wrong", .1, -16, -14, -19, -22), ("beta 0", 0, -3, -1, -2, -5),
            ("far on the right side", 1, -1, -400, -500, -2), ("far on the wrong side", 1, -700, -1, -2, -500)]
    rows += [("drawn %d" % i, *np.round([rng.uniform(.01, 1), *-rng.gamma(4, 6, 4)], 6)) for i in range(8)]
    cases = []
    for name, *v in rows:
        x = dict(zip(("beta", "chosen_logp", "chosen_ref", "rejected_logp", "rejected_ref"), map(float, v)))
        out = dpo(x)
        check_dpo(x, out)
        cases.append({"name": name, "input": x, "output": out})
    assert abs(cases[0]["output"]["loss"] - math.log(2)) < 1e-15
    return cases


def gae(x):
    """A_t = sum_k (gamma lambda)^k delta_{t+k}, each sum for itself."""
    r, v, g, l = x["rewards"], x["values"] + [0], x["gamma"], x["lambda"]
    T = len(r)
    delta = [r[t] + g * v[t + 1] - v[t] for t in range(T)]
    adv = [sum((g * l) ** k * delta[t + k] for k in range(T - t)) for t in range(T)]
    return {"advantages": adv, "returns": [a + b for a, b in zip(adv, v)]}


def gae_cases():
    rng = np.random.default_rng(2)
    cases = []
    for name, T, gamma, lam in [("R1's lambda 0.95", 9, 1, .95), ("lambda 1", 9, 1, 1), ("lambda 0", 6, .99, 0),
                                ("gamma 0", 4, 0, .95), ("discounted", 30, .99, .9), ("one token", 1, 1, .95)]:
        x = {"rewards": np.round(rng.normal(0, 1, T) * (rng.random(T) < .4), 4).tolist(),
             "values": np.round(rng.normal(0, 1, T), 4).tolist(), "gamma": gamma, "lambda": lam}
        cases.append({"name": name, "input": x, "output": gae(x)})
    x = {"rewards": [0, 0, 0, 1], "values": [.5, .25, .75, .5], "gamma": 1, "lambda": 1}
    out = gae(x)
    assert out["returns"] == [1, 1, 1, 1] and out["advantages"] == [.5, .75, .25, .5]
    return cases + [{"name": "rule's reward at the end, lambda 1", "input": x, "output": out}]


def e4m3():
    """The value of each positive code as a fraction: seven bits, exponent bias 7, 0x7f is NaN."""
    table = []
    for code in range(127):
        e, m = divmod(code, 8)
        table.append(Fraction(m, 8) * Fraction(2) ** -6 if e == 0 else (1 + Fraction(m, 8)) * Fraction(2) ** (e - 7))
    assert table[126] == 448 and table[1] == Fraction(1, 512) and table == sorted(table)
    return table


VALUES = e4m3()


def encode(x):
    """Nearest code; of two equally near ones the even one; 448 at most."""
    size = abs(Fraction(x))
    code = min(range(127), key=lambda c: (abs(VALUES[c] - size), c & 1))
    return code | (128 if math.copysign(1, x) < 0 else 0)


def fp8(x):
    codes, scales, back = [], [], []
    for at in range(0, len(x["values"]), x["tile"]):
        tile = x["values"][at:at + x["tile"]]
        s = max(max(abs(v) for v in tile), 1e-4) / 448
        scales.append(s)
        for v in tile:
            c = encode(v / s)
            codes.append(c)
            back.append(math.copysign(float(VALUES[c & 127]), -1 if c & 128 else 1) * s)
    return {"codes": codes, "scales": scales, "dequantized": back}


def fp8_cases():
    rng = np.random.default_rng(3)
    every = [s * float(v) for v in VALUES for s in (1, -1)]
    ties = [float((a + b) / 2) for a, b in zip(VALUES, VALUES[1:])]
    near = [math.nextafter(t, d) for t in ties for d in (0, 1000)]
    rows = [("every value, scale 1", every, 254), ("half way between neighbours", ties + [448.0], 1000),
            ("just beside half way", near + [448.0], 1000),
            ("all zero: the least scale", [0.0, -0.0, 0.0], 2), ("below the least amax", [1e-5, -3e-6, 5e-8], 128),
            ("short last tile", np.round(rng.normal(0, 1, 11), 6).tolist(), 4),
            ("V3's tile", np.round(rng.normal(0, 3, 300), 6).tolist(), 128),
            ("an outlier", [1000.0] + np.round(rng.normal(0, .01, 15), 6).tolist(), 8),
            ("tile of one", [3.25, -1e-9, 1e30, -7.5], 1), ("whole numbers", [1, 2, -3, 448, 5], 5)]
    return [{"name": n, "input": {"values": v, "tile": t}, "output": fp8({"values": v, "tile": t})}
            for n, v, t in rows]


def order_one_way(pp, m, rank, cut):
    """1F1B, and ZB-H1 where the backward is cut: [(work, way, micro-batch)..]"""
    ahead = min(pp - rank, m)
    order = [[("F", 0, k)] for k in range(ahead)]
    for k in range(m):
        order.append([("I" if cut else "B", 0, k)])
        if cut and k >= rank:
            order.append([("W", 0, k - rank)])
        if ahead + k < m:
            order.append([("F", 0, ahead + k)])
    if cut:
        order += [[("W", 0, k)] for k in range(max(0, m - rank), m)]
    return order


def order_dualpipe(pp, m, rank):
    """V3 fig. 5 in words: fill from both ends; cut backwards for a while; pairs; full backwards, then cut ones whose
    weight parts fill the end. Written from the near side; `far` is the other way."""
    near, far, half = (0, 1, pp // 2) if rank < pp // 2 else (1, 0, pp // 2)
    depth = min(rank, pp - 1 - rank)
    lead = half - 1 - depth
    kinds = ["Fn"] * (2 * lead) + ["Fn", "Ff"] * (depth + 1) + ["If", "W", "Ff"] * lead
    main = ["Fn+Bf", "Ff+Bn"] * (m // 2 - pp + depth + 1)
    if lead == 0:
        main[:1] = ["Fn", "Bf"]
    tail = ["Bf", "Ff+Bn"] * lead
    drain = ["Bf", "Bn"] * (depth + 1)
    drain = drain[:depth + 1] + [k.replace("B", "I") for k in drain[depth + 1:]]
    kinds += main + tail + drain + ["W", "In"] * lead
    count, waiting, order = {}, [], []
    for kind in kinds + ["W"] * (depth + 1):
        piece = []
        for part in kind.split("+"):
            if part == "W":
                piece.append(("W", *waiting.pop(0)))
                continue
            way = near if part[1] == "n" else far
            slot = ("F" if part[0] == "F" else "B", way)
            k = count[slot] = count.get(slot, -1) + 1
            piece.append((part[0], way, k))
            if part[0] == "I":
                waiting.append((way, k))
        order.append(piece)
    assert not waiting and set(count.values()) == {m // 2 - 1} and len(count) == 4
    return order


def simulate(x):
    """Longest path: a piece ends its length after the latest end of what it needs. Relaxed until nothing moves."""
    pp, m, kind = x["pp"], x["micro_batches"], x["kind"]
    length = {"F": x["f"], "B": x["b"], "I": x["b"] - x["w"], "W": x["w"]}
    orders = [order_dualpipe(pp, m, r) if kind == "dualpipe" else order_one_way(pp, m, r, kind == "zb1p")
              for r in range(pp)]
    time_of = lambda piece: x.get("fb", x["f"] + x["b"]) if len(piece) == 2 else length[piece[0][0]]
    where = {(part, r): (r, i) for r in range(pp) for i, piece in enumerate(orders[r]) for part in piece}
    needs = {}
    for r in range(pp):
        for i, piece in enumerate(orders[r]):
            needs[r, i] = [(r, i - 1)] if i else []
            for work, way, k in piece:
                back = 1 if way else -1
                if work == "F":
                    wanted = [(("F", way, k), r + back)] if 0 <= r + back < pp else []
                elif work == "W":
                    wanted = [(("I", way, k), r)]
                else:
                    at = r - back
                    wanted = [((c, way, k), at) for c in "BI"] if 0 <= at < pp else [(("F", way, k), r)]
                found = [where[w] for w in wanted if w in where]
                assert len(found) == (1 if wanted else 0)
                needs[r, i] += found
    end, moved = {p: 0.0 for p in needs}, True
    while moved:
        moved = False
        for (r, i), before in needs.items():
            t = max([end[p] for p in before] + [0.0]) + time_of(orders[r][i])
            if t > end[r, i]:
                end[r, i], moved = t, True
    span, peak = max(end.values()), 0
    for r in range(pp):
        held = 0
        for piece in orders[r]:
            held += sum(part[0] == "F" for part in piece)
            peak = max(peak, held)
            held -= sum(part[0] in "BW" for part in piece)
        assert held == 0
    idle = [span - sum(map(time_of, orders[r])) for r in range(pp)]
    return {"bubble": max(idle), "makespan": span, "activations": peak, "parameters": 2 if kind == "dualpipe" else 1}


def formula(x):
    """V3 table 2."""
    pp, m, f, b, w = x["pp"], x["micro_batches"], x["f"], x["b"], x["w"]
    fb = x.get("fb", f + b)
    bubble = {"1f1b": (pp - 1) * (f + b), "zb1p": (pp - 1) * (f + b - 2 * w),
              "dualpipe": (pp / 2 - 1) * (fb + b - 3 * w)}[x["kind"]]
    pairs = m - pp - 1 if x["kind"] == "dualpipe" else 0
    dual = x["kind"] == "dualpipe"
    return {"bubble": bubble, "makespan": m * (f + b) - pairs * (f + b - fb) + bubble, "activations": pp + dual,
            "parameters": 1 + dual}


def schedule_cases():
    cases = []
    sizes = {"1f1b": [(4, 8), (1, 3), (5, 7), (4, 2)], "zb1p": [(4, 8), (1, 3), (5, 7), (8, 8), (4, 2)],
             "dualpipe": [(2, 4), (4, 8), (4, 10), (8, 20), (6, 12), (4, 9)]}
    times = [(1, 2, 1, None), (2.5, 5, 2.5, None), (1.5, 2, 0.75, 3), (1, 2.5, 1, None), (1, 2, 1, 2.5),
             (0.5, 3, 1, 3.25), (2, 2, 0.25, 3)]
    for kind, shapes in sizes.items():
        for pp, m in shapes:
            for f, b, w, fb in times:
                x = {"kind": kind, "pp": pp, "micro_batches": m, "f": f, "b": b, "w": w}
                if fb is not None:
                    x["fb"] = fb
                odd = kind == "dualpipe" and m % 2
                y, played = formula(x), None if odd else simulate(x)
                if f == w == b - w and fb is None and m >= pp and not odd:
                    assert all(abs(y[k] - played[k]) < 1e-12 for k in y), (x, y, played)
                cases.append({"name": "%s, %d ranks, %d micro-batches, %g %g %g %s" % (kind, pp, m, f, b, w, fb),
                              "input": x, "output": dict(y, simulated=played)})
    return cases


if __name__ == "__main__":
    write("dpo.json", "input and output of `calc dpo`", dpo_cases())
    write("gae.json", "input and output of `calc gae`", gae_cases())
    write("fp8.json", "input and output of `calc fp8`", fp8_cases())
    write("schedule.json", "input and output of `calc schedule`: by formula, and simulated", schedule_cases())
