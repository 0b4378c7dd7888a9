package io.coppice.console.definition;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A run definition file that is drawn at random, of which one line can be replaced. */
final class RandomFile {

  /** By path, such as training.batch; a path without a dot is a key at the top. */
  private final Map<String, String> values = new LinkedHashMap<>();

  private final Random random;

  private RandomFile(Random random) {
    this.random = random;
  }

  /** One that everybody takes. */
  static RandomFile valid(Random random) {
    RandomFile file = new RandomFile(random);
    file.draw();
    return file;
  }

  private void draw() {
    String policy = pick("none", "prunefl", "snip", "iterative", "fedtiny", "fedrts", "online");
    int rounds = between(60, 400);
    values.put("rounds", String.valueOf(rounds));
    maybe("run", pick("a", "run-1", "7"));
    maybe("seed", String.valueOf(random.nextLong() / 100));
    String network = pick("lenet5", "mlp", "conv2", "conv4", "dscnn");
    values.put("model.network", network);
    maybe("model.input", pick("[1, 28, 28]", "[3, 32, 32]"));
    maybe("model.classes", String.valueOf(between(2, 100)));
    maybe("model.loss", pick("softmax", "bce"));
    int expected = between(1, 40);
    values.put("agents.expected", String.valueOf(expected));
    int asked = expected;
    if (random.nextBoolean()) {
      asked = between(1, expected);
      values.put("agents.participants", String.valueOf(asked));
    }
    maybe("agents.quorum", String.valueOf(between(1, asked)));
    maybe("agents.deadline", pick("500ms", "60s", "5m", "1h", "2d"));
    maybe("agents.signatures", pick("required", "optional"));
    maybe("training.local-steps", String.valueOf(between(1, 20)));
    int batch = between(1, 64);
    values.put("training.batch", String.valueOf(batch));
    maybe("training.learning-rate", pick("0.1", "1e-3", ".5", "1"));
    maybe("training.learning-rate-decay", pick("0.99", "1", "1e-1"));
    values.put("pruning.policy", policy);
    int every = between(1, 19);
    values.put("pruning.reconfigure-every", String.valueOf(every));
    maybe("pruning.max-decrease", pick("0", "0.3", "0.99"));
    maybe("pruning.half-life", pick("1", "10000", "0.5"));
    maybe("pruning.regrow", pick("last-value", "zero"));
    maybe("pruning.importance", pick("every-round", "last-round"));
    drawDensities(policy);
    drawInitial(policy, batch);
    maybe("evaluation.every", String.valueOf(between(1, 20)));
    maybe("evaluation.mode", pick("central", "federated"));
    maybe("cost", policy.equals("none") ? "paper" : pick("paper", "measured", "measured:0.5"));
    maybe("encoding", pick("float32", "bfloat16", "{delta: float32, aggregate: bfloat16}"));
    maybe("checkpoint-every", String.valueOf(between(1, 100)));
    maybe("shard-values", String.valueOf(between(256, 4_000_000)));
  }

  private void drawDensities(String policy) {
    if (policy.equals("prunefl") && random.nextBoolean()) {
      values.put("pruning.max-density", "0." + between(50, 99));
      maybe("pruning.target-density", "0." + between(10, 49));
    }
    if (List.of("snip", "iterative", "fedtiny", "fedrts").contains(policy)) {
      values.put("pruning.density", "0." + between(10, 99));
    }
  }

  private void drawInitial(String policy, int batch) {
    if (!policy.equals("prunefl")) {
      maybe("pruning.initial", "false");
      return;
    }
    maybe(
        "pruning.initial",
        pick(
            "true",
            "false",
            "{}",
            "{samples: " + batch * between(1, 10) + ", max-rounds: 5, deadline: 1m}",
            "{evaluate-every: 1, decide-every: 2, start-accuracy: 0, stable-tolerance: 0.5}"));
  }

  private int between(int least, int most) {
    return random.nextInt(least, most + 1);
  }

  private String pick(String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  private void maybe(String path, String value) {
    if (random.nextBoolean()) {
      values.put(path, value);
    }
  }

  boolean has(String path) {
    return values.containsKey(path);
  }

  /** Gives a key another value; a key that is not there is added. */
  void set(String path, String value) {
    values.put(path, value);
  }

  private List<String> lines(Map<String, Integer> places) {
    List<String> lines = new ArrayList<>();
    Map<String, List<String>> groups = new LinkedHashMap<>();
    values.keySet().forEach(p -> groups.computeIfAbsent(group(p), g -> new ArrayList<>()).add(p));
    groups.forEach(
        (group, paths) -> {
          if (!group.isEmpty()) {
            lines.add(group + ":");
          }
          for (String path : paths) {
            String key = path.substring(path.indexOf('.') + 1);
            lines.add((group.isEmpty() ? "" : "  ") + key + ": " + values.get(path));
            places.put(path, lines.size());
          }
        });
    return lines;
  }

  private static String group(String path) {
    int dot = path.indexOf('.');
    return dot < 0 ? "" : path.substring(0, dot);
  }

  /** The line of a key, from 1. */
  int line(String path) {
    Map<String, Integer> places = new LinkedHashMap<>();
    lines(places);
    return places.get(path);
  }

  /** The file. */
  String text() {
    return String.join("\n", lines(new LinkedHashMap<>())) + "\n";
  }
}
