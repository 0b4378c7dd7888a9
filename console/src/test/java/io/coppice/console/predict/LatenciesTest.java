package io.coppice.console.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class LatenciesTest {

  @Test
  void percentilesAreThoseOfTheNearestRank() {
    // 1 to 200 ms, the slowest first
    Latencies latencies =
        new Latencies(LongStream.rangeClosed(1, 200).map(i -> (201 - i) * 1_000_000).toArray());
    assertThat(latencies.count()).isEqualTo(200);
    assertThat(latencies.percentile(50)).isEqualTo(100);
    assertThat(latencies.percentile(90)).isEqualTo(180);
    assertThat(latencies.percentile(99)).isEqualTo(198);
    assertThat(latencies.percentile(100)).isEqualTo(200);
    assertThat(latencies.mean()).isEqualTo(100.5);
  }

  @Test
  void ofFewTimesTheHighPercentilesAreTheLongest() {
    Latencies latencies = new Latencies(new long[] {3_000_000, 1_000_000, 2_500_000});
    assertThat(latencies.percentile(50)).isEqualTo(2.5);
    assertThat(latencies.percentile(90)).isEqualTo(3);
    assertThat(latencies.percentile(33)).isEqualTo(1);
    assertThat(latencies.percentile(34)).isEqualTo(2.5);
    assertThatThrownBy(() -> new Latencies(new long[0]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
