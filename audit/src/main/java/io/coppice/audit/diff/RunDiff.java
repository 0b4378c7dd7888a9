package io.coppice.audit.diff;

import io.coppice.audit.diff.DiffResult.ContributorsDifference;
import io.coppice.audit.diff.DiffResult.End;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.ShardKind;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;

/**
 * Finds the first round, shard and parameter in which two runs part. It takes each log at its word; whether a log keeps its word is
 * for the verification to say.
 *
 * <p>Of each run it holds one round at a time: its mask and its aggregates.
 */
public final class RunDiff {

  private final RunDefinition firstRun;
  private final RunDefinition secondRun;
  private final EvidenceSource firstLog;
  private final EvidenceSource secondLog;

  private ContributorsDifference contributors;
  private int equalRounds;

  /**
   * @param firstLog the log of the first run
   * @param secondLog the log of the second run, which may be the same one
   */
  public RunDiff(
      EvidenceSource firstLog,
      RunDefinition firstRun,
      EvidenceSource secondLog,
      RunDefinition secondRun) {
    this.firstLog = firstLog;
    this.firstRun = firstRun;
    this.secondLog = secondLog;
    this.secondRun = secondRun;
  }

  /**
   * Compares the runs.
   *
   * @param progress told of every round that is equal
   */
  public DiffResult compare(IntConsumer progress) {
    List<FieldDifference> definition = FieldDifference.between(firstRun.run(), secondRun.run());
    Optional<String> incomparable = incomparable();
    if (incomparable.isPresent()) {
      return new DiffResult(
          definition,
          incomparable,
          Optional.empty(),
          Optional.empty(),
          0,
          new End(firstRun.firstRound() - 1, Optional.empty()),
          new End(secondRun.firstRound() - 1, Optional.empty()));
    }
    try (RoundReader first = new RoundReader(firstLog, firstRun);
        RoundReader second = new RoundReader(secondLog, secondRun)) {
      Optional<Parting> parting = walk(first, second, progress);
      return new DiffResult(
          definition,
          Optional.empty(),
          Optional.ofNullable(contributors),
          parting,
          equalRounds,
          new End(first.last(), first.end()),
          new End(second.last(), second.end()));
    }
  }

  private Optional<String> incomparable() {
    if (!firstRun.layout().equals(secondRun.layout())) {
      return Optional.of("They train different networks.");
    }
    if (!firstRun.shards().equals(secondRun.shards())) {
      return Optional.of("Their models are cut into shards of different sizes.");
    }
    return firstRun.firstRound() == secondRun.firstRound()
        ? Optional.empty()
        : Optional.of("Only one of them begins with initial pruning.");
  }

  private Optional<Parting> walk(RoundReader first, RoundReader second, IntConsumer progress) {
    while (true) {
      Optional<Round> a = first.next();
      Optional<Round> b = second.next();
      if (a.isEmpty() || b.isEmpty()) {
        return Optional.empty();
      }
      noteContributors(a.get(), b.get());
      Optional<Parting> parting = compare(a.get(), b.get());
      if (parting.isPresent()) {
        return parting;
      }
      equalRounds++;
      progress.accept(a.get().number());
    }
  }

  private void noteContributors(Round a, Round b) {
    List<Contributor> first = a.closed().getContributors();
    List<Contributor> second = b.closed().getContributors();
    boolean same = first.size() == second.size();
    for (int i = 0; same && i < first.size(); i++) {
      same =
          first.get(i).getAgentId().equals(second.get(i).getAgentId())
              && first.get(i).getWeight() == second.get(i).getWeight();
    }
    if (!same && contributors == null) {
      contributors = new ContributorsDifference(a.number(), first, second);
    }
  }

  private Optional<Parting> compare(Round a, Round b) {
    if (!a.mask().equals(b.mask())) {
      return Optional.of(inMask(a, b));
    }
    return values(
            a.number(),
            ShardKind.DELTA,
            a.deltas(),
            b.deltas(),
            i -> Parameter.ofActive(a.mask(), i))
        .or(() -> uploads(a, b));
  }

  private Optional<Parting> uploads(Round a, Round b) {
    return a.uploads().length == b.uploads().length
        ? values(
            a.number(),
            ShardKind.IMPORTANCE,
            a.uploads(),
            b.uploads(),
            i -> Parameter.of(firstRun.layout(), i))
        : Optional.of(new Parting.InUpload(a.number(), a.uploads().length > 0));
  }

  private static Parting inMask(Round a, Round b) {
    Mask first = a.mask();
    Mask second = b.mask();
    for (int l = 0; ; l++) {
      BitSet differing = first.bits(l);
      differing.xor(second.bits(l));
      if (!differing.isEmpty()) {
        ParameterTensor weight = first.layout().prunable().get(l);
        int index = differing.nextSetBit(0);
        return new Parting.InMask(
            a.number(),
            a.closed().getMaskVersion(),
            b.closed().getMaskVersion(),
            Parameter.name(weight, index),
            weight.layer(),
            index,
            first.isActive(l, index));
      }
    }
  }

  private Optional<Parting> values(
      int round, ShardKind kind, float[][] first, float[][] second, IntFunction<String> parameter) {
    for (int s = 0; s < first.length; s++) {
      for (int i = 0; i < first[s].length; i++) {
        if (Float.floatToRawIntBits(first[s][i]) != Float.floatToRawIntBits(second[s][i])) {
          return Optional.of(
              new Parting.InAggregate(
                  round,
                  kind,
                  s,
                  i,
                  parameter.apply(firstRun.shards().from(s) + i),
                  first[s][i],
                  second[s][i]));
        }
      }
    }
    return Optional.empty();
  }
}
