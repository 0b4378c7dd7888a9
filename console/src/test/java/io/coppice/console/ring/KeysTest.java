package io.coppice.console.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.agent.AgentKey;
import io.coppice.agent.AgentRunner;
import io.coppice.agent.EdgeAgent;
import io.coppice.learning.data.Datasets;
import io.coppice.learning.data.Split;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.Participation;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who takes part in a run, and who stays away: agents of the same id with different keys, trusted ones, unsigned ones. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class KeysTest {

  private static final Path MNIST = Path.of("..", "data", "mnist");
  private static final Participation BOTH = new Participation(2, 2, TestRuns.NO_DEADLINE, null);
  private static final ByteBuffer NONE = ByteBuffer.allocate(0);

  @TempDir private static Path streams;

  private static Ring ring;

  @BeforeAll
  static void start() throws Exception {
    ring =
        new Ring(
            Datasets.open(MNIST, Split.TRAIN).subset(IntStream.range(0, 200).toArray()),
            Datasets.open(MNIST, Split.TEST).subset(IntStream.range(0, 50).toArray()),
            streams);
  }

  @AfterAll
  static void stop() {
    ring.close();
  }

  @Test
  void whoComesLaterUnderAnIdWithAnotherKeyIsRefusedAndDisturbsNobody() throws Exception {
    RunDefinition run = ring.define(TestRuns.small("pinned", 30, BOTH).build());
    AgentKey first = new AgentKey(ring.keys("agent-1"), Optional.empty());
    ring.startAgent(run, "agent-0");
    AgentRunner owner = ring.startAgent(run, "agent-1", Optional.of(first));
    ring.await(run, "a round", log -> log.hasClosed(0));

    AgentKey other = newKey();
    refuses(
        ring.startAgent(run, "agent-1", Optional.of(other)),
        "In run pinned an agent has joined as agent-1 with the key %s, but this agent's is %s (the one in"
            + " memory): give it the key file of then if it is the same one, and another id if not.",
        first.fingerprint(),
        other.fingerprint());
    refuses(
        ring.startAgent(run, "agent-1", Optional.empty()),
        "Run pinned takes signed updates only, and agent agent-1 does not sign: give it a key file"
            + " (coppice.agent.signed=true).");

    RunLog log = ring.finish(run);
    owner.join();
    assertThat(owner.failures()).isZero();
    assertThat(log.joins).extracting(AgentJoined::getPublicKey).doesNotContain(other.publicKey());
    assertThat(log.roundsOf("agent-1"))
        .containsExactlyElementsOf(IntStream.range(0, 30).boxed().toList());
    Proof.holdsFor(log);
  }

  /** Neither finds the other in the ledger before it joins; the first join decides. */
  @Test
  void ofTwoThatStartAtOnceUnderOneIdOneTakesPart() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("twins", 10, new Participation(1, 1, TestRuns.NO_DEADLINE, null))
                .build());
    List<AgentKey> keys = List.of(newKey(), newKey());
    List<AgentRunner> twins =
        keys.stream().map(key -> ring.startAgent(run, "twin-0", Optional.of(key))).toList();
    RunLog log = ring.finish(run);
    for (AgentRunner twin : twins) {
      twin.join();
    }
    assertThat(twins).filteredOn(AgentRunner::isRefused).hasSize(1);
    AgentKey owner = keys.get(twins.get(0).isRefused() ? 1 : 0);
    assertThat(log.events(AgentAccepted.class))
        .isNotEmpty()
        .allMatch(accepted -> accepted.getPublicKey().equals(owner.publicKey()));
    assertThat(log.submissions)
        .allMatch(submission -> Signatures.isSignedBy(submission, owner.pair().getPublic()));
    assertThat(log.submissions).extracting(UpdateSubmitted::getRound).doesNotHaveDuplicates();
    Proof.holdsFor(log);
  }

  @Test
  void aRunWithTrustedKeysTakesTheseAgentsOnly() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("trusted", 4, BOTH)
                .setTrustedKeys(
                    Stream.of("agent-0", "agent-1")
                        .map(id -> new TrustedKey(id, publicKey(id)))
                        .toList())
                .build());
    AgentKey other = newKey();
    refuses(
        ring.startAgent(run, "agent-0", Optional.of(other)),
        "Run trusted trusts agent agent-0 with the key %s, but this agent's is %s (the one in memory): give it"
            + " the key file of that key.",
        AgentKey.inMemory(ring.keys("agent-0")).fingerprint(),
        other.fingerprint());
    refuses(
        ring.startAgent(run, "agent-2", Optional.of(other)),
        "Run trusted takes the agents of its list of trusted keys only, and agent-2 is not among them: give this"
            + " agent the id and the key file of one that is.");
    ring.startAgent(run, "agent-0");
    ring.startAgent(run, "agent-1");
    RunLog log = ring.finish(run);
    assertThat(log.joins).extracting(AgentJoined::getPublicKey).doesNotContain(other.publicKey());
    Proof.holdsFor(log);
  }

  @Test
  void anAgentWithoutAKeyTakesPartWhereSignaturesAreOptional() throws Exception {
    RunDefinition run =
        ring.define(
            TestRuns.small("optional", 4, BOTH).setSignatures(SignatureRule.OPTIONAL).build());
    ring.startAgent(run, "agent-0");
    AgentRunner unsigned = ring.startAgent(run, "agent-1", Optional.empty());
    ring.await(run, "both agents", log -> log.events(AgentAccepted.class).size() == 2);
    AgentKey key = newKey();
    refuses(
        ring.startAgent(run, "agent-1", Optional.of(key)),
        "In run optional an agent has joined as agent-1 without a key, but this agent's is %s (the one in"
            + " memory): set coppice.agent.signed=false if it is the same one, and give it another id if not.",
        key.fingerprint());
    RunLog log = ring.finish(run);
    unsigned.join();
    assertThat(unsigned.failures()).isZero();
    assertThat(log.roundsOf("agent-1")).containsExactly(0, 1, 2, 3);
    assertThat(log.submissions)
        .allMatch(s -> s.getSignature().equals(NONE) == s.getAgentId().equals("agent-1"));
    Proof.holdsFor(log);
  }

  private static void refuses(AgentRunner agent, String sentence, Object... arguments)
      throws InterruptedException {
    agent.join();
    assertThat(agent.fault()).contains(sentence.formatted(arguments));
    assertThat(agent.isRefused()).isTrue();
    assertThat(agent.phase()).isEqualTo(EdgeAgent.Phase.REFUSED);
    assertThat(agent.failures()).isZero();
  }

  private static AgentKey newKey() {
    return AgentKey.inMemory(Signatures.newKeyPair());
  }

  private static ByteBuffer publicKey(String id) {
    return Signatures.encode(ring.keys(id).getPublic());
  }
}
