package io.coppice.agent;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import io.coppice.schemas.keys.PublicKeys;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Whether a run takes an agent: by the rules of its definition, and because nobody else has joined under the agent's id. The
 * coordinator decides it by the same rules, but has no way to answer one whom it does not know.
 */
final class Admission {

  private final TrainingRun run;
  private final String agentId;
  private final Optional<AgentKey> key;

  Admission(TrainingRun run, String agentId, Optional<AgentKey> key) {
    this.run = run;
    this.agentId = agentId;
    this.key = key;
  }

  /**
   * Looks at the run's definition.
   *
   * @throws RefusedException if it leaves this agent out
   */
  void checkRules() {
    if (run.getTrustedKeys() != null) {
      checkTrusted();
    }
    if (run.getSignatures() == SignatureRule.REQUIRED && key.isEmpty()) {
      throw new RefusedException(
          String.format(
              "Run %s takes signed updates only, and agent %s does not sign: give it a key file"
                  + " (coppice.agent.signed=true).",
              run.getRunId(), agentId));
    }
  }

  private void checkTrusted() {
    TrustedKey trusted =
        run.getTrustedKeys().stream()
            .filter(entry -> entry.getAgentId().equals(agentId))
            .findFirst()
            .orElseThrow(
                () ->
                    new RefusedException(
                        String.format(
                            "Run %s takes the agents of its list of trusted keys only, and %s is not among them: give"
                                + " this agent the id and the key file of one that is.",
                            run.getRunId(), agentId)));
    if (!isOwn(trusted.getPublicKey())) {
      throw new RefusedException(
          String.format(
              "Run %s trusts agent %s with the key %s, but %s: give it the key file of that key.",
              run.getRunId(), agentId, PublicKeys.fingerprint(trusted.getPublicKey()), own()));
    }
  }

  /**
   * Looks at an agent that has joined the run.
   *
   * @throws RefusedException if it has this agent's id, but is another one
   */
  void check(AgentAccepted accepted) {
    if (!accepted.getAgentId().equals(agentId) || isOwn(accepted.getPublicKey())) {
      return;
    }
    boolean signs = accepted.getPublicKey().hasRemaining();
    throw new RefusedException(
        String.format(
            "In run %s an agent has joined as %s %s, but %s: %s.",
            run.getRunId(),
            agentId,
            signs
                ? "with the key " + PublicKeys.fingerprint(accepted.getPublicKey())
                : "without a key",
            own(),
            signs
                ? "give it the key file of then if it is the same one, and another id if not"
                : "set coppice.agent.signed=false if it is the same one, and give it another id if not"));
  }

  private boolean isOwn(ByteBuffer publicKey) {
    return publicKey.equals(key.map(AgentKey::publicKey).orElse(ByteBuffer.allocate(0)));
  }

  private String own() {
    return key.map(k -> String.format("this agent's is %s (%s)", k.fingerprint(), k.place()))
        .orElse("this agent does not sign");
  }
}
