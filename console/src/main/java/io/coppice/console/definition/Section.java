package io.coppice.console.definition;

import io.coppice.console.federation.Range;
import io.coppice.console.federation.RunChoices;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.DumperOptions.ScalarStyle;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A group of keys in a file. Whoever reads it asks for each key that it knows, and {@link #close} then tells of those that nobody
 * has asked for. What is wrong is noted, and the default handed out, so that everything that is wrong is told at once.
 *
 * <p>Scalars are read by their text and not by the type that YAML guesses: 1e-3 is a number here, and {@code yes} is none of true
 * and false.
 */
final class Section {

  private static final Pattern WHOLE = Pattern.compile("[-+]?\\d{1,18}");
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(\\d+(\\.\\d*)?|\\.\\d+)([eE][-+]?\\d+)?");

  private final String path;
  private final Place place;
  private final Problems problems;
  private final Map<String, NodeTuple> entries = new LinkedHashMap<>();
  private final Set<String> known = new LinkedHashSet<>();

  private Section(String path, Place place, Problems problems) {
    this.path = path;
    this.place = place;
    this.problems = problems;
  }

  /** The keys at the top of a file. */
  static Section root(Node node, Problems problems) {
    Section root = new Section("", Place.of(node), problems);
    root.take(node, "A run definition");
    return root;
  }

  private void take(Node node, String name) {
    if (!(node instanceof MappingNode mapping)) {
      problems.add(
          Place.of(node),
          name
              + " is a group of keys with their values, such as 'rounds: 100', not "
              + words(node)
              + ".");
      return;
    }
    for (NodeTuple entry : mapping.getValue()) {
      if (!(entry.getKeyNode() instanceof ScalarNode key)) {
        problems.add(
            Place.of(entry.getKeyNode()),
            "A key is a word, not " + words(entry.getKeyNode()) + ".");
        continue;
      }
      NodeTuple before = entries.putIfAbsent(key.getValue(), entry);
      if (before != null) {
        problems.add(
            Place.of(key),
            String.format(
                "%s%s is given in line %d already.",
                path, key.getValue(), Place.of(before.getKeyNode()).line()));
      }
    }
  }

  /** Where the group begins. */
  Place place() {
    return place;
  }

  boolean has(String key) {
    return entries.containsKey(key);
  }

  /** A group below this one; empty if the key is absent or has no value. */
  Section section(String key) {
    known.add(key);
    NodeTuple entry = entries.get(key);
    Section section =
        new Section(
            path + key + ".", entry == null ? place : Place.of(entry.getKeyNode()), problems);
    if (entry != null && !isNull(entry.getValueNode())) {
      section.take(entry.getValueNode(), path + key);
    }
    return section;
  }

  /** A group below this one in which every key is absent. */
  Section empty(String key) {
    return new Section(path + key + ".", valuePlace(key), problems);
  }

  /** Whether a key's value is a group of keys. */
  boolean isSection(String key) {
    return has(key) && entries.get(key).getValueNode() instanceof MappingNode;
  }

  /** Whether a key's value is a list. */
  boolean isList(String key) {
    return has(key) && entries.get(key).getValueNode() instanceof SequenceNode;
  }

  /** A whole number. */
  Value<Integer> integer(String key, Integer byDefault, Range range) {
    Value<Long> number = whole(key, byDefault == null ? null : (long) byDefault, range);
    if (number.value() == null || number.value() == number.value().intValue()) {
      return number.with(
          number.value() == null ? null : Integer.valueOf(number.value().intValue()));
    }
    problems.add(
        number.place(),
        path + key + " is at most " + Integer.MAX_VALUE + ", not " + number.value() + ".");
    return new Value<>(byDefault, number.place(), true, false);
  }

  /** A whole number of up to 18 digits. */
  Value<Long> whole(String key, Long byDefault, Range range) {
    return read(
        key,
        byDefault,
        "a whole number",
        text -> WHOLE.matcher(text).matches() ? Optional.of(Long.valueOf(text)) : Optional.empty(),
        range);
  }

  /** A number. */
  Value<Double> number(String key, Double byDefault, Range range) {
    return read(
        key,
        byDefault,
        "a number",
        text ->
            NUMBER.matcher(text).matches() ? Optional.of(Double.valueOf(text)) : Optional.empty(),
        range);
  }

  private <N extends Number> Value<N> read(
      String key, N byDefault, String kind, Function<String, Optional<N>> parse, Range range) {
    Optional<ScalarNode> found = scalar(key, kind);
    if (found.isEmpty()) {
      return absent(key, byDefault);
    }
    ScalarNode node = found.get();
    Optional<N> number = isPlain(node) ? parse.apply(node.getValue()) : Optional.empty();
    if (number.isEmpty()) {
      return wrong(key, byDefault, path + key + " is " + kind + ", not " + words(node) + ".");
    }
    return range.contains().test(number.get().doubleValue())
        ? new Value<>(number.get(), Place.of(node), true, true)
        : wrong(key, byDefault, range.sentence(path + key, node.getValue()));
  }

  /** One of some words. */
  <V> Value<V> choice(String key, String byDefault, Map<String, V> choices) {
    Value<String> word =
        text(
            key,
            byDefault,
            "one of " + String.join(", ", choices.keySet().stream().sorted().toList()));
    V chosen = choices.get(word.value());
    return chosen == null
        ? wrong(key, choices.get(byDefault), RunChoices.sentence(path + key, word.value(), choices))
        : word.with(chosen);
  }

  /** A text; not an empty one. */
  Value<String> text(String key, String byDefault) {
    return text(key, byDefault, "a text");
  }

  private Value<String> text(String key, String byDefault, String kind) {
    Optional<ScalarNode> found = scalar(key, kind);
    if (found.isEmpty()) {
      return absent(key, byDefault);
    }
    String text = found.get().getValue().strip();
    return text.isEmpty()
        ? wrong(key, byDefault, path + key + " is an empty text: leave the key out.")
        : new Value<>(text, Place.of(found.get()), true, true);
  }

  /** True or false. */
  Value<Boolean> flag(String key, boolean byDefault, String kind) {
    Optional<ScalarNode> found = scalar(key, kind);
    if (found.isEmpty()) {
      return absent(key, byDefault);
    }
    ScalarNode node = found.get();
    if (isPlain(node) && (node.getValue().equals("true") || node.getValue().equals("false"))) {
      return new Value<>(node.getValue().equals("true"), Place.of(node), true, true);
    }
    return wrong(key, byDefault, path + key + " is " + kind + ", not " + words(node) + ".");
  }

  /** A duration in milliseconds. */
  Value<Long> duration(String key, long byDefault) {
    String kind =
        "a duration of at most "
            + Durations.format(Durations.MOST_MILLIS)
            + " such as 60s, 5m or 1h";
    Optional<ScalarNode> found = scalar(key, kind);
    if (found.isEmpty()) {
      return absent(key, byDefault);
    }
    ScalarNode node = found.get();
    return Durations.parse(node.getValue())
        .map(millis -> new Value<>(millis, Place.of(node), true, true))
        .orElseGet(
            () -> wrong(key, byDefault, path + key + " is " + kind + ", not " + words(node) + "."));
  }

  /** The texts of a list, each with its place. */
  List<Value<String>> texts(String key, String kind) {
    known.add(key);
    List<Value<String>> texts = new ArrayList<>();
    Node node = entries.get(key).getValueNode();
    if (!(node instanceof SequenceNode list)) {
      problems.add(Place.of(node), path + key + " is " + kind + ", not " + words(node) + ".");
      return texts;
    }
    for (Node item : list.getValue()) {
      if (item instanceof ScalarNode scalar && !isNull(scalar)) {
        texts.add(new Value<>(scalar.getValue().strip(), Place.of(scalar), true, true));
      } else {
        problems.add(Place.of(item), path + key + " is " + kind + ", not of " + words(item) + ".");
      }
    }
    return texts;
  }

  /** Notes what is wrong with a key, and hands out the default. */
  <V> Value<V> wrong(String key, V byDefault, String sentence) {
    Place where = valuePlace(key);
    problems.add(where, sentence);
    return new Value<>(byDefault, where, true, false);
  }

  /** Where the value of a key is; where the key is absent the place of the group. */
  Place valuePlace(String key) {
    NodeTuple entry = entries.get(key);
    return entry == null ? place : Place.of(entry.getValueNode());
  }

  private <V> Value<V> absent(String key, V byDefault) {
    return new Value<>(byDefault, valuePlace(key), has(key), !has(key));
  }

  /** A key's scalar; empty if the key is absent or, which is noted, has something else. */
  private Optional<ScalarNode> scalar(String key, String kind) {
    known.add(key);
    NodeTuple entry = entries.get(key);
    if (entry == null) {
      return Optional.empty();
    }
    if (isNull(entry.getValueNode())) {
      problems.add(
          Place.of(entry.getKeyNode()),
          path + key + " has no value: it is " + kind + ", or left out.");
      return Optional.empty();
    }
    if (entry.getValueNode() instanceof ScalarNode scalar) {
      return Optional.of(scalar);
    }
    wrong(key, null, path + key + " is " + kind + ", not " + words(entry.getValueNode()) + ".");
    return Optional.empty();
  }

  /** Notes the keys that nobody has asked for. */
  void close() {
    for (Map.Entry<String, NodeTuple> entry : entries.entrySet()) {
      if (!known.contains(entry.getKey())) {
        problems.add(
            Place.of(entry.getValue().getKeyNode()),
            String.format(
                "There is no key '%s'%s: %s",
                entry.getKey(),
                path.isEmpty() ? "" : " in " + path.substring(0, path.length() - 1),
                NearMiss.of(entry.getKey(), known)
                    .map(meant -> "did you mean '" + meant + "'?")
                    .orElse("known are " + String.join(", ", known) + ".")));
      }
    }
  }

  private static boolean isPlain(ScalarNode node) {
    return node.getScalarStyle() == ScalarStyle.PLAIN;
  }

  private static boolean isNull(Node node) {
    return node.getTag().equals(Tag.NULL);
  }

  /** A node in a sentence. */
  private static String words(Node node) {
    return switch (node) {
      case MappingNode mapping -> "a group of keys";
      case SequenceNode list -> "a list";
      case ScalarNode scalar when isNull(scalar) -> "nothing";
      case ScalarNode scalar when isPlain(scalar) -> scalar.getValue();
      case ScalarNode scalar -> "the text '" + scalar.getValue() + "'";
      default -> "something else";
    };
  }
}
