package io.coppice.console.federation;

import io.coppice.agent.AgentRunner;
import io.coppice.console.UserError;
import java.util.List;
import java.util.function.Consumer;

/** The agents of one run, in this process. */
public final class RunAgents implements AutoCloseable {

  /** An agent that has failed so often will not recover by itself. */
  private static final int ATTEMPTS = 3;

  private final List<AgentRunner> agents;
  private final Consumer<RunAgents> whenClosed;

  /**
   * @param whenClosed told once they have ended, so that nobody keeps their models
   */
  RunAgents(List<AgentRunner> agents, Consumer<RunAgents> whenClosed) {
    this.agents = agents;
    this.whenClosed = whenClosed;
  }

  /** Nobody, for a run that is over. */
  public static RunAgents none() {
    return new RunAgents(List.of(), agents -> {});
  }

  /**
   * Ends it where waiting longer would help nobody.
   *
   * @throws UserError saying what has failed
   */
  public void checkHealth() {
    for (AgentRunner agent : agents) {
      if (agent.isRefused() || agent.failures() >= ATTEMPTS) {
        throw UserError.failed(agent.fault().orElse("An agent fails again and again."), null);
      }
    }
  }

  /** Waits until all have seen the end of the run. */
  public void join() throws InterruptedException {
    for (AgentRunner agent : agents) {
      agent.join();
    }
  }

  @Override
  public void close() {
    agents.forEach(AgentRunner::stop);
    agents.forEach(AgentRunner::close);
    whenClosed.accept(this);
  }
}
