package io.coppice.console.tail;

import static io.coppice.console.tail.SampleRecords.RUN;
import static io.coppice.console.tail.SampleRecords.TIME;
import static io.coppice.console.tail.SampleRecords.aggregate;
import static io.coppice.console.tail.SampleRecords.closed;
import static io.coppice.console.tail.SampleRecords.contributor;
import static io.coppice.console.tail.SampleRecords.digest;
import static io.coppice.console.tail.SampleRecords.entry;
import static io.coppice.console.tail.SampleRecords.floats;
import static io.coppice.console.tail.SampleRecords.found;
import static io.coppice.console.tail.SampleRecords.ledger;
import static io.coppice.console.tail.SampleRecords.mask;
import static io.coppice.console.tail.SampleRecords.opened;
import static io.coppice.console.tail.SampleRecords.submission;
import static io.coppice.console.tail.SampleRecords.tombstone;
import static io.coppice.console.tail.SampleRecords.unreadable;
import static io.coppice.console.tail.SampleRecords.update;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AgentRound;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class SelectionTest {

  private static final AgentJoined JOINED =
      AgentJoined.newBuilder()
          .setRunId(RUN)
          .setAgentId("agent-1")
          .setJoinedAt(TIME)
          .setSampleCount(3)
          .setMaxWeight(4)
          .setPublicKey(digest(1))
          .build();

  private static Selection rounds(int first, int last) {
    return new Selection(
        Optional.empty(), Optional.of(new RoundRange(first, last)), Optional.empty());
  }

  private static Selection agent(String agent) {
    return new Selection(Optional.empty(), Optional.empty(), Optional.of(agent));
  }

  private static MetricEntry metric(Object event) {
    return MetricEntry.newBuilder().setRunId(RUN).setEvent(event).build();
  }

  static Stream<Arguments> recordsOfRounds() {
    return Stream.of(
        Arguments.of(5, ledger(opened(5, "agent-1"))),
        Arguments.of(5, ledger(closed(5, contributor("agent-1", 1)))),
        Arguments.of(5, update(5, "agent-1")),
        Arguments.of(5, submission(5, "agent-1").build()),
        Arguments.of(5, aggregate(5, "agent-1")),
        Arguments.of(5, mask(5).build()),
        Arguments.of(5, new CheckpointShard(RUN, 5, 2, 0, 1, 1, floats(1), List.of(0L), digest(1))),
        Arguments.of(5, metric(new RoundEvaluated(5, "evaluator", 1, 0.5, 1.0, 1.0, 0.1))),
        Arguments.of(-1, metric(new InitialPruningProgress("agent-1", 5, 0.5, 5, 0.5))),
        Arguments.of(5, new Tick(RUN, 5)));
  }

  @ParameterizedTest
  @MethodSource("recordsOfRounds")
  void aRecordIsOfTheRoundThatItNames(int round, SpecificRecord value) {
    FoundRecord found = found(Topic.ROUNDS, RUN, value);
    assertThat(rounds(round, round).contains(found)).isTrue();
    assertThat(rounds(round - 1, round + 1).contains(found)).isTrue();
    assertThat(rounds(round + 1, round + 2).contains(found)).isFalse();
    assertThat(rounds(round - 2, round - 1).contains(found)).isFalse();
  }

  static Stream<SpecificRecord> recordsOfTheRunAsAWhole() {
    return Stream.of(
        JOINED, ledger(RunFinished.newBuilder().setRounds(10).setFinishedAt(TIME).build()));
  }

  @ParameterizedTest
  @MethodSource("recordsOfTheRunAsAWhole")
  void whatBelongsToNoRoundIsShownWithEveryRound(SpecificRecord value) {
    assertThat(rounds(3, 3).contains(found(Topic.ROUNDS, RUN, value))).isTrue();
  }

  static Stream<SpecificRecord> recordsThatNameAgentOne() {
    return Stream.of(
        JOINED,
        ledger(opened(5, "agent-0", "agent-1")),
        ledger(closed(5, contributor("agent-0", 1), contributor("agent-1", 1))),
        ledger(
            UpdateRejected.newBuilder()
                .setRound(5)
                .setAgentId("agent-1")
                .setSubmissionDigest(digest(1))
                .setReason(RejectReason.LATE)
                .setDetail("")
                .build()),
        update(5, "agent-1"),
        submission(5, "agent-1").build(),
        aggregate(5, "agent-0", "agent-1"),
        metric(new RoundEvaluated(5, "agent-1", 1, 0.5, 1.0, 1.0, 0.1)),
        metric(new AgentRound(5, "agent-1", 1.0, 2L, 3L)),
        metric(new InitialPruningProgress("agent-1", 5, 0.5, 5, 0.5)));
  }

  @ParameterizedTest
  @MethodSource("recordsThatNameAgentOne")
  void anAgentIsFoundWhereverItIsNamed(SpecificRecord value) {
    FoundRecord found = found(Topic.ROUNDS, RUN, value);
    assertThat(agent("agent-1").contains(found)).isTrue();
    assertThat(agent("agent-2").contains(found)).isFalse();
    assertThat(agent("agent").contains(found)).isFalse();
  }

  @Test
  void whatNamesNoAgentIsNotThatOfAnAgent() {
    assertThat(agent("agent-1").contains(found(Topic.MASKS, RUN, mask(5).build()))).isFalse();
    assertThat(agent("agent-1").contains(found(Topic.TICKS, RUN, new Tick(RUN, 5)))).isFalse();
  }

  @Test
  void roundAndAgentMustBothFit() {
    Selection both =
        new Selection(Optional.empty(), Optional.of(new RoundRange(5, 5)), Optional.of("agent-1"));
    assertThat(both.contains(found(Topic.UPDATES, RUN, update(5, "agent-1")))).isTrue();
    assertThat(both.contains(found(Topic.UPDATES, RUN, update(6, "agent-1")))).isFalse();
    assertThat(both.contains(found(Topic.UPDATES, RUN, update(5, "agent-2")))).isFalse();
  }

  @Test
  void whatNobodyCanReadIsNotHidden() {
    assertThat(rounds(5, 5).contains(unreadable())).isTrue();
    assertThat(agent("agent-1").contains(unreadable())).isTrue();
  }

  @Test
  void aTombstoneIsOfTheAgentInItsKey() {
    assertThat(agent("agent-1").contains(tombstone())).isTrue();
    assertThat(agent("agent-2").contains(tombstone())).isFalse();
    assertThat(rounds(5, 5).contains(tombstone())).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "null",
      value = {
        "demo, true",
        "demo/agent-1, true",
        "demo/delta/3, true",
        "demo-2, false",
        "other/demo, false",
        "'', false",
        "null, false"
      })
  void theRunIsTheFirstPartOfTheKey(String key, boolean isOfRun) {
    Selection demo = new Selection(Optional.of(RUN), Optional.empty(), Optional.empty());
    Selection all = new Selection(Optional.empty(), Optional.empty(), Optional.empty());
    assertThat(demo.isOfRun(entry(Topic.UPDATES, 0, 0, key, null))).isEqualTo(isOfRun);
    assertThat(all.isOfRun(entry(Topic.UPDATES, 0, 0, key, null))).isTrue();
  }
}
