package io.coppice.console.runs;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.ContentDigest;
import io.coppice.schemas.RoundOpened;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Who has reported in a round, and who has only tried to. */
class OpenRoundTest {

  private static final RoundOpened ROUND =
      new RoundOpened(7, 0, false, List.of("a", "b", "c", "d"), Instant.EPOCH, Instant.EPOCH);

  private int submissions;

  private UpdateSubmitted submission(String agent, int round) {
    return UpdateSubmitted.newBuilder()
        .setRunId("run")
        .setRound(round)
        .setAgentId(agent)
        .setMaskVersion(0)
        .setWeight(1)
        .setTrainLoss(submissions++)
        .setTrainSeconds(0)
        .setPayloadBytes(0)
        .setShards(List.of())
        .setSignature(ByteBuffer.allocate(0))
        .build();
  }

  @Test
  void everyParticipantIsInOnePlace() {
    UpdateSubmitted bad = submission("b", 7);
    UpdateSubmitted firstOfC = submission("c", 7);
    OpenRound open =
        OpenRound.of(
            ROUND,
            List.of(
                submission("a", 7),
                bad,
                firstOfC,
                submission("c", 7),
                submission("d", 6),
                submission("stranger", 7)),
            Set.of(ContentDigest.of(bad), ContentDigest.of(firstOfC)));
    assertThat(open.reported()).containsExactly("a", "c");
    assertThat(open.rejected()).containsExactly("b");
    assertThat(open.missing()).containsExactly("d");
  }

  @Test
  void atFirstAllAreMissing() {
    OpenRound open = OpenRound.of(ROUND, List.of(submission("a", 6)), Set.of());
    assertThat(open.reported()).isEmpty();
    assertThat(open.rejected()).isEmpty();
    assertThat(open.missing()).containsExactly("a", "b", "c", "d");
  }

  @Test
  void aStrangerThatIsRejectedIsNoParticipant() {
    UpdateSubmitted strange = submission("stranger", 7);
    assertThat(OpenRound.of(ROUND, List.of(strange), Set.of(ContentDigest.of(strange))).rejected())
        .isEmpty();
  }
}
