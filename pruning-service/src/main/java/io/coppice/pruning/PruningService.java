package io.coppice.pruning;

import io.coppice.learning.data.Dataset;
import io.coppice.replay.IgnoredLog;
import io.coppice.replay.LogReader;
import io.coppice.replay.RunDefinition;
import io.coppice.replay.RunRecords;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.EvaluationMode;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.RunContext;
import io.coppice.schemas.Topic;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after the runs that fall to this instance: its consumer group over {@code runs} spreads them over the instances that
 * there are, and hands them on when one goes. Each run has a {@link RunKeeper}, and a {@link CentralEvaluator} if this
 * instance has a test set.
 */
public final class PruningService implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PruningService.class);
  private static final Duration POLL = Duration.ofMillis(500);
  private static final int SESSION_TIMEOUT_MILLIS = 10_000;

  private final ClusterConfig cluster;
  private final Optional<String> instanceId;
  private final LogSerdes serdes;
  private final Optional<Dataset> testSet;
  private final ServiceMetrics metrics;
  private final CatchingUp catchingUp = new CatchingUp();
  private final IgnoredLog ignored;
  private final Map<String, OwnedRun> owned = new ConcurrentHashMap<>();
  private final Map<String, String> faults = new ConcurrentHashMap<>();
  private final AtomicInteger failures = new AtomicInteger();
  private final Thread thread = new Thread(this::follow, "pruning-service");
  private volatile boolean closed;
  private volatile boolean ready;

  private record OwnedRun(int partition, List<Supervised> workers) {}

  /**
   * @param instanceId names this instance for static group membership, so that it gets its runs back at once after a restart;
   *     empty for a member that is known only while it lives
   * @param testSet held-out data for runs that are evaluated centrally; empty: this instance does not evaluate
   */
  public PruningService(
      ClusterConfig cluster,
      Optional<String> instanceId,
      LogSerdes serdes,
      Optional<Dataset> testSet,
      MeterRegistry meters) {
    this.cluster = cluster;
    this.instanceId = instanceId;
    this.serdes = serdes;
    this.testSet = testSet;
    this.metrics = new ServiceMetrics(meters);
    this.ignored = new IgnoredLog(metrics::ignored);
    meters.gauge("coppice.runs.active", this, PruningService::activeRuns);
    meters.gauge("coppice.pruning.faults", faults, Map::size);
    FunctionCounter.builder("coppice.pruning.failures", failures, AtomicInteger::get)
        .description("Times that work on a run failed and was begun anew")
        .register(meters);
  }

  /** Begins to look after runs; returns at once. */
  public void start() {
    thread.start();
  }

  /** Whether the group has given this instance its share of the runs. */
  public boolean isReady() {
    return ready && !closed;
  }

  /** What is wrong, one sentence each; empty while all is well. */
  public List<String> faults() {
    return List.copyOf(faults.values());
  }

  /** Times that work on a run failed and was begun anew. */
  public int failures() {
    return failures.get();
  }

  /** Number of runs that this instance looks after. */
  public int activeRuns() {
    return activeRunIds().size();
  }

  private Set<String> activeRunIds() {
    return owned.entrySet().stream()
        .filter(run -> run.getValue().workers().stream().anyMatch(Supervised::isAlive))
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  private void follow() {
    Map<String, Object> settings = cluster.reader();
    settings.put("group.id", cluster.topicPrefix() + "pruning-service");
    settings.put("auto.offset.reset", "earliest");
    settings.putIfAbsent("session.timeout.ms", SESSION_TIMEOUT_MILLIS);
    instanceId.ifPresent(id -> settings.put("group.instance.id", id));
    while (!closed) {
      try (var consumer =
          new KafkaConsumer<String, byte[]>(
              settings, new StringDeserializer(), new ByteArrayDeserializer())) {
        int runPartitions = consumer.partitionsFor(cluster.name(Topic.RUNS)).size();
        consumer.subscribe(List.of(cluster.name(Topic.RUNS)), new Ownership(consumer));
        while (!closed) {
          for (ConsumerRecord<String, byte[]> found : consumer.poll(POLL)) {
            take(found, runPartitions);
          }
          faults.remove(thread.getName());
          metrics.forgetAllBut(activeRunIds());
        }
      } catch (RuntimeException e) {
        String fault = "The pruning service cannot follow its runs: " + e.getMessage();
        faults.put(thread.getName(), fault);
        LOG.error("{}; trying again", fault, e);
        pause();
      } finally {
        ready = false;
        release(owned.keySet());
      }
    }
  }

  private void take(ConsumerRecord<String, byte[]> found, int runPartitions) {
    LogReader.Entry entry =
        new LogReader.Entry(
            Topic.RUNS,
            found.partition(),
            found.offset(),
            found.timestamp(),
            found.key(),
            found.value());
    RunRecords.definition(entry, serdes, runPartitions, ignored)
        .ifPresent(
            run ->
                owned.computeIfAbsent(
                    run.id(), id -> new OwnedRun(found.partition(), startWorkers(run))));
  }

  /** Starts whatever the run needs; nothing if its policy is not one of this instance's. */
  private List<Supervised> startWorkers(RunDefinition run) {
    try (RunContext _ = RunContext.of(run.id())) {
      return start(run);
    }
  }

  private List<Supervised> start(RunDefinition run) {
    try {
      MaskPolicy.named(run.run().getPruning().getPolicy());
    } catch (IllegalArgumentException e) {
      LOG.error("run {} cannot be kept: {}", run.id(), e.getMessage());
      return List.of();
    }
    LOG.info("run {}: looking after it", run.id());
    List<Supervised> workers = new ArrayList<>();
    workers.add(
        new Supervised(
            "keeper-" + run.id(),
            run.id(),
            faults,
            failures,
            () -> {
              RunKeeper keeper = new RunKeeper(cluster, serdes, run, metrics, catchingUp);
              return new Supervised.Job(keeper, keeper::stop);
            }));
    if (testSet.isPresent() && run.run().getEvaluation().getMode() == EvaluationMode.CENTRAL) {
      workers.add(
          new Supervised(
              "evaluator-" + run.id(),
              run.id(),
              faults,
              failures,
              () -> {
                CentralEvaluator evaluator =
                    new CentralEvaluator(cluster, serdes, run, testSet.get(), metrics, catchingUp);
                return new Supervised.Job(evaluator, evaluator::stop);
              }));
    }
    workers.forEach(Supervised::start);
    return workers;
  }

  private void release(Collection<String> runIds) {
    List<Supervised> workers = new ArrayList<>();
    List<String> released = List.copyOf(runIds);
    for (String id : released) {
      workers.addAll(owned.remove(id).workers());
    }
    workers.forEach(Supervised::stop);
    workers.forEach(Supervised::join);
    released.forEach(metrics::forget);
  }

  private void pause() {
    try {
      Thread.sleep(1000);
    } catch (InterruptedException e) {
      closed = true;
    }
  }

  /** Stops looking after runs, at a point where nothing is half-written. */
  @Override
  public void close() {
    closed = true;
    try {
      thread.join(Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Ownership implements ConsumerRebalanceListener {
    private final KafkaConsumer<String, byte[]> consumer;

    Ownership(KafkaConsumer<String, byte[]> consumer) {
      this.consumer = consumer;
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      consumer.seekToBeginning(partitions);
      ready = true;
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      List<Integer> numbers = partitions.stream().map(TopicPartition::partition).toList();
      release(
          owned.entrySet().stream()
              .filter(run -> numbers.contains(run.getValue().partition()))
              .map(Map.Entry::getKey)
              .toList());
    }
  }
}
