package io.coppice.audit;

import io.coppice.aggregator.Fault;
import io.coppice.aggregator.rounds.Admission;
import io.coppice.audit.AgentRegister.Agent;
import io.coppice.audit.ClosedRound.Rejection;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.LogRecord;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.Signatures;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Finds the submissions that the ledger speaks of, checks them against it, and finds those that it passes over: the coordinator
 * takes submissions in their order, so when a round closes each one before the last contributor's has a verdict.
 */
final class SubmissionVerifier implements AutoCloseable {

  /** Clocks of brokers may differ by this much; a submission later than that cannot be meant by an entry of the ledger. */
  private static final long CLOCK_SLACK_MILLIS = 60_000;

  private final RunDefinition run;
  private final int partition;
  private final PeekingCursor records;

  /** Those without a verdict so far, by offset. */
  private final TreeMap<Long, Submission> waiting = new TreeMap<>();

  /** Digests that the ledger speaks of since the round before. */
  private final Set<ByteBuffer> claimed = new HashSet<>();

  private record Submission(LogRecord record, UpdateSubmitted value, ByteBuffer digest) {}

  SubmissionVerifier(EvidenceSource source, RunDefinition run) {
    this.run = run;
    this.partition = LogKeys.runPartition(run.id(), source.partitions(Topic.SUBMISSIONS));
    this.records = new PeekingCursor(source.read(run, Topic.SUBMISSIONS, partition));
  }

  /**
   * Verifies what the ledger says of submissions up to a closed round.
   *
   * @param admission the rules for the round's submissions
   * @return the contributors' submissions, by agent
   * @throws Violation at the first that does not hold
   */
  Map<String, UpdateSubmitted> verify(ClosedRound round, Admission admission) {
    claim(round.rejections());
    round.closed().getContributors().forEach(c -> claimed.add(c.getSubmissionDigest()));
    for (Rejection rejection : round.rejections()) {
      verify(rejection, round.agents().get(rejection.rejected().getAgentId()), round);
    }
    Map<String, UpdateSubmitted> contributed = new HashMap<>();
    long last = -1;
    for (int i = 0; i < round.closed().getContributors().size(); i++) {
      Submission submission = verify(round, i, admission);
      contributed.put(submission.value().getAgentId(), submission.value());
      last = Math.max(last, submission.record().offset());
    }
    checkNobodyWasPassedOver(round, last);
    return contributed;
  }

  /** Verifies rejections that came behind the last closed round. */
  void verifyTrailing(List<Rejection> rejections, AgentRegister agents) {
    claim(rejections);
    for (Rejection rejection : rejections) {
      verify(rejection, agents.get(rejection.rejected().getAgentId()), null);
    }
  }

  /** Reads to the end, and counts the submissions that the ledger has no verdict on. */
  int countWithoutVerdict() {
    while (records.peek().isPresent()) {
      read();
    }
    return waiting.size();
  }

  private void claim(List<Rejection> rejections) {
    claimed.clear();
    rejections.forEach(rejection -> claimed.add(rejection.rejected().getSubmissionDigest()));
  }

  private void verify(Rejection rejection, Agent agent, ClosedRound round) {
    UpdateRejected rejected = rejection.rejected();
    long until = round == null ? Long.MAX_VALUE : limit(round);
    Submission submission =
        taken(rejected, agent, until)
            .orElseThrow(
                () ->
                    blame(
                        rejected.getAgentId(),
                        rejected.getRound(),
                        rejected.getSubmissionDigest(),
                        agent,
                        Violation.at(
                            rejection.record(),
                            "submissionDigest",
                            "the rejected submission of agent "
                                + rejected.getAgentId()
                                + " is not in the log.")));
    if (submission.value().getRound() != rejected.getRound()
        || !submission.value().getAgentId().equals(rejected.getAgentId())) {
      throw Violation.at(
          rejection.record(),
          "agentId",
          "agent or round are not those of the submission at "
              + submission.record().position()
              + ".");
    }
    if (rejected.getReason() == RejectReason.BAD_SIGNATURE
        && agent != null
        && isSigned(submission.value(), agent)) {
      throw Violation.at(
          rejection.record(),
          "reason",
          "the signature of the submission at " + submission.record().position() + " is good.");
    }
  }

