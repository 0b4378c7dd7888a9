package io.coppice.aggregator;

import static io.coppice.aggregator.Ring.DEADLINE;
import static io.coppice.aggregator.Ring.PARAMETERS;
import static io.coppice.aggregator.Ring.RUN;
import static io.coppice.aggregator.Ring.mask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.DecisionUpload;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateRejected;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a closed round and the end of a run commit to. */
class LedgerChainTest {

  private static final float[] NONE = {};

  @TempDir Path directory;
  private final List<LedgerEntry> ledger = new ArrayList<>();
  private final List<AggregateShard> aggregates = new ArrayList<>();
  private final Map<Integer, ByteBuffer> masks = new HashMap<>();
  private Ring ring;
  private int currentRound;

  @BeforeEach
  void open() {
    ring = new Ring(directory);
  }

  @AfterEach
  void close() {
    ring.close();
  }

  @Test
  void everyEntryIsChainedIntoTheNextClosedRoundAndTheSealEndsTheChain() throws Exception {
    TrainingRun run = Ring.run(RUN);
    run.getParticipation().setParticipants(2);
    start(run);
    // Round 0: two rejections, a second opening, an update that stays incomplete.
    List<String> drawn = opened().getParticipants();
    String other = Stream.of("a", "b", "c").filter(a -> !drawn.contains(a)).findAny().get();
    submit(0, 41, drawn.getFirst());
    ring.submit(
        new TestUpdate(RUN, drawn.getLast(), Signatures.newKeyPair(), 0, 0, 20, values(1), NONE));
    ring.pass(DEADLINE + 1000);
    assertThat(opened().getParticipants()).hasSize(3);
    ring.sendSubmission(ring.update(RUN, drawn.getLast(), 0, 20, values(2)));
    submit(0, 20, drawn.getFirst(), other);
    ring.pass(DEADLINE + 1000);
    // Rounds 1 and 2 without anything between them but their opening, and a return.
    submit(1, 20, opened().getParticipants().toArray(String[]::new));
    ring.join(RUN, "a", "d");
    submit(2, 20, opened().getParticipants().toArray(String[]::new));
    read();

    assertThat(ledger)
        .extracting(LedgerEntry::getEvent)
        .filteredOn(UpdateRejected.class::isInstance)
        .extracting(e -> ((UpdateRejected) e).getReason())
        .containsExactly(
            RejectReason.BAD_WEIGHT, RejectReason.BAD_SIGNATURE, RejectReason.INCOMPLETE);
    assertThat(ledger)
        .extracting(e -> (Object) e.getEvent().getClass())
        .containsExactly(
            RunAccepted.class,
            AgentAccepted.class,
            AgentAccepted.class,
            AgentAccepted.class,
            RoundOpened.class,
            UpdateRejected.class,
            UpdateRejected.class,
            RoundOpened.class,
            UpdateRejected.class,
            RoundClosed.class,
            RoundOpened.class,
            RoundClosed.class,
            RoundOpened.class,
            AgentAccepted.class,
            AgentAccepted.class,
            RoundClosed.class,
            RunFinished.class);
    assertChain();
    RunFinished seal = (RunFinished) ledger.getLast().getEvent();
    assertThat(seal.getRounds()).isEqualTo(3);
    assertThat(seal.getEventsDigest().remaining()).as("nothing came after the last round").isZero();
    assertThat(seal.getAggregatesDigest().remaining()).isEqualTo(ContentDigest.BYTES);
    assertThat(ring.rejects()).isEmpty();
  }

