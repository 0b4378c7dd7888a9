package io.coppice.agent;

import io.coppice.replay.IgnoredLog;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The runs that a device takes part in: those that it was told of, all of them at once, or else the newest one, and after its end the next
 * newer one. Runs at once share the {@link ComputeGate}, so the device trains for one after the other.
 */
public final class AgentRuns implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AgentRuns.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final String agentId;
  private final Optional<AgentKey> key;
  private final List<String> runs;
  private final AgentData data;
  private final ComputeGate gate;
  private final DeviceLink link;
  private final MeterRegistry meters;
  private final Thread follower;
  private final Map<String, Participation> current =
      Collections.synchronizedMap(new LinkedHashMap<>());
  private volatile String fault;
  private volatile boolean stopped;

  /** An agent in a run, and the figures that it keeps of it. */
  private record Participation(AgentRunner runner, AgentMetrics metrics) {}

  /**
   * @param agentId unique within every run: 1 to 64 of a-z, 0-9 and '-'
   * @param key signs the submissions; empty for an agent that does not sign
   * @param runs ids of the runs, which are waited for; empty for the newest and, when it is over, the next
   * @param gate shared by the runs
   * @throws IllegalArgumentException if the agent's id is not allowed
   */
  public AgentRuns(
      ClusterConfig cluster,
      LogSerdes serdes,
      String agentId,
      Optional<AgentKey> key,
      List<String> runs,
      AgentData data,
      ComputeGate gate,
      DeviceLink link,
      MeterRegistry meters) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.agentId = agentId;
    this.key = key;
    this.runs = List.copyOf(runs);
    this.data = data;
    this.gate = gate;
    this.link = link;
    this.meters = meters;
    this.follower = new Thread(this::followNewest, agentId + "-runs");
    AgentMetrics.countRuns(meters, agentId, this, all -> all.current.size());
  }

  /** Begins; returns at once. */
  public void start() {
    if (runs.isEmpty()) {
      follower.start();
    } else {
      runs.forEach(this::takePart);
    }
  }

  /** What the agent is doing in every run that it takes part in, or has taken part in last; by run id. */
  public SortedMap<String, EdgeAgent.Phase> phases() {
    SortedMap<String, EdgeAgent.Phase> phases = new TreeMap<>();
    synchronized (current) {
      current.forEach((runId, part) -> phases.put(runId, part.runner().phase()));
    }
    return phases;
  }

  /** Why the agent does not get on, one sentence a run; empty while all is well. */
  public Optional<String> fault() {
    Optional<String> own = Optional.ofNullable(fault);
    if (own.isPresent()) {
      return own;
    }
    synchronized (current) {
      String faults =
          current.values().stream()
              .flatMap(part -> part.runner().fault().stream())
              .collect(Collectors.joining(" "));
      return faults.isEmpty() ? Optional.empty() : Optional.of(faults);
    }
  }

  private AgentRunner takePart(String runId) {
    AgentMetrics metrics = new AgentMetrics(meters, agentId, runId);
    AgentRunner runner =
        new AgentRunner(
            cluster,
            serdes,
            new EdgeAgent.Identity(agentId, runId, key),
            data,
            gate,
            link,
            metrics);
    current.put(runId, new Participation(runner, metrics));
    runner.start();
    return runner;
  }

  /** One run after the other. A run that ended while another one went on is passed over. */
  private void followNewest() {
    IgnoredLog ignored = new IgnoredLog();
    String last = null;
    try {
      while (!stopped) {
        Optional<String> newest = newest(ignored);
        if (newest.isPresent() && !newest.get().equals(last)) {
          last = newest.get();
          forgetEnded();
          AgentRunner runner = takePart(last);
          runner.join();
          if (!stopped) {
            LOG.info("agent {} has done with run {} and waits for a newer one", agentId, last);
          }
        } else {
          Thread.sleep(PAUSE);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("{}: ended while being stopped", agentId);
    }
  }

  private Optional<String> newest(IgnoredLog ignored) {
    try {
      Optional<String> newest =
          Runs.find(cluster, serdes, Optional.empty(), ignored).map(RunDefinition::id);
      fault = null;
      return newest;
    } catch (RuntimeException e) {
      if (!stopped) {
        fault = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        LOG.warn("agent {} cannot look for runs: {}", agentId, e.getMessage());
      }
      return Optional.empty();
    }
  }

  /** What is known of a run that is over stays until the next begins; the model that was folded for it is large. */
  private void forgetEnded() {
    synchronized (current) {
      current.values().forEach(part -> part.metrics().forget());
      current.clear();
    }
  }

  /** Ends all participations; a round that is being trained is given up. */
  @Override
  public void close() {
    stopped = true;
    follower.interrupt();
    try {
      if (follower.isAlive()) { // and perhaps about to begin with another run
        follower.join(CLOSE_TIMEOUT);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    List<Participation> parts;
    synchronized (current) {
      parts = List.copyOf(current.values());
    }
    parts.forEach(part -> part.runner().stop());
    parts.forEach(part -> part.runner().close());
  }
}
