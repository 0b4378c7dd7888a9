package io.coppice.console.bench.aggregation;

import static io.coppice.console.progress.Figures.count;
import static io.coppice.console.progress.Figures.decimals;

import io.coppice.console.bench.Machine;
import io.coppice.console.progress.Figures;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;

/** The figures of cases as a table for people. */
final class AggregateTable {

  private static final String ROW = "%6s %9s %7s %-13s %8s %7s %9s %5s %9s %9s %10s %10s %8s%n";

  private AggregateTable() {}

  static void print(
      PrintWriter out,
      AggregateSettings settings,
      List<CaseFigures> cases,
      Optional<NumpyPeer> peer) {
    int values = settings.mask().activeParameters();
    out.printf(
        "%s, density %s: %s values an update, %s in %s; %s%n%n",
        settings.network(),
        decimals(settings.density(), 2),
        count(values),
        Figures.bytes((double) values * settings.bytesPerValue()),
        settings.encoding(),
        Machine.cpu());
    out.printf(
        ROW,
        "agents",
        "instances",
        "threads",
        "guarantee",
        "MB/s",
        "x first",
        "CPU ms/MB",
        "busy",
        "live MB/s",
        "rounds/s",
        "latency s",
        "changelog",
        "heap");
    CaseFigures first = cases.getFirst();
    for (CaseFigures figures : cases) {
      BenchCase bench = figures.bench();
      out.printf(
          ROW,
          count(bench.agents()),
          bench.instances(),
          bench.threads(),
          bench.guarantee().title(),
          decimals(figures.megabytesPerSecond(), 0),
          decimals(figures.megabytesPerSecond() / first.megabytesPerSecond(), 2),
          decimals(figures.cpuMillisPerMegabyte(), 2),
          decimals(figures.busyProcessors(), 2),
          decimals(figures.liveMegabytesPerSecond(), 0),
          decimals(figures.roundsPerSecond(), 2),
          decimals(figures.latencySeconds(), 2),
          decimals(figures.changelogPerByte(), 4),
          figures.heapMegabytes() == 0 ? "-" : figures.heapMegabytes() + " MiB");
    }
    peer.ifPresent(
        p -> {
          out.println();
          for (NumpyPeer.Method method : NumpyPeer.Method.values()) {
            out.printf(
                "NumPy in memory, %-9s %8s MB/s%n",
                method.title(),
                decimals(p.megabytesPerSecond(method, settings.agents().getFirst()), 0));
          }
        });
    out.println();
    out.println(
        """
        MB/s: updates that become visible all at once, to the last aggregate; live: the agents write while the aggregator works, from the round's
        opening; latency: from the last submission to the last aggregate of a live round. Medians of rounds; CPU of all instances, without brokers;
        busy: processors that they, the broker of this process and the reader kept busy together, of those rounds that became visible at once;
        changelog: bytes for each byte of updates; heap: the most that an instance held after a full collection.""");
    out.flush();
  }
}
