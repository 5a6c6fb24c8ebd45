#!/usr/bin/python3
"""sums.jsonl: small sums of four numbers. Half of the lines tell how they were worked out, the others only the
answer: what GRPO can find out from it is that working it out pays.

Usage: make_sums.py > sums.jsonl"""
import json
import random

LINES, TERMS, LARGEST, RESULT = 2000, 4, 9, 20
WORKED_OUT = 0.5


def step(a, op, b):
    return a + b if op == "+" else a - b


def main():
    rng = random.Random(20)
    seen = set()
    while len(seen) < LINES:
        number = [rng.randint(1, LARGEST) for _ in range(TERMS)]
        op = [rng.choice("+-") for _ in range(TERMS - 1)]
        value, steps, prompt = number[0], [], str(number[0])
        for o, n in zip(op, number[1:]):
            steps.append((value, o, n, step(value, o, n)))
            value = steps[-1][3]
            prompt += f" {o} {n}"
        if prompt in seen or any(not 0 <= s[3] <= RESULT for s in steps):
            continue
        seen.add(prompt)
        line = {"prompt": prompt, "answer": value}
        if rng.random() < WORKED_OUT:
            line["reasoning"] = " , ".join(f"{a} {o} {b} = {c}" for a, o, b, c in steps)
        print(json.dumps(line))


main()