  private Submission verify(ClosedRound round, int index, Admission admission) {
    Contributor contributor = round.closed().getContributors().get(index);
    String field = "contributors[" + index + "]";
    Agent agent = round.agents().get(contributor.getAgentId());
    Submission submission =
        take(contributor.getSubmissionDigest(), limit(round), s -> isSigned(s.value(), agent))
            .or(() -> take(contributor.getSubmissionDigest(), limit(round), any -> true))
            .orElseThrow(
                () ->
                    blame(
                        contributor.getAgentId(),
                        round.round(),
                        contributor.getSubmissionDigest(),
                        agent,
                        Violation.at(
                            round.record(),
                            field + ".submissionDigest",
                            "there is no such submission of agent "
                                + contributor.getAgentId()
                                + " in the log.")));
    UpdateSubmitted value = submission.value();
    if (!value.getAgentId().equals(contributor.getAgentId()) || value.getRound() != round.round()) {
      throw Violation.at(
          round.record(),
          field + ".submissionDigest",
          String.format(
              "the submission at %s is of agent %s and round %d.",
              submission.record().position(), value.getAgentId(), value.getRound()));
    }
    if (value.getWeight() != contributor.getWeight()) {
      throw Violation.at(
          round.record(),
          field + ".weight",
          String.format(
              "it is %d, but the agent has submitted %d (%s).",
              contributor.getWeight(), value.getWeight(), submission.record().position()));
    }
    if (!isSigned(value, agent)) {
      throw Violation.at(
          submission.record(),
          "signature",
          "it is not that of agent " + value.getAgentId() + ", whose update was counted.");
    }
    Optional<Fault> fault = admission.statement(value, agent.maxWeight());
    if (fault.isPresent()) {
      throw Violation.at(
          round.record(),
          field,
          "the submission at "
              + submission.record().position()
              + " should have been rejected: "
              + fault.get().detail());
    }
    return submission;
  }

  private static boolean isSigned(UpdateSubmitted submission, Agent agent) {
    return agent.key() == null
        ? !submission.getSignature().hasRemaining()
        : Signatures.isSignedBy(submission, agent.key());
  }

  private static long limit(ClosedRound round) {
    return round.record().timestamp() + CLOCK_SLACK_MILLIS;
  }

  /** A digest does not cover the signature: what was rejected for it is the submission whose signature is not good. */
  private Optional<Submission> taken(UpdateRejected rejected, Agent agent, long until) {
    boolean forged = rejected.getReason() == RejectReason.BAD_SIGNATURE;
    ByteBuffer digest = rejected.getSubmissionDigest();
    return take(digest, until, s -> agent == null || isSigned(s.value(), agent) != forged)
        .or(() -> take(digest, until, any -> true));
  }

  /** Takes the submission with a digest out of those that wait, or of those that are read until a time. */
  private Optional<Submission> take(ByteBuffer digest, long until, Predicate<Submission> wanted) {
    Predicate<Submission> isMeant =
        submission -> submission.digest().equals(digest) && wanted.test(submission);
    for (Iterator<Submission> found = waiting.values().iterator(); found.hasNext(); ) {
      Submission submission = found.next();
      if (isMeant.test(submission)) {
        found.remove();
        return Optional.of(submission);
      }
    }
    while (records.peek().filter(record -> record.timestamp() <= until).isPresent()) {
      Optional<Submission> read = read();
      if (read.filter(isMeant).isPresent()) {
        waiting.remove(read.get().record().offset());
        return read;
      }
    }
    return Optional.empty();
  }

  /** Anybody may write submissions: what cannot be read, or is no agent's, gets no verdict in the ledger. */
  private Optional<Submission> read() {
    LogRecord record = records.next().orElseThrow();
    if (!(record.value() instanceof UpdateSubmitted value)
        || !value.getRunId().equals(run.id())
        || !run.id().equals(record.key())
        || !LogKeys.isName(value.getAgentId())) {
      return Optional.empty();
    }
    Submission submission = new Submission(record, value, ContentDigest.of(value));
    waiting.put(record.offset(), submission);
    return Optional.of(submission);
  }

  /**
   * Why the submission that the ledger speaks of was not found: another one may stand in its place.
   *
   * @param otherwise if none does
   */
  private Violation blame(
      String agentId, int round, ByteBuffer digest, Agent agent, Violation otherwise) {
    List<Submission> candidates =
        waiting.values().stream()
            .filter(s -> s.value().getAgentId().equals(agentId) && !claimed.contains(s.digest()))
            .toList();
    for (Submission candidate : candidates) {
      if (candidate.value().getRound() == round) {
        boolean signed = agent != null && isSigned(candidate.value(), agent);
        return Violation.at(
            candidate.record(),
            signed ? "" : "signature",
            String.format(
                "this is not what agent %s has submitted for round %d: the ledger names digest %s..., here it is %s...%s",
                agentId,
                round,
                Digests.brief(digest),
                Digests.brief(candidate.digest()),
                signed ? "." : ", and the signature does not fit."));
      }
    }
    for (Submission candidate : candidates) {
      if (candidate.value().getRound() < round) {
        return replayed(candidate);
      }
    }
    return otherwise;
  }

  private void checkNobodyWasPassedOver(ClosedRound round, long last) {
    // What came before the run had begun may have come before its definition was known, and was
    // nobody's then.
    waiting.values().removeIf(s -> s.record().timestamp() < round.firstOpenedAt());
    for (Submission submission : waiting.headMap(last).values()) {
      if (submission.value().getRound() != round.round()) {
        throw replayed(submission);
      }
      throw Violation.at(
          round.record(),
          "contributors",
          String.format(
              "agent %s had submitted (%s), and was neither counted nor rejected.",
              submission.value().getAgentId(), submission.record().position()));
    }
  }

  private static Violation replayed(Submission submission) {
    return Violation.at(
        submission.record(),
        "round",
        String.format(
            "this submission of agent %s for round %d has no verdict in the ledger.",
            submission.value().getAgentId(), submission.value().getRound()));
  }

  @Override
  public void close() {
    records.close();
  }
}
