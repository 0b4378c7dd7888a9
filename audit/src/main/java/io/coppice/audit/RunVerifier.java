package io.coppice.audit;

import io.coppice.aggregator.rounds.Admission;
import io.coppice.aggregator.rounds.UpdateShape;
import io.coppice.audit.AggregateVerifier.Aggregates;
import io.coppice.replay.Checkpoints;
import io.coppice.replay.EvidenceSource;
import io.coppice.replay.FoldDetail;
import io.coppice.replay.FoldedRound;
import io.coppice.replay.LogRecord;
import io.coppice.replay.ModelFold;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.UnreadableLogException;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/**
 * Replays a run from its first record, and checks everything that the log says of it: the ledger's chain and the rules by which
 * rounds open and close, that counted updates were signed and admitted by the rules and nobody's was passed over, every aggregate
 * from the updates that it names, every mask from the folded model, every checkpoint. The arithmetic is that of the services
 * themselves. Rounds are verified one after the other; what is kept is a few models, however long the run.
 */
public final class RunVerifier {

  /** Told of every round that holds. */
  @FunctionalInterface
  public interface Listener {
    void holds(RoundVerdict verdict);
  }

  /**
   * How much is verified.
   *
   * @param toRound the last round; empty for all
   * @param fromCheckpoint the newest checkpoint that starts no later than this round is taken as it is, and only what comes after
   *     it is recomputed; empty to recompute everything
   * @param seal the digest, in hexadecimal or the beginning of it, that a closed round or the end of the run must have; empty if
   *     none is known
   * @param threads that sum at a time, at least 1
   */
  public record Options(
      OptionalInt toRound, OptionalInt fromCheckpoint, Optional<String> seal, int threads) {

    /** Threads that keep all processors busy while some of them wait for the log. */
    public static final int DEFAULT_THREADS = 2 * Runtime.getRuntime().availableProcessors();

    /** All of the run. */
    public static Options all() {
      return new Options(
          OptionalInt.empty(), OptionalInt.empty(), Optional.empty(), DEFAULT_THREADS);
    }
  }

  private final EvidenceSource source;
  private final RunDefinition run;
  private final Options options;
  private final Listener listener;

  private int rounds;
  private int lastRound;
  private int recomputedFrom;
  private long updates;
  private long rejected;
  private long aggregates;
  private int masksDecided;
  private long checkpointShards;
  private long updateBytes;
  private boolean finished;
  private String head = "";
  private boolean sealFound;
  private Optional<String> pending = Optional.empty();
  private int withoutVerdict;

  /**
   * @param listener told of every round that holds, in order
   */
  public RunVerifier(EvidenceSource source, RunDefinition run, Options options, Listener listener) {
    this.source = source;
    this.run = run;
    this.options = options;
    this.listener = listener;
    this.lastRound = run.firstRound() - 1;
    this.recomputedFrom = run.firstRound();
  }

  /**
   * Verifies the run, once.
   *
   * @throws IllegalArgumentException if the run's policy is unknown here, so that its masks cannot be decided again
   * @throws UnusableCheckpointException if there is no such checkpoint, or masks cannot be decided again from it
   */
  public Verification verify() throws InterruptedException {
    Optional<Violation> violation = Optional.empty();
    Optional<Checkpoints.Checkpoint> start = Optional.empty();
    try {
      if (options.fromCheckpoint().isPresent()) {
        LedgerVerifier.checkDefinition(source, run);
        start =
            Optional.of(
                new CheckpointFinder(source, run).atMost(options.fromCheckpoint().getAsInt()));
        recomputedFrom = start.get().round();
      }
      try (Pass pass = new Pass(start)) {
        pass.verify();
      }
      checkSeal();
    } catch (Violation found) {
      violation = Optional.of(found);
    } catch (UnreadableLogException damage) {
      violation = Optional.of(Violation.of(damage));
    }
    return new Verification(
        run.id(),
        rounds,
        lastRound,
        recomputedFrom,
        updates,
        rejected,
        aggregates,
        masksDecided,
        checkpointShards,
        updateBytes,
        finished,
        head,
        pending,
        withoutVerdict,
        violation);
  }

  /** One reading of the log. */
  private final class Pass implements AutoCloseable {
    private final LedgerVerifier ledger = new LedgerVerifier(source, run);
    private final SubmissionVerifier submissions = new SubmissionVerifier(source, run);
    private final MaskVerifier masks = new MaskVerifier(source, run);
    private final Optional<Checkpoints.Checkpoint> start;
    private final AggregateVerifier sums;
    private final CheckpointVerifier checkpoints;
    private final ModelFold fold;

