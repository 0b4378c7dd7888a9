package io.coppice.audit.explain;

import io.coppice.audit.explain.Ahead.Found;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Folds a run's model from its initial one, round by round: of every topic only what belongs to the round is read before it is
 * folded, so no more than that is ever held.
 */
final class EvidenceFold implements AutoCloseable {

  private final RunDefinition run;
  private final ModelFold fold;
  private final Ahead<LedgerEntry> ledger;
  private final Ahead<MaskPublished> masks;
  private final Ahead<UpdateSubmitted> submissions;
  private final List<Ahead<AggregateShard>> shards = new ArrayList<>();

  /**
   * @param detail what the listener is told
   */
  EvidenceFold(RunTopics topics, FoldDetail detail, ModelFold.Listener listener) {
    this.run = topics.run();
    this.fold = new ModelFold(run, detail, listener);
    this.ledger = topics.ledger();
    this.masks = topics.masks();
    this.submissions = topics.submissions();
    shards.addAll(topics.shards(Topic.AGGREGATES));
    if (detail == FoldDetail.DECISIONS) {
      shards.addAll(topics.shards(Topic.IMPORTANCE));
    }
  }

  /** The model; its mask is the one that was in force in the round that was folded last. */
  ModelFold model() {
    return fold;
  }

  /** The mask that takes effect in the round after the one that is being folded, if there is one. */
  Optional<MaskPublished> followingMask() {
    return masks
        .next()
        .map(Found::value)
        .filter(mask -> mask.getEffectiveRound() == fold.nextRound());
  }

  /**
   * Folds up to a round.
   *
   * @throws IllegalStateException if the log does not lead there; the message says where it ends
   */
  void through(int last) {
    if (!fold.hasModel()) {
      start();
    }
    while (fold.nextRound() <= last) {
      int round = fold.nextRound();
      feed(round);
      if (fold.nextRound() == round) {
        throw new IllegalStateException(
            String.format(
                "the log does not hold all that round %d of run %s is made of", round, run.id()));
      }
    }
  }

  private void start() {
    feedMasks(run.firstRound());
    if (fold.mask(0) == null) {
      throw new IllegalStateException(
          String.format("the log does not hold the mask that run %s starts from", run.id()));
    }
    fold.restore(run.firstRound(), 0, run.initialParameters());
  }

  private void feed(int round) {
    feedMasks(round);
    Optional<RoundClosed> closed = closed(round);
    if (closed.isEmpty()) {
      return;
    }
    if (isProbed()) {
      feedSubmissions(closed.get());
    }
    for (Ahead<AggregateShard> partition : shards) {
      while (partition.next().isPresent() && partition.next().get().value().getRound() <= round) {
        fold.onAggregate(partition.take().orElseThrow().value());
      }
    }
    fold.onClosed(closed.get());
  }

  private void feedMasks(int round) {
    while (masks.next().isPresent() && masks.next().get().value().getEffectiveRound() <= round) {
      fold.onMask(masks.take().orElseThrow().value());
    }
  }

  private Optional<RoundClosed> closed(int round) {
    for (var entry = ledger.take(); entry.isPresent(); entry = ledger.take()) {
      if (entry.get().value().getEvent() instanceof RoundClosed closed
          && closed.getRound() == round) {
        return Optional.of(closed);
      }
    }
    return Optional.empty();
  }

  private boolean isProbed() {
    return fold.mask(fold.maskVersion()).getProbeDensity() != null;
  }

  /** What has been admitted was submitted before the round was closed, and after the round before it. */
  private void feedSubmissions(RoundClosed round) {
    Set<ByteBuffer> wanted =
        round.getContributors().stream()
            .map(Contributor::getSubmissionDigest)
            .collect(Collectors.toSet());
    while (!wanted.isEmpty() && submissions.next().isPresent()) {
      UpdateSubmitted submission = submissions.take().orElseThrow().value();
      if (submission.getRound() == round.getRound()
          && wanted.remove(ContentDigest.of(submission))) {
        fold.onSubmission(submission);
      }
    }
  }

  @Override
  public void close() {
    ledger.close();
    masks.close();
    submissions.close();
    shards.forEach(Ahead::close);
  }
}
