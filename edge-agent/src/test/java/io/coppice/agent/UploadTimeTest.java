package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class UploadTimeTest {

  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  void aSmallUpdateHasAQuarterOfAMinute() {
    assertThat(UploadTime.bound(100_000, HOUR)).isEqualTo(Duration.ofSeconds(15));
  }

  @Test
  void aLargeUpdateHasTheTimeOfAThinLink() {
    assertThat(UploadTime.bound(26_000_000, HOUR)).isEqualTo(Duration.ofSeconds(15 + 104));
  }

  @Test
  void nobodyIsGivenMoreThanTheRoundWaits() {
    assertThat(UploadTime.bound(26_000_000, Duration.ofSeconds(30)))
        .isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void aVeryShortDeadlineLeavesTimeForABusyCluster() {
    assertThat(UploadTime.bound(100_000, Duration.ofMillis(200))).isEqualTo(Duration.ofSeconds(5));
  }

  @Test
  void brokersTakeNoMoreThanAQuarterOfAnHour() {
    assertThat(UploadTime.bound(4_000_000_000L, HOUR)).isEqualTo(Duration.ofMinutes(15));
  }
}