    private FoldedRound folded;

    /** What the next round commits to; null where the aggregates of the last one were not recomputed. */
    private ByteBuffer aggregatesDigest = ByteBuffer.allocate(0);

    /**
     * @param start the checkpoint to start from; empty to begin with the initial model
     */
    Pass(Optional<Checkpoints.Checkpoint> start) {
      this.start = start;
      this.sums =
          new AggregateVerifier(
              source,
              run,
              start.map(Checkpoints.Checkpoint::aggregatePositions),
              options.threads());
      this.checkpoints =
          new CheckpointVerifier(
              source, run, start.isPresent() ? recomputedFrom + 1 : recomputedFrom);
      this.fold = new ModelFold(run, FoldDetail.DECISIONS, round -> folded = round);
    }

    void verify() throws InterruptedException {
      Optional<ClosedRound> next = ledger.next();
      while (next.isPresent() && next.get().round() <= lastWanted()) {
        ClosedRound round = next.get();
        try {
          verify(round);
        } catch (Pending missing) {
          endsWith(missing);
          return;
        }
        next = ledger.next();
      }
      if (next.isEmpty()) {
        verifyEnd();
      }
    }

    private int lastWanted() {
      return options.toRound().orElse(Integer.MAX_VALUE);
    }

    /** What is missing is still to come if the ledger ends here; otherwise it is gone. */
    private void endsWith(Pending missing) {
      if (ledger.next().isPresent() || ledger.finished() != null) {
        throw missing.otherwise();
      }
      pending = Optional.of(missing.otherwise().getMessage());
    }

    private void verify(ClosedRound round) throws InterruptedException {
      RoundClosed closed = round.closed();
      if (masks.published() == null) {
        masks.readInitial();
        fold.onMask(masks.published());
      }
      if (round.round() == recomputedFrom) {
        beginFold();
      }
      checkCommitments(round);
      UpdateShape shape = UpdateShape.of(run.run(), masks.published(), closed.getImportance());
      if (closed.getDeltaShards() != shape.deltaShards()
          || closed.getImportanceShards() != shape.importanceShards()) {
        throw Violation.at(
            round.record(), "deltaShards", "the numbers of shards are not those of the mask.");
      }
      Map<String, UpdateSubmitted> contributed =
          submissions.verify(
              round,
              new Admission(run.run(), masks.published(), round.round(), closed.getImportance()));
      Aggregates summed = new Aggregates(List.of(), 0, List.of());
      double density = masks.published().getDensity();
      int decidedBefore = masksDecided;
      long shardsBefore = checkpointShards;
      if (round.round() >= recomputedFrom) {
        summed = sums.verify(RoundEvidence.of(closed, shape, contributed));
        aggregatesDigest = summed.digest();
        checkpoints.verifyPositions(round.round(), summed.firstOffsets());
        fold(closed, contributed, summed.shards());
        checkpointShards +=
            checkpoints.verify(round.round() + 1, fold.maskVersion(), fold.parameters());
      } else {
        aggregatesDigest = null;
      }
      readMaskAfter(round, contributed);
      account(
          round, summed, density, masksDecided > decidedBefore, checkpointShards - shardsBefore);
    }

    private void checkCommitments(ClosedRound round) {
      RoundClosed closed = round.closed();
      if (closed.getMaskVersion() != masks.published().getVersion()) {
        throw Violation.at(
            round.record(),
            "maskVersion",
            "mask "
                + masks.published().getVersion()
                + " is in force, not "
                + closed.getMaskVersion()
                + ".");
      }
      if (!closed.getMaskDigest().equals(masks.published().getDigest())) {
        throw Violation.at(
            round.record(), "maskDigest", "it is not the digest of the mask that is in force.");
      }
      if (aggregatesDigest != null && !closed.getAggregatesDigest().equals(aggregatesDigest)) {
        throw Violation.at(
            round.record(),
            "aggregatesDigest",
            "it is not that of the aggregates of the round before.");
      }
    }

    private void fold(
        RoundClosed closed, Map<String, UpdateSubmitted> contributed, List<AggregateShard> shards) {
      folded = null;
      contributed.values().forEach(fold::onSubmission);
      fold.onClosed(closed);
      shards.forEach(fold::onAggregate);
      if (folded == null) {
        throw new IllegalStateException(
            "Round " + closed.getRound() + " holds, but cannot be folded.");
      }
    }

