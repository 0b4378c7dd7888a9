#!/usr/bin/env python3
"""Times dense networks in PyTorch on one thread: the peer that `coppice bench train` is compared with.

The networks, their initial values and their losses are those of Coppice (learning/.../nn/Networks.java), which took
them from the PruneFL experiments. What is timed is one step of plain SGD (zero_grad, forward, loss, backward,
optimizer.step) or one forward pass without gradients, in CPU time of the process, which computes on one thread. All
cases take turns within a repetition, so that a change of the machine's speed meets all of them; the figure is the
median.

    pytorch_step.py                                    a table of all networks
    pytorch_step.py --networks conv2 --report out.json
    pytorch_step.py --serve                            measures what standard input asks for

With --serve the first line of the answer tells what is running. Then every line of input is a request

    KIND NETWORK BATCH REPEATS                         such as: step conv2 20 5

with KIND step or inference, and every line of output the answer, one JSON object: the median milliseconds of REPEATS
consecutive runs, or "error" with a sentence. A case is warmed up when it is asked for the first time.

Needs Python 3.9 and PyTorch 1.13 or newer.
"""

import argparse
import json
import os
import platform
import re
import statistics
import sys
import time

# torch.set_num_threads does not reach a BLAS with threads of its own; the libraries read these when they are loaded.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"):
    os.environ[variable] = "1"

try:
    import torch
    from torch import nn
except ImportError:
    print(
        f"PyTorch is missing from {sys.executable}: pip install torch into a virtual environment and call its python;"
        " on Debian: apt-get install python3-torch libopenblas0.",
        file=sys.stderr,
    )
    sys.exit(2)

KINDS = ("step", "inference")

# Seconds of CPU time and repetitions that a case is run before it is timed, whichever lasts longer.
WARM_UP_SECONDS = 0.5
WARM_UP_REPEATS = 5

# Consecutive runs of a case in a turn: as in a round's local steps, its parameters stay in the caches.
TURN = 5


def linear(inputs, outputs, slope=None, mode="fan_in"):
    """A fully connected layer; where a slope is given, Kaiming-uniform weights for it."""
    layer = nn.Linear(inputs, outputs)
    if slope is not None:
        nn.init.kaiming_uniform_(layer.weight, a=slope, mode=mode)
    return layer


def conv2():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        linear(64 * 7 * 7, 2048, 0, "fan_out"),
        nn.ReLU(),
        linear(2048, 62, 0, "fan_out"),
    )


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        linear(16 * 5 * 5, 120),
        nn.ReLU(),
        linear(120, 84),
        nn.ReLU(),
        linear(84, 10),
    )


def mlp():
    return nn.Sequential(
        nn.Flatten(),
        linear(28 * 28, 300),
        nn.ReLU(),
        linear(300, 100),
        nn.ReLU(),
        linear(100, 10),
    )


def vgg11():
    layers = []
    channels = 3
    for width in (64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"):
        if width == "M":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
    return nn.Sequential(
        *layers,
        nn.Flatten(),
        linear(512, 512, 0),
        nn.ReLU(),
        linear(512, 512, 0),
        nn.ReLU(),
        linear(512, 10, 1.5, "fan_out"),
    )


# Name: how the network is built, the shape of an image, the number of classes, whether the loss is binary
# cross-entropy on one-hot targets (else softmax cross-entropy on labels), and the learning rate.
NETWORKS = {
    "conv2": (conv2, (1, 28, 28), 62, True, 0.05),
    "lenet5": (lenet5, (1, 28, 28), 10, False, 0.1),
    "mlp": (mlp, (1, 28, 28), 10, False, 0.1),
    "vgg11": (vgg11, (3, 32, 32), 10, True, 0.1),
}

# By what their paths have in them. libblas.so is a link to one of the others where one of them is installed.
BLAS_LIBRARIES = {
    "openblas": "OpenBLAS",
    "/blis": "BLIS",
    "libblis": "BLIS",
    "atlas": "ATLAS",
    "armpl": "ArmPL",
    "/libblas.so": "reference BLAS",
}


class Case:
    """One network at one batch size, trained or inferred with."""

    def __init__(self, kind, network, batch):
        build, shape, classes, binary, rate = NETWORKS[network]
        torch.manual_seed(0)
        self.kind = kind
        self.network = network
        self.batch = batch
        self.model = build()
        self.parameters = sum(p.numel() for p in self.model.parameters())
        self.images = torch.rand(batch, *shape)
        labels = torch.randint(classes, (batch,))
        self.targets = nn.functional.one_hot(labels, classes).float() if binary else labels
        self.loss = nn.BCEWithLogitsLoss() if binary else nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=rate)
        self.warm_up()

    def warm_up(self):
        spent = 0.0
        repeats = 0
        while spent < WARM_UP_SECONDS or repeats < WARM_UP_REPEATS:
            spent += self.seconds()
            repeats += 1

    def seconds(self):
        """CPU seconds of one step or one forward pass; of the process, so that no helping thread goes uncounted."""
        start = time.process_time()
        if self.kind == "step":
            self.optimizer.zero_grad()
            self.loss(self.model(self.images), self.targets).backward()
            self.optimizer.step()
        else:
            with torch.no_grad():
                self.model(self.images)
        return time.process_time() - start

    def result(self, seconds):
        return {
            "network": self.network,
            "batch": self.batch,
            "kind": self.kind,
            "parameters": self.parameters,
            "repeats": len(seconds),
            "medianMillis": statistics.median(seconds) * 1e3,
            "minMillis": min(seconds) * 1e3,
        }


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def blas_name():
    """The library of matrix products: of those that are loaded, or as PyTorch was built where that cannot be seen."""
    if torch.backends.mkl.is_available():
        return "MKL"
    try:
        with open("/proc/self/maps", encoding="utf-8") as lines:
            loaded = {line.split()[-1].lower() for line in lines if "/" in line}
    except OSError:
        built = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
        return built.group(1) if built else "unknown"
    for library, name in BLAS_LIBRARIES.items():
        if any(library in path for path in loaded):
            return name
    return "unknown"


