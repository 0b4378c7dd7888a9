package io.coppice.aggregator.rounds;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.coppice.aggregator.Ring;
import io.coppice.schemas.TrainingRun;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ClientSelectionTest {

  private static final List<String> FLEET =
      IntStream.range(0, 50).mapToObj(i -> String.format("agent-%02d", i)).toList();

  @Test
  void everybodyIsAskedWhereTheRunDoesNotSayHowMany() {
    assertThat(ClientSelection.choose(Ring.run("run"), 3, FLEET)).isEqualTo(FLEET);
    assertThat(ClientSelection.choose(asking(50), 3, FLEET)).isEqualTo(FLEET);
    assertThat(ClientSelection.choose(asking(60), 3, FLEET)).isEqualTo(FLEET);
  }

  @Test
  void theChoiceIsAFunctionOfSeedAndRound() {
    List<String> chosen = ClientSelection.choose(asking(10), 3, FLEET);
    assertThat(chosen).hasSize(10).isSorted().isSubsetOf(FLEET);
    assertThat(ClientSelection.choose(asking(10), 3, FLEET)).isEqualTo(chosen);
    assertThat(ClientSelection.choose(asking(10), 4, FLEET)).isNotEqualTo(chosen);
    TrainingRun other = asking(10);
    other.setSeed(2L);
    assertThat(ClientSelection.choose(other, 3, FLEET)).isNotEqualTo(chosen);
  }

  @Test
  void whoGoesMakesRoomForOneAndChangesNothingElse() {
    List<String> chosen = ClientSelection.choose(asking(10), 3, FLEET);
    List<String> without = new ArrayList<>(FLEET);
    without.remove(chosen.getFirst());
    Set<String> kept = new HashSet<>(ClientSelection.choose(asking(10), 3, without));
    kept.retainAll(chosen);
    assertThat(kept).hasSize(9);
  }

  @Test
  void allAreAskedAboutEquallyOften() {
    int[] asked = new int[FLEET.size()];
    for (int round = 0; round < 5000; round++) {
      ClientSelection.choose(asking(10), round, FLEET)
          .forEach(agent -> asked[FLEET.indexOf(agent)]++);
    }
    // 1000 times each is expected, with a standard deviation of 28.
    assertThat(asked)
        .satisfies(a -> IntStream.of(a).forEach(n -> assertThat(n).isCloseTo(1000, within(150))));
  }

  private static TrainingRun asking(int participants) {
    TrainingRun run = Ring.run("run");
    run.getParticipation().setParticipants(participants);
    return run;
  }
}
