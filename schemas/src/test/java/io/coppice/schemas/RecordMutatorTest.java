package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.RecordMutator.Kind;
import io.coppice.schemas.RecordMutator.Mutant;
import io.coppice.schemas.RecordMutator.Raw;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Example;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.errors.SerializationException;

class RecordMutatorTest {

  private static final int PER_TOPIC = 1000;

  private final LogSerdes serdes = new LogSerdes(new InMemoryRegistry());

  private RecordMutator mutator(long seed) {
    serdes.registerAll("");
    return new RecordMutator(serdes, 4, List.of("other"), Map.of(), seed);
  }

  private Raw random(Topic topic, long seed) {
    SpecificRecord record = RandomRecords.of(TopicValues.CLASSES.get(topic), seed);
    return new Raw(topic, 1, new byte[] {'k'}, serialize(topic, record));
  }

  @SuppressWarnings("unchecked")
  private byte[] serialize(Topic topic, SpecificRecord record) {
    return ((RecordSerde<SpecificRecord>) serdes.of(topic)).serialize(topic.suffix(), record);
  }

  @Example
  void mutantsOfEveryTopicAreDecodedOrRefusedAndNothingElse() {
    RecordMutator mutator = mutator(1);
    for (Topic topic : Topic.values()) {
      Set<Kind> kinds = EnumSet.noneOf(Kind.class);
      int identical = 0;
      int refused = 0;
      for (int i = 0; i < PER_TOPIC; i++) {
        Raw original = random(topic, i % 50);
        Mutant mutant = mutator.mutate(original);
        kinds.add(mutant.kind());
        identical += mutant.raw().isIdenticalTo(original) ? 1 : 0;
        try {
          serdes.of(topic).deserialize(topic.suffix(), mutant.raw().value());
        } catch (SerializationException e) {
          refused++;
        }
      }
      assertThat(kinds).as(topic.suffix()).contains(Kind.BYTES, Kind.FIELD, Kind.PLACE);
      assertThat(identical).as(topic.suffix()).isLessThan(PER_TOPIC / 4);
      assertThat(refused).as(topic.suffix()).isBetween(PER_TOPIC / 20, PER_TOPIC / 2);
    }
  }

  @Example
  void everyFieldOfARecordIsMutatedSoonerOrLater() {
    RecordMutator mutator = mutator(2);
    Raw original = random(Topic.MASKS, 3);
    Set<String> paths = new HashSet<>();
    for (int i = 0; i < PER_TOPIC; i++) {
      String change = mutator.mutate(original, Kind.FIELD).change();
      paths.add(change.substring(0, change.indexOf(':')).replaceAll("\\[\\d+]", "[]"));
    }
    assertThat(paths)
        .contains(".runId", ".version", ".layers", ".layers[].name", ".layers[].shape[]", ".cost")
        .contains(".density", ".origin", ".digest", ".layers[].bitmap", ".figures[].value");
  }

  @Example
  void aSealedMutantHasTheDigestOfItsContent() {
    RecordMutator mutator = mutator(3);
    Raw original = random(Topic.CHECKPOINTS, 4);
    for (int i = 0; i < 100; i++) {
      Mutant mutant = mutator.mutate(original, Kind.SEALED_FIELD);
      assertThat(mutant.kind()).isEqualTo(Kind.SEALED_FIELD);
      CheckpointShard shard = serdes.checkpoints.deserialize("", mutant.raw().value());
      assertThat(shard.getDigest()).isEqualTo(ContentDigest.of(shard));
    }
  }

  @Example
  void theSameSeedGivesTheSameMutants() {
    RecordMutator once = mutator(5);
    RecordMutator again = mutator(5);
    for (int i = 0; i < 200; i++) {
      Raw original = random(Topic.AGGREGATES, i);
      assertThat(once.mutate(original).raw().isIdenticalTo(again.mutate(original).raw())).isTrue();
    }
  }
}