def environment():
    return {
        "peer": "PyTorch",
        "torch": torch.__version__,
        "blas": blas_name(),
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        "cpu": cpu_name(),
        "networks": list(NETWORKS),
    }


def serve():
    """Answers requests, line by line, until the input ends."""
    cases = {}
    print(json.dumps(environment()), flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            kind, network, batch, repeats = parse_request(line)
            key = (kind, network, batch)
            if key not in cases:
                cases[key] = Case(*key)
            answer = cases[key].result([cases[key].seconds() for _ in range(repeats)])
        except ValueError as problem:
            answer = {"error": str(problem)}
        print(json.dumps(answer), flush=True)


def parse_request(line):
    words = line.split()
    if len(words) != 4:
        raise ValueError(f"A request is KIND NETWORK BATCH REPEATS, not '{line.strip()}'.")
    kind, network, batch, repeats = words
    if kind not in KINDS:
        raise ValueError(f"There is no kind '{kind}': choose one of {', '.join(KINDS)}.")
    if network not in NETWORKS:
        raise ValueError(f"There is no network '{network}': choose one of {', '.join(NETWORKS)}.")
    try:
        return kind, network, positive(batch), positive(repeats)
    except argparse.ArgumentTypeError as problem:
        raise ValueError(f"Batch and repeats of '{line.strip()}': {problem}.") from problem


def measure(networks, batch, repeats):
    """Times steps at one batch size and inference at batch 1 and that size; all cases in turns."""
    cases = []
    for network in networks:
        cases.append(Case("step", network, batch))
        cases += [Case("inference", network, size) for size in sorted({1, batch})]
    seconds = [[] for _ in cases]
    for repeat in range(repeats):
        for case, measured in zip(cases, seconds):
            measured += [case.seconds() for _ in range(TURN)]
        if sys.stderr.isatty():
            print(f"\rrepetition {repeat + 1} of {repeats}", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return [case.result(measured) for case, measured in zip(cases, seconds)]


def print_table(about, results):
    print(
        f"PyTorch {about['torch']} ({about['blas']}) on {about['cpu']}, {about['threads']} thread,"
        " median CPU milliseconds\n"
    )
    print(f"{'network':10} {'parameters':>12} {'kind':10} {'batch':>5} {'ms':>10}")
    for result in results:
        print(
            f"{result['network']:10} {result['parameters']:12,} {result['kind']:10} {result['batch']:5}"
            f" {result['medianMillis']:10.3f}"
        )


def positive(text):
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number from 1 on is needed, not '{text}'")
    return number


def network_names(text):
    names = text.split(",")
    for name in names:
        if name not in NETWORKS:
            raise argparse.ArgumentTypeError(f"there is no network '{name}': choose from {','.join(NETWORKS)}")
    return names


def main():
    parser = argparse.ArgumentParser(
        description="Times dense networks in PyTorch, one thread, CPU time, median of repetitions."
    )
    parser.add_argument(
        "--networks",
        type=network_names,
        default=list(NETWORKS),
        metavar="NAME,...",
        help=f"of {','.join(NETWORKS)} (default: all)",
    )
    parser.add_argument("--batch", type=positive, default=20, metavar="N", help="images of a step (default: 20)")
    parser.add_argument("--repeats", type=positive, default=31, metavar="N", help=f"of {TURN} runs each (default: 31)")
    parser.add_argument("--report", metavar="FILE", help="write the figures as JSON, too")
    parser.add_argument("--serve", action="store_true", help="answer requests on standard input; see the source")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    # A BLAS may be loaded by the first product only.
    torch.mm(torch.ones(8, 8), torch.ones(8, 8))
    about = environment()
    if about["blas"] == "reference BLAS":
        print(
            "PyTorch runs on the reference BLAS here, which is many times slower than an optimised one: the figures"
            " are no fair comparison (on Debian: apt-get install libopenblas0).",
            file=sys.stderr,
        )
    if arguments.serve:
        serve()
        return
    results = measure(arguments.networks, arguments.batch, arguments.repeats)
    print_table(about, results)
    if arguments.report:
        try:
            with open(arguments.report, "w", encoding="utf-8") as report:
                json.dump({**about, "results": results}, report, indent=2)
                report.write("\n")
        except OSError as problem:
            parser.exit(1, f"The report cannot be written to {arguments.report}: {problem.strerror}.\n")


if __name__ == "__main__":
    main()
