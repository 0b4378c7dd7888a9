package io.coppice.console.tail;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;
import static io.coppice.console.tail.FieldText.digest;
import static io.coppice.console.tail.FieldText.line;
import static io.coppice.console.tail.FieldText.list;
import static io.coppice.console.tail.FieldText.number;
import static io.coppice.console.tail.FieldText.others;
import static io.coppice.console.tail.FieldText.tensor;

import io.coppice.schemas.AgentAccepted;
import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AgentRound;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.Contributor;
import io.coppice.schemas.InitialPruningProgress;
import io.coppice.schemas.LayerMask;
import io.coppice.schemas.MaskDecisionFigures;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.Participation;
import io.coppice.schemas.ProbeLosses;
import io.coppice.schemas.PruningPolicy;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.RoundClosed;
import io.coppice.schemas.RoundEvaluated;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunAccepted;
import io.coppice.schemas.RunCommand;
import io.coppice.schemas.RunFinished;
import io.coppice.schemas.RunResumed;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.ShardKind;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateRejected;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.IndexedRecord;

/**
 * What a record says, in a few words. Each type that there is has a sentence; fields that the sentence does not know, and records of
 * other types, are told by the names of their fields.
 */
final class RecordText {

  private static final int MILLIS = 1000;

  private RecordText() {}

  /** What a record is called: of a ledger or metric entry, its event. */
  static String name(IndexedRecord record) {
    return event(record).getSchema().getName();
  }

  /** What a record says. */
  static String of(IndexedRecord record) {
    IndexedRecord event = event(record);
    return switch (event) {
      case TrainingRun run -> run(run);
      case RunCommand command -> command(command);
      case AgentJoined joined -> joined(joined);
      case RoundOpened opened -> opened(opened);
      case UpdateRejected rejected -> rejected(rejected);
      case RoundClosed closed -> closed(closed);
      case RunFinished finished -> finished(finished);
      case RunAccepted accepted -> accepted(accepted);
      case AgentAccepted accepted -> accepted(accepted);
      case RunStopped stopped -> stopped(stopped);
      case RunResumed resumed -> resumed(resumed);
      case UpdateShard shard -> update(shard);
      case UpdateSubmitted submitted -> submitted(submitted);
      case UpdateChecked checked -> checked(checked);
      case AggregateShard aggregate -> aggregate(aggregate);
      case MaskPublished mask -> mask(mask);
      case CheckpointShard checkpoint -> checkpoint(checkpoint);
      case RoundEvaluated evaluated -> evaluated(evaluated);
      case AgentRound round -> agentRound(round);
      case InitialPruningProgress progress -> progress(progress);
      case RejectedRecord rejected -> rejected(rejected);
      default -> FieldText.all(event);
    };
  }

  /** The event of an entry is what it says; the entry around it only names the run, as the key does. */
  private static IndexedRecord event(IndexedRecord record) {
    Schema.Field field = record.getSchema().getField("event");
    return field != null && record.get(field.pos()) instanceof IndexedRecord event ? event : record;
  }

  private static String run(TrainingRun run) {
    Participation who = run.getParticipation();
    PruningPolicy pruning = run.getPruning();
    return text(
            "%s on %s with %d classes, %s rounds of %d x %d samples, rate %s, %s; ",
            line(run.getArchitecture().getNetwork()),
            run.getArchitecture().getInputShape().stream()
                .map(String::valueOf)
                .collect(Collectors.joining("x")),
            run.getArchitecture().getClasses(),
            count(run.getRounds()),
            run.getTraining().getLocalSteps(),
            run.getTraining().getBatchSize(),
            number(run.getTraining().getLearningRate()),
            run.getLoss())
        + text(
            "%d agents%s, quorum %d, deadline %s s; ",
            who.getExpectedAgents(),
            who.getParticipants() == null ? "" : ", " + who.getParticipants() + " asked a round",
            who.getQuorum(),
            number((double) who.getDeadlineMillis() / MILLIS))
        + text(
            "policy %s every %d rounds%s, regrow %s; ",
            line(pruning.getPolicy()),
            pruning.getReconfigureEvery(),
            run.getInitialPruning() == null ? "" : " after initial pruning",
            pruning.getRegrow())
        + text(
            "updates %s, aggregates %s, seed %d",
            run.getEncoding().getDelta(), run.getEncoding().getAggregate(), run.getSeed())
        + others(
            run,
            "runId",
            "createdAt",
            "seed",
            "architecture",
            "loss",
            "training",
            "rounds",
            "participation",
            "pruning",
            "initialPruning",
            "evaluation",
            "cost",
            "encoding",
            "shardValues",
            "checkpointEvery");
  }

