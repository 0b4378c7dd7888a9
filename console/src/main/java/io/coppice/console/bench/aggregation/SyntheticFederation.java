package io.coppice.console.bench.aggregation;

import io.coppice.console.UserError;
import io.coppice.learning.model.Mask;
import io.coppice.replay.LogReader;
import io.coppice.replay.LogTensors;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.Runs;
import io.coppice.replay.TransactionalWriter;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.LogKeys;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.MaskOrigin;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.TensorEncoding;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.DoubleSupplier;
import java.util.function.IntConsumer;

/**
 * Everything of a run but the aggregator: its definition, its one mask, and the agents. Several agents share a connection and a
 * transaction, because a thousand clients in one process would measure themselves.
 *
 * <p>A round is done in one of two ways. Held back: all updates are brought to the brokers first, and become visible at one moment;
 * the aggregator has had nothing to do until then, and has the machine for itself. Live: every agent commits as soon as it has
 * written, while the aggregator works on those before it.
 */
final class SyntheticFederation implements AutoCloseable {

  /** Something that is done in the middle of a round. */
  @FunctionalInterface
  interface Midway {
    void run() throws InterruptedException;
  }

  private static final String RUN = "bench";
  private static final int CONNECTIONS = 10;

  /** Different numbers in the updates; agents with the same ones differ in weight. */
  private static final int PAYLOADS = 4;

  private static final Duration PATIENCE = Duration.ofMinutes(10);

  /** The mean of small values in float32 may be off by so much of the largest. */
  private static final double TOLERANCE = 1e-5;

  /** BFLOAT16 has 8 significant bits, and both the updates and their mean are rounded to them. */
  private static final double BFLOAT16_TOLERANCE = 1.0 / 64;

  private final LogSerdes serdes;
  private final int agents;
  private final List<UpdatePayload> payloads = new ArrayList<>();
  private final List<TransactionalWriter> writers = new ArrayList<>();
  private final List<List<SyntheticAgent>> agentsOfWriter = new ArrayList<>();
  private final ExecutorService threads;
  private final LogReader reader;
  private final Runnable health;
  private final double[] expectedFirstShard;

  private int opened = -1;
  private long openedNanos;
  private int aggregatedRound = -1;
  private int aggregated;

  /**
   * Defines the run, publishes its mask, and has everybody join.
   *
   * @param cluster fresh topics, whose aggregator is running
   * @param rounds that the run has
   * @param health throws if it is no use waiting any longer
   */
  SyntheticFederation(
      ClusterConfig cluster, AggregateSettings settings, int agents, int rounds, Runnable health)
      throws InterruptedException {
    this.serdes = new LogSerdes(cluster.newRegistry());
    this.agents = agents;
    this.health = health;
    this.threads = Executors.newFixedThreadPool(Math.min(agents, CONNECTIONS));
    Mask mask = settings.mask();
    for (int p = 0; p < PAYLOADS; p++) {
      payloads.add(UpdatePayload.of(mask.activeParameters(), settings.encoding(), p));
    }
    this.expectedFirstShard = expectedFirstShard();
    RunDefinition run =
        Runs.define(
            cluster,
            serdes,
            SyntheticRun.of(RUN, settings.architecture(), settings.encoding(), agents, rounds));
    this.reader = new LogReader(cluster);
    reader.followFromStart(
        Topic.ROUNDS, LogKeys.runPartition(run.id(), reader.partitions(Topic.ROUNDS)));
    reader.followFromStart(Topic.AGGREGATES);
    for (int w = 0; w < Math.min(agents, CONNECTIONS); w++) {
      writers.add(
          new TransactionalWriter(cluster, cluster.topicPrefix() + "agents-" + w, run.id()));
      agentsOfWriter.add(new ArrayList<>());
    }
    for (int a = 0; a < agents; a++) {
      agentsOfWriter
          .get(a % writers.size())
          .add(new SyntheticAgent(serdes, run.id(), a, payloads.get(a % PAYLOADS)));
    }
    publish(mask);
    everyWriter(
        w -> {
          writers.get(w).begin();
          agentsOfWriter.get(w).forEach(agent -> agent.join(writers.get(w)));
          writers.get(w).commit();
        });
  }

  /** The numbers that agents send, in the order of the agents; after the last the first again. */
  List<UpdatePayload> payloads() {
    return payloads;
  }

  /** Bytes of records that all agents have sent so far. */
  long bytesWritten() {
    return writers.stream().mapToLong(TransactionalWriter::bytesWritten).sum();
  }

  /**
   * A round whose updates become visible all at once.
   *
   * @param cpuSeconds what the aggregator has used so far
   */
  RoundFigures heldBack(int round, DoubleSupplier cpuSeconds) throws InterruptedException {
    await(() -> opened >= round);
    long bytesBefore = bytesWritten();
    everyWriter(
        w -> {
          writers.get(w).begin();
          agentsOfWriter.get(w).forEach(agent -> agent.submit(writers.get(w), round));
          writers.get(w).flush();
        });
    double cpuBefore = cpuSeconds.getAsDouble();
    double otherBefore = ownCpuSeconds();
    long start = System.nanoTime();
    everyWriter(w -> writers.get(w).commit());
    long committed = System.nanoTime();
    awaitAggregates(round);
    long end = System.nanoTime();
    return new RoundFigures(
        bytesWritten() - bytesBefore,
        (end - start) / 1e9,
        (end - committed) / 1e9,
        cpuSeconds.getAsDouble() - cpuBefore,
        ownCpuSeconds() - otherBefore);
  }

