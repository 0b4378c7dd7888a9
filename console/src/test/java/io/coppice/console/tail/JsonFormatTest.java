package io.coppice.console.tail;

import static io.coppice.console.tail.SampleRecords.RUN;
import static io.coppice.console.tail.SampleRecords.closed;
import static io.coppice.console.tail.SampleRecords.contributor;
import static io.coppice.console.tail.SampleRecords.found;
import static io.coppice.console.tail.SampleRecords.ledger;
import static io.coppice.console.tail.SampleRecords.tombstone;
import static io.coppice.console.tail.SampleRecords.unreadable;
import static io.coppice.console.tail.SampleRecords.update;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.schemas.Topic;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class JsonFormatTest {

  private static JsonNode json(FoundRecord found) throws IOException {
    String line = new JsonFormat().line(found);
    assertThat(line).doesNotContain("\n");
    return new ObjectMapper().readTree(line);
  }

  @Test
  void everyFieldIsThereByItsName() throws IOException {
    JsonNode line = json(found(Topic.ROUNDS, RUN, ledger(closed(5, contributor("agent-1", 1000)))));
    assertThat(line.get("topic").textValue()).isEqualTo("rounds");
    assertThat(line.get("partition").intValue()).isZero();
    assertThat(line.get("offset").longValue()).isEqualTo(7);
    assertThat(line.get("timestamp").longValue()).isEqualTo(SampleRecords.TIME.toEpochMilli());
    assertThat(line.get("key").textValue()).isEqualTo(RUN);
    JsonNode value = line.get("value");
    assertThat(value.get("event").textValue()).isEqualTo("RoundClosed");
    assertThat(value.get("round").intValue()).isEqualTo(5);
    assertThat(value.get("closedAt").textValue()).isEqualTo("2026-03-01T10:20:30.456Z");
    assertThat(value.get("digest").textValue()).isEqualTo("cd".repeat(32));
    assertThat(value.get("contributors").get(0).get("weight").longValue()).isEqualTo(1000);
  }

  @Test
  void aTensorIsItsFigures() throws IOException {
    JsonNode values =
        json(found(Topic.UPDATES, RUN, update(5, "agent-1"))).get("value").get("values");
    assertThat(values.get("count").intValue()).isEqualTo(3);
    assertThat(values.get("min").doubleValue()).isEqualTo(-1.5);
    assertThat(values.get("max").doubleValue()).isEqualTo(2);
    assertThat(values.get("norm").doubleValue()).isEqualTo(2.5);
    assertThat(values.get("nonZero").intValue()).isEqualTo(2);
  }

  @Test
  void bytesThatAreNoTensorAreCounted() throws IOException {
    var broken = update(5, "agent-1");
    broken.setValues(ByteBuffer.wrap(new byte[7]));
    assertThat(json(found(Topic.UPDATES, RUN, broken)).get("value").get("values").textValue())
        .isEqualTo("7 bytes");
  }

  @Test
  void whatHasNoValueOrNoneThatCanBeReadSaysSo() throws IOException {
    assertThat(json(tombstone()).get("value").isNull()).isTrue();
    JsonNode broken = json(unreadable());
    assertThat(broken.has("value")).isFalse();
    assertThat(broken.get("unreadable").textValue()).startsWith("not in Confluent's");
    assertThat(broken.get("bytes").intValue()).isEqualTo(1234);
  }
}
