package io.coppice.console.diff;

import io.coppice.audit.diff.DiffResult;
import io.coppice.audit.diff.DiffResult.ContributorsDifference;
import io.coppice.audit.diff.DiffResult.End;
import io.coppice.audit.diff.FieldDifference;
import io.coppice.audit.diff.Parting;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.ShardKind;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** What a comparison of two runs has found, in words. */
public final class DiffText {

  private final String first;
  private final String second;
  private final PrintWriter out;

  private DiffText(String first, String second, PrintWriter out) {
    this.first = first;
    this.second = second;
    this.out = out;
  }

  /**
   * Prints a result.
   *
   * @param first what the first run is called
   * @param second what the second run is called
   */
  public static void print(String first, String second, DiffResult result, PrintWriter out) {
    new DiffText(first, second, out).print(result);
  }

  private void print(DiffResult result) {
    out.printf("1: run %s%n2: run %s%n%n", first, second);
    definition(result.definition());
    if (result.incomparable().isPresent()) {
      out.printf("They cannot be compared: %s%n", decapitalised(result.incomparable().get()));
      return;
    }
    result.contributors().ifPresent(this::contributors);
    if (result.parting().isPresent()) {
      parting(result.parting().get(), result.equalRounds());
    } else {
      equal(result);
    }
  }

  private static String decapitalised(String sentence) {
    return sentence.substring(0, 1).toLowerCase(Locale.ROOT) + sentence.substring(1);
  }

  private void definition(List<FieldDifference> fields) {
    if (fields.isEmpty()) {
      out.println("Their definitions are the same.");
      return;
    }
    out.println("Their definitions differ:");
    for (FieldDifference field : fields) {
      out.printf("  %s: %s and %s%n", field.field(), field.first(), field.second());
    }
  }

  private void contributors(ContributorsDifference difference) {
    out.printf("Contributors differ from round %d on:%n", difference.round());
    out.printf("  1: %s%n", names(difference.first()));
    out.printf("  2: %s%n", names(difference.second()));
  }

  private static String names(List<Contributor> contributors) {
    return contributors.stream()
        .map(c -> c.getAgentId() + " (" + c.getWeight() + ")")
        .collect(Collectors.joining(", "));
  }

  private void parting(Parting parting, int equalRounds) {
    out.printf(
        "They part in round %d, after %d equal %s.%n",
        parting.round(), equalRounds, equalRounds == 1 ? "round" : "rounds");
    switch (parting) {
      case Parting.InMask mask ->
          out.printf(
              "  masks (%d and %d): %s, weight %d of layer %s, is active in %s only%n",
              mask.firstVersion(),
              mask.secondVersion(),
              mask.parameter(),
              mask.index(),
              mask.layer(),
              mask.activeInFirst() ? "1" : "2");
      case Parting.InAggregate value -> {
        out.printf(
            "  %s, shard %d, value %d: %s%n",
            value.kind() == ShardKind.DELTA ? "aggregates" : "importance",
            value.shard(),
            value.index(),
            value.parameter());
        out.printf("  1: %s (%s)%n", value.first(), hex(value.first()));
        out.printf("  2: %s (%s)%n", value.second(), hex(value.second()));
      }
      case Parting.InUpload upload ->
          out.printf(
              "  only %s has asked its agents for importance%n", upload.inFirst() ? "1" : "2");
    }
  }

  /** The bits of a number, such as {@code 0x3f800000}. */
  static String hex(float value) {
    return String.format(Locale.ROOT, "0x%08x", Float.floatToRawIntBits(value));
  }

  private void equal(DiffResult result) {
    out.printf(
        "Masks and aggregates of %d %s are the same, bit for bit.%n",
        result.equalRounds(), result.equalRounds() == 1 ? "round" : "rounds");
    end("1", result.firstEnd());
    end("2", result.secondEnd());
  }

  private void end(String name, End end) {
    out.printf(
        "  %s %s%n",
        name,
        end.why().map(why -> "ends with round " + end.round() + ": " + why).orElse("goes on"));
  }
}
