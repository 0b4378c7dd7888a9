package io.coppice.console.runs;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.clock;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.coppice.console.definition.DefinitionText;
import io.coppice.console.progress.RoundProgress;
import io.coppice.console.progress.RunMonitor;
import io.coppice.console.progress.StopText;
import io.coppice.console.progress.TimeLeft;
import io.coppice.learning.model.Mask;
import io.coppice.schemas.RejectReason;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.RunStopped;
import io.coppice.schemas.UpdateRejected;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** How one run goes, on one screen. */
public final class RunStatus {

  private static final int NAMED_AT_MOST = 12;

  private final RunMonitor run;
  private final Optional<OpenRound> open;

  /**
   * @param run whose log has been read
   * @param open the round that is open
   */
  public RunStatus(RunMonitor run, Optional<OpenRound> open) {
    this.run = run;
    this.open = open;
  }

  /** For programs. */
  public ObjectNode json() {
    return RunJson.of(run, open);
  }

  /**
   * For people.
   *
   * @param now the time, to which the ages of what is in the log are told
   */
  public void print(Instant now, PrintWriter out) {
    out.println(headline(now));
    out.println();
    print(DefinitionText.lines(run.run()), out);
    out.println();
    print(progress(now), out);
  }

  private static void print(Map<String, String> lines, PrintWriter out) {
    lines.forEach((label, text) -> out.printf("%-12s%s%n", label, text));
  }

  private String headline(Instant now) {
    int rounds = run.run().lastRound() + 1;
    String id = "Run " + run.run().id();
    return switch (RunState.of(run)) {
      case DEFINED -> id + " is defined; no aggregator has taken it up.";
      case WAITING ->
          String.format(
              "%s waits for agents: %d of %d have joined.",
              id, run.agents().size(), run.run().run().getParticipation().getExpectedAgents());
      case RUNNING -> id + " is running: " + done(rounds) + left(now) + ".";
      case STOPPED -> id + " is stopped: " + done(rounds) + "; 'coppice run resume' lets it go on.";
      case FINISHED ->
          String.format(
              "%s is finished: %s, since %s UTC.",
              id,
              count(rounds, "round"),
              RunsTable.time(run.finished().orElseThrow().getFinishedAt().toEpochMilli()));
    };
  }

  private String done(int rounds) {
    return (run.lastClosedRound() + 1) + " of " + count(rounds, "round") + " are done";
  }

  private String left(Instant now) {
    OptionalDouble left = TimeLeft.seconds(run);
    if (left.isEmpty()) {
      return "";
    }
    long end = now.toEpochMilli() + Math.round(1000 * left.getAsDouble());
    return String.format(
        ", about %s left, until %s UTC", clock(left.getAsDouble()), RunsTable.time(end));
  }

  private Map<String, String> progress(Instant now) {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("defined", RunsTable.time(run.run().since()) + " UTC");
    run.stopped().ifPresent(stopped -> lines.put("state", text(stopped)));
    if (!run.agents().isEmpty()) {
      lines.put("joined", names(run.agents()));
    }
    open.ifPresent(
        round -> {
          lines.put("open", text(round.round(), now));
          putNames("reported", round.reported(), lines);
          putNames("rejected", round.rejected(), lines);
          putNames("missing", round.missing(), lines);
        });
    Map<RejectReason, Integer> rejections = rejections(run);
    if (!rejections.isEmpty()) {
      lines.put("rejections", text(rejections));
    }
    run.maskInForce().ifPresent(mask -> lines.put("mask", text(mask)));
    run.newestEvaluation()
        .ifPresent(
            e ->
                lines.put(
                    "evaluated",
                    String.format(
                        "after round %d: accuracy %s, loss %s",
                        e.getRound(), decimals(e.getAccuracy(), 4), decimals(e.getLoss(), 4))));
    lastRound(run).ifPresent(last -> lines.put("a round", text(last)));
    return lines;
  }

  private static String text(RunStopped stopped) {
    return String.format(
        "%s; since %s UTC, in round %d",
        StopText.of(stopped),
        RunsTable.time(stopped.getStoppedAt().toEpochMilli()),
        stopped.getRound());
  }

  private static String text(RoundOpened round, Instant now) {
    double age = (now.toEpochMilli() - round.getOpenedAt().toEpochMilli()) / 1e3;
    double left = (round.getDeadlineAt().toEpochMilli() - now.toEpochMilli()) / 1e3;
    return String.format(
        "%s for %s, %s",
        round.getRound() < 0 ? "initial pruning" : "round " + round.getRound(),
        clock(Math.max(0, age)),
        left > 0 ? "deadline in " + clock(left) : "past its deadline by " + clock(-left));
  }

  private static void putNames(String label, Collection<String> agents, Map<String, String> lines) {
    if (!agents.isEmpty()) {
      lines.put(label, names(agents));
    }
  }

  private static String names(Collection<String> agents) {
    List<String> first = new ArrayList<>(agents.stream().limit(NAMED_AT_MOST).toList());
    int more = agents.size() - first.size();
    return agents.size()
        + ": "
        + String.join(", ", first)
        + (more > 0 ? " and " + more + " more" : "");
  }

  private static String text(Map<RejectReason, Integer> rejections) {
    int sum = rejections.values().stream().mapToInt(Integer::intValue).sum();
    return sum
        + ": "
        + String.join(
            ", ",
            rejections.entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).toList());
  }

  private String text(Map.Entry<Integer, Mask> newest) {
    Mask mask = newest.getValue();
    return String.format(
        "version %d, %s: density %s, %s of %s parameters active",
        run.maskCount() - 1,
        newest.getKey() < 0 ? "from the start" : "from round " + newest.getKey() + " on",
        decimals(mask.density(), 4),
        count(mask.activeParameters()),
        count(run.run().layout().size()));
  }

  private String text(RoundProgress last) {
    return String.format(
        "%s s lately; in round %d %s from %s, %s up, %s down",
        decimals(TimeLeft.recentSecondsPerRound(run), 2),
        last.round(),
        count(last.contributors(), "update"),
        count(run.agents().size(), "agent"),
        bytes(last.bytesUp()),
        bytes(last.bytesDown()));
  }

  /** Rejected updates by why they were. */
  static Map<RejectReason, Integer> rejections(RunMonitor run) {
    Map<RejectReason, Integer> rejections = new TreeMap<>();
    for (UpdateRejected rejected : run.rejected()) {
      rejections.merge(rejected.getReason(), 1, Integer::sum);
    }
    return rejections;
  }

  /** The newest round of which all is known. */
  static Optional<RoundProgress> lastRound(RunMonitor run) {
    int last = run.lastClosedRound();
    return last < 0 ? Optional.empty() : run.round(last).or(() -> run.round(last - 1));
  }
}