  @Test
  void masksAndSummedImportanceAreCommittedTo() throws Exception {
    TrainingRun run = Ring.run(RUN);
    run.getPruning().setPolicy("any");
    run.getPruning().setDecisions(new DecisionSchedule(0, 2, 2, DecisionUpload.IMPORTANCE));
    run.setInitialPruning(Ring.initialPruning());
    start(run);
    // a stays silent, so b prunes: of round -1 there are two openings and one close.
    ring.pass(2 * DEADLINE + 1000);
    ring.submit(ring.update(RUN, "b", -1, 30, values(1)).proposing(Ring.layer(6)));
    publish(mask(RUN, 1, 0, 6));
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(ring.update(RUN, agent, 0, 1, 20, values(2, 8), values(3)));
    }
    publish(mask(RUN, 2, 1, 5));
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(ring.update(RUN, agent, 1, 2, 20, values(2, 7), NONE));
    }
    for (String agent : List.of("a", "b", "c")) {
      ring.submit(ring.update(RUN, agent, 2, 2, 20, values(2, 7), values(3)));
    }
    read();
    assertThat(closed())
        .extracting(RoundClosed::getRound, RoundClosed::getMaskVersion)
        .containsExactly(tuple(-1, 0), tuple(0, 1), tuple(1, 2), tuple(2, 2));
    assertChain();
    assertThat(closed().getFirst().getAggregatesDigest().remaining()).isZero();
  }

  @Test
  void afterTheSealSubmissionsAreStillRejected() {
    start(Ring.run(RUN));
    for (int round = 0; round < 3; round++) {
      submit(round, 20, "a", "b", "c");
    }
    ring.ledger();
    submit(2, 20, "a");
    assertThat(ring.events(UpdateRejected.class))
        .extracting(UpdateRejected::getReason)
        .containsExactly(RejectReason.LATE);
    ring.pass(DEADLINE + 1000);
    assertThat(ring.ledger()).isEmpty();
  }

  /** Runs in which the agents do all sorts of things at random. */
  @Test
  void whatWasSubmittedBeforeARoundClosesHasAVerdictByThen() throws Exception {
    int closes = 0;
    for (int seed = 0; seed < 15; seed++) {
      String runId = "run-" + seed;
      Random random = new Random(seed);
      TrainingRun run = Ring.run(runId);
      run.setRounds(6);
      start(run);
      Set<ByteBuffer> open = new HashSet<>();
      for (int step = 0; step < 60; step++) {
        TestUpdate submitted = step(runId, random);
        List<LedgerEntry> entries =
            ring.ledger().stream().filter(e -> e.getRunId().equals(runId)).toList();
        for (LedgerEntry entry : entries) {
          switch (entry.getEvent()) {
            case UpdateRejected rejected -> open.remove(rejected.getSubmissionDigest());
            case RoundClosed closed -> {
              for (Contributor contributor : closed.getContributors()) {
                open.remove(contributor.getSubmissionDigest());
              }
              assertThat(open).as("seed %d, step %d", seed, step).isEmpty();
              closes++;
            }
            case RoundOpened opened -> currentRound = opened.getRound();
            default -> {}
          }
        }
        if (submitted != null && !hasVerdict(entries, submitted.digest())) {
          open.add(submitted.digest());
        }
        ledger.addAll(entries);
      }
      ring.aggregates().stream().filter(a -> a.getRunId().equals(runId)).forEach(aggregates::add);
      assertChain();
      ledger.clear();
      aggregates.clear();
    }
    assertThat(closes).isGreaterThan(40);
  }

  /** Does something; returns the submission that was sent, if one was. */
  private TestUpdate step(String runId, Random random) {
    if (random.nextInt(10) == 0) {
      ring.pass(DEADLINE / 2);
      return null;
    }
    String agent = List.of("a", "b", "c").get(random.nextInt(3));
    int round = currentRound + random.nextInt(12) / 11;
    TestUpdate update =
        ring.update(
            runId, agent, round, random.nextInt(8) == 0 ? 41 : 20, values(random.nextInt()));
    if (random.nextInt(16) == 0) {
      ring.sendShard(update.shards.getFirst());
    } else {
      ring.sendShards(update);
    }
    ring.sendSubmission(update);
    return update;
  }

  private static boolean hasVerdict(List<LedgerEntry> entries, ByteBuffer submission) {
    return entries.stream()
        .anyMatch(
            entry ->
                switch (entry.getEvent()) {
                  case UpdateRejected rejected -> rejected.getSubmissionDigest().equals(submission);
                  case RoundClosed closed ->
                      closed.getContributors().stream()
                          .anyMatch(c -> c.getSubmissionDigest().equals(submission));
                  default -> false;
                });
  }

  // The chain, computed by what docs/log-format.md says and nothing else

  private void assertChain() throws Exception {
    ByteBuffer previous = ByteBuffer.allocate(0);
    byte[] events = {};
    int last = Integer.MIN_VALUE;
    for (LedgerEntry entry : ledger) {
      switch (entry.getEvent()) {
        case RoundClosed closed -> {
          assertThat(events).as("a closed round was opened").isNotEmpty();
          assertThat(closed.getEventsDigest()).isEqualTo(ByteBuffer.wrap(events));
          assertThat(closed.getPreviousDigest()).isEqualTo(previous);
          assertThat(closed.getMaskDigest()).isEqualTo(masks.get(closed.getMaskVersion()));
          assertThat(closed.getAggregatesDigest()).isEqualTo(aggregatesOf(last));
          assertThat(closed.getDigest()).isEqualTo(ContentDigest.of(entry.getRunId(), closed));
          previous = closed.getDigest();
          last = closed.getRound();
          events = new byte[0];
        }
        case RunFinished finished -> {
          assertThat(finished.getEventsDigest()).isEqualTo(ByteBuffer.wrap(events));
          assertThat(finished.getPreviousDigest()).isEqualTo(previous);
          assertThat(finished.getAggregatesDigest()).isEqualTo(aggregatesOf(last));
          assertThat(finished.getDigest()).isEqualTo(ContentDigest.of(entry.getRunId(), finished));
        }
        default -> {
          MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
          sha256.update(events);
          sha256.update(ContentDigest.of(entry));
          events = sha256.digest();
        }
      }
    }
  }

  private ByteBuffer aggregatesOf(int round) throws Exception {
    List<AggregateShard> shards =
        aggregates.stream()
            .filter(shard -> shard.getRound() == round)
            .sorted(
                Comparator.comparing((AggregateShard shard) -> shard.getKind().name())
                    .thenComparingInt(AggregateShard::getShard))
            .toList();
    if (shards.isEmpty()) {
      return ByteBuffer.allocate(0);
    }
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    shards.forEach(shard -> sha256.update(shard.getDigest().duplicate()));
    return ByteBuffer.wrap(sha256.digest());
  }

  // Helpers

  private void start(TrainingRun run) {
    currentRound = 0;
    ring.define(run);
    publish(mask(run.getRunId(), 0, 0, 8));
    ring.join(run.getRunId(), "a", "b", "c");
  }

  private void publish(MaskPublished mask) {
    masks.put(mask.getVersion(), mask.getDigest());
    ring.publish(mask);
  }

  private void submit(int round, long weight, String... agents) {
    for (String agent : agents) {
      ring.submit(ring.update(RUN, agent, round, weight, values(agent.hashCode())));
    }
  }

  private void read() {
    ledger.addAll(ring.ledger());
    aggregates.addAll(ring.aggregates());
    aggregates.addAll(ring.importance());
  }

  /** The round that was opened last. */
  private RoundOpened opened() {
    read();
    return (RoundOpened)
        ledger.stream()
            .map(LedgerEntry::getEvent)
            .filter(RoundOpened.class::isInstance)
            .reduce((former, latter) -> latter)
            .orElseThrow();
  }

  private List<RoundClosed> closed() {
    return ledger.stream()
        .map(LedgerEntry::getEvent)
        .filter(RoundClosed.class::isInstance)
        .map(RoundClosed.class::cast)
        .toList();
  }

  private static float[] values(long seed) {
    return values(seed, PARAMETERS);
  }

  private static float[] values(long seed, int count) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextFloat() - 0.5f;
    }
    return values;
  }
}
