package io.coppice.agent;

import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.training.LocalTrainer;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Lets only so many agents of one process compute at a time, and lends them their trainers. An agent computes with one thread,
 * so more agents than cores would only take each other's caches; and a trainer's buffers are several times the model, so there
 * are only as many as agents that compute.
 */
public final class ComputeGate implements AutoCloseable {

  private record Shape(Architecture architecture, Loss loss, int batchSize) {}

  private final Semaphore places;
  private final Map<Shape, Queue<LocalTrainer>> idle = new ConcurrentHashMap<>();

  /**
   * @param places agents that may compute at the same time, at least 1
   */
  public ComputeGate(int places) {
    this.places = new Semaphore(places, true);
  }

  /** As many places as there are processors. */
  public static ComputeGate forThisMachine() {
    return new ComputeGate(Runtime.getRuntime().availableProcessors());
  }

  /** Computes as soon as there is a place. */
  <V> V compute(Supplier<V> work) throws InterruptedException {
    places.acquire();
    try {
      return work.get();
    } finally {
      places.release();
    }
  }

  /** Trains as soon as there is a place. */
  <V> V train(Architecture architecture, Loss loss, int batchSize, Function<LocalTrainer, V> work)
      throws InterruptedException {
    Queue<LocalTrainer> trainers =
        idle.computeIfAbsent(
            new Shape(architecture, loss, batchSize), shape -> new ConcurrentLinkedQueue<>());
    return compute(
        () -> {
          LocalTrainer lent = trainers.poll();
          LocalTrainer trainer =
              lent == null ? new LocalTrainer(architecture, loss, batchSize) : lent;
          try {
            return work.apply(trainer);
          } finally {
            trainers.add(trainer);
          }
        });
  }

  /** Frees the trainers; to be called when no agent uses the gate any more. */
  @Override
  public void close() {
    idle.values().forEach(trainers -> new ArrayDeque<>(trainers).forEach(LocalTrainer::close));
    idle.clear();
  }
}
