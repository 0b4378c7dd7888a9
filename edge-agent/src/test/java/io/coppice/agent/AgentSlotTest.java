package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.service.StartException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentSlotTest {

  @TempDir private Path slots;

  @Test
  void theLowestFreeOneIsTaken() throws IOException {
    try (AgentSlot first = take(3).orElseThrow();
        AgentSlot third = takeBehindOne()) {
      assertThat(first.number()).isZero();
      assertThat(third.number()).isEqualTo(2);
      try (AgentSlot second = take(3).orElseThrow()) {
        assertThat(second.number()).isEqualTo(1);
        assertThat(second.directory()).isEqualTo(slots.resolve("01"));
        assertThat(take(3)).isEmpty();
      }
    }
  }

  private AgentSlot takeBehindOne() throws IOException {
    try (AgentSlot between = take(3).orElseThrow()) {
      assertThat(between.number()).isEqualTo(1);
      return take(3).orElseThrow();
    }
  }

  @Test
  void whatLiesInASlotStays() throws IOException {
    try (AgentSlot slot = take(1).orElseThrow()) {
      Files.writeString(slot.directory().resolve("key.pem"), "key");
    }
    try (AgentSlot slot = take(1).orElseThrow()) {
      assertThat(slot.directory().resolve("key.pem")).hasContent("key");
    }
  }

  @Test
  void manyAtOnceGetOneEach() throws Exception {
    int agents = 16;
    List<Future<AgentSlot>> taken = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(agents)) {
      for (int i = 0; i < agents; i++) {
        taken.add(threads.submit(() -> take(agents).orElseThrow()));
      }
    }
    List<Integer> numbers = new ArrayList<>();
    for (Future<AgentSlot> slot : taken) {
      numbers.add(slot.get().number());
      slot.get().close();
    }
    assertThat(numbers)
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, agents).boxed().toList());
  }

  @Test
  void processesTellThemselvesApartAndAKilledOneLeavesItsSlot() throws Exception {
    List<Process> holders = new ArrayList<>();
    try {
      for (int i = 0; i < 3; i++) {
        holders.add(startHolder());
      }
      List<Integer> numbers = new ArrayList<>();
      for (Process holder : holders) {
        numbers.add(numberOf(holder));
      }
      assertThat(numbers).containsExactlyInAnyOrder(0, 1, 2);
      assertThat(take(3)).isEmpty();

      holders.get(1).destroyForcibly().waitFor();
      try (AgentSlot successor = take(3).orElseThrow()) {
        assertThat(successor.number()).isEqualTo(numbers.get(1));
      }
    } finally {
      holders.forEach(Process::destroyForcibly);
    }
  }

  @Test
  void anAgentIsNamedAfterItsSlotAndHasItsPart() throws IOException {
    AgentSettings settings = new AgentSettings();
    settings.setId("agent");
    settings.setSlots(slots.toString());
    settings.setPartitionCount(2);
    try (AgentPlace first = AgentPlace.of(settings);
        AgentPlace second = AgentPlace.of(settings)) {
      assertThat(first.agentId()).isEqualTo("agent-00");
      assertThat(second.agentId()).isEqualTo("agent-01");
      assertThat(second.part()).isEqualTo(1);
      assertThat(second.instanceName().in("/etc/{agent}.properties"))
          .isEqualTo("/etc/agent-01.properties");
      assertThat(second.keyFile(settings)).hasValue(slots.resolve("01").resolve("key.pem"));
      settings.setKeyFile("/keys/{agent}.pem");
      assertThat(second.keyFile(settings)).hasValue(Path.of("/keys/agent-01.pem"));
      assertThatThrownBy(() -> AgentPlace.of(settings))
          .isInstanceOf(StartException.class)
          .hasMessage(
              "coppice.agent.slots: All 2 slots in "
                  + slots
                  + " are taken by agents that run; end one of them, or begin with a higher"
                  + " coppice.agent.partition-count.");
    }
    try (AgentPlace successor = AgentPlace.of(settings)) {
      assertThat(successor.agentId()).isEqualTo("agent-00");
    }
  }

  @Test
  void aDirectoryThatCannotBeUsedIsNamed() throws IOException {
    Path file = Files.writeString(slots.resolve("file"), "");
    AgentSettings settings = new AgentSettings();
    settings.setSlots(file.toString());
    assertThatThrownBy(() -> AgentPlace.of(settings))
        .isInstanceOf(StartException.class)
        .hasMessageStartingWith("coppice.agent.slots: " + file + " cannot be used: ");
  }

  @Test
  void withoutSlotsAnAgentIsWhatItsSettingsSay() throws IOException {
    AgentSettings settings = new AgentSettings();
    settings.setId("agent-7");
    settings.setPartitionIndex(3);
    try (AgentPlace place = AgentPlace.of(settings)) {
      assertThat(place.agentId()).isEqualTo("agent-7");
      assertThat(place.part()).isEqualTo(3);
      assertThat(place.keyFile(settings)).isEmpty();
    }
  }

  private Optional<AgentSlot> take(int count) throws IOException {
    return AgentSlot.takeLowest(slots, count);
  }

  private Process startHolder() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-Xmx32m",
            "-cp",
            System.getProperty("java.class.path"),
            SlotHolder.class.getName(),
            slots.toString(),
            "3")
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static int numberOf(Process holder) throws IOException {
    BufferedReader output = holder.inputReader(StandardCharsets.UTF_8);
    return Integer.parseInt(output.readLine());
  }
}
