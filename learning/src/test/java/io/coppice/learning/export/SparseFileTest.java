package io.coppice.learning.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.coppice.learning.data.DataFormatException;
import io.coppice.learning.model.Mask;
import io.coppice.learning.model.ParameterTensor;
import io.coppice.learning.nn.Architecture;
import io.coppice.learning.nn.Loss;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SparseFileTest {

  /** Convolutions, depthwise ones, batch normalisations and a linear layer: 10 prunable tensors. */
  private static final Architecture DSCNN = Architecture.of("dscnn", 1, 5, 4, 3);

  private static final Architecture MLP = Architecture.of("mlp", 1, 2, 2, 2);

  private Path file;

  @BeforeEach
  @BeforeTry
  void newFile() throws IOException {
    file = Files.createTempFile("model", ".cps");
  }

  @AfterEach
  @AfterTry
  void deleteFile() throws IOException {
    Files.deleteIfExists(file);
  }

  @Property(tries = 100)
  void aModelIsReadAsItWasWritten(
      @ForAll @Size(10) List<@IntRange(min = 0, max = 4) Integer> quarters, @ForAll long seed)
      throws IOException {
    Random random = new Random(seed);
    float[] parameters = new float[DSCNN.layout().size()];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = Float.intBitsToFloat(random.nextInt());
    }
    Mask mask = mask(DSCNN, quarters, random);
    TrainedModel model =
        new TrainedModel("a-run", -2, 7, 3, DSCNN, Loss.BCE_WITH_LOGITS, mask, parameters.clone());
    SparseFile.write(model, "1.2.3", file);
    TrainedModel read = SparseFile.read(file);

    mask.zeroPruned(parameters);
    assertThat(bits(read.parameters())).isEqualTo(bits(parameters));
    assertThat(read.mask()).isEqualTo(mask);
    assertThat(read.run()).isEqualTo("a-run");
    assertThat(read.round()).isEqualTo(-2);
    assertThat(read.lastRound()).isEqualTo(7);
    assertThat(read.maskVersion()).isEqualTo(3);
    assertThat(read.architecture()).isEqualTo(DSCNN);
    assertThat(read.loss()).isEqualTo(Loss.BCE_WITH_LOGITS);

    byte[] first = Files.readAllBytes(file);
    SparseFile.write(read, "1.2.3", file);
    assertThat(Files.readAllBytes(file)).isEqualTo(first);
  }

  /** Of every layer so many quarters of the weights: 0 leaves none, 4 all. */
  private static Mask mask(Architecture architecture, List<Integer> quarters, Random random) {
    List<BitSet> layers = new ArrayList<>();
    for (ParameterTensor weight : architecture.layout().prunable()) {
      int of = quarters.get(layers.size());
      BitSet bits = new BitSet();
      for (int i = 0; i < weight.size(); i++) {
        bits.set(i, random.nextInt(4) < of);
      }
      layers.add(bits);
    }
    return Mask.of(architecture.layout(), layers);
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
    return bits;
  }

  @Test
  void theFileIsHeaderBitmapsAndActiveValues() throws IOException {
    Mask mask = mask(MLP, List.of(2, 4, 0), new Random(1));
    float[] parameters = TestModels.parameters(MLP.layout(), Mask.full(MLP.layout()), 1);
    SparseFile.write(
        new TrainedModel("r", 6, 9, 2, MLP, Loss.SOFTMAX_CROSS_ENTROPY, mask, parameters),
        "1.2.3",
        file);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(bytes.get(0) & 0xff).isEqualTo(0x89);
    assertThat(bytes.getInt(8)).isEqualTo(1);
    byte[] header = new byte[bytes.getInt(12)];
    bytes.get(16, header);
    JsonNode json = new ObjectMapper().readTree(header);
    assertThat(json.get("density").doubleValue()).isEqualTo(mask.density());
    assertThat(json.get("pixels").get("deviations").toString()).isEqualTo("[1.0]");
    assertThat(json.get("tensors").findValuesAsText("name"))
        .containsExactly(
            "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias");
    assertThat(json.get("tensors").findValuesAsText("masked"))
        .containsExactly("true", "false", "false", "false", "true", "false");
    assertThat(json.get("tensors").get(0).get("shape").toString()).isEqualTo("[300,4]");

    bytes.position(16 + header.length);
    byte[] bitmap = new byte[150];
    bytes.get(bitmap);
    assertThat(bitmap).isEqualTo(mask.bitmap(0));
    float[] active = mask.gather(parameters);
    for (int i = 0; i < mask.kept(0) + 300 + 100 * 300 + 100; i++) {
      assertThat(bytes.getFloat()).isEqualTo(active[i]);
    }
    bitmap = new byte[25];
    bytes.get(bitmap);
    assertThat(bitmap).containsOnly(0);
    assertThat(bytes.getFloat()).isEqualTo(active[active.length - 2]);
    assertThat(bytes.getFloat()).isEqualTo(active[active.length - 1]);
    assertThat(bytes.remaining()).isEqualTo(32);
    assertThat(Files.size(file))
        .isEqualTo(16 + header.length + 150 + 25 + 4L * mask.activeParameters() + 32);
  }

  @Property(tries = 300)
  void aChangedFileIsRefused(@ForAll @IntRange(min = 0) int place, @ForAll byte change)
      throws IOException {
    byte[] bytes = written();
    bytes[place % bytes.length] ^= change == 0 ? 1 : change;
    isRefused(bytes);
  }

  @Property(tries = 100)
  void aCutOrProlongedFileIsRefused(@ForAll @IntRange(min = 0, max = 20_000) int length)
      throws IOException {
    byte[] bytes = written();
    isRefused(Arrays.copyOf(bytes, length % bytes.length));
    isRefused(Arrays.copyOf(bytes, bytes.length + 1 + length));
  }

  private byte[] written() throws IOException {
    SparseFile.write(TestModels.of(MLP, 1), "1.2.3", file);
    return Files.readAllBytes(file);
  }

  private void isRefused(byte[] bytes) throws IOException {
    Files.write(file, bytes);
    assertThatThrownBy(() -> SparseFile.read(file))
        .isInstanceOf(DataFormatException.class)
        .message()
        .startsWith(file.toString())
        .endsWith(".")
        .doesNotContain("\n");
  }

  @Test
  void whatIsNoModelFileOrCannotBeReadIsNamed() throws IOException {
    Files.writeString(file, "{}");
    assertRefused("%s is no sparse model file of Coppice: it does not begin as one.");
    byte[] bytes = written();
    bytes[8] = 7;
    Files.write(file, bytes);
    assertRefused("%s is a sparse model file of version 7; version 1 can be read.");
    bytes[8] = 1;
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertRefused(
        "%s is damaged: it was cut off or changed, for its SHA-256 is not what it ends with.");
    Files.delete(file);
    assertRefused("There is no file %s.");
  }

  /** A digest that fits proves nothing about who wrote it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          "mlp"           | "perceptron"   | %s: There is no network "perceptron": choose one of conv2, conv4, dscnn, lenet5, mlp, resnet18, vgg11.
          [1,2,2]         | [1,2]          | %s: input must be channels, height and width, three numbers.
          [1,2,2]         | [1,2,3]        | %s: tensors[0] must be the network's fc1.weight of shape [300, 6], not fc1.weight of shape [300, 4].
          "classes":2     | "classes":1    | %s: classes must be a whole number of at least 2, not 1.
          SOFTMAX         | HARDMAX        | %s: loss must be one of [BCE_WITH_LOGITS, SOFTMAX_CROSS_ENTROPY], not HARDMAX_CROSS_ENTROPY.
          "fc1.bias"      | "fc1.size"     | %s: tensors[1] must be the network's fc1.bias of shape [300], not fc1.size of shape [300].
          "masked":false  | "masked":true  | %s: tensors[1]: fc1.bias of 300 values cannot have 300 active ones with a bitmap.
          "active":300    | "active":299   | %s: tensors[1]: fc1.bias of 300 values cannot have 299 active ones without bitmap.
          "active":100    | "active":1000  | %s: tensors[3]: fc2.bias of 100 values cannot have 1000 active ones without bitmap.
          "run"           | "ran"          | %s: the field run is missing; it must be text.
          {"coppice"      | ["coppice"     | %s is not JSON: Unexpected character (':' (code 58)): was expecting comma to separate Array entries in line 1.
          """)
  void aHeaderThatContradictsItselfIsRefused(String part, String other, String sentence)
      throws Exception {
    byte[] bytes = written();
    int header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    String json = new String(bytes, 16, header, StandardCharsets.UTF_8);
    assertThat(json).contains(part);
    String forged = json.replaceFirst(Pattern.quote(part), other);
    write(forged, Arrays.copyOfRange(bytes, 16 + header, bytes.length - 32));
    assertRefused(sentence);
  }

  @Test
  void tensorsThatAreNotAsTheHeaderSaysAreRefused() throws Exception {
    byte[] bytes = written();
    int header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    String json = new String(bytes, 16, header, StandardCharsets.UTF_8);
    byte[] body = Arrays.copyOfRange(bytes, 16 + header, bytes.length - 32);

    write(json, Arrays.copyOf(body, body.length - 1));
    assertRefused(
        "%s holds " + (body.length - 1) + " bytes of tensors where " + body.length + " should be.");
    body[0] ^= 1;
    write(json, body);
    int active = TestModels.of(MLP, 1).mask().kept(0);
    assertRefused(
        "%s: the bitmap of fc1.weight does not have "
            + active
            + " of 1200 weights active, as the header says.");
    byte[] prefix = Arrays.copyOf(bytes, 16);
    Arrays.fill(prefix, 12, 16, (byte) 0);
    prefix[12] = (byte) 255;
    Files.write(file, withDigest(prefix));
    assertRefused("%s: a header of 255 bytes is announced, but there are 0.");
  }

  private void write(String json, byte[] body) throws Exception {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    byte[] content = new byte[16 + header.length + body.length];
    ByteBuffer.wrap(content)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(written(), 0, 12)
        .putInt(header.length)
        .put(header)
        .put(body);
    Files.write(file, withDigest(content));
  }

  private static byte[] withDigest(byte[] content) throws NoSuchAlgorithmException {
    byte[] whole = Arrays.copyOf(content, content.length + 32);
    MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
    System.arraycopy(sha256.digest(content), 0, whole, content.length, 32);
    return whole;
  }

  private void assertRefused(String sentence) {
    assertThatThrownBy(() -> SparseFile.read(file))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(sentence, file);
  }
}
