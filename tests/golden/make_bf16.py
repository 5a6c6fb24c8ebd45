#!/usr/bin/python3
"""Golden vectors of the linear maps in bf16: bf16_linear.json.

Written from the definitions in engine/nn/bf16.h and linear_bf16.h, sharing no code with them: rounding by exact
fractions to the nearest multiple of the last place, each step of a product an exact sum rounded once. Run it in
this folder.
"""
import json
from fractions import Fraction

import numpy as np

T, IN, OUT = 11, 21, 24
F = np.float32
LEAST = Fraction(1, 2 ** 126)


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


def rounded(x, bits):
    """The fraction x to `bits` binary digits, ties to the even multiple; 0 below the normal range."""
    if abs(x) < LEAST:
        return Fraction(0)
    e = 0
    size = abs(x)
    while size >= 2:
        size /= 2
        e += 1
    while size < 1:
        size *= 2
        e -= 1
    last = Fraction(2) ** (e - bits + 1)
    n = x / last
    low = n.numerator // n.denominator
    rest = n - low
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2):
        low += 1
    return low * last


def bf16(m):
    return [[rounded(Fraction(float(v)), 8) for v in row] for row in m]


def product(a, b, start=None):
    """a [M,K], b [K,N] of fractions; start [M,N] or 0."""
    K, out = len(b), []
    for i, row in enumerate(a):
        line = []
        for j in range(len(b[0])):
            s = Fraction(float(start[i][j])) if start is not None else Fraction(0)
            for k in range(0, K, 2):
                if k + 1 < K:
                    s = rounded(s + row[k + 1] * b[k + 1][j], 24)
                s = rounded(s + row[k] * b[k][j], 24)
            line.append(float(s))
        out.append(line)
    return out


def transposed(m):
    return [list(c) for c in zip(*m)]


def flat(m):
    return [float("%.9g" % v) for row in m for v in row]


def codes():
    """Bits of numbers beside and between codes, and the codes that they round to."""
    out = []
    for top in (0x3f80, 0x3f81, 0xbf80, 0xbf81, 0x0080, 0x7f7e, 0x4049, 0xc2ff, 0x3fff):
        for below in (0, 1, 0x7fff, 0x8000, 0x8001, 0xffff):
            bits = top << 16 | below
            x = Fraction(float(np.array([bits], np.uint32).view(F)[0]))
            code = int(np.array([float(rounded(x, 8))], F).view(np.uint32)[0]) >> 16
            out.append([bits, code])
    return out


def main():
    x = draw(1, T * IN, 16, 0).reshape(T, IN)
    w = draw(3, IN * OUT, 6, -1).reshape(IN, OUT)
    dy = draw(5, T * OUT, 16, -12).reshape(T, OUT)
    bx, bw, bdy = bf16(x), bf16(w), bf16(dy)
    about = ("codes: bits of a float and the code that it rounds to. y = x w, dx = dy w^T, dw = dw + x^T dy with dw = 1 "
             "before, of a map [%d, %d] on %d rows: make_bf16.py; x, w, dy are unit(row, j) 2^(floor(spread unit(row "
             "+ 1, j)) + shift) with row, spread, shift = 1 16 0, 3 6 -1, 5 16 -12" % (IN, OUT, T))
    data = {"about": about, "codes": codes(), "y": flat(product(bx, bw)), "dx": flat(product(bdy, transposed(bw))),
            "dw": flat(product(transposed(bx), bdy, [[1.0] * OUT] * IN))}
    with open("bf16_linear.json", "w") as f:
        f.write("{\n%s\n}\n" % ",\n".join("%s: %s" % (json.dumps(k), json.dumps(v, separators=(",", ":")))
                                          for k, v in data.items()))


main()
