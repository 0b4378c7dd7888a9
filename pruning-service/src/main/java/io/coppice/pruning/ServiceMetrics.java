package io.coppice.pruning;

import io.coppice.learning.model.Mask;
import io.coppice.replay.IgnoredRecord;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** What the service tells Prometheus: rounds folded, density, decision time, evaluations, ignored records. */
final class ServiceMetrics {

  private final MeterRegistry registry;
  private final Map<String, AtomicReference<Double>> gauges = new ConcurrentHashMap<>();

  ServiceMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  void folded(String runId, int round) {
    set("coppice.round.folded", Tags.of("run", runId), round);
  }

  void maskPublished(String runId, Mask mask) {
    set("coppice.mask.density", Tags.of("run", runId), mask.density());
    for (int l = 0; l < mask.layout().prunable().size(); l++) {
      String layer = mask.layout().prunable().get(l).layer();
      set("coppice.mask.layer.density", Tags.of("run", runId, "layer", layer), mask.density(l));
    }
  }

  void decided(String runId, Mask mask, long nanos) {
    registry.timer("coppice.mask.decision", "run", runId).record(nanos, TimeUnit.NANOSECONDS);
    maskPublished(runId, mask);
  }

  void evaluated(String runId, double accuracy, double loss) {
    set("coppice.evaluation.accuracy", Tags.of("run", runId), accuracy);
    set("coppice.evaluation.loss", Tags.of("run", runId), loss);
  }

  /** A record of the log does not hold, and is left out. */
  void ignored(IgnoredRecord record) {
    registry
        .counter(
            "coppice.records.ignored",
            "topic",
            record.at().topic().suffix(),
            "reason",
            record.reason().name().toLowerCase(Locale.ROOT))
        .increment();
  }

  private void set(String name, Tags tags, double value) {
    gauges
        .computeIfAbsent(
            name + tags,
            k -> {
              AtomicReference<Double> holder = new AtomicReference<>(value);
              registry.gauge(name, tags, holder, AtomicReference::get);
              return holder;
            })
        .set(value);
  }
}