  private static String command(RunCommand command) {
    return text("%s%s", command.getAction(), why(command.getReason(), command.getIssuer()))
        + others(command, "runId", "action", "reason", "issuer", "issuedAt");
  }

  private static String stopped(RunStopped stopped) {
    return text("round %d%s", stopped.getRound(), why(stopped.getReason(), stopped.getIssuer()))
        + others(stopped, "round", "reason", "issuer", "stoppedAt");
  }

  private static String resumed(RunResumed resumed) {
    return text("round %d%s", resumed.getRound(), why(resumed.getReason(), resumed.getIssuer()))
        + others(resumed, "round", "reason", "issuer", "resumedAt");
  }

  /** Who asked for something and why, as far as it is said. */
  private static String why(String reason, String issuer) {
    return (issuer.isEmpty() ? "" : ", by " + line(issuer))
        + (reason.isEmpty() ? "" : ": " + line(reason));
  }

  private static String joined(AgentJoined joined) {
    return text(
            "%s with %s samples, weight at most %s, key %s",
            line(joined.getAgentId()),
            count(joined.getSampleCount()),
            count(joined.getMaxWeight()),
            FieldText.key(joined.getPublicKey()))
        + (joined.getCostProfile() == null
            ? ""
            : text(
                ", cost measured: %s s fixed, link %s/s",
                number(joined.getCostProfile().getFixedSeconds()),
                bytes(joined.getCostProfile().getBytesPerSecond())))
        + others(
            joined,
            "runId",
            "agentId",
            "joinedAt",
            "sampleCount",
            "maxWeight",
            "costProfile",
            "publicKey");
  }

  private static String opened(RoundOpened opened) {
    return text(
            "round %d, mask %d%s, deadline in %s s, %d asked: %s",
            opened.getRound(),
            opened.getMaskVersion(),
            opened.getImportance() ? " with upload for a decision" : "",
            number(
                (double) Duration.between(opened.getOpenedAt(), opened.getDeadlineAt()).toMillis()
                    / MILLIS),
            opened.getParticipants().size(),
            list(opened.getParticipants(), FieldText::line))
        + others(
            opened, "round", "maskVersion", "importance", "participants", "openedAt", "deadlineAt");
  }

  private static String rejected(UpdateRejected rejected) {
    return text(
            "round %d, %s: %s, %s (submission %s)",
            rejected.getRound(),
            line(rejected.getAgentId()),
            rejected.getReason(),
            line(rejected.getDetail()),
            digest(rejected.getSubmissionDigest()))
        + others(rejected, "round", "agentId", "submissionDigest", "reason", "detail");
  }

  private static String closed(RoundClosed closed) {
    return text(
            "round %d, mask %d, %s, weight %s of %d: %s; %s%s, digest %s after %s",
            closed.getRound(),
            closed.getMaskVersion(),
            closed.getReason(),
            count(closed.getContributors().stream().mapToLong(Contributor::getWeight).sum()),
            closed.getContributors().size(),
            list(
                closed.getContributors(),
                (Contributor c) -> line(c.getAgentId()) + " " + count(c.getWeight())),
            counted(closed.getDeltaShards(), "shard"),
            closed.getImportance() ? " + " + closed.getImportanceShards() + " for a decision" : "",
            digest(closed.getDigest()),
            digest(closed.getPreviousDigest()))
        + others(
            closed,
            "round",
            "maskVersion",
            "importance",
            "reason",
            "contributors",
            "deltaShards",
            "importanceShards",
            "encoding",
            "closedAt",
            "previousDigest",
            "digest");
  }

  private static String finished(RunFinished finished) {
    return text("after %s", counted(finished.getRounds(), "round"))
        + others(finished, "rounds", "finishedAt");
  }

