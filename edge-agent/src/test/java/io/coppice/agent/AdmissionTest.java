package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Which runs an agent stays away from, and what its operator is told. */
class AdmissionTest {

  private static final String ID = "north";

  private final AgentKey own =
      new AgentKey(Signatures.newKeyPair(), Optional.of(Path.of("north.pem")));
  private final AgentKey other = AgentKey.inMemory(Signatures.newKeyPair());

  @Test
  void aRunWithoutAListTakesWhoeverSigns() {
    assertThatCode(() -> signed(run()).checkRules()).doesNotThrowAnyException();
    refuses(
        () -> unsigned(run()).checkRules(),
        "Run r takes signed updates only, and agent north does not sign: give it a key file"
            + " (coppice.agent.signed=true).");
  }

  @Test
  void whereSignaturesAreOptionalNobodyNeedsAKey() {
    TrainingRun run = run();
    run.setSignatures(SignatureRule.OPTIONAL);
    assertThatCode(() -> signed(run).checkRules()).doesNotThrowAnyException();
    assertThatCode(() -> unsigned(run).checkRules()).doesNotThrowAnyException();
  }

  @Test
  void aListTakesItsAgentsWithTheirKeysOnly() {
    TrainingRun run = run();
    run.setTrustedKeys(List.of(trusted("east", other), trusted(ID, own)));
    assertThatCode(() -> signed(run).checkRules()).doesNotThrowAnyException();

    run.setTrustedKeys(List.of(trusted("east", own), trusted(ID, other)));
    refuses(
        () -> signed(run).checkRules(),
        "Run r trusts agent north with the key %s, but this agent's is %s (north.pem): give it the key file of that"
            + " key.",
        other.fingerprint(),
        own.fingerprint());
    run.setSignatures(SignatureRule.OPTIONAL);
    refuses(
        () -> unsigned(run).checkRules(),
        "Run r trusts agent north with the key %s, but this agent does not sign: give it the key file of that key.",
        other.fingerprint());

    run.setTrustedKeys(List.of(trusted("east", own)));
    refuses(
        () -> signed(run).checkRules(),
        "Run r takes the agents of its list of trusted keys only, and north is not among them: give this agent the"
            + " id and the key file of one that is.");
  }

  @Test
  void anotherAgentUnderTheSameIdIsRecognisedByItsKey() {
    assertThatCode(() -> signed(run()).check(accepted(ID, own.publicKey())))
        .doesNotThrowAnyException();
    assertThatCode(() -> signed(run()).check(accepted("east", other.publicKey())))
        .doesNotThrowAnyException();
    assertThatCode(() -> unsigned(run()).check(accepted(ID, none()))).doesNotThrowAnyException();
    refuses(
        () -> signed(run()).check(accepted(ID, other.publicKey())),
        "In run r an agent has joined as north with the key %s, but this agent's is %s (north.pem): give it the key"
            + " file of then if it is the same one, and another id if not.",
        other.fingerprint(),
        own.fingerprint());
    refuses(
        () -> unsigned(run()).check(accepted(ID, other.publicKey())),
        "In run r an agent has joined as north with the key %s, but this agent does not sign: give it the key"
            + " file of then if it is the same one, and another id if not.",
        other.fingerprint());
    refuses(
        () -> signed(run()).check(accepted(ID, none())),
        "In run r an agent has joined as north without a key, but this agent's is %s (north.pem): set"
            + " coppice.agent.signed=false if it is the same one, and give it another id if not.",
        own.fingerprint());
  }

  private static void refuses(Runnable check, String sentence, Object... arguments) {
    assertThatThrownBy(check::run)
        .isInstanceOf(RefusedException.class)
        .hasMessage(sentence, arguments);
  }

  private Admission signed(TrainingRun run) {
    return new Admission(run, ID, Optional.of(own));
  }

  private static Admission unsigned(TrainingRun run) {
    return new Admission(run, ID, Optional.empty());
  }

  private static TrainingRun run() {
    TrainingRun run = new TrainingRun();
    run.setRunId("r");
    run.setSignatures(SignatureRule.REQUIRED);
    return run;
  }

  private static TrustedKey trusted(String id, AgentKey key) {
    return new TrustedKey(id, key.publicKey());
  }

  private static AgentAccepted accepted(String id, ByteBuffer key) {
    return new AgentAccepted(id, key, 1, 1L, Instant.EPOCH);
  }

  private static ByteBuffer none() {
    return ByteBuffer.allocate(0);
  }
}
