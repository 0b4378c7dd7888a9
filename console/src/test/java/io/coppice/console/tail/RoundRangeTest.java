package io.coppice.console.tail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.console.UserError;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoundRangeTest {

  @ParameterizedTest
  @CsvSource({"7, 7, 7", "10-12, 10, 12", "-1, -1, -1", "-1-3, -1, 3", "5-5, 5, 5"})
  void aRoundOrARange(String text, int first, int last) {
    assertThat(RoundRange.parse(text)).isEqualTo(new RoundRange(first, last));
  }

  @Test
  void bothEndsAreInTheRange() {
    RoundRange range = new RoundRange(10, 12);
    assertThat(range.contains(9)).isFalse();
    assertThat(range.contains(10)).isTrue();
    assertThat(range.contains(12)).isTrue();
    assertThat(range.contains(13)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-2", "12-10", "1-", "-", "1-2-3", "1,2", "99999999999", "0--1"})
  void anythingElseIsRefused(String text) {
    assertThatThrownBy(() -> RoundRange.parse(text))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "--round is a round from -1 (initial pruning) on, or a range such as 10-12, not %s.",
            text);
  }
}