  private static String accepted(RunAccepted accepted) {
    return text("definition %s", digest(accepted.getDefinitionDigest()))
        + others(accepted, "definitionDigest", "acceptedAt");
  }

  private static String accepted(AgentAccepted accepted) {
    return text(
            "%s with %s samples, weight at most %s, key %s",
            line(accepted.getAgentId()),
            count(accepted.getSampleCount()),
            count(accepted.getMaxWeight()),
            FieldText.key(accepted.getPublicKey()))
        + others(accepted, "agentId", "publicKey", "sampleCount", "maxWeight", "acceptedAt");
  }

  private static String update(UpdateShard shard) {
    return text(
            "round %d, %s, mask %d, %s %d of %d, weight %s: %s %s (submission %s)",
            shard.getRound(),
            line(shard.getAgentId()),
            shard.getMaskVersion(),
            kind(shard.getKind()),
            shard.getShard(),
            shard.getKind() == ShardKind.DELTA
                ? shard.getDeltaShards()
                : shard.getImportanceShards(),
            count(shard.getWeight()),
            shard.getEncoding(),
            tensor(shard, shard.getValues()),
            digest(shard.getSubmission()))
        + others(
            shard,
            "runId",
            "round",
            "agentId",
            "submission",
            "maskVersion",
            "kind",
            "shard",
            "deltaShards",
            "importanceShards",
            "weight",
            "encoding",
            "valueCount",
            "values");
  }

  private static String submitted(UpdateSubmitted submitted) {
    ProbeLosses probe = submitted.getProbe();
    List<LayerMask> proposed = submitted.getProposedMask();
    return text(
            "round %d, %s, mask %d, weight %s, loss %s, trained %s s, %s in %s%s%s, digest %s, signature %s",
            submitted.getRound(),
            line(submitted.getAgentId()),
            submitted.getMaskVersion(),
            count(submitted.getWeight()),
            number(submitted.getTrainLoss()),
            number(submitted.getTrainSeconds()),
            bytes(submitted.getPayloadBytes()),
            counted(submitted.getShards().size(), "shard"),
            proposed == null ? "" : ", proposes " + layers(proposed),
            probe == null
                ? ""
                : text(
                    ", probe of %d samples: losses %s, %s, smaller %s",
                    probe.getSamples(),
                    number(probe.getPrevious()),
                    number(probe.getCurrent()),
                    number(probe.getSmaller())),
            digest(ContentDigest.of(submitted)),
            digest(submitted.getSignature()))
        + others(
            submitted,
            "runId",
            "round",
            "agentId",
            "maskVersion",
            "weight",
            "trainLoss",
            "trainSeconds",
            "payloadBytes",
            "shards",
            "proposedMask",
            "probe",
            "signature");
  }

  private static String checked(UpdateChecked checked) {
    return text(
            "round %d, %s, mask %d, weight %s, partition %d: %s (submission %s)",
            checked.getRound(),
            line(checked.getAgentId()),
            checked.getMaskVersion(),
            count(checked.getWeight()),
            checked.getPartition(),
            checked.getFault() == null
                ? counted(checked.getShards().size(), "shard")
                : checked.getFault() + ", " + line(checked.getDetail()),
            digest(checked.getSubmission()))
        + others(
            checked,
            "runId",
            "round",
            "agentId",
            "submission",
            "partition",
            "maskVersion",
            "weight",
            "deltaShards",
            "importanceShards",
            "shards",
            "fault",
            "detail");
  }

  private static String aggregate(AggregateShard aggregate) {
    return text(
            "round %d, mask %d, %s %d of %d, %s of %d, weight %s: %s %s, digest %s",
            aggregate.getRound(),
            aggregate.getMaskVersion(),
            kind(aggregate.getKind()),
            aggregate.getShard(),
            aggregate.getShards(),
            aggregate.getKind() == ShardKind.DELTA ? "mean" : "sum",
            aggregate.getContributions().size(),
            count(aggregate.getTotalWeight()),
            aggregate.getEncoding(),
            tensor(aggregate, aggregate.getValues()),
            digest(aggregate.getDigest()))
        + others(
            aggregate,
            "runId",
            "round",
            "maskVersion",
            "kind",
            "shard",
            "shards",
            "encoding",
            "valueCount",
            "values",
            "totalWeight",
            "contributions",
            "digest");
  }

