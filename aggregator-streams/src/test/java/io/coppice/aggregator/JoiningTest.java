package io.coppice.aggregator;

import static io.coppice.aggregator.Ring.DEADLINE;
import static io.coppice.aggregator.Ring.PARAMETERS;
import static io.coppice.aggregator.Ring.RUN;
import static io.coppice.aggregator.Ring.mask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.UpdateRejected;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who takes part in a run, and which key speaks for an agent. */
class JoiningTest {

  private static final ByteBuffer NO_KEY = ByteBuffer.allocate(0);

  @TempDir Path directory;
  private Ring ring;

  @BeforeEach
  void open() {
    ring = new Ring(directory);
  }

  @AfterEach
  void close() {
    ring.close();
  }

  // On record

  @Test
  void definitionAndAgentsAreOnRecordBeforeTheFirstRound() {
    TrainingRun run = Ring.run(RUN);
    start(run, "c", "a", "b");
    List<Object> events = events();
    assertThat(events)
        .extracting(e -> (Object) e.getClass())
        .containsExactly(
            RunAccepted.class,
            AgentAccepted.class,
            AgentAccepted.class,
            AgentAccepted.class,
            RoundOpened.class);
    RunAccepted accepted = (RunAccepted) events.getFirst();
    assertThat(accepted.getDefinitionDigest()).isEqualTo(ContentDigest.of(run));
    assertThat(accepted.getAcceptedAt().toEpochMilli()).isEqualTo(1_000_000);
    assertThat(events.subList(1, 4))
        .extracting(e -> ((AgentAccepted) e).getAgentId())
        .containsExactly("c", "a", "b");
    AgentAccepted first = (AgentAccepted) events.get(1);
    assertThat(first.getPublicKey()).isEqualTo(key("c"));
    assertThat(first.getSampleCount()).isEqualTo(100);
    assertThat(first.getMaxWeight()).isEqualTo(50);
    assertThat(first.getAcceptedAt().toEpochMilli()).isEqualTo(1_000_000);
  }

  @Test
  void whoJoinsAgainIsOnRecordAgainWithWhatItSaysNow() {
    start(Ring.run(RUN), "a", "b", "c");
    ring.ledger();
    AgentJoined again = ring.joined(RUN, "a");
    again.setMaxWeight(5L);
    again.setSampleCount(10);
    ring.join(again);
    assertThat(ring.events(AgentAccepted.class))
        .singleElement()
        .satisfies(
            a -> {
              assertThat(a.getAgentId()).isEqualTo("a");
              assertThat(a.getMaxWeight()).isEqualTo(5);
              assertThat(a.getSampleCount()).isEqualTo(10);
            });
    ring.submit(ring.update(RUN, "a", 0, 6, values()));
    assertThat(rejections()).containsExactly(RejectReason.BAD_WEIGHT);
  }

  @Test
  void whoIsRefusedIsNotOnRecord() {
    start(Ring.run(RUN), "a");
    ring.ledger();
    AgentJoined nothing = ring.joined(RUN, "b");
    nothing.setSampleCount(0);
    ring.join(nothing);
    assertThat(ring.ledger()).isEmpty();
    assertThat(refusals()).containsExactly(RejectReason.MALFORMED);
  }

  // Before the definition

