package io.coppice.aggregator;

import io.coppice.aggregator.observe.Telemetry;
import io.coppice.aggregator.shards.KafkaUpdateLog;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LogSerdes;
import io.coppice.schemas.SchemaRegistry;
import io.coppice.schemas.Topic;
import io.coppice.schemas.TopicCatalogue.Sizing;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.kafka.KafkaStreamsMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.CloseOptions.GroupMembershipOperation;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running instance of the aggregator: the topology under Kafka Streams, with exactly-once processing. */
public final class AggregatorService implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(AggregatorService.class);

  /** Records are up to 16 MiB and usually 256 KiB: Streams' usual thousand a partition would be a quarter of a gigabyte. */
  private static final int BUFFERED_RECORDS = 16;

  private static final int MAX_POLL_RECORDS = 64;

  /** As many bytes wait on the heap for each partition at most; a larger record is fetched all the same (KIP-74). */
  private static final int PARTITION_FETCH_BYTES = 1 << 20;

  private static final int FETCH_BYTES = 8 << 20;
  private static final int BATCH_BYTES = 256 << 10;

  /** A thread that waits for records does not commit; Kafka's own 100 ms would be as long again as a commit's interval. */
  private static final Duration POLL_TIME = Duration.ofMillis(20);

  /** Kafka's own 45 s would hold up every run for as long when an instance dies. */
  private static final Duration SESSION_TIMEOUT = Duration.ofSeconds(10);

  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(30);

  private final LogSerdes serdes;
  private final String topicPrefix;
  private final KafkaStreams streams;
  private final Telemetry telemetry;
  private final Optional<KafkaStreamsMetrics> clientMetrics;
  private final GroupMembershipOperation whenClosed;
  private final CountDownLatch running = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  /**
   * Prepares an instance; {@link #start} starts it.
   *
   * @param partitions partitions that the topics have, as {@link io.coppice.schemas.TopicCatalogue} found them
   */
  public AggregatorService(AggregatorConfig config, Sizing partitions) {
    this(config, partitions, config.cluster().newRegistry());
  }

  /** The same with a registry client of the caller's. */
  public AggregatorService(AggregatorConfig config, Sizing partitions, SchemaRegistry registry) {
    this(config, partitions, registry, Optional.empty());
  }

  /** The same with figures: ours ({@code coppice.*}) and those of Kafka's clients ({@code kafka.*}). */
  public AggregatorService(
      AggregatorConfig config, Sizing partitions, SchemaRegistry registry, MeterRegistry meters) {
    this(config, partitions, registry, Optional.of(meters));
  }

  private AggregatorService(
      AggregatorConfig config,
      Sizing partitions,
      SchemaRegistry registry,
      Optional<MeterRegistry> meters) {
    ClusterConfig cluster = config.cluster();
    this.serdes = new LogSerdes(registry);
    this.topicPrefix = cluster.topicPrefix();
    this.whenClosed =
        config.instanceId().isPresent()
            ? GroupMembershipOperation.REMAIN_IN_GROUP
            : GroupMembershipOperation.LEAVE_GROUP;
    this.telemetry = new Telemetry(meters.orElseGet(SimpleMeterRegistry::new));
    Properties settings = settings(config);
    if (!StreamsConfig.EXACTLY_ONCE_V2.equals(
        settings.get(StreamsConfig.PROCESSING_GUARANTEE_CONFIG))) {
      log.warn(
          "Exactly-once processing is switched off ({}={}): after a failure an update may count twice; for measurements only.",
          StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
          settings.get(StreamsConfig.PROCESSING_GUARANTEE_CONFIG));
    }
    this.streams =
        new KafkaStreams(
            AggregatorTopology.build(
                cluster.topicPrefix(),
                serdes,
                partitions,
                () -> new KafkaUpdateLog(cluster),
                config.tickInterval(),
                telemetry),
            settings);
    telemetry.instance(
        () -> streams.state() == KafkaStreams.State.RUNNING, partitions.shardPartitions());
    this.clientMetrics =
        meters.map(
            registryOfFigures -> {
              KafkaStreamsMetrics metrics = new KafkaStreamsMetrics(streams);
              metrics.bindTo(registryOfFigures);
              return metrics;
            });
    streams.setUncaughtExceptionHandler(this::onFailure);
    streams.setStateListener(
        (now, before) -> {
          log.info("The aggregator went from {} to {}", before, now);
          if (now == KafkaStreams.State.RUNNING) {
            running.countDown();
          }
          if (now.hasCompletedShutdown()) {
            stopped.countDown();
            running.countDown();
          }
        });
  }

  /** The settings of Kafka Streams that the aggregator runs with. */
  static Properties settings(AggregatorConfig config) {
    Properties settings = new Properties();
    settings.putAll(config.cluster().kafka());
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, config.applicationId());
    settings.put(StreamsConfig.STATE_DIR_CONFIG, config.stateDirectory().toString());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, config.threads());
    // What is set explicitly goes before: that is how one measures what exactly-once costs.
    settings.putIfAbsent(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, config.commitInterval().toMillis());
    settings.put(StreamsConfig.POLL_MS_CONFIG, POLL_TIME.toMillis());
    settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, config.standbyReplicas());
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, -1); // the broker's default
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0L);
    settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, SmallRocksDb.class);
    settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, BUFFERED_RECORDS);
    settings.put(
        StreamsConfig.topicPrefix(TopicConfig.MAX_MESSAGE_BYTES_CONFIG), Topic.MAX_RECORD_BYTES);
    settings.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), MAX_POLL_RECORDS);
    settings.put(
        StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG),
        PARTITION_FETCH_BYTES);
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_BYTES_CONFIG), FETCH_BYTES);
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
        Topic.MAX_RECORD_BYTES);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), BATCH_BYTES);
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 0);
    if (config.instanceId().isPresent()) {
      // It is given the time of a restart.
      settings.put(
          StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG),
          config.instanceId().get());
    } else {
      settings.putIfAbsent(
          ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG, Math.toIntExact(SESSION_TIMEOUT.toMillis()));
    }
    return settings;
  }

  /**
   * Starts the threads; returns at once.
   *
   * @throws SchemaRegistry.RegistryException if the schema registry does not answer, or refuses our schemas
   */
  public void start() {
    serdes.registerAll(topicPrefix);
    streams.start();
  }

  /**
   * The same, but waits for a schema registry that does not answer yet.
   *
   * @param patience how long
   */
  public void start(Duration patience) throws InterruptedException {
    serdes.registerAll(topicPrefix, patience);
    streams.start();
  }

  /**
   * Waits until the instance has its share of the work and has restored it.
   *
   * @throws IllegalStateException if it is not running by then, or has failed
   */
  public void awaitRunning(Duration timeout) throws InterruptedException {
    boolean inTime = running.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
    if (failure.get() != null) {
      throw new IllegalStateException(
          "The aggregator has stopped: " + sentence(failure.get()), failure.get());
    }
    if (!inTime || stopped.getCount() == 0) {
      throw new IllegalStateException(
          "The aggregator is not running after " + timeout.toSeconds() + " s.");
    }
  }

  /** Waits until the instance has stopped, whatever the cause. */
  public void awaitStopped() throws InterruptedException {
    stopped.await();
  }

  /** Whether the instance does its share of the work, or is about to (rebalancing). */
  public boolean isHealthy() {
    return failure.get() == null && streams.state().isRunningOrRebalancing();
  }

  /** What the instance is like, for a health check. */
  public Health health() {
    KafkaStreams.State state = streams.state();
    List<String> faults = new ArrayList<>(telemetry.faults());
    Optional.ofNullable(failure.get())
        .map(AggregatorService::sentence)
        .ifPresent(cause -> faults.add("The aggregator has stopped: " + cause));
    boolean alive = failure.get() == null && !state.hasStartedOrFinishedShuttingDown();
    boolean hasWork = running.getCount() == 0 && state.isRunningOrRebalancing();
    return new Health(alive, alive && hasWork && faults.isEmpty(), state.name(), faults);
  }

  /** Whether the instance has stopped because of an error. */
  public boolean hasFailed() {
    return failure.get() != null;
  }

  /**
   * Commits and stops the threads. An instance without a name of its own leaves the group, so that another takes over at once; one
   * with a name keeps its share of the work for the time of a restart.
   */
  @Override
  public void close() {
    clientMetrics.ifPresent(KafkaStreamsMetrics::close);
    // Streams never leaves by itself: the group would wait 45 s for an instance that nobody knows
    // again.
    if (!streams.close(
        CloseOptions.timeout(CLOSE_TIMEOUT).withGroupMembershipOperation(whenClosed))) {
      log.warn("The aggregator has not stopped within {} s", CLOSE_TIMEOUT.toSeconds());
    }
  }

  private StreamThreadExceptionResponse onFailure(Throwable error) {
    if (isTransient(error)) {
      log.warn("A thread is replaced: {}", sentence(error), error);
      telemetry.threadReplaced();
      return StreamThreadExceptionResponse.REPLACE_THREAD;
    }
    failure.set(error);
    log.error("The aggregator stops: {}", sentence(error), error);
    return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
  }

  /**
   * Whether trying again may help: the broker or the registry did not answer, or the broker lost its way between its own clock, which
   * ends an open transaction, and us, who commit it at that moment. A thread that is replaced begins at its last commit.
   */
  static boolean isTransient(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      if (e instanceof RetriableException
          || e instanceof SchemaRegistry.RegistryException
          || e instanceof UnknownServerException
          || e instanceof InvalidTxnStateException
          || isUnclassified(e)) {
        return true;
      }
    }
    return false;
  }

  /** How a producer tells of a broker's answer that it has no class for: "Unhandled error in EndTxnResponse". */
  private static boolean isUnclassified(Throwable error) {
    return error.getClass() == KafkaException.class && error.getCause() == null;
  }

  /** The innermost message, which says what happened. */
  private static String sentence(Throwable error) {
    Throwable innermost = error;
    while (innermost.getCause() != null) {
      innermost = innermost.getCause();
    }
    return innermost.getMessage() == null ? innermost.toString() : innermost.getMessage();
  }
}
