package io.coppice.schemas;

import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.MDC;

/**
 * What the current thread works on, for its log lines: run, round and agent in slf4j's mapped diagnostic context, until the
 * context is closed. Contexts nest; each is closed by the thread that opened it.
 *
 * <pre>
 *   try (RunContext _ = RunContext.of("run-a", 3)) { ... }
 * </pre>
 */
public final class RunContext implements AutoCloseable {

  /** Key of the run id. */
  public static final String RUN = "run";

  /** Key of the round, a decimal number. */
  public static final String ROUND = "round";

  /** Key of the agent id. */
  public static final String AGENT = "agent";

  /** What stood there before; null: nothing. */
  private final Map<String, String> before = new LinkedHashMap<>();

  private RunContext() {}

  /** Work on a run, or on none of its rounds in particular. */
  public static RunContext of(String runId) {
    return new RunContext().put(RUN, runId);
  }

  /** Work on a round; -1 is initial pruning. */
  public static RunContext of(String runId, int round) {
    return of(runId).put(ROUND, String.valueOf(round));
  }

  /** An agent's work, whatever the run. */
  public static RunContext ofAgent(String agentId) {
    return new RunContext().put(AGENT, agentId);
  }

  private RunContext put(String key, String value) {
    before.put(key, MDC.get(key));
    MDC.put(key, value);
    return this;
  }

  /** Puts back what stood there before. */
  @Override
  public void close() {
    before.forEach(
        (key, value) -> {
          if (value == null) {
            MDC.remove(key);
          } else {
            MDC.put(key, value);
          }
        });
  }
}
