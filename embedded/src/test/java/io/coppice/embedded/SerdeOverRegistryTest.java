package io.coppice.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import io.coppice.schemas.AgentJoined;
import io.coppice.schemas.AggregateShard;
import io.coppice.schemas.CheckpointShard;
import io.coppice.schemas.ClusterConfig;
import io.coppice.schemas.LedgerEntry;
import io.coppice.schemas.MaskPublished;
import io.coppice.schemas.MetricEntry;
import io.coppice.schemas.RandomRecords;
import io.coppice.schemas.RecordSerde;
import io.coppice.schemas.RejectedRecord;
import io.coppice.schemas.Tick;
import io.coppice.schemas.TrainingRun;
import io.coppice.schemas.UpdateChecked;
import io.coppice.schemas.UpdateShard;
import io.coppice.schemas.UpdateSubmitted;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Our serde over the registry, alone and side by side with Confluent's own serializer and deserializer. */
class SerdeOverRegistryTest {

  private static final String CONFLUENT = "io.confluent.kafka.serializers.";
  private static final int RECORDS = 10;

  @TempDir static Path temp;
  private static EmbeddedBroker broker;
  private static EmbeddedRegistry registry;
  private static ClusterConfig config;

  @BeforeAll
  static void start() {
    broker = EmbeddedBroker.start(temp, 0);
    registry = EmbeddedRegistry.start(broker.bootstrap(), 0);
    config = new ClusterConfig(broker.bootstrap(), registry.url());
  }

  @AfterAll
  static void stop() {
    registry.close();
    broker.close();
  }

  static Stream<Class<? extends SpecificRecord>> values() {
    return Stream.of(
        TrainingRun.class,
        AgentJoined.class,
        UpdateShard.class,
        UpdateSubmitted.class,
        LedgerEntry.class,
        AggregateShard.class,
        MaskPublished.class,
        CheckpointShard.class,
        MetricEntry.class,
        RejectedRecord.class,
        UpdateChecked.class,
        Tick.class);
  }

  @ParameterizedTest
  @MethodSource("values")
  <T extends SpecificRecord> void everyRecordComesBackAsItWas(Class<T> type) {
    RecordSerde<T> writer = new RecordSerde<>(config.newRegistry(), type);
    RecordSerde<T> reader = new RecordSerde<>(config.newRegistry(), type);
    for (int seed = 0; seed < RECORDS; seed++) {
      T record = RandomRecords.of(type, seed);
      byte[] bytes = writer.serialize("round-trip." + type.getSimpleName(), record);
      assertThat(reader.deserialize("any", bytes)).isEqualTo(record);
    }
  }

  @ParameterizedTest
  @MethodSource("values")
  <T extends SpecificRecord> void bytesAreThoseOfConfluentsSerializer(Class<T> type)
      throws ReflectiveOperationException {
    RecordSerde<T> ours = new RecordSerde<>(config.newRegistry(), type);
    String topic = "genuine." + type.getSimpleName();
    try (Serializer<Object> serializer = serializer();
        Deserializer<Object> deserializer = deserializer()) {
      for (int seed = 0; seed < RECORDS; seed++) {
        T record = RandomRecords.of(type, seed);
        // Ours first and theirs first, so that both find a schema that the other one registered.
        byte[] own = seed % 2 == 0 ? ours.serialize(topic, record) : null;
        byte[] genuine = serializer.serialize(topic, record);
        own = own == null ? ours.serialize(topic, record) : own;
        assertThat(own).isEqualTo(genuine);
        assertThat(deserializer.deserialize(topic, own)).isEqualTo(record);
        assertThat(ours.deserialize(topic, genuine)).isEqualTo(record);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("values")
  <T extends SpecificRecord> void schemasOfConfluentsSerializerAreKnownToOurs(Class<T> type)
      throws ReflectiveOperationException {
    String topic = "theirs." + type.getSimpleName();
    RecordSerde<T> ours = new RecordSerde<>(config.newRegistry(), type);
    T record = RandomRecords.of(type, 1);
    try (Serializer<Object> serializer = serializer()) {
      byte[] genuine = serializer.serialize(topic, record);
      assertThat(ours.serialize(topic, record)).isEqualTo(genuine);
    }
  }

  @SuppressWarnings("unchecked")
  private static Serializer<Object> serializer() throws ReflectiveOperationException {
    Serializer<Object> serializer =
        (Serializer<Object>)
            Class.forName(CONFLUENT + "KafkaAvroSerializer").getConstructor().newInstance();
    serializer.configure(settings(), false);
    return serializer;
  }

  @SuppressWarnings("unchecked")
  private static Deserializer<Object> deserializer() throws ReflectiveOperationException {
    Deserializer<Object> deserializer =
        (Deserializer<Object>)
            Class.forName(CONFLUENT + "KafkaAvroDeserializer").getConstructor().newInstance();
    deserializer.configure(settings(), false);
    return deserializer;
  }

  private static Map<String, Object> settings() {
    Map<String, Object> settings = new HashMap<>();
    settings.put("schema.registry.url", registry.url());
    settings.put("specific.avro.reader", true);
    // Java's own marks stay out of the registry, as they do with our serde.
    settings.put("avro.remove.java.properties", true);
    return settings;
  }
}
