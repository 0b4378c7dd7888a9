package io.coppice.console.runs;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.progress.RoundProgress;
import io.coppice.console.progress.RunMonitor;
import io.coppice.console.progress.TimeLeft;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/** How a run goes, for programs. Times are ISO 8601 in UTC, or seconds. */
final class RunJson {

  private static final ObjectMapper JSON = new ObjectMapper();

  private RunJson() {}

  /** What a table has of it. */
  static ObjectNode of(RunMonitor run) {
    ObjectNode node =
        JSON.createObjectNode()
            .put("run", run.run().id())
            .put("state", RunState.of(run).name().toLowerCase(Locale.ROOT))
            .put("rounds", run.run().lastRound() + 1)
            .put("closedRounds", run.lastClosedRound() + 1)
            .put("agents", run.agents().size())
            .put("expectedAgents", run.run().run().getParticipation().getExpectedAgents())
            .put("policy", run.run().run().getPruning().getPolicy())
            .put("network", run.run().architecture().network())
            .put("definedAt", Instant.ofEpochMilli(run.run().since()).toString());
    run.mask().ifPresent(mask -> node.put("density", mask.density()));
    run.newestEvaluation()
        .ifPresent(
            evaluated ->
                node.put("evaluatedRound", evaluated.getRound())
                    .put("accuracy", evaluated.getAccuracy())
                    .put("loss", evaluated.getLoss()));
    return node;
  }

  /** The same with all that a status has. */
  static ObjectNode of(RunMonitor run, Optional<OpenRound> open) {
    ObjectNode node = of(run);
    run.stopped()
        .ifPresent(
            stopped ->
                node.putObject("stopped")
                    .put("round", stopped.getRound())
                    .put("issuer", stopped.getIssuer())
                    .put("reason", stopped.getReason())
                    .put("at", stopped.getStoppedAt().toString()));
    run.finished().ifPresent(end -> node.put("finishedAt", end.getFinishedAt().toString()));
    open.ifPresent(round -> node.set("openRound", of(round)));
    ObjectNode rejections = node.putObject("rejections");
    RunStatus.rejections(run).forEach((reason, n) -> rejections.put(reason.name(), n));
    run.maskInForce()
        .ifPresent(
            mask ->
                node.putObject("mask")
                    .put("version", run.maskCount() - 1)
                    .put("effectiveRound", mask.getKey())
                    .put("density", mask.getValue().density())
                    .put("activeParameters", mask.getValue().activeParameters()));
    RunStatus.lastRound(run).ifPresent(last -> node.set("lastRound", of(last)));
    if (RunState.of(run) == RunState.RUNNING && run.lastClosedRound() >= 0) {
      node.put("secondsPerRound", TimeLeft.recentSecondsPerRound(run));
      TimeLeft.seconds(run).ifPresent(left -> node.put("secondsLeft", left));
    }
    return node;
  }

  private static ObjectNode of(OpenRound open) {
    ObjectNode node =
        JSON.createObjectNode()
            .put("round", open.round().getRound())
            .put("openedAt", open.round().getOpenedAt().toString())
            .put("deadlineAt", open.round().getDeadlineAt().toString());
    open.reported().forEach(node.putArray("reported")::add);
    open.rejected().forEach(node.putArray("rejected")::add);
    open.missing().forEach(node.putArray("missing")::add);
    return node;
  }

  private static ObjectNode of(RoundProgress round) {
    return JSON.createObjectNode()
        .put("round", round.round())
        .put("contributors", round.contributors())
        .put("seconds", round.seconds())
        .put("bytesUp", round.bytesUp())
        .put("bytesDown", round.bytesDown())
        .put("trainSeconds", round.trainSeconds());
  }
}
