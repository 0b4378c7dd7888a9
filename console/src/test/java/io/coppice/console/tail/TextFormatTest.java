package io.coppice.console.tail;

import static io.coppice.console.tail.SampleRecords.RUN;
import static io.coppice.console.tail.SampleRecords.digest;
import static io.coppice.console.tail.SampleRecords.found;
import static io.coppice.console.tail.SampleRecords.ledger;
import static io.coppice.console.tail.SampleRecords.tombstone;
import static io.coppice.console.tail.SampleRecords.unreadable;
import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.RejectReason;
import io.coppice.schemas.Tick;
import io.coppice.schemas.Topic;
import io.coppice.schemas.UpdateRejected;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextFormatTest {

  private static final FoundRecord TICK = found(Topic.TICKS, RUN, new Tick(RUN, 5));

  @Test
  void aLineTellsTimePlaceKeyNameAndContent() {
    assertThat(new TextFormat(List.of(Topic.TICKS), false).line(TICK))
        .isEqualTo(
            "2026-03-01T10:20:30.456Z  internal.ticks-0@7     demo  Tick             runId demo, round 5");
  }

  @Test
  void columnsAreAsWideAsWhatHasComeSoFar() {
    TextFormat format = new TextFormat(List.of(Topic.AGENTS), false);
    String narrow = format.line(tombstone());
    String wide = format.line(TICK);
    String narrowAgain = format.line(tombstone());
    assertThat(narrow)
        .isEqualTo(
            "2026-03-01T10:20:30.456Z  agents-0@7     demo/agent-1  Tombstone        no value: what was there under the key is removed");
    assertThat(narrowAgain.indexOf("Tombstone"))
        .isEqualTo(wide.indexOf("Tick"))
        .isGreaterThan(narrow.indexOf("Tombstone"));
  }

  @Test
  void whatCannotBeDecodedIsShownWithItsSizeAndTheReason() {
    assertThat(new TextFormat(List.of(), false).line(unreadable()))
        .isEqualTo(
            "2026-03-01T10:20:30.456Z  updates-3@7  demo/delta/3  Unreadable       1,234 bytes, not in Confluent's\\u000awire format");
  }

  @Test
  void aRecordWithoutAKeyHasNone() {
    FoundRecord keyless = found(Topic.TICKS, null, new Tick(RUN, 5));
    assertThat(new TextFormat(List.of(), false).line(keyless)).contains("@7  -  Tick");
  }

  @Test
  void coloursAreForATerminal() {
    FoundRecord rejected =
        found(
            Topic.ROUNDS,
            RUN,
            ledger(
                UpdateRejected.newBuilder()
                    .setRound(5)
                    .setAgentId("agent-1")
                    .setSubmissionDigest(digest(1))
                    .setReason(RejectReason.LATE)
                    .setDetail("Late.")
                    .build()));
    assertThat(new TextFormat(List.of(), true).line(rejected))
        .contains("\u001b[31", "UpdateRejected")
        .endsWith("LATE, Late. (submission 01010101)");
    assertThat(new TextFormat(List.of(), true).line(TICK))
        .contains("\u001b[")
        .doesNotContain("[31");
    assertThat(new TextFormat(List.of(), false).line(rejected)).doesNotContain("\u001b");
  }
}
