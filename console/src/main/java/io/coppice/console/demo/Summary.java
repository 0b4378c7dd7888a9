package io.coppice.console.demo;

import static io.coppice.console.progress.Figures.bytes;
import static io.coppice.console.progress.Figures.clock;
import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;
import static io.coppice.console.progress.Figures.duration;

import io.coppice.console.progress.RoundProgress;
import io.coppice.console.progress.RunMonitor;
import io.coppice.learning.model.Mask;
import java.io.PrintWriter;
import java.util.List;

/**
 * The run against conventional federated learning with the same rounds and agents: its model in full, every update and
 * aggregate in full as float32, its time by the same cost model at density 1.
 *
 * @param mask the final mask
 * @param bytesUp bytes of records sent by all agents
 * @param bytesDown bytes of records read by all agents
 * @param seconds measured, of all rounds
 * @param estimatedSeconds by the cost model, of all rounds
 * @param agentRounds updates admitted in all rounds
 * @param rounds number of rounds
 * @param firstTraining of an agent in the first rounds
 * @param lastTraining of an agent in the last rounds
 * @param conventionalEstimatedSeconds by the cost model at density 1, of all rounds
 */
record Summary(
    Mask mask,
    long bytesUp,
    long bytesDown,
    double seconds,
    double estimatedSeconds,
    long agentRounds,
    int rounds,
    Training firstTraining,
    Training lastTraining,
    double conventionalEstimatedSeconds) {

  /** Rounds at the beginning and at the end whose training is compared. */
  private static final int COMPARED_ROUNDS = 10;

  /**
   * What local training took in some rounds.
   *
   * @param seconds of a round, mean over its agents, median over the rounds
   * @param density of the mask, mean over the rounds
   */
  record Training(double seconds, double density) {

    static Training of(List<RoundProgress> rounds) {
      double[] seconds =
          rounds.stream().mapToDouble(RoundProgress::trainSeconds).sorted().toArray();
      return new Training(
          seconds.length == 0 ? 0 : seconds[seconds.length / 2],
          rounds.stream().mapToDouble(RoundProgress::density).average().orElse(1));
    }
  }

  static Summary of(RunMonitor monitor) {
    List<RoundProgress> rounds = monitor.rounds();
    Mask full = Mask.full(monitor.run().layout());
    return new Summary(
        monitor.mask().orElse(full),
        rounds.stream().mapToLong(RoundProgress::bytesUp).sum(),
        rounds.stream().mapToLong(RoundProgress::bytesDown).sum(),
        rounds.stream().mapToDouble(RoundProgress::seconds).sum(),
        rounds.stream().mapToDouble(RoundProgress::estimatedSeconds).sum(),
        rounds.stream().mapToLong(RoundProgress::contributors).sum(),
        rounds.size(),
        Training.of(rounds.subList(0, Math.min(COMPARED_ROUNDS, rounds.size()))),
        Training.of(rounds.subList(Math.max(0, rounds.size() - COMPARED_ROUNDS), rounds.size())),
        rounds.size() * monitor.cost().roundSeconds(full.keptPerLayer()));
  }

  long conventionalModelBytes() {
    return 4L * mask.layout().size();
  }

  long conventionalBytesEachWay() {
    return conventionalModelBytes() * agentRounds;
  }

  void print(RunMonitor monitor, PrintWriter out) {
    out.printf(
        "%nAccuracy %s after %d rounds, density %s, %s of %s parameters active.%n%n",
        monitor.newestEvaluation().map(e -> decimals(e.getAccuracy(), 4)).orElse("unknown"),
        rounds,
        decimals(mask.density(), 4),
        count(mask.activeParameters()),
        count(mask.layout().size()));
    out.printf("%-28s %14s %14s %8s%n", "", "this run", "conventional", "ratio");
    row(
        out,
        "model size",
        bytes(mask.modelBytes()),
        bytes(conventionalModelBytes()),
        (double) mask.modelBytes() / conventionalModelBytes());
    row(
        out,
        "sent by agents",
        bytes(bytesUp),
        bytes(conventionalBytesEachWay()),
        (double) bytesUp / conventionalBytesEachWay());
    row(
        out,
        "read by agents",
        bytes(bytesDown),
        bytes(conventionalBytesEachWay()),
        (double) bytesDown / conventionalBytesEachWay());
    row(
        out,
        "time by the cost model",
        duration(estimatedSeconds),
        duration(conventionalEstimatedSeconds),
        estimatedSeconds / conventionalEstimatedSeconds);
    out.printf("%-28s %14s%n", "time of the rounds here", clock(seconds));
    training(out, "training of a round, first", firstTraining);
    training(out, "training of a round, last", lastTraining);
    monitor
        .initialPruningRound()
        .ifPresent(
            stage ->
                out.printf("%-28s %14s%n", "initial pruning here", clock(stage.getTrainSeconds())));
    out.flush();
  }

  private static void training(PrintWriter out, String what, Training training) {
    out.printf(
        "%-28s %14s   at density %s%n",
        what, decimals(1000 * training.seconds(), 1) + " ms", decimals(training.density(), 3));
  }

  private static void row(
      PrintWriter out, String what, String here, String conventional, double ratio) {
    out.printf("%-28s %14s %14s %8s%n", what, here, conventional, decimals(ratio, 3));
  }
}
