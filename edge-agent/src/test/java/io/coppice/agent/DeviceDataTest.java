package io.coppice.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coppice.learning.data.Dataset;
import io.coppice.service.StartException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeviceDataTest {

  private final AgentSettings settings = new AgentSettings();

  @BeforeEach
  void useTheShippedDigits() {
    settings.setData(Path.of("..", "data", "mnist").toString());
    settings.setPartition("iid");
    settings.setPartitionCount(60);
  }

  @Test
  void nothingIsHeldOutUnlessAskedFor() {
    AgentData data = DeviceData.read(settings, 3);
    assertThat(data.train().size()).isEqualTo(200);
    assertThat(data.holdOut()).isEmpty();
  }

  @Test
  void whatIsHeldOutIsNotTrainedOn() {
    Set<String> all = images(DeviceData.read(settings, 3).train());
    settings.setHoldOut(0.2);
    AgentData data = DeviceData.read(settings, 3);
    Dataset aside = data.holdOut().orElseThrow();
    assertThat(data.train().size()).isEqualTo(160);
    assertThat(aside.size()).isEqualTo(40);
    assertThat(images(data.train())).doesNotContainAnyElementsOf(images(aside));
    Set<String> both = new HashSet<>(images(data.train()));
    both.addAll(images(aside));
    assertThat(both).isEqualTo(all);
    assertThat(images(DeviceData.read(settings, 3).holdOut().orElseThrow()))
        .isEqualTo(images(aside));
  }

  @Test
  void everyPartHoldsOutSamplesOfItsOwn() {
    settings.setHoldOut(0.5);
    assertThat(DeviceData.read(settings, 0).holdOut().orElseThrow().label(0)).isBetween(0, 9);
    assertThat(images(DeviceData.read(settings, 0).holdOut().orElseThrow()))
        .doesNotContainAnyElementsOf(images(DeviceData.read(settings, 1).holdOut().orElseThrow()));
  }

  @Test
  void somethingIsLeftToTrainOn() {
    settings.setPartitionCount(12_000);
    settings.setHoldOut(0.6);
    assertThatThrownBy(() -> DeviceData.read(settings, 0))
        .isInstanceOf(StartException.class)
        .hasMessage("coppice.agent.hold-out is 0.6, which leaves none of 1 samples to train on.");
  }

  @Test
  void aPartThatIsNoneIsNamed() {
    assertThatThrownBy(() -> DeviceData.read(settings, 60))
        .isInstanceOf(StartException.class)
        .hasMessage(
            "coppice.agent.partition-index is 60 but there are only 60 parts, counted from 0.");
  }

  private static Set<String> images(Dataset data) {
    Set<String> images = new HashSet<>();
    float[] image = new float[data.imageSize()];
    for (int i = 0; i < data.size(); i++) {
      data.copyImage(i, image, 0);
      images.add(data.label(i) + Arrays.toString(image));
    }
    return images;
  }
}
