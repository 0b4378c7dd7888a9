package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.audit.Verification;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.CloseReason;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run in which nearly everything goes wrong that may go wrong: agents die, come back and join late, somebody lies, cheats and
 * writes in others' names, an aggregator is killed and another takes over, and the broker restarts. It reaches its last round,
 * and what is in the log can be proven.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class EventfulRunTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final int ROUNDS = 30;
  private static final int SHARD_VALUES = 10_000;

  /** Joins with a key of its own, and then submits nothing that can be used. */
  private static final String CHEAT = "cheat-7";

  /** Joins, submits before it is asked, and is silent when it is. */
  private static final String HASTY = "hasty-8";

  @TempDir private Path temporary;

  private Ring ring;
  private RunDefinition run;
  private TransactionalWriter writer;
  private int attempts;

  @BeforeEach
  void start() throws Exception {
    ring =
        new Ring(
            Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 300).toArray()),
            Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray()),
            temporary.resolve("state"),
            temporary.resolve("log"));
    run =
        ring.define(
            TestRuns.small("eventful", ROUNDS, new Participation(3, 2, 2000L, null))
                .setShardValues(SHARD_VALUES)
                .build());
    writer = new TransactionalWriter(ring.cluster(), "misdeeds", run.id());
  }

  @AfterEach
  void stop() {
    writer.close();
    ring.close();
  }

  @Test
  void theLogOfARunWithManyMishapsHolds() throws Exception {
    RunLog log;
    try (AggregatorProcess doomed = AggregatorProcess.start(ring.cluster(), temporary)) {
      ring.awaitAggregators(2);
      for (String agent : List.of("agent-0", "agent-1", "agent-2")) {
        ring.startAgent(run, agent);
      }
      ring.await(
          run, "agent-2 takes part", l -> l.hasClosed(1) && !l.roundsOf("agent-2").isEmpty());
      ring.stopAgent("agent-2");
      ring.await(run, "a round without agent-2", EventfulRunTest::hasLeftOutAgent2);
      ring.stopAgent("agent-1");
      log = ring.await(run, "a round with agent-0 alone", EventfulRunTest::waitsForAQuorum);
      misbehave(log);
      doomed.kill();
    }
    int lastBefore = log.closed().getLast().getRound();
    for (String agent : List.of("agent-1", "agent-2", "agent-9")) {
      ring.startAgent(run, agent);
    }
    ring.awaitAggregators(1);
    ring.await(run, "rounds of the aggregator that is left", l -> l.hasClosed(lastBefore + 3));
    assertThat(log.events(RunFinished.class)).isEmpty();
    ring.restartBroker(temporary.resolve("log"));
    ring.finish(run);

    Proof.holdsFor(log);
    assertThat(log.roundsOf("agent-2"))
        .anyMatch(round -> round < lastBefore)
        .anyMatch(round -> round > lastBefore);
    assertThat(log.roundsOf("agent-9")).isNotEmpty().allMatch(round -> round > lastBefore);
    assertThat(log.roundsOf(CHEAT)).isEmpty();
    assertThat(log.roundsOf(HASTY)).isEmpty();
    assertThat(log.events(AgentAccepted.class))
        .filteredOn(accepted -> accepted.getAgentId().equals("agent-0"))
        .extracting(AgentAccepted::getPublicKey)
        .containsOnly(Signatures.encode(ring.keys("agent-0").getPublic()));
    assertThat(ring.evidence(run).all(Topic.REJECTS))
        .extracting(record -> ((RejectedRecord) record.value()).getReason())
        .contains(RejectReason.UNTRUSTED_KEY, RejectReason.MALFORMED);
    List<UpdateRejected> rejections = log.events(UpdateRejected.class);
    assertThat(rejections)
        .filteredOn(rejected -> rejected.getAgentId().equals(CHEAT))
        .extracting(UpdateRejected::getReason)
        .contains(RejectReason.INCOMPLETE);
    Verification verification = ring.verified(run);
    assertThat(verification.rounds()).isEqualTo(ROUNDS);
    assertThat(verification.rejected()).isEqualTo(rejections.size());
    assertThat(verification.updates())
        .isEqualTo(log.closed().stream().mapToInt(c -> c.getContributors().size()).sum());
  }

  private static boolean hasLeftOutAgent2(RunLog log) {
    int last = log.roundsOf("agent-2").getLast();
    return log.closed().stream()
        .anyMatch(c -> c.getReason() == CloseReason.DEADLINE && c.getRound() > last);
  }

  /** With one agent there is no quorum: the round stays open until others are asked. */
  private static boolean waitsForAQuorum(RunLog log) {
    return log.open()
        .filter(open -> submission(log, "agent-0", open.getRound()).isPresent())
        .filter(open -> submission(log, "agent-1", open.getRound()).isEmpty())
        .isPresent();
  }

  private static Optional<UpdateSubmitted> submission(RunLog log, String agent, int round) {
    return log.submissions.stream()
        .filter(s -> s.getAgentId().equals(agent) && s.getRound() == round)
        .findFirst();
  }

  /** Everything that an agent must not do, in one round that is open; each is answered before the next. */
  private void misbehave(RunLog log) throws InterruptedException {
    RoundOpened open = log.open().orElseThrow();
    int round = open.getRound();
    expect(RejectReason.NOT_A_PARTICIPANT, update(log, HASTY, round).signed(key(HASTY)));
    join(HASTY, HASTY);
    join(CHEAT, CHEAT);
    ring.await(
        run,
        "others are asked",
        l ->
            l.open()
                .filter(o -> o.getParticipants().containsAll(List.of(CHEAT, HASTY)))
                .isPresent());

    expect(
        RejectReason.BAD_WEIGHT, update(log, CHEAT, round).weighing(1_000_000).signed(key(CHEAT)));
    expect(
        RejectReason.NON_FINITE, update(log, CHEAT, round).with(1, Float.NaN).signed(key(CHEAT)));
    expect(
        RejectReason.DIGEST_MISMATCH, update(log, CHEAT, round).signed(key(CHEAT)).with(2, 0.5f));
    expect(RejectReason.EARLY, update(log, CHEAT, round + 1).signed(key(CHEAT)));
    expect(RejectReason.LATE, update(log, CHEAT, round - 1).signed(key(CHEAT)));
    expect(RejectReason.BAD_SIGNATURE, update(log, CHEAT, round).signed(key(HASTY)));
    expect(
        RejectReason.MALFORMED,
        update(log, CHEAT, round).signed(key(CHEAT)).shardsUnder("another-run"));
    update(log, CHEAT, round)
        .signed(key(CHEAT))
        .submittedUnder(run.id() + "/" + CHEAT)
        .send(writer, ring.serdes(), shard -> true);

    join("agent-0", CHEAT);
    UpdateSubmitted honest = submission(log, "agent-0", round).orElseThrow();
    resend(honest);
    await(RejectReason.DUPLICATE, honest);
    UpdateSubmitted forged =
        UpdateSubmitted.newBuilder(honest)
            .setSignature(Signatures.sign(honest, key(CHEAT)))
            .build();
    resend(forged);
    await(RejectReason.BAD_SIGNATURE, forged);

    // The last one stays until the round closes without it.
    update(log, CHEAT, round)
        .signed(key(CHEAT))
        .send(writer, ring.serdes(), shard -> shard.getShard() != 1);
  }

  private PrivateKey key(String agent) {
    return ring.keys(agent).getPrivate();
  }

  private HandmadeUpdate update(RunLog log, String agent, int round) {
    RoundOpened open = log.open().orElseThrow();
    MaskPublished mask = log.masks.get(open.getMaskVersion());
    attempts++;
    return new HandmadeUpdate(
        run, RoundOpened.newBuilder(open).setRound(round).build(), mask, agent, attempts);
  }

  private void expect(RejectReason reason, HandmadeUpdate update) throws InterruptedException {
    update.send(writer, ring.serdes(), shard -> true);
    await(reason, update.submission());
  }

  private void await(RejectReason reason, UpdateSubmitted submission) throws InterruptedException {
    ring.await(
        run,
        reason + " for " + submission.getAgentId(),
        log ->
            log.events(UpdateRejected.class).stream()
                .anyMatch(
                    rejected ->
                        rejected.getReason() == reason
                            && rejected
                                .getSubmissionDigest()
                                .equals(ContentDigest.of(submission))));
  }

  private void resend(UpdateSubmitted submission) {
    writer.begin();
    writer.sendByRun(Topic.SUBMISSIONS, ring.serdes().submissions, run.id(), submission);
    writer.commit();
  }

  /** Joins under a name with somebody's key. */
  private void join(String agent, String owner) {
    writer.begin();
    writer.sendByRun(
        Topic.AGENTS,
        ring.serdes().agents,
        LogKeys.agent(run.id(), agent),
        AgentJoined.newBuilder()
            .setRunId(run.id())
            .setAgentId(agent)
            .setJoinedAt(Instant.EPOCH)
            .setSampleCount(10)
            .setMaxWeight(10)
            .setCostProfile(null)
            .setPublicKey(Signatures.encode(ring.keys(owner).getPublic()))
            .build());
    writer.commit();
  }
}
