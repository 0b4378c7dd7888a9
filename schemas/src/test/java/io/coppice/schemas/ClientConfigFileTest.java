package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClientConfigFileTest {

  @TempDir Path directory;

  private Path file(String text) throws IOException {
    return Files.writeString(directory.resolve("client.properties"), text);
  }

  @Test
  void settingsGoToTheClientThatTheyAreFor() throws IOException {
    ClientConfigFile read =
        ClientConfigFile.read(
            file(
                """
                # how to reach the cluster
                security.protocol=SASL_SSL
                sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
                  username="agent-1" password="p=1";
                schema.registry.ssl.truststore.location=/etc/trust.p12
                basic.auth.credentials.source=USER_INFO
                """));

    assertThat(read.kafka())
        .containsOnly(
            Map.entry("security.protocol", "SASL_SSL"),
            Map.entry(
                "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"agent-1\" password=\"p=1\";"));
    assertThat(read.registry())
        .containsOnly(
            Map.entry("schema.registry.ssl.truststore.location", "/etc/trust.p12"),
            Map.entry("basic.auth.credentials.source", "USER_INFO"));
  }

  @Test
  void furtherSettingsGoBeforeThoseOfTheFile() throws IOException {
    ClientConfigFile read =
        ClientConfigFile.read(file("client.id=a\nretries=3\n"))
            .with(Map.of("client.id", "b"), Map.of("bearer.auth.token", "t"));

    assertThat(read.cluster("broker:9092", "http://registry", "p.").kafka())
        .containsOnly(
            Map.entry("client.id", "b"),
            Map.entry("retries", "3"),
            Map.entry("bootstrap.servers", "broker:9092"));
    assertThat(read.registry()).containsOnly(Map.entry("bearer.auth.token", "t"));
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    assertThatThrownBy(() -> ClientConfigFile.read(directory.resolve("none.properties")))
        .isInstanceOf(ClientConfigFile.UnreadableException.class)
        .hasMessage("There is no file " + directory.resolve("none.properties") + ".");
  }

  @Test
  void aFileThatIsNotOfTheFormatIsNamed() throws IOException {
    Path file = file("key=\\u12\n");

    assertThatThrownBy(() -> ClientConfigFile.read(file))
        .isInstanceOf(ClientConfigFile.UnreadableException.class)
        .hasMessage(file + " is not a readable file of client properties.");
  }
}
