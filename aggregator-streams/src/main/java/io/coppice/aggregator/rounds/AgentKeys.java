package io.coppice.aggregator.rounds;

import io.coppice.aggregator.Fault;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.SignatureRule;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Which key speaks for an agent. Where the run names the keys that it trusts, it is the one named; else the one that the agent
 * joined with first, as with hosts in SSH (trust on first use). It stays the same for the whole run, so whoever comes later under
 * the same name cannot take the agent's place.
 */
public final class AgentKeys {

  private AgentKeys() {}

  /** Whether these bytes are an Ed25519 public key in the one form in which keys are compared. */
  static boolean isKey(ByteBuffer der) {
    try {
      return Signatures.encode(Signatures.publicKey(der)).equals(der);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * Whether an agent may join with the key that it names.
   *
   * @param run the definition; of its trusted keys only whether there are any matters here
   * @param trusted the key that the definition names for the agent
   * @param first the key that the agent joined with first, if it has joined
   */
  static Optional<Fault> joining(
      TrainingRun run,
      AgentJoined joined,
      Optional<ByteBuffer> trusted,
      Optional<ByteBuffer> first) {
    ByteBuffer key = joined.getPublicKey();
    if (!key.hasRemaining() && run.getSignatures() == SignatureRule.REQUIRED) {
      return untrusted(
          "Run %s requires signatures, and agent %s joins without a key.", run, joined);
    }
    if (run.getTrustedKeys() != null && !trusted.equals(Optional.of(key))) {
      return untrusted(
          trusted.isPresent()
              ? "Run %s trusts another key of agent %s."
              : "Run %s does not name agent %s among those that it trusts.",
          run,
          joined);
    }
    if (first.isPresent() && !first.get().equals(key)) {
      return untrusted("In run %s agent %s has joined with another key before.", run, joined);
    }
    return Optional.empty();
  }

  /**
   * Whether a submission is signed as its agent has to sign: with its key if it joined with one, else not at all.
   *
   * @param key the agent's public key as X.509 SubjectPublicKeyInfo, DER; empty if it does not sign
   * @return {@link RejectReason#BAD_SIGNATURE}, or empty if it is
   */
  public static Optional<Fault> signature(UpdateSubmitted submission, ByteBuffer key) {
    if (!key.hasRemaining()) {
      return submission.getSignature().hasRemaining()
          ? forged("The agent has joined without a key, so its submissions are not signed.")
          : Optional.empty();
    }
    return Signatures.isSignedBy(submission, Signatures.publicKey(key))
        ? Optional.empty()
        : forged("The signature is not that of the agent's key.");
  }

  private static Optional<Fault> untrusted(String detail, TrainingRun run, AgentJoined joined) {
    return Optional.of(
        Fault.of(RejectReason.UNTRUSTED_KEY, detail, run.getRunId(), joined.getAgentId()));
  }

  private static Optional<Fault> forged(String detail) {
    return Optional.of(new Fault(RejectReason.BAD_SIGNATURE, detail));
  }
}
