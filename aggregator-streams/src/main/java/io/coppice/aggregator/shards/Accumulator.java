package io.coppice.aggregator.shards;

import io.coppice.learning.aggregation.WeightedSum;
import io.coppice.schemas.ShardKind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A sum on the heap, and the offsets that are in it. The values come in the order of the offsets. */
final class Accumulator {

  private final ShardKind kind;
  private final WeightedSum sum;
  private final List<Long> offsets = new ArrayList<>();
  private final Set<String> agents = new HashSet<>();

  Accumulator(ShardKind kind, int values) {
    this.kind = kind;
    this.sum = new WeightedSum(values);
  }

  int size() {
    return sum.size();
  }

  /** Whether a summand of this agent is in the sum. */
  boolean has(String agentId) {
    return agents.contains(agentId);
  }

  /** Whether exactly these summands, in this order, are in the sum. */
  boolean holdsExactly(List<Summand> summands) {
    return offsets.equals(summands.stream().map(Summand::offset).toList());
  }

  /**
   * Adds a summand: a delta by its weight, importance as it is.
   *
   * @param values the first {@link #size} belong to it
   */
  void add(Summand summand, float[] values) {
    sum.add(values, kind == ShardKind.DELTA ? summand.reference().getWeight() : 1);
    offsets.add(summand.offset());
    agents.add(summand.reference().getAgentId());
  }

  /** The weighted mean of deltas, or the sum of importance; each value is rounded once to float. */
  float[] result(long totalWeight) {
    return sum.dividedBy(kind == ShardKind.DELTA ? totalWeight : 1);
  }
}