  private static String mask(MaskPublished mask) {
    return text(
            "mask %d from round %d, %s, density %s, %s active parameters: %s%s, digest %s",
            mask.getVersion(),
            mask.getEffectiveRound(),
            mask.getOrigin(),
            decimals(mask.getDensity(), 4),
            count(mask.getActiveParameters()),
            layers(mask.getLayers()),
            mask.getDecision() == null ? "" : "; " + decision(mask.getDecision()),
            digest(mask.getDigest()))
        + others(
            mask,
            "runId",
            "version",
            "effectiveRound",
            "origin",
            "layers",
            "activeParameters",
            "density",
            "decision",
            "digest");
  }

  private static String decision(MaskDecisionFigures decision) {
    return text(
        "removed %s, regrown %s, objective %s -> %s, %s",
        count(sum(decision.getRemoved())),
        count(sum(decision.getRegrown())),
        number(decision.getObjectiveBefore()),
        number(decision.getObjectiveAfter()),
        line(decision.getStopReason()));
  }

  /** The density of every layer. */
  private static String layers(List<LayerMask> layers) {
    return list(
        layers, (LayerMask layer) -> line(layer.getName()) + " " + decimals(density(layer), 3));
  }

  private static double density(LayerMask layer) {
    return layer.getKept()
        / layer.getShape().stream().mapToDouble(Integer::doubleValue).reduce(1, (a, b) -> a * b);
  }

  private static String checkpoint(CheckpointShard checkpoint) {
    return text(
            "model that round %d starts from, mask %d, block %d of %d: %s, digest %s",
            checkpoint.getRound(),
            checkpoint.getMaskVersion(),
            checkpoint.getShard(),
            checkpoint.getShards(),
            tensor(checkpoint, checkpoint.getValues()),
            digest(checkpoint.getDigest()))
        + others(
            checkpoint,
            "runId",
            "round",
            "maskVersion",
            "shard",
            "shards",
            "valueCount",
            "values",
            "aggregatePositions",
            "digest");
  }

  private static String evaluated(RoundEvaluated evaluated) {
    return text(
            "round %d, %s: accuracy %s, loss %s on %s samples, density %s, %s s",
            evaluated.getRound(),
            line(evaluated.getEvaluator()),
            decimals(evaluated.getAccuracy(), 4),
            number(evaluated.getLoss()),
            count(evaluated.getSamples()),
            decimals(evaluated.getDensity(), 4),
            number(evaluated.getSeconds()))
        + others(
            evaluated, "round", "evaluator", "samples", "accuracy", "loss", "density", "seconds");
  }

  private static String agentRound(AgentRound round) {
    return text(
            "round %d, %s: trained %s s, %s up, %s down",
            round.getRound(),
            line(round.getAgentId()),
            number(round.getTrainSeconds()),
            bytes(round.getBytesUp()),
            bytes(round.getBytesDown()))
        + others(round, "round", "agentId", "trainSeconds", "bytesUp", "bytesDown");
  }

  private static String progress(InitialPruningProgress progress) {
    return text(
            "%s, local round %s, training accuracy %s, %s, density %s",
            line(progress.getAgentId()),
            count(progress.getLocalRound()),
            decimals(progress.getTrainAccuracy(), 3),
            counted(progress.getDecisions(), "decision"),
            decimals(progress.getDensity(), 4))
        + others(progress, "agentId", "localRound", "trainAccuracy", "decisions", "density");
  }

  private static String rejected(RejectedRecord rejected) {
    return text(
            "%s-%d@%d: %s, %s (%s)",
            line(rejected.getTopic()),
            rejected.getPartition(),
            rejected.getOffset(),
            rejected.getReason(),
            line(rejected.getDetail()),
            bytes(rejected.getPayload().remaining()))
        + others(rejected, "topic", "partition", "offset", "reason", "detail", "payload");
  }

  private static String kind(ShardKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  private static String counted(int number, String what) {
    return count(number) + " " + what + (number == 1 ? "" : "s");
  }

  private static long sum(List<Integer> counts) {
    return counts.stream().mapToLong(Integer::longValue).sum();
  }

  private static String text(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
