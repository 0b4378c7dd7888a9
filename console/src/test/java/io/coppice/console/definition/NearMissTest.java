package io.coppice.console.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearMissTest {

  @Test
  void theClosestWordIsMeant() {
    assertThat(NearMiss.of("rouds", List.of("bounds", "rounds", "sounds"))).hasValue("rounds");
  }

  @Test
  void hyphensUnderscoresAndCaseMakeNoDifference() {
    assertThat(NearMiss.of("SHARD_values", List.of("shard-values"))).hasValue("shard-values");
    assertThat(NearMiss.of("a_b", List.of("b", "-a-b-"))).hasValue("-a-b-");
  }

  @Test
  void whatIsFarFromEverythingIsNoMiss() {
    assertThat(NearMiss.of("quorum", List.of("seed", "deadline"))).isEmpty();
  }
}
