package io.coppice.aggregator.observe;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Meters that come and go together, with tags in common: those of one run, or of one task. What is closed is exported no more, so
 * that neither finished runs nor tasks that have moved to another instance leave figures behind.
 */
final class MeterSet implements AutoCloseable {

  /** Bounds of a histogram's buckets: rounds take from less than a second to hours. */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(100),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofSeconds(5),
    Duration.ofSeconds(15),
    Duration.ofMinutes(1),
    Duration.ofMinutes(5),
    Duration.ofMinutes(15),
    Duration.ofHours(1)
  };

  private final MeterRegistry registry;
  private final Tags tags;
  private final List<Meter> meters = new ArrayList<>();

  MeterSet(MeterRegistry registry, String... tags) {
    this.registry = registry;
    this.tags = Tags.of(tags);
  }

  Counter counter(String name, String description, String... more) {
    return own(
        Counter.builder(name)
            .description(description)
            .tags(tags)
            .tags(Tags.of(more))
            .register(registry));
  }

  Level level(String name, String description, String... more) {
    Level level = new Level();
    own(
        Gauge.builder(name, level, Level::get)
            .description(description)
            .tags(tags)
            .tags(Tags.of(more))
            .strongReference(true)
            .register(registry));
    return level;
  }

  Timer timer(String name, String description, String... more) {
    return own(timerOf(name, description, more).register(registry));
  }

  /** A timer that shows how its times are distributed, too. */
  Timer histogram(String name, String description, String... more) {
    return own(timerOf(name, description, more).serviceLevelObjectives(BUCKETS).register(registry));
  }

  private Timer.Builder timerOf(String name, String description, String... more) {
    return Timer.builder(name).description(description).tags(tags).tags(Tags.of(more));
  }

  private <M extends Meter> M own(M meter) {
    meters.add(meter);
    return meter;
  }

  @Override
  public void close() {
    meters.forEach(registry::remove);
    meters.clear();
  }
}
