package io.coppice.agent;

import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RunContext;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An {@link EdgeAgent} in a thread of its own, begun anew when it fails: a device whose link breaks comes back by itself. One that
 * its run does not take ends, because asking again would not help.
 */
public final class AgentRunner implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AgentRunner.class);
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final ClusterConfig cluster;
  private final LogSerdes serdes;
  private final EdgeAgent.Identity identity;
  private final AgentData data;
  private final ComputeGate gate;
  private final DeviceLink link;
  private final AgentMetrics metrics;
  private final Thread thread;
  private volatile EdgeAgent agent;
  private volatile String fault;
  private volatile int failures;
  private volatile boolean refused;
  private volatile boolean stopped;

  public AgentRunner(
      ClusterConfig cluster,
      LogSerdes serdes,
      EdgeAgent.Identity identity,
      AgentData data,
      ComputeGate gate,
      DeviceLink link,
      AgentMetrics metrics) {
    this.cluster = cluster;
    this.serdes = serdes;
    this.identity = identity;
    this.data = data;
    this.gate = gate;
    this.link = link;
    this.metrics = metrics;
    this.thread = new Thread(this::supervise, identity.agentId());
    metrics.show(this::phase, this::failures);
  }

  /** Begins; returns at once. */
  public void start() {
    thread.start();
  }

  /** What the agent is doing now. */
  public EdgeAgent.Phase phase() {
    EdgeAgent current = agent;
    return current == null ? EdgeAgent.Phase.WAITING_FOR_RUN : current.phase();
  }

  /** Why the last attempt failed, one sentence; empty while all is well. */
  public Optional<String> fault() {
    return Optional.ofNullable(fault);
  }

  /** Whether the agent has ended because its run does not take it; {@link #fault} says why. */
  public boolean isRefused() {
    return refused;
  }

  /** Attempts that failed since the agent was started. */
  public int failures() {
    return failures;
  }

  private void supervise() {
    try (RunContext _ = RunContext.ofAgent(identity.agentId())) {
      workUntilDone();
    }
  }

  private void workUntilDone() {
    while (!stopped) {
      agent = new EdgeAgent(cluster, serdes, identity, data, gate, link, metrics);
      try {
        agent.run();
        return;
      } catch (RefusedException e) {
        fault = e.getMessage();
        refused = true;
        LOG.error("{} ends: {}", identity.agentId(), e.getMessage());
        return;
      } catch (RuntimeException | Error e) {
        if (stopped) {
          LOG.debug("{}: ended while being stopped", identity.agentId(), e);
          return;
        }
        failures++;
        fault = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        LOG.error("{} failed and begins anew: {}", identity.agentId(), e.getMessage(), e);
        pause();
        fault = null;
      }
    }
  }

  private void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      stopped = true;
    }
  }

  /** Makes the agent end soon; {@link #close} waits for it. */
  public void stop() {
    stopped = true;
    EdgeAgent current = agent;
    if (current != null) {
      current.stop();
    }
  }

  /** Waits until the agent has ended, be it that its run is finished. */
  public void join() throws InterruptedException {
    thread.join();
  }

  @Override
  public void close() {
    stop();
    try {
      thread.join(Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
