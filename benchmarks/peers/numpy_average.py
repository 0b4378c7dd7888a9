#!/usr/bin/env python3
"""Averages updates in the memory of one process: the peer that `coppice bench aggregate` is compared with.

It does what the server of a federated-learning framework without a log does with the updates of a round once it has
received and decoded them, and nothing else. The two ways are those of Flower (flwr.server.strategy.aggregate):

    aggregate   every update is multiplied by its number of samples into new arrays, tensor by tensor; these are
                summed and divided by the number of all samples
    inplace     every update is multiplied by its share of the samples and added to one sum

    numpy_average.py                                   a table, ten updates of 6.6 million values each
    numpy_average.py --agents 100 --values 660000
    numpy_average.py --serve                           measures what standard input asks for

With --serve the first line of the answer tells what is running. Then every line of input is a request

    METHOD AGENTS SIZES FILE                           such as: inplace 10 800,32,51200,64 updates.f32

with METHOD aggregate or inplace, the number of updates, the values of each tensor of an update, and a file of
little-endian 32-bit floats that holds one update or several; agents that are more than these begin again with the
first. Every line of output is the answer, one JSON object: the seconds of wall-clock and processor time that it took,
or "error" with a sentence. Reading the file is not timed.

Needs Python 3.9 and NumPy 1.20 or newer.
"""

import argparse
import json
import platform
import statistics
import sys
import time
from functools import reduce

try:
    import numpy as np
except ImportError:
    print(f"NumPy is missing from {sys.executable}: pip install numpy.", file=sys.stderr)
    sys.exit(2)

MAX_WEIGHT = 20


def aggregate(results):
    """The weighted mean of (tensors, samples), as Flower's `aggregate` has it."""
    total = sum(samples for _, samples in results)
    weighted = [[tensor * samples for tensor in tensors] for tensors, samples in results]
    return [reduce(np.add, tensors) / total for tensors in zip(*weighted)]


def inplace(results):
    """The weighted mean of (tensors, samples), as Flower's `aggregate_inplace` has it."""
    total = sum(samples for _, samples in results)
    shares = [samples / total for _, samples in results]
    mean = [np.float32(shares[0]) * tensor for tensor in results[0][0]]
    for share, (tensors, _) in zip(shares[1:], results[1:]):
        for k, tensor in enumerate(tensors):
            mean[k] += np.float32(share) * tensor
    return mean


METHODS = {"aggregate": aggregate, "inplace": inplace}


def updates(agents, sizes, values):
    """Every agent has tensors of its own, as if they had been received."""
    per_update = sum(sizes)
    if len(values) == 0 or len(values) % per_update:
        raise ValueError(f"{len(values)} values are not a number of updates of {per_update} values.")
    distinct = values.reshape(-1, per_update)
    bounds = np.cumsum(sizes)[:-1]
    return [
        ([part.copy() for part in np.split(distinct[a % len(distinct)], bounds)], 1 + a % MAX_WEIGHT)
        for a in range(agents)
    ]


def measure(method, results):
    wall, cpu = time.perf_counter(), time.process_time()
    METHODS[method](results)
    return {"seconds": time.perf_counter() - wall, "cpuSeconds": time.process_time() - cpu}


def environment():
    return {
        "peer": "NumPy",
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def positive(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not '{text}'")
    return number


def parse_request(line):
    words = line.rstrip("\n").split(" ", 3)
    if len(words) != 4:
        raise ValueError(f"A request is METHOD AGENTS SIZES FILE, not '{line.strip()}'.")
    method, agents, sizes, file = words
    if method not in METHODS:
        raise ValueError(f"There is no method '{method}': choose one of {', '.join(METHODS)}.")
    try:
        return method, positive(agents), tuple(positive(size) for size in sizes.split(",")), file
    except argparse.ArgumentTypeError as problem:
        raise ValueError(f"Agents and sizes of '{line.strip()}': {problem}.") from problem


def serve():
    """Answers requests, line by line, until the input ends."""
    held = {}
    print(json.dumps(environment()), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            method, *what = parse_request(line)
            key = tuple(what)
            if key not in held:
                agents, sizes, file = what
                held = {key: updates(agents, sizes, np.fromfile(file, dtype="<f4"))}
            answer = measure(method, held[key])
        except (ValueError, OSError) as problem:
            answer = {"error": str(problem)}
        print(json.dumps(answer), flush=True)


def main():
    parser = argparse.ArgumentParser(description="Averages updates in memory with NumPy, and times it.")
    parser.add_argument("--agents", type=positive, default=10, metavar="N", help="updates (default: 10)")
    parser.add_argument(
        "--values", type=positive, default=6_603_710, metavar="N", help="values of an update (default: 6603710)"
    )
    parser.add_argument("--repeats", type=positive, default=11, metavar="N", help="repetitions (default: 11)")
    parser.add_argument("--serve", action="store_true", help="answer requests on standard input; see the source")
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return
    values = np.random.default_rng(0).standard_normal(arguments.values, dtype=np.float32)
    results = updates(arguments.agents, (arguments.values,), values)
    megabytes = arguments.agents * arguments.values * 4 / 1e6
    print(f"NumPy {np.__version__}, {arguments.agents} updates, {megabytes:,.0f} MB")
    for method in METHODS:
        seconds = [measure(method, results)["seconds"] for _ in range(arguments.repeats)]
        print(f"{method:10} {megabytes / statistics.median(seconds):10,.0f} MB/s")


if __name__ == "__main__":
    main()
