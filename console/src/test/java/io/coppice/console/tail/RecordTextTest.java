package io.coppice.console.tail;

import static io.coppice.console.tail.SampleRecords.RUN;
import static io.coppice.console.tail.SampleRecords.TIME;
import static io.coppice.console.tail.SampleRecords.aggregate;
import static io.coppice.console.tail.SampleRecords.closed;
import static io.coppice.console.tail.SampleRecords.contributor;
import static io.coppice.console.tail.SampleRecords.digest;
import static io.coppice.console.tail.SampleRecords.floats;
import static io.coppice.console.tail.SampleRecords.ledger;
import static io.coppice.console.tail.SampleRecords.mask;
import static io.coppice.console.tail.SampleRecords.opened;
import static io.coppice.console.tail.SampleRecords.submission;
import static io.coppice.console.tail.SampleRecords.update;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AgentRound;
import io.coppice.schemas.Architecture;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.CostCoefficients;
import io.coppice.schemas.CostProfile;
import io.coppice.schemas.Encodings;
import io.coppice.schemas.Evaluation;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LocalTraining;
import io.coppice.schemas.Loss;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.Participation;
import io.coppice.schemas.PolicyFigure;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.Regrow;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunAction;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.StartMask;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Tick;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.avro.generic.IndexedRecord;
import org.junit.jupiter.api.Test;

/** What each type of record says. */
class RecordTextTest {

  private static void assertText(IndexedRecord record, String name, String text) {
    assertThat(RecordText.name(record)).isEqualTo(name);
    assertThat(RecordText.of(record)).isEqualTo(text);
  }

  private static MetricEntry metric(Object event) {
    return MetricEntry.newBuilder().setRunId(RUN).setEvent(event).build();
  }

  @Test
  void commandsAndWhatWasDone() {
    assertText(
        new RunCommand(RUN, RunAction.STOP, "the lab\nmoves", "ann@desk", TIME),
        "RunCommand",
        "STOP, by ann@desk: the lab\\u000amoves");
    assertText(new RunCommand(RUN, RunAction.RESUME, "", "", TIME), "RunCommand", "RESUME");
    assertText(
        ledger(new RunStopped(7, "the lab moves", "ann@desk", TIME)),
        "RunStopped",
        "round 7, by ann@desk: the lab moves");
    assertText(
        ledger(new RunResumed(7, "", "bob@desk", TIME)), "RunResumed", "round 7, by bob@desk");
  }

  @Test
  void aRunByItsDefinition() {
    TrainingRun run =
        TrainingRun.newBuilder()
            .setRunId(RUN)
            .setCreatedAt(TIME)
            .setSeed(42)
            .setArchitecture(new Architecture("conv2", List.of(1, 28, 28), 62))
            .setLoss(Loss.BCE_WITH_LOGITS)
            .setTraining(new LocalTraining(5, 20, 0.25, 1.0))
            .setRounds(1500)
            .setParticipation(
                Participation.newBuilder()
                    .setExpectedAgents(50)
                    .setQuorum(5)
                    .setDeadlineMillis(1500)
                    .setParticipants(10)
                    .build())
            .setPruning(
                PruningPolicy.newBuilder()
                    .setPolicy("prunefl")
                    .setReconfigureEvery(50)
                    .setMaxDecrease(0.3)
                    .setHalfLife(1e4)
                    .setRegrow(Regrow.ZERO)
                    .build())
            .setEvaluation(new Evaluation(10, EvaluationMode.CENTRAL))
            .setCost(new CostCoefficients("paper", 1.0, 2.0, List.of(3.0), null))
            .setEncoding(
                new Encodings(
                    TensorEncoding.BFLOAT16, TensorEncoding.FLOAT32, TensorEncoding.FLOAT32))
            .setStart(new StartMask("lottery", 3, digest(9)))
            .build();
    assertText(
        run,
        "TrainingRun",
        "conv2 on 1x28x28 with 62 classes, 1,500 rounds of 5 x 20 samples, rate 0.25, BCE_WITH_LOGITS; 50 agents, 10 asked a round,"
            + " quorum 5, deadline 1.5 s; policy prunefl every 50 rounds, regrow ZERO; updates BFLOAT16, aggregates FLOAT32, seed 42,"
            + " start {runId lottery, version 3, digest 09090909}, signatures REQUIRED");
  }

