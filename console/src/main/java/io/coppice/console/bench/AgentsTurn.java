package io.coppice.console.bench;

import io.coppice.console.UserError;
import io.coppice.learning.model.Mask;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/**
 * Takes the CPU time of several engines at work at the same time, each in a thread of its own, and tells their median.
 *
 * <p>Each thread counts its own CPU time, so that more agents than processors only take longer. An engine whose turn is over goes
 * on until those of all are, so that none is timed without its neighbours.
 */
final class AgentsTurn implements Turn {

  private final ExecutorService threads;
  private final List<Engine> engines;
  private final Mask mask;

  /**
   * @param threads at least one for each engine; not closed by this
   * @param engines one an agent
   */
  AgentsTurn(ExecutorService threads, List<Engine> engines, Mask mask) {
    this.threads = threads;
    this.engines = List.copyOf(engines);
    this.mask = mask;
  }

  @Override
  public Timing take() {
    CountDownLatch timing = new CountDownLatch(engines.size());
    List<Callable<Timing>> agents = new ArrayList<>();
    engines.forEach(engine -> agents.add(() -> agent(engine, timing)));
    try {
      List<Timing> timings = new ArrayList<>();
      for (Future<Timing> agent : threads.invokeAll(agents)) {
        timings.add(agent.get());
      }
      return Timing.median(timings);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw UserError.failed("Interrupted while agents were timed.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("An agent that was timed failed.", e.getCause());
    }
  }

  private Timing agent(Engine engine, CountDownLatch timing) {
    Timing own;
    try {
      own = new EngineTurn(engine, mask, false).take();
    } finally {
      timing.countDown();
    }
    while (timing.getCount() > 0) {
      engine.run(mask, 1, false);
    }
    return own;
  }
}
