#!/usr/bin/python3
"""Golden vectors of the linear maps in FP8: fp8_linear.json.

Written from V3 section 3.3 and the definitions in engine/nn/linear_fp8.h and fp8_gemm.h, sharing no code with
them: E4M3 by a search among the exact values of its codes, the 14-bit accumulator in whole numbers with
arithmetic shifts, FP32 accumulation as a product in float64 of the float32 operands. Run it in this folder.
"""
import json

import numpy as np

T, IN, OUT = 21, 40, 36
F = np.float32
# Values of the codes 0..126, exact, and ties to the even code.
CODES = [(m / 8 * 2.0 ** -6 if e == 0 else (1 + m / 8) * 2.0 ** (e - 7)) for e in range(16) for m in range(8)][:127]
CODES = np.array(CODES)


def unit(row, j):
    x = (row * 2654435761 + j * 2246822519 + 374761393) & 0xffffffff
    x ^= x >> 15
    x = x * 2246822519 & 0xffffffff
    x ^= x >> 13
    x = x * 3266489917 & 0xffffffff
    x ^= x >> 16
    return (x >> 16) / 65536 - 0.5


def draw(row, n, spread, shift):
    """Numbers of many sizes, exact in float."""
    return np.array([unit(row, j) * 2.0 ** (np.floor(spread * unit(row + 1, j)) + shift) for j in range(n)], F)


def e4m3(v):
    size = min(abs(float(v)), 448.0)
    above = int(np.searchsorted(CODES, size))
    if above == 0:
        return 0.0
    low, high = CODES[above - 1], CODES[above]
    if size - low == high - size:
        near = low if (above - 1) % 2 == 0 else high
    else:
        near = low if size - low < high - size else high
    return -near if v < 0 else near


def quantise(x, tile, kind):
    """Codes' values and each value's scale."""
    rows, cols = x.shape
    h, w = tile if kind == "tile" else (rows, cols)
    value, scale = np.zeros(x.shape), np.zeros(x.shape, F)
    for r in range(0, rows, h):
        for c in range(0, cols, w):
            part = x[r:r + h, c:c + w]
            s = F(1) if kind == "none" else max(np.abs(part).max(), F(1e-4)) / F(448)
            assert isinstance(s, F)
            scale[r:r + h, c:c + w] = s
            value[r:r + h, c:c + w] = [[e4m3(F(v) / s) for v in row] for row in part]
    return value, scale


def shifted(terms, floor_bits=13):
    """Whole numbers aligned to the largest, each cut to its highest 14 bits by a shift with sign."""
    most = max((abs(t).bit_length() for t in terms), default=0)
    down = max(most - 1 - floor_bits, 0)
    return [t >> down << down for t in terms]


def dot14(a, sa, b, sb, ends):
    """a, b: codes' values; products are whole multiples of 2^-18."""
    # The register is kept in units fine enough for what its cuts leave: 2^-60.
    whole = [int(round(x * 2 ** 9)) * int(round(y * 2 ** 9)) << 42 for x, y in zip(a, b)]
    total, register, group, start = F(0), 0, [], 0
    for k, p in enumerate(whole):
        group.append(p)
        last = k + 1 in ends
        if len(group) == 32 or last:
            register = sum(shifted([register] + group))
            register = shifted([register])[0]
            group = []
        if last:
            total = total + F(register / 2 ** 60) * (sa[start] * sb[start])
            register, start = 0, k + 1
    return total


def product(a, b, how, seg_a, seg_b):
    """a: (value, scale) [M,K]; b: [K,N]."""
    if how["accumulator"] == "fp32":
        x, y = (F(a[0]) * a[1]).astype(float), (F(b[0]) * b[1]).astype(float)
        return x @ y
    K = a[0].shape[1]
    ends = {K}
    for every in (seg_a, seg_b, how["promote"]):
        if every:
            ends |= set(range(every, K, every))
    return np.array([[dot14(a[0][i], a[1][i], b[0][:, j], b[1][:, j], ends) for j in range(b[0].shape[1])]
                     for i in range(a[0].shape[0])])


def transposed(q):
    return q[0].T, q[1].T


def case(how):
    kind, tile, block, g = how["scale"], how["tile"], how["block"], F(how["outlier"])
    seg = (lambda n: n if kind == "tile" else 0)
    x = draw(1, T * IN, 16, 0).reshape(T, IN)
    w = draw(3, IN * OUT, 6, -1).reshape(IN, OUT)
    dy = draw(5, T * OUT, 16, -12).reshape(T, OUT)
    gain = np.ones(IN, F)
    gain[0] = g

    def inputs(tiles, of):
        value, scale = quantise(of * gain, tiles, kind)
        return value, scale / gain

    qx = inputs((1, tile), x)
    value, scale = quantise(w / gain[:, None], (block, block), kind)
    qw = value, scale * gain[:, None]
    row = quantise(dy, (1, tile), kind)
    column = quantise(dy, (tile, 1), kind)
    kept = inputs((tile, 1), F(qx[0]) * qx[1])
    y = product(qx, qw, how, seg(tile), seg(block))
    dx = product(row, transposed(qw), how, seg(tile), seg(block))
    dw = product(transposed(kept), column, how, seg(tile), seg(tile))
    flat = (lambda m: [float("%.9g" % v) for v in np.asarray(m, float).ravel()])
    return {"settings": how, "y": flat(y), "dx": flat(dx), "dw": flat(dw)}


def main():
    cases = [dict(scale="tile", tile=16, block=16, outlier=1, accumulator="fp32", promote=128),
             dict(scale="tile", tile=16, block=8, outlier=256, accumulator="14", promote=8),
             dict(scale="tensor", tile=16, block=16, outlier=1, accumulator="14", promote=0),
             dict(scale="none", tile=16, block=16, outlier=1, accumulator="fp32", promote=0),
             dict(scale="tensor", tile=16, block=16, outlier=65536, accumulator="fp32", promote=0)]
    about = ("y, dx, dw of a map [%d, %d] on %d rows: make_fp8.py; x, w, dy are unit(row, j) 2^(floor(spread unit(row "
             "+ 1, j)) + shift) with row, spread, shift = 1 16 0, 3 6 -1, 5 16 -12" % (IN, OUT, T))
    with open("fp8_linear.json", "w") as f:
        f.write('{\n"about": %s,\n"cases": [\n%s\n]}\n'
                % (json.dumps(about), ",\n".join(json.dumps(case(c), separators=(",", ":")) for c in cases)))


main()