  /**
   * A round whose agents commit one after another, as soon as they can.
   *
   * @param cpuSeconds what the aggregator has used so far
   * @param whenWritten is done when all agents have committed
   */
  RoundFigures live(int round, DoubleSupplier cpuSeconds, Midway whenWritten)
      throws InterruptedException {
    await(() -> opened >= round);
    long bytesBefore = bytesWritten();
    double cpuBefore = cpuSeconds.getAsDouble();
    double otherBefore = ownCpuSeconds();
    long start = openedNanos;
    everyWriter(
        w -> {
          for (SyntheticAgent agent : agentsOfWriter.get(w)) {
            writers.get(w).begin();
            agent.submit(writers.get(w), round);
            writers.get(w).commit();
          }
        });
    long committed = System.nanoTime();
    whenWritten.run();
    awaitAggregates(round);
    long end = System.nanoTime();
    return new RoundFigures(
        bytesWritten() - bytesBefore,
        (end - start) / 1e9,
        (end - committed) / 1e9,
        cpuSeconds.getAsDouble() - cpuBefore,
        ownCpuSeconds() - otherBefore);
  }

  private static double ownCpuSeconds() {
    return ProcessHandle.current().info().totalCpuDuration().map(Duration::toNanos).orElse(0L)
        / 1e9;
  }

  /** The mask of the run, which a pruning service would publish. */
  private void publish(Mask mask) {
    MaskPublished published =
        MaskPublished.newBuilder()
            .setRunId(RUN)
            .setVersion(0)
            .setEffectiveRound(0)
            .setOrigin(MaskOrigin.INITIAL)
            .setLayers(LogTensors.toLog(mask))
            .setActiveParameters(mask.activeParameters())
            .setDensity(mask.density())
            .setDigest(ByteBuffer.allocate(0))
            .build();
    published.setDigest(ContentDigest.of(published));
    TransactionalWriter writer = writers.getFirst();
    writer.begin();
    writer.sendByRun(Topic.MASKS, serdes.masks, RUN, published);
    writer.commit();
  }

  /** Does something with every connection, all at once. */
  private void everyWriter(IntConsumer action) throws InterruptedException {
    List<Future<?>> done = new ArrayList<>();
    for (int w = 0; w < writers.size(); w++) {
      int writer = w;
      done.add(threads.submit(() -> action.accept(writer)));
    }
    for (Future<?> future : done) {
      try {
        future.get();
      } catch (ExecutionException e) {
        throw UserError.failed(
            "The synthetic agents cannot write: " + UserError.sentence(e.getCause()), e);
      }
    }
  }

  private void awaitAggregates(int round) throws InterruptedException {
    await(() -> aggregatedRound == round && aggregated == payloads.getFirst().shards());
  }

  private void await(BooleanSupplier condition) throws InterruptedException {
    long giveUp = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted by the user");
      }
      if (System.nanoTime() > giveUp) {
        throw UserError.failed(
            "The aggregator has not done a round within " + PATIENCE.toMinutes() + " min.", null);
      }
      health.run();
      for (LogReader.Entry entry : reader.poll(Duration.ofMillis(20))) {
        take(entry);
      }
    }
  }

  private void take(LogReader.Entry entry) {
    if (entry.topic() == Topic.AGGREGATES) {
      takeAggregate(serdes.aggregates.deserialize("", entry.value()));
      return;
    }
    switch (serdes.rounds.deserialize("", entry.value()).getEvent()) {
      case RoundOpened event -> {
        opened = event.getRound();
        openedNanos = System.nanoTime();
      }
      case UpdateRejected event ->
          throw UserError.failed(
              "An update was rejected, so there is nothing to measure: " + event.getDetail(), null);
      default -> {} // what is measured ends with the aggregates
    }
  }

  private void takeAggregate(AggregateShard aggregate) {
    if (aggregate.getRound() != aggregatedRound) {
      aggregatedRound = aggregate.getRound();
      aggregated = 0;
    }
    aggregated++;
    if (aggregate.getContributions().size() != agents || !isRight(aggregate)) {
      throw UserError.failed(
          "Shard "
              + aggregate.getShard()
              + " of round "
              + aggregate.getRound()
              + " is not the mean of all updates: do not trust these figures.",
          null);
    }
  }

  /** The first shard is looked at; the others are made in the same way, and looking takes time. */
  private boolean isRight(AggregateShard aggregate) {
    if (aggregate.getShard() != 0) {
      return true;
    }
    float[] mean = new float[aggregate.getValueCount()];
    LogTensors.encoding(aggregate.getEncoding())
        .decode(aggregate.getValues(), mean, 0, mean.length);
    double largest = Arrays.stream(expectedFirstShard).map(Math::abs).max().orElse(0);
    double tolerance =
        aggregate.getEncoding() == TensorEncoding.FLOAT32 ? TOLERANCE : BFLOAT16_TOLERANCE;
    for (int i = 0; i < mean.length; i++) {
      if (!(Math.abs(mean[i] - expectedFirstShard[i]) <= tolerance * largest)) {
        return false;
      }
    }
    return true;
  }

  private double[] expectedFirstShard() {
    UpdatePayload first = payloads.getFirst();
    double[] sum = new double[first.digests().getFirst().getValueCount()];
    long weights = 0;
    for (int a = 0; a < agents; a++) {
      UpdatePayload payload = payloads.get(a % PAYLOADS);
      long weight = SyntheticAgent.weight(a);
      weights += weight;
      for (int i = 0; i < sum.length; i++) {
        sum[i] += weight * (double) payload.values()[i];
      }
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] /= weights;
    }
    return sum;
  }

  @Override
  public void close() {
    threads.shutdownNow();
    writers.forEach(TransactionalWriter::close);
    if (reader != null) {
      reader.close();
    }
  }
}
