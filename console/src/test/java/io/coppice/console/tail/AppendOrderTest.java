package io.coppice.console.tail;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.replay.LogReader.Entry;
import io.coppice.schemas.Topic;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class AppendOrderTest {

  private static final LogPartition FIRST = new LogPartition(Topic.UPDATES, 0);
  private static final LogPartition SECOND = new LogPartition(Topic.UPDATES, 1);

  private final AppendOrder order = new AppendOrder();

  private static Entry entry(LogPartition partition, long offset, long timestamp) {
    return new Entry(partition.topic(), partition.number(), offset, timestamp, "demo", null);
  }

  @Test
  void nothingOvertakesARecordThatIsStillToCome() {
    order.add(entry(FIRST, 0, 10));
    order.add(entry(FIRST, 1, 30));
    assertThat(order.drain(Set.of(FIRST, SECOND))).isEmpty();

    order.add(entry(SECOND, 0, 20));
    // The second has no more to show what comes before 30.
    assertThat(order.drain(Set.of(FIRST, SECOND)))
        .containsExactly(entry(FIRST, 0, 10), entry(SECOND, 0, 20));
    assertThat(order.holds(FIRST)).isTrue();
    assertThat(order.holds(SECOND)).isFalse();
    assertThat(order.isEmpty()).isFalse();

    assertThat(order.drain(Set.of())).containsExactly(entry(FIRST, 1, 30));
    assertThat(order.isEmpty()).isTrue();
  }

  @Test
  void whatWasAppendedInTheSameMillisecondComesInTheOrderOfTopicsAndPartitions() {
    Entry closed = entry(new LogPartition(Topic.ROUNDS, 0), 5, 10);
    Entry submitted = entry(new LogPartition(Topic.SUBMISSIONS, 0), 9, 10);
    order.add(closed);
    order.add(submitted);
    order.add(entry(SECOND, 0, 10));
    order.add(entry(FIRST, 8, 10));
    assertThat(order.drain(Set.of()))
        .containsExactly(entry(FIRST, 8, 10), entry(SECOND, 0, 10), submitted, closed);
  }

  @Test
  void withinAPartitionTheOrderOfOffsetsStaysWhateverTheTimesSay() {
    order.add(entry(FIRST, 0, 50));
    order.add(entry(FIRST, 1, 10));
    order.add(entry(SECOND, 0, 20));
    assertThat(order.drain(Set.of()))
        .containsExactly(entry(SECOND, 0, 20), entry(FIRST, 0, 50), entry(FIRST, 1, 10));
  }

  /** Records of four partitions, which are delivered in portions of any size. */
  @Property(tries = 300)
  void everyRecordComesOnceInTheOrderOfTimes(
      @ForAll @Size(max = 60) List<@IntRange(max = 3) Integer> partitions,
      @ForAll @Size(min = 60, max = 60) List<@IntRange(max = 3) Integer> steps,
      @ForAll @Size(min = 60, max = 60) List<@IntRange(max = 3) Integer> delivery) {
    List<Entry> appended = new ArrayList<>();
    Map<Integer, List<Entry>> toDeliver = new HashMap<>();
    long time = 0;
    for (int i = 0; i < partitions.size(); i++) {
      time += steps.get(i);
      int partition = partitions.get(i);
      List<Entry> queue = toDeliver.computeIfAbsent(partition, p -> new ArrayList<>());
      Entry entry = entry(new LogPartition(Topic.UPDATES, partition), queue.size(), time);
      appended.add(entry);
      queue.add(entry);
    }

    AppendOrder merged = new AppendOrder();
    List<Entry> drained = new ArrayList<>();
    for (int i = 0; toDeliver.values().stream().anyMatch(queue -> !queue.isEmpty()); i++) {
      int favourite = delivery.get(i % delivery.size());
      int from =
          IntStream.range(0, 4)
              .map(p -> (p + favourite) % 4)
              .filter(p -> !toDeliver.getOrDefault(p, List.of()).isEmpty())
              .findFirst()
              .getAsInt();
      merged.add(toDeliver.get(from).removeFirst());
      drained.addAll(merged.drain(unfinished(toDeliver)));
    }
    drained.addAll(merged.drain(Set.of()));

    List<Entry> expected = new ArrayList<>(appended);
    expected.sort(
        Comparator.comparingLong(Entry::timestamp)
            .thenComparingInt(Entry::partition)
            .thenComparingLong(Entry::offset));
    assertThat(drained).isEqualTo(expected);
    assertThat(merged.isEmpty()).isTrue();
  }

  private static Set<LogPartition> unfinished(Map<Integer, List<Entry>> toDeliver) {
    Set<LogPartition> unfinished = new java.util.HashSet<>();
    toDeliver.forEach(
        (partition, queue) -> {
          if (!queue.isEmpty()) {
            unfinished.add(new LogPartition(Topic.UPDATES, partition));
          }
        });
    return unfinished;
  }
}