  @Test
  void anAgentByItsMeansAndItsKey() {
    AgentJoined joined =
        AgentJoined.newBuilder()
            .setRunId(RUN)
            .setAgentId("agent-1")
            .setJoinedAt(TIME)
            .setSampleCount(1234)
            .setMaxWeight(200)
            .setCostProfile(new CostProfile(0.5, List.of(1.0), 2e6))
            .setPublicKey(ByteBuffer.wrap("abc".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
            .build();
    // The SHA-256 of "abc" is an example of FIPS 180-2.
    assertText(
        joined,
        "AgentJoined",
        "agent-1 with 1,234 samples, weight at most 200, key ba7816bf, cost measured: 0.5 s fixed, link 2.00 MB/s");
  }

  @Test
  void theLedgerByItsEvents() {
    assertText(ledger(new RunAccepted(digest(0x22), TIME)), "RunAccepted", "definition 22222222");
    assertText(
        ledger(new AgentAccepted("agent-1", ByteBuffer.allocate(0), 1234, 200L, TIME)),
        "AgentAccepted",
        "agent-1 with 1,234 samples, weight at most 200, key none");
    assertText(
        ledger(opened(5, "agent-0", "agent-1")),
        "RoundOpened",
        "round 5, mask 1 with upload for a decision, deadline in 1.5 s, 2 asked: agent-0, agent-1");
    assertText(
        ledger(closed(5, contributor("agent-0", 1000), contributor("agent-1", 50))),
        "RoundClosed",
        "round 5, mask 1, DEADLINE, weight 1,050 of 2: agent-0 1,000, agent-1 50; 2 shards + 3 for a decision, digest cdcdcdcd after"
            + " abababab");
    assertText(
        ledger(
            UpdateRejected.newBuilder()
                .setRound(5)
                .setAgentId("agent-1")
                .setSubmissionDigest(digest(0x11))
                .setReason(RejectReason.LATE)
                .setDetail("The round was closed.")
                .build()),
        "UpdateRejected",
        "round 5, agent-1: LATE, The round was closed. (submission 11111111)");
    assertText(
        ledger(RunFinished.newBuilder().setRounds(1).setFinishedAt(TIME).build()),
        "RunFinished",
        "after 1 round");
    assertText(
        ledger(
            RunFinished.newBuilder().setRounds(2).setFinishedAt(TIME).setDigest(digest(3)).build()),
        "RunFinished",
        "after 2 rounds, digest 03030303");
  }

  @Test
  void theFirstRoundHasNoPredecessor() {
    var first = closed(0, contributor("agent-0", 1));
    first.setImportance(false);
    first.setPreviousDigest(ByteBuffer.allocate(0));
    assertThat(RecordText.of(ledger(first)))
        .endsWith("agent-0 1; 2 shards, digest cdcdcdcd after none");
  }

  @Test
  void ofManyContributorsTheFirstAreNamed() {
    var many =
        IntStream.range(0, 50)
            .mapToObj(a -> contributor("agent-" + a, 2))
            .toArray(io.coppice.schemas.Contributor[]::new);
    assertThat(RecordText.of(ledger(closed(5, many))))
        .contains("weight 100 of 50: agent-0 2, ", ", agent-15 2 and 34 more; 2 shards")
        .doesNotContain("agent-16");
  }

  @Test
  void anUpdateByTheFiguresOfItsTensor() {
    assertText(
        update(5, "agent-1"),
        "UpdateShard",
        "round 5, agent-1, mask 1, importance 2 of 3, weight 1,000: BFLOAT16 3 values, min -1.5, max 2, norm 2.5, 2 non-zero (submission"
            + " 12121212)");
  }

  @Test
  void aSubmissionByItsDigestWhichTheLedgerNames() {
    UpdateSubmitted plain = submission(5, "agent-1").build();
    assertText(
        plain,
        "UpdateSubmitted",
        "round 5, agent-1, mask 1, weight 1,000, loss 0.25, trained 1.5 s, 2.50 kB in 1 shard, digest "
            + FieldText.digest(ContentDigest.of(plain))
            + ", signature 77777777");
    assertThat(
            RecordText.of(
                submission(5, "agent-1")
                    .setProposedMask(mask(5).getLayers())
                    .setProbe(new ProbeLosses(7, 3.0, 2.0, 2.5))
                    .build()))
        .contains(
            ", proposes conv1 0.250, fc1 1.000, probe of 7 samples: losses 3, 2, smaller 2.5, digest ");
  }

  @Test
  void anAggregateByItsSummandsAndFigures() {
    assertText(
        aggregate(5, "agent-0", "agent-1"),
        "AggregateShard",
        "round 5, mask 1, delta 1 of 2, mean of 2, weight 2,000: FLOAT32 4 values, min -4, max 3, norm 5, 2 non-zero, digest efefefef");
  }

  @Test
  void aMaskByItsDensitiesAndItsDecision() {
    assertText(
        mask(5).setFigures(List.of(new PolicyFigure("budget", 0.75))).build(),
        "MaskPublished",
        "mask 2 from round 5, RECONFIGURATION, density 0.5000, 1,234 active parameters: conv1 0.250, fc1 1.000; removed 1,002, regrown"
            + " 34, objective 10 -> 12.5, threshold, digest 0f0f0f0f, figures [{name budget, value 0.75}]");
  }

  @Test
  void aCheckpointByTheRoundThatStartsFromIt() {
    assertText(
        new CheckpointShard(RUN, 5, 2, 0, 1, 2, floats(0, 1), List.of(0L), digest(0xaa)),
        "CheckpointShard",
        "model that round 5 starts from, mask 2, block 0 of 1: 2 values, min 0, max 1, norm 1, 1 non-zero, digest aaaaaaaa");
  }

  @Test
  void metricsByTheirFigures() {
    assertText(
        metric(new RoundEvaluated(5, "evaluator", 2000, 0.9512, 0.1523, 0.25, 0.5)),
        "RoundEvaluated",
        "round 5, evaluator: accuracy 0.9512, loss 0.1523 on 2,000 samples, density 0.2500, 0.5 s");
    assertText(
        metric(new AgentRound(5, "agent-1", 0.5, 44_900L, 1_500_000L)),
        "AgentRound",
        "round 5, agent-1: trained 0.5 s, 44.9 kB up, 1.50 MB down");
    assertText(
        metric(new InitialPruningProgress("agent-1", 10, 0.955, 1, 0.7226)),
        "InitialPruningProgress",
        "agent-1, local round 10, training accuracy 0.955, 1 decision, density 0.7226");
  }

  @Test
  void aRejectByWhereItLiesAndWhatIsWrong() {
    assertText(
        RejectedRecord.newBuilder()
            .setTopic("coppice.submissions")
            .setPartition(3)
            .setOffset(12)
            .setReason(RejectReason.UNDECODABLE)
            .setDetail("The record is not\nreadable.")
            .setPayload(ByteBuffer.wrap(new byte[3]))
            .build(),
        "RejectedRecord",
        "coppice.submissions-3@12: UNDECODABLE, The record is not\\u000areadable. (3 B)");
  }

  @Test
  void aCheckByWhatWasFound() {
    UpdateChecked.Builder checked =
        UpdateChecked.newBuilder()
            .setRunId(RUN)
            .setRound(5)
            .setAgentId("agent-1")
            .setSubmission(digest(0x12))
            .setPartition(3)
            .setMaskVersion(1)
            .setWeight(100)
            .setDeltaShards(1)
            .setImportanceShards(0)
            .setShards(submission(5, "agent-1").getShards());
    assertText(
        checked.build(),
        "UpdateChecked",
        "round 5, agent-1, mask 1, weight 100, partition 3: 1 shard (submission 12121212)");
    assertThat(
            RecordText.of(
                checked.setFault(RejectReason.NON_FINITE).setDetail("A value is NaN.").build()))
        .endsWith("partition 3: NON_FINITE, A value is NaN. (submission 12121212)");
  }

  @Test
  void anythingElseByTheNamesOfItsFields() {
    assertText(new Tick(RUN, 5), "Tick", "runId demo, round 5");
  }
}