  @Test
  void whoJoinedBeforeTheDefinitionIsJudgedWhenItIsThere() {
    ring.join(RUN, "b");
    ring.passSilently(10);
    ring.join(RUN, "a");
    AgentJoined forged = ring.joined(RUN, "b");
    forged.setPublicKey(key("thief"));
    ring.join(forged);
    assertThat(ring.ledger()).isEmpty();
    assertThat(ring.rejects()).isEmpty();
    ring.passSilently(1000);
    ring.define(Ring.run(RUN));
    List<Object> events = events();
    assertThat(events.getFirst()).isInstanceOf(RunAccepted.class);
    assertThat(events.subList(1, events.size()))
        .extracting(e -> ((AgentAccepted) e).getAgentId())
        .containsExactly("b", "a");
    assertThat(events.subList(1, events.size()))
        .as("the record's own timestamp")
        .extracting(e -> ((AgentAccepted) e).getAcceptedAt().toEpochMilli())
        .containsExactly(1_000_000L, 1_000_010L);
    assertThat(ring.rejects())
        .singleElement()
        .satisfies(
            r -> {
              assertThat(r.getReason()).isEqualTo(RejectReason.UNTRUSTED_KEY);
              assertThat(r.getTopic()).isEqualTo(Ring.name(Topic.AGENTS));
              assertThat(r.getOffset()).isEqualTo(2);
              assertThat(ring.serdes.agents.deserialize("", StateCodec.bytes(r.getPayload())))
                  .isEqualTo(forged);
            });
    ring.publish(mask(RUN, 0, 0, 8));
    ring.join(RUN, "c");
    submitAll();
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors()).hasSize(3);
  }

  @Test
  void aDefinitionThatIsRefusedLeavesThoseWhoHaveJoinedToTheNextOne() {
    ring.join(RUN, "a", "b", "c");
    TrainingRun broken = Ring.run(RUN);
    broken.setRounds(0);
    ring.define(broken);
    assertThat(ring.ledger()).isEmpty();
    ring.define(Ring.run(RUN));
    assertThat(ring.events(AgentAccepted.class)).hasSize(3);
  }

  // The first key

  @Test
  void aForgedJoinNeitherTakesAnAgentsPlaceNorSpeaksForIt() {
    start(Ring.run(RUN), "a", "b", "c");
    ring.ledger();
    AgentJoined forged = ring.joined(RUN, "a");
    forged.setPublicKey(key("thief"));
    forged.setMaxWeight(1L);
    ring.join(forged);
    assertThat(ring.ledger()).isEmpty();
    assertThat(refusals()).containsExactly(RejectReason.UNTRUSTED_KEY);

    ring.submit(new TestUpdate(RUN, "a", ring.keys("thief"), 0, 0, 20, values(), new float[0]));
    assertThat(rejections()).containsExactly(RejectReason.BAD_SIGNATURE);
    submitAll();
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors())
        .extracting(Contributor::getAgentId, Contributor::getWeight)
        .as("with the weight that the agent declared itself")
        .contains(tuple("a", 20L));
  }

  @Test
  void aForgedJoinDoesNotBringAMissingAgentBack() {
    start(Ring.run(RUN), "a", "b", "c");
    submit("a", "b");
    ring.pass(DEADLINE + 1000); // c is missing
    ring.ledger();
    AgentJoined forged = ring.joined(RUN, "c");
    forged.setPublicKey(key("thief"));
    ring.join(forged);
    submit(1, "a", "b");
    assertThat(ring.events(RoundOpened.class).getFirst().getParticipants())
        .containsExactly("a", "b");
    ring.join(RUN, "c");
    submit(2, "a", "b");
    assertThat(ring.events(RoundClosed.class)).hasSize(1);
  }

  @Test
  void aKeyIsPinnedForItsRunAlone() {
    start(Ring.run(RUN), "a", "b", "c");
    ring.define(Ring.run("run-b"));
    AgentJoined other = ring.joined("run-b", "a");
    other.setPublicKey(key("another"));
    ring.ledger();
    ring.join(other);
    assertThat(ring.events(AgentAccepted.class)).hasSize(1);
  }

  // Trusted keys

  @Test
  void onlyThoseWhoAreTrustedTakePart() {
    TrainingRun run = trusting("a", "b", "c");
    start(run, "a", "b");
    AgentJoined exchanged = ring.joined(RUN, "c");
    exchanged.setPublicKey(key("thief"));
    ring.join(exchanged);
    ring.join(RUN, "d");
    assertThat(refusals()).containsExactly(RejectReason.UNTRUSTED_KEY, RejectReason.UNTRUSTED_KEY);
    ring.join(RUN, "c");
    List<Object> events = events();
    assertThat(((RunAccepted) events.getFirst()).getDefinitionDigest())
        .as("the list is part of the definition")
        .isEqualTo(ContentDigest.of(run))
        .isNotEqualTo(ContentDigest.of(Ring.run(RUN)));
    assertThat(((RoundOpened) events.getLast()).getParticipants()).containsExactly("a", "b", "c");
  }

  @Test
  void trustedKeysArePerRun() {
    ring.define(trusting("a", "b", "c"));
    ring.define(Ring.run("run-b"));
    ring.join("run-b", "d");
    assertThat(ring.rejects()).isEmpty();
  }

  @Test
  void listsOfTrustedKeysThatCannotBeMeantAreRefused() {
    List<Consumer<List<TrustedKey>>> bends =
        List.of(
            keys -> keys.removeLast(),
            List::clear,
            keys -> keys.add(keys.removeFirst()),
            keys -> keys.add(keys.getLast()),
            keys -> keys.getFirst().setAgentId("Not A Name"),
            keys -> keys.getFirst().setPublicKey(NO_KEY),
            keys -> keys.getFirst().setPublicKey(ByteBuffer.allocate(44)),
            keys -> keys.getFirst().setPublicKey(longer(keys.getFirst().getPublicKey())));
    for (Consumer<List<TrustedKey>> bend : bends) {
      TrainingRun run = trusting("a", "b", "c");
      bend.accept(run.getTrustedKeys());
      ring.define(run);
      assertThat(refusals()).containsExactly(RejectReason.MALFORMED);
    }
    ring.define(trusting("a", "b", "c"));
    assertThat(ring.rejects()).isEmpty();
  }

  // Without signatures

  @Test
  void whereSignaturesAreRequiredNobodyJoinsWithoutAKey() {
    start(Ring.run(RUN), "a", "b");
    ring.ledger();
    ring.join(unsigned("c"));
    assertThat(refusals()).containsExactly(RejectReason.UNTRUSTED_KEY);
    assertThat(ring.ledger()).isEmpty();
  }

  @Test
  void whereSignaturesAreOptionalAnAgentWithoutAKeyDoesNotSignAndTheOthersDo() {
    start(optional(), "a", "b");
    ring.join(unsigned("c"));
    ring.ledger();
    ring.submit(ring.update(RUN, "c", 0, 20, values()));
    assertThat(rejections())
        .as("nobody can tell whose signature it is")
        .containsExactly(RejectReason.BAD_SIGNATURE);
    ring.submit(new TestUpdate(RUN, "a", null, 0, 0, 20, values(), new float[0]));
    assertThat(rejections())
        .as("whoever has a key signs")
        .containsExactly(RejectReason.BAD_SIGNATURE);
    ring.submit(new TestUpdate(RUN, "c", null, 0, 0, 20, values(), new float[0]));
    submit("a", "b");
    assertThat(ring.events(RoundClosed.class).getFirst().getContributors()).hasSize(3);
  }

  @Test
  void anAgentKeepsItsKeyAndItsLackOfOne() {
    start(optional(), "a", "b");
    ring.join(unsigned("c"));
    ring.join(ring.joined(RUN, "c"));
    ring.join(unsigned("a"));
    assertThat(refusals()).containsExactly(RejectReason.UNTRUSTED_KEY, RejectReason.UNTRUSTED_KEY);
  }

  @Test
  void aTrustedKeyCannotBeLeftAwayWhereSignaturesAreOptional() {
    TrainingRun run = trusting("a", "b", "c");
    run.setSignatures(SignatureRule.OPTIONAL);
    start(run, "a", "b");
    ring.join(unsigned("c"));
    assertThat(refusals()).containsExactly(RejectReason.UNTRUSTED_KEY);
  }

  @Test
  void whatIsNoKeyIsRefusedWhateverTheRunAllows() {
    start(optional(), "a");
    for (ByteBuffer key :
        List.of(ByteBuffer.allocate(44), ByteBuffer.allocate(1), longer(key("b")))) {
      AgentJoined joined = ring.joined(RUN, "b");
      joined.setPublicKey(key);
      ring.join(joined);
      assertThat(refusals()).containsExactly(RejectReason.MALFORMED);
    }
  }

  // Helpers

  private void start(TrainingRun run, String... agents) {
    ring.define(run);
    ring.publish(mask(run.getRunId(), 0, 0, 8));
    ring.join(run.getRunId(), agents);
  }

  private TrainingRun trusting(String... agents) {
    TrainingRun run = Ring.run(RUN);
    run.setTrustedKeys(
        new ArrayList<>(Stream.of(agents).map(a -> new TrustedKey(a, key(a))).toList()));
    return run;
  }

  private static TrainingRun optional() {
    TrainingRun run = Ring.run(RUN);
    run.setSignatures(SignatureRule.OPTIONAL);
    return run;
  }

  private AgentJoined unsigned(String agent) {
    AgentJoined joined = ring.joined(RUN, agent);
    joined.setPublicKey(NO_KEY);
    return joined;
  }

  private ByteBuffer key(String agent) {
    return Signatures.encode(ring.keys(agent).getPublic());
  }

  /** The same key with a byte behind it. */
  private static ByteBuffer longer(ByteBuffer key) {
    return ByteBuffer.allocate(key.remaining() + 1).put(key.duplicate()).put((byte) 7).flip();
  }

  private void submitAll() {
    submit("a", "b", "c");
  }

  private void submit(String... agents) {
    submit(0, agents);
  }

  private void submit(int round, String... agents) {
    for (String agent : agents) {
      ring.submit(ring.update(RUN, agent, round, 20, values()));
    }
  }

  private static float[] values() {
    return new float[PARAMETERS];
  }

  private List<Object> events() {
    return ring.ledger().stream().map(LedgerEntry::getEvent).toList();
  }

  private List<RejectReason> rejections() {
    return ring.events(UpdateRejected.class).stream().map(UpdateRejected::getReason).toList();
  }

  private List<RejectReason> refusals() {
    return ring.rejects().stream().map(RejectedRecord::getReason).toList();
  }
}
