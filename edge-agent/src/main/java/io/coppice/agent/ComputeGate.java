package io.coppice.agent;

import io.coppice.learning.engine.KernelChoice;
import io.coppice.learning.engine.KernelPolicy;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import io.coppice.learning.training.CostProfiler;
import io.coppice.learning.training.LocalTrainer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Lets only so many agents of one process compute at a time, and lends them their trainers. An agent computes with one thread,
 * so more agents than cores would only take each other's caches; and a trainer's buffers are several times the model, so there
 * are only as many as agents that compute. What the device can do is measured once for all of them.
 */
public final class ComputeGate implements AutoCloseable {

  /** Long enough for a small network to be measured many times. */
  private static final Duration MEASURING_TIME = Duration.ofMillis(2500);

  private record Shape(Architecture architecture, Loss loss, int batchSize) {}

  private record Batch(Architecture architecture, int size) {}

  private record Round(Shape shape, int localSteps, boolean withImportance) {}

  private final Semaphore places;
  private final KernelChoice kernels;
  private final Map<Shape, Queue<LocalTrainer>> idle = new ConcurrentHashMap<>();
  private final ReentrantLock measuring = new ReentrantLock();
  private final Map<Round, CostProfiler.Profile> profiles = new HashMap<>();
  private final Map<Batch, KernelPolicy> policies = new HashMap<>();

  /**
   * @param places agents that may compute at the same time, at least 1
   * @param kernels how it is decided which layers are computed by their active weights
   */
  public ComputeGate(int places, KernelChoice kernels) {
    this.places = new Semaphore(places, true);
    this.kernels = kernels;
  }

  /** As many places as there are processors. */
  public static ComputeGate forThisMachine(KernelChoice kernels) {
    return new ComputeGate(Runtime.getRuntime().availableProcessors(), kernels);
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
    KernelPolicy policy = policy(architecture, batchSize);
    Queue<LocalTrainer> trainers =
        idle.computeIfAbsent(
            new Shape(architecture, loss, batchSize), shape -> new ConcurrentLinkedQueue<>());
    return compute(
        () -> {
          LocalTrainer lent = trainers.poll();
          LocalTrainer trainer =
              lent == null ? new LocalTrainer(architecture, loss, batchSize, policy) : lent;
          try {
            return work.apply(trainer);
          } finally {
            trainers.add(trainer);
          }
        });
  }

  /** Measures now what agents would measure before their first round, so that no run is charged with it. */
  public void prepare(Architecture architecture, int batchSize) throws InterruptedException {
    policy(architecture, batchSize);
  }

  /** Which layers of a network are computed by their active weights; may be measured first, as soon as there is a place. */
  KernelPolicy policy(Architecture architecture, int batchSize) throws InterruptedException {
    measuring.lockInterruptibly();
    try {
      Batch batch = new Batch(architecture, batchSize);
      KernelPolicy policy = policies.get(batch);
      if (policy == null) {
        policy = compute(() -> kernels.policy(architecture, batchSize));
        policies.put(batch, policy);
      }
      return policy;
    } finally {
      measuring.unlock();
    }
  }

  /**
   * What the training of a round costs on this device, measured as soon as there is a place.
   *
   * @param withImportance whether the round computes importance
   * @param cancelled asked while it is measured
   * @throws InterruptedException if the thread was interrupted, or it was cancelled
   */
  CostProfiler.Profile profile(
      Architecture architecture,
      Loss loss,
      int batchSize,
      int localSteps,
      boolean withImportance,
      BooleanSupplier cancelled)
      throws InterruptedException {
    KernelPolicy policy = policy(architecture, batchSize);
    Round round = new Round(new Shape(architecture, loss, batchSize), localSteps, withImportance);
    measuring.lockInterruptibly();
    try {
      CostProfiler.Profile profile = profiles.get(round);
      if (profile == null) {
        CostProfiler profiler =
            new CostProfiler(architecture, loss, batchSize, localSteps, withImportance, policy);
        places.acquire();
        try {
          profile = profiler.measure(MEASURING_TIME, cancelled);
        } finally {
          places.release();
        }
        profiles.put(round, profile);
      }
      return profile;
    } finally {
      measuring.unlock();
    }
  }

  /** Frees the trainers; to be called when no agent uses the gate any more. */
  @Override
  public void close() {
    idle.values().forEach(trainers -> new ArrayDeque<>(trainers).forEach(LocalTrainer::close));
    idle.clear();
  }
}