    private void readMaskAfter(ClosedRound round, Map<String, UpdateSubmitted> contributed) {
      if (!run.newMaskAfter(round.round())) {
        return;
      }
      boolean initial = round.round() == RunDefinition.INITIAL_PRUNING_ROUND;
      int effective = round.round() + 1;
      masks.read(effective, initial ? MaskOrigin.INITIAL_PRUNING : MaskOrigin.RECONFIGURATION);
      if (initial) {
        UpdateSubmitted proposal = contributed.values().iterator().next();
        masks.verifyProposed(proposal.getAgentId(), proposal.getProposedMask());
      }
      boolean recomputed = round.round() >= recomputedFrom;
      if (recomputed && !initial) {
        masks.verifyDecision(folded, fold.parameters());
        masksDecided++;
      }
      fold.onMask(masks.published());
      if (!recomputed) {
        return;
      }
      checkpointShards += checkpoints.verify(effective, fold.maskVersion(), fold.parameters());
    }

    private void beginFold() {
      if (start.isPresent()) {
        fold.restore(recomputedFrom, start.get().maskVersion(), start.get().parameters());
      } else {
        fold.restore(recomputedFrom, 0, run.initialParameters());
        checkpointShards += checkpoints.verify(recomputedFrom, 0, fold.parameters());
      }
    }

    private void verifyEnd() throws InterruptedException {
      submissions.verifyTrailing(ledger.trailingRejections(), ledger.agents());
      RunFinished end = ledger.finished();
      if (end == null) {
        checkNotCutOff();
        return;
      }
      if (aggregatesDigest != null && !end.getAggregatesDigest().equals(aggregatesDigest)) {
        throw Violation.at(
            ledger.finishedRecord(),
            "aggregatesDigest",
            "it is not that of the aggregates of the last round.");
      }
      if (lastRound >= recomputedFrom) {
        sums.checkEnd();
        checkpoints.checkEnd();
      }
      masks.checkEnd();
      withoutVerdict = submissions.countWithoutVerdict();
      finished = true;
      reached(end.getDigest());
    }

    private void account(
        ClosedRound round,
        Aggregates summed,
        double density,
        boolean decided,
        long checkpointShardsOfRound) {
      rounds++;
      lastRound = round.round();
      updates += round.closed().getContributors().size();
      rejected += round.rejections().size();
      aggregates += summed.shards().size();
      updateBytes += summed.updateBytes();
      reached(round.closed().getDigest());
      listener.holds(
          new RoundVerdict(
              round.round(),
              round.closed().getMaskVersion(),
              density,
              round.closed().getContributors().size(),
              round.rejections().size(),
              summed.shards().size(),
              summed.updateBytes(),
              decided ? OptionalDouble.of(masks.published().getDensity()) : OptionalDouble.empty(),
              Math.toIntExact(checkpointShardsOfRound),
              head));
    }

    /** Aggregates and checkpoints are made of closed rounds, so where there are more of them, the ledger has more entries. */
    private void checkNotCutOff() throws InterruptedException {
      if (lastRound < recomputedFrom - 1) {
        throw cutOff("there is a checkpoint before round " + recomputedFrom);
      }
      Optional<LogRecord> more = sums.more();
      if (more.isPresent() && !ledger.hasGrown()) {
        throw cutOff(more.get().position() + " is an aggregate of a later one");
      }
    }

    private Violation cutOff(String but) {
      return Violation.missing(
          Topic.ROUNDS,
          ledger.partition(),
          String.format("the ledger ends with round %d, but %s.", lastRound, but));
    }

    @Override
    public void close() {
      ledger.close();
      submissions.close();
      masks.close();
      sums.close();
      checkpoints.close();
    }
  }

  private void reached(ByteBuffer digest) {
    head = Digests.hex(digest);
    sealFound = sealFound || options.seal().filter(head::startsWith).isPresent();
  }

  private void checkSeal() {
    if (options.seal().isPresent() && !sealFound) {
      throw Violation.missing(
          Topic.ROUNDS,
          LogKeys.runPartition(run.id(), source.partitions(Topic.ROUNDS)),
          String.format(
              "no entry up to round %d has the digest %s: the log is another one, or was cut off.",
              lastRound, options.seal().get()));
    }
  }
}
