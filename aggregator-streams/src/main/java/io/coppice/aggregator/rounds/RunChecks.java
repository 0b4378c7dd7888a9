package io.coppice.aggregator.rounds;

import io.coppice.aggregator.Fault;
import io.coppice.learning.encoding.Encoding;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.DecisionSchedule;
import io.coppice.schemas.InitialPruning;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.TrustedKey;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/** Whether a run's definition, an agent's offer and a mask are fit to be used. */
public final class RunChecks {

  private RunChecks() {}

  /** Whether the coordinator can run this definition. What concerns only the model is left to those who build it. */
  public static Optional<Fault> definition(TrainingRun run) {
    Participation participation = run.getParticipation();
    InitialPruning initial = run.getInitialPruning();
    if (run.getRounds() < 1) {
      return malformed("A run has at least 1 round, not %d.", run.getRounds());
    }
    if (participation.getExpectedAgents() < 1
        || participation.getQuorum() < 1
        || participation.getQuorum() > participation.getExpectedAgents()) {
      return malformed(
          "The quorum is 1 to the expected agents, not %d of %d.",
          participation.getQuorum(), participation.getExpectedAgents());
    }
    if (participation.getParticipants() != null
        && (participation.getParticipants() < participation.getQuorum()
            || participation.getParticipants() > participation.getExpectedAgents())) {
      return malformed(
          "The agents asked in a round are the quorum to the expected agents, not %d where these are"
              + " %d and %d.",
          participation.getParticipants(),
          participation.getQuorum(),
          participation.getExpectedAgents());
    }
    DecisionSchedule decisions = run.getPruning().getDecisions();
    if (decisions != null && (decisions.getFirst() < 0 || decisions.getEvery() < 1)) {
      return malformed(
          "Masks are decided from round 0 on and at least 1 round apart, not from round %d on and %d"
              + " apart.",
          decisions.getFirst(), decisions.getEvery());
    }
    if (participation.getDeadlineMillis() < 1
        || (initial != null && initial.getDeadlineMillis() < 1)) {
      return malformed("A deadline is at least 1 millisecond.");
    }
    if (run.getShardValues() < 1) {
      return malformed("A shard holds at least 1 value, not %d.", run.getShardValues());
    }
    if (run.getTraining().getLocalSteps() < 1
        || run.getTraining().getBatchSize() < 1
        || (initial != null && initial.getSamples() < 1)) {
      return malformed("Local steps, batch size and samples of initial pruning are at least 1.");
    }
    if (!isSigned(run.getEncoding().getDelta()) || !isSigned(run.getEncoding().getAggregate())) {
      return malformed(
          "Deltas and aggregates may be negative, so they do not travel in %s and %s.",
          run.getEncoding().getDelta(), run.getEncoding().getAggregate());
    }
    if (run.getEvaluation().getEvery() < 1 || run.getPruning().getReconfigureEvery() < 1) {
      return malformed("Evaluations and mask decisions are at least 1 round apart.");
    }
    return trustedKeys(run);
  }

  private static boolean isSigned(TensorEncoding encoding) {
    return Encoding.valueOf(encoding.name()).signed();
  }

  /** The keys are as many as agents are expected, or the run could only start at its deadline. */
  private static Optional<Fault> trustedKeys(TrainingRun run) {
    List<TrustedKey> keys = run.getTrustedKeys();
    if (keys == null) {
      return Optional.empty();
    }
    int expected = run.getParticipation().getExpectedAgents();
    if (keys.size() < expected) {
      return malformed("%d trusted keys are too few for %d agents.", keys.size(), expected);
    }
    String previous = "";
    for (TrustedKey key : keys) {
      String agentId = key.getAgentId();
      if (!LogKeys.isName(agentId)) {
        return malformed("Trusted agents are named by 1 to 64 of a-z, 0-9 and '-'.");
      }
      if (agentId.compareTo(previous) <= 0) {
        return malformed(
            "Trusted keys stand in ascending order of their agents, one each, but %s stands behind"
                + " %s.",
            agentId, previous);
      }
      if (!AgentKeys.isKey(key.getPublicKey())) {
        return malformed(
            "The trusted key of agent %s is not an Ed25519 key as X.509 SubjectPublicKeyInfo in"
                + " DER.",
            agentId);
      }
      previous = agentId;
    }
    return Optional.empty();
  }

  /** Whether the agent's offer is fit by itself; whether its run takes it with this key is another question. */
  static Optional<Fault> agent(AgentJoined agent) {
    if (!LogKeys.isName(agent.getAgentId())) {
      return malformed("An agent is named by 1 to 64 of a-z, 0-9 and '-'.");
    }
    if (agent.getSampleCount() < 1 || agent.getMaxWeight() < 1) {
      return malformed(
          "Sample count and largest weight are at least 1, not %d and %d.",
          agent.getSampleCount(), agent.getMaxWeight());
    }
    if (agent.getPublicKey().hasRemaining() && !AgentKeys.isKey(agent.getPublicKey())) {
      return malformed(
          "The public key is not an Ed25519 key as X.509 SubjectPublicKeyInfo in DER.");
    }
    return Optional.empty();
  }

  /** Whether the mask's figures fit each other. */
  static Optional<Fault> mask(MaskPublished mask) {
    long kept = 0;
    for (LayerMask layer : mask.getLayers()) {
      if (!fits(layer)) {
        return malformed("The mask of layer %s does not fit its shape.", layer.getName());
      }
      kept += layer.getKept();
    }
    if (mask.getActiveParameters() < Math.max(1, kept)) {
      return malformed(
          "A mask that keeps %d weights has more than %d active parameters.",
          kept, mask.getActiveParameters());
    }
    if (!ContentDigest.of(mask).equals(mask.getDigest())) {
      return Optional.of(
          new Fault(RejectReason.DIGEST_MISMATCH, "The mask's digest is not that of its content."));
    }
    return Optional.empty();
  }

  /** Whether the kept weights are as many as the bitmap says, within the shape. */
  static boolean fits(LayerMask layer) {
    if (layer.getShape().stream().anyMatch(d -> d < 1 || d > 1 << 30)
        || layer.getShape().size() > 4) {
      return false;
    }
    double size = layer.getShape().stream().mapToDouble(d -> d).reduce(1, (a, b) -> a * b);
    if (size > Integer.MAX_VALUE) {
      return false;
    }
    int weights = (int) size;
    BitSet bits = BitSet.valueOf(layer.getBitmap());
    return layer.getBitmap().remaining() == (weights + 7L) / 8
        && bits.length() <= weights
        && bits.cardinality() == layer.getKept();
  }

  private static Optional<Fault> malformed(String detail, Object... arguments) {
    return Optional.of(Fault.of(RejectReason.MALFORMED, detail, arguments));
  }
}
