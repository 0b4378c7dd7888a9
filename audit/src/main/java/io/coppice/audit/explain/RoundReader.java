package io.coppice.audit.explain;

import io.coppice.audit.explain.Ahead.Found;
import io.coppice.audit.explain.RoundFacts.Closing;
import io.coppice.audit.explain.RoundFacts.Contribution;
import io.coppice.audit.explain.RoundFacts.Opening;
import io.coppice.audit.explain.RoundFacts.Probe;
import io.coppice.audit.explain.RoundFacts.Rejection;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;

/** Reads from ledger and submissions who took part in one round. */
final class RoundReader {

  private final List<Found<RoundOpened>> openings = new ArrayList<>();
  private final List<Found<UpdateRejected>> rejections = new ArrayList<>();
  private final Map<ByteBuffer, Found<UpdateSubmitted>> submissions = new HashMap<>();
  private Found<RoundClosed> closed;

  /** The last closed round of a run; empty if there is none. */
  static OptionalInt lastClosed(RunTopics topics) {
    OptionalInt last = OptionalInt.empty();
    try (Ahead<LedgerEntry> ledger = topics.ledger()) {
      for (var entry = ledger.take(); entry.isPresent(); entry = ledger.take()) {
        if (entry.get().value().getEvent() instanceof RoundClosed round) {
          last = OptionalInt.of(round.getRound());
        }
      }
    }
    return last;
  }

  /**
   * Reads a round.
   *
   * @throws IllegalStateException if the ledger closes later rounds, but not this one
   */
  RoundReader(RunTopics topics, int round) {
    readLedger(topics, round);
    if (closed == null) {
      throw new IllegalStateException(
          String.format(
              "The ledger of run %s does not close round %d, although it closes a later one.",
              topics.run().id(), round));
    }
    readSubmissions(topics, round);
  }

  private void readLedger(RunTopics topics, int round) {
    try (Ahead<LedgerEntry> ledger = topics.ledger()) {
      for (var entry = ledger.take(); entry.isPresent(); entry = ledger.take()) {
        switch (entry.get().value().getEvent()) {
          case RoundOpened opened when opened.getRound() == round ->
              openings.add(new Found<>(entry.get().at(), opened));
          case UpdateRejected rejected when rejected.getRound() == round ->
              rejections.add(new Found<>(entry.get().at(), rejected));
          case RoundClosed end when end.getRound() == round && closed == null ->
              closed = new Found<>(entry.get().at(), end);
          default -> {}
        }
      }
    }
  }

  private void readSubmissions(RunTopics topics, int round) {
    Set<ByteBuffer> wanted = new HashSet<>();
    closed.value().getContributors().forEach(c -> wanted.add(c.getSubmissionDigest()));
    rejections.forEach(r -> wanted.add(r.value().getSubmissionDigest()));
    try (Ahead<UpdateSubmitted> cursor = topics.submissions()) {
      for (var found = cursor.take(); found.isPresent(); found = cursor.take()) {
        if (found.get().value().getRound() == round) {
          ByteBuffer digest = ContentDigest.of(found.get().value());
          if (wanted.contains(digest)) {
            submissions.putIfAbsent(digest, found.get());
          }
        }
      }
    }
  }

  /** The round as it was closed. */
  RoundClosed closed() {
    return closed.value();
  }

  /** What a contributor has submitted; empty if the log does not hold it. */
  Optional<UpdateSubmitted> submission(Contributor contributor) {
    return Optional.ofNullable(submissions.get(contributor.getSubmissionDigest()))
        .map(Found::value);
  }

  /** The round for the explanation. */
  RoundFacts facts() {
    TreeSet<String> asked = new TreeSet<>();
    openings.forEach(opening -> asked.addAll(opening.value().getParticipants()));
    TreeSet<String> silent = new TreeSet<>(asked);
    closed().getContributors().forEach(contributor -> silent.remove(contributor.getAgentId()));
    rejections.forEach(rejected -> silent.remove(rejected.value().getAgentId()));
    long total = closed().getContributors().stream().mapToLong(Contributor::getWeight).sum();
    List<Contribution> contributions =
        closed().getContributors().stream().map(c -> contribution(c, total)).toList();
    return new RoundFacts(
        openings.stream().map(RoundReader::opening).toList(),
        closing(),
        List.copyOf(asked),
        contributions,
        rejections.stream()
            .map(rejected -> rejection(rejected, asked.contains(rejected.value().getAgentId())))
            .toList(),
        List.copyOf(silent),
        total,
        contributions.stream()
            .mapToLong(c -> c.payloadBytes() == null ? 0 : c.payloadBytes())
            .sum());
  }

  private static Opening opening(Found<RoundOpened> opened) {
    return new Opening(
        opened.value().getOpenedAt(),
        opened.value().getDeadlineAt(),
        opened.value().getParticipants(),
        opened.at().position());
  }

  private Closing closing() {
    double seconds =
        openings.isEmpty()
            ? Double.NaN
            : (closed().getClosedAt().toEpochMilli()
                    - openings.getFirst().value().getOpenedAt().toEpochMilli())
                / 1e3;
    return new Closing(
        closed().getClosedAt(),
        closed().getReason(),
        seconds,
        closed().getImportance(),
        closed.at().position());
  }

  private Contribution contribution(Contributor contributor, long total) {
    double share = (double) contributor.getWeight() / total;
    Found<UpdateSubmitted> found = submissions.get(contributor.getSubmissionDigest());
    if (found == null) {
      return new Contribution(
          contributor.getAgentId(),
          contributor.getWeight(),
          share,
          null,
          null,
          null,
          null,
          null,
          null);
    }
    UpdateSubmitted submission = found.value();
    return new Contribution(
        contributor.getAgentId(),
        contributor.getWeight(),
        share,
        submission.getTrainLoss(),
        submission.getTrainSeconds(),
        submission.getPayloadBytes(),
        submission.getSignature().hasRemaining(),
        probe(submission.getProbe()),
        found.at().position());
  }

  private static Probe probe(ProbeLosses losses) {
    return losses == null
        ? null
        : new Probe(
            losses.getSamples(), losses.getPrevious(), losses.getCurrent(), losses.getSmaller());
  }

  private Rejection rejection(Found<UpdateRejected> found, boolean asked) {
    UpdateRejected rejected = found.value();
    Found<UpdateSubmitted> submission = submissions.get(rejected.getSubmissionDigest());
    return new Rejection(
        rejected.getAgentId(),
        asked,
        rejected.getReason(),
        rejected.getDetail(),
        Instant.ofEpochMilli(found.at().timestamp()),
        found.at().position(),
        submission == null ? null : submission.at().position());
  }
}
