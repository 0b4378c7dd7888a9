package io.coppice.console.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.console.faults.LogCopy.At;
import io.coppice.console.faults.LogCopy.Place;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contribution;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Counts a finished run once more from the log: every round is closed once, every submission has its one verdict, and every aggregate
 * is the weighted mean of exactly the admitted updates, bit for bit. Written with nothing of the product but the records.
 */
final class Recount {

  private final LogCopy log;
  private final Map<Integer, RoundClosed> closed = new TreeMap<>();
  private final Map<ByteBuffer, At<UpdateSubmitted>> submissions = new HashMap<>();
  private final Map<Place, UpdateShard> updates = new HashMap<>();

  private Recount(LogCopy log) {
    this.log = log;
    log.submissions().forEach(at -> submissions.put(ContentDigest.of(at.value()), at));
    log.updates().forEach(at -> updates.put(at.place(), at.value()));
  }

  /** Fails if anything of the run is lost, is there twice or is not what follows from the updates. */
  static void holdsFor(LogCopy log, RunDefinition run) {
    Recount recount = new Recount(log);
    recount.everyRoundIsClosedOnce(run);
    recount.everySubmissionHasOneVerdict();
    recount.everyAggregateIsTheMeanOfItsContributors();
  }

  private void everyRoundIsClosedOnce(RunDefinition run) {
    log.closed().forEach(round -> closed.put(round.getRound(), round));
    assertThat(log.closed())
        .extracting(RoundClosed::getRound)
        .containsExactlyElementsOf(
            IntStream.rangeClosed(run.firstRound(), run.lastRound()).boxed().toList());
  }

  /** Nothing admitted is lost, nothing counts twice, and nothing is passed over in silence. */
  private void everySubmissionHasOneVerdict() {
    Set<ByteBuffer> counted = new HashSet<>();
    for (RoundClosed round : closed.values()) {
      Set<String> agents = new HashSet<>();
      for (Contributor contributor : round.getContributors()) {
        UpdateSubmitted submission = submissions.get(contributor.getSubmissionDigest()).value();
        assertThat(submission.getRound()).isEqualTo(round.getRound());
        assertThat(submission.getAgentId()).isEqualTo(contributor.getAgentId());
        assertThat(submission.getWeight()).isEqualTo(contributor.getWeight());
        assertThat(agents.add(contributor.getAgentId())).isTrue();
        assertThat(counted.add(contributor.getSubmissionDigest())).isTrue();
      }
    }
    assertThat(withoutVerdict(log)).isEmpty();
  }

  /** Submissions that the ledger neither counts nor refuses; in the end there is none. */
  static List<UpdateSubmitted> withoutVerdict(LogCopy log) {
    Set<ByteBuffer> known = new HashSet<>();
    log.closed()
        .forEach(round -> round.getContributors().forEach(c -> known.add(c.getSubmissionDigest())));
    log.events(UpdateRejected.class).forEach(r -> known.add(r.getSubmissionDigest()));
    List<UpdateSubmitted> unknown = new ArrayList<>();
    for (At<UpdateSubmitted> at : log.submissions()) {
      if (!known.contains(ContentDigest.of(at.value()))) {
        unknown.add(at.value());
      }
    }
    return unknown;
  }

  private void everyAggregateIsTheMeanOfItsContributors() {
    Map<Integer, List<At<AggregateShard>>> byRound =
        log.aggregates().stream().collect(Collectors.groupingBy(at -> at.value().getRound()));
    assertThat(byRound.keySet()).isEqualTo(closed.keySet());
    byRound.forEach(
        (round, shards) -> {
          RoundClosed ledger = closed.get(round);
          assertThat(shards)
              .extracting(at -> at.value().getKind() + "-" + at.value().getShard())
              .doesNotHaveDuplicates()
              .hasSize(ledger.getDeltaShards() + ledger.getImportanceShards());
          shards.forEach(shard -> isTheMean(shard, ledger));
        });
  }

  private void isTheMean(At<AggregateShard> at, RoundClosed round) {
    AggregateShard aggregate = at.value();
    Map<String, Contributor> contributors =
        round.getContributors().stream().collect(Collectors.toMap(Contributor::getAgentId, c -> c));
    assertThat(aggregate.getContributions())
        .isSortedAccordingTo(Comparator.comparingLong(Contribution::getOffset))
        .extracting(Contribution::getAgentId)
        .containsExactlyInAnyOrderElementsOf(contributors.keySet());
    boolean delta = aggregate.getKind() == ShardKind.DELTA;
    double[] sum = new double[aggregate.getValueCount()];
    long total = 0;
    for (Contribution contribution : aggregate.getContributions()) {
      UpdateShard update =
          updates.get(new Place(Topic.UPDATES, at.partition(), contribution.getOffset()));
      Contributor contributor = contributors.get(contribution.getAgentId());
      assertThat(update.getSubmission()).isEqualTo(contributor.getSubmissionDigest());
      assertThat(update.getKind()).isEqualTo(aggregate.getKind());
      assertThat(update.getShard()).isEqualTo(aggregate.getShard());
      float[] values = decoded(update);
      double weight = delta ? contributor.getWeight() : 1;
      for (int i = 0; i < sum.length; i++) {
        sum[i] += weight * values[i];
      }
      total += contributor.getWeight();
    }
    assertThat(aggregate.getTotalWeight()).isEqualTo(total);
    assertThat(aggregate.getEncoding()).isEqualTo(TensorEncoding.FLOAT32);
    ByteBuffer mean = ByteBuffer.allocate(sum.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (double value : sum) {
      mean.putFloat((float) (value / (delta ? total : 1)));
    }
    assertThat(aggregate.getValues()).isEqualTo(mean.flip());
  }

  private static float[] decoded(UpdateShard update) {
    assertThat(update.getEncoding()).isEqualTo(TensorEncoding.FLOAT32);
    float[] values = new float[update.getValueCount()];
    update.getValues().duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }
}
