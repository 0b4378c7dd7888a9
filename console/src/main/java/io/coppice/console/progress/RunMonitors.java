package io.coppice.console.progress;

import io.coppice.replay.LogReader;
import io.coppice.replay.LogReader.Entry;
import io.coppice.replay.RunDefinition;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.Topic;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All that the log says of how several runs go, read in one pass. */
public final class RunMonitors {

  private static final Duration POLL = Duration.ofMillis(200);

  private RunMonitors() {}

  /**
   * Reads the log to its end.
   *
   * @return a monitor for each run, in their order, of which nothing more will come
   */
  public static Collection<RunMonitor> read(
      ClusterConfig cluster, LogSerdes serdes, List<RunDefinition> runs) {
    if (runs.isEmpty()) {
      return List.of();
    }
    try (LogReader reader = new LogReader(cluster)) {
      Map<String, RunMonitor> monitors = new LinkedHashMap<>();
      runs.forEach(run -> monitors.put(run.id(), new RunMonitor(reader, serdes, run)));
      long since = runs.stream().mapToLong(RunDefinition::searchedSince).min().orElseThrow();
      for (Topic topic : RunMonitor.TOPICS) {
        reader.followSince(topic, since);
      }
      while (!reader.hasReachedEnd()) {
        for (Entry entry : reader.poll(POLL)) {
          RunMonitor monitor = monitors.get(entry.key());
          if (monitor != null) {
            monitor.take(entry);
          }
        }
      }
      return monitors.values();
    }
  }
}
