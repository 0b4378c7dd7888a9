package io.coppice.learning.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetsTest {

  private static final String IMAGES = "train-images-idx3-ubyte";
  private static final String LABELS = "train-labels-idx1-ubyte";

  @TempDir private Path directory;

  @Test
  void theMnistOfThisRepositoryIsReadable() {
    Path mnist = Path.of("..", "data", "mnist");
    Dataset train = Datasets.open(mnist, Split.TRAIN);
    assertThat(train.size()).isEqualTo(12_000);
    assertThat(train.shape()).isEqualTo(new Dataset.Shape(1, 28, 28, 10));
    assertThat(histogram(train))
        .containsExactly(1185, 1348, 1192, 1226, 1168, 1084, 1184, 1253, 1170, 1190);
    assertThat(mean(train)).isBetween(0.129, 0.132);
    Dataset test = Datasets.open(mnist, Split.TEST);
    assertThat(histogram(test)).containsExactly(196, 227, 206, 202, 196, 178, 192, 206, 195, 202);
    assertThat(mean(test)).isBetween(0.129, 0.135);
  }

  @Test
  void idxIsReadPlainAndCompressed() throws IOException {
    write(IMAGES, images(2, 2, 3, 0, 51, 255, 0, 0, 0, 102, 0, 0, 0, 0, 1));
    write(LABELS + ".gz", gzip(labels(2, 7, 9)));
    Dataset data = Datasets.open(directory, Split.TRAIN);
    assertThat(data.shape()).isEqualTo(new Dataset.Shape(1, 2, 3, 10));
    assertThat(data.label(0)).isEqualTo(7);
    assertThat(data.label(1)).isEqualTo(9);
    float[] target = new float[8];
    data.copyImage(0, target, 1);
    assertThat(target).containsExactly(0, 0, 0.2f, 1, 0, 0, 0, 0);
    data.copyImage(1, target, 1);
    assertThat(target).containsExactly(0, 0.4f, 0, 0, 0, 0, 1 / 255f, 0);
  }

  @Test
  void brokenIdxIsRefusedInOneSentence() throws IOException {
    byte[] images = images(2, 1, 1, 0, 0);
    byte[] labels = labels(2, 1, 2);
    assertIdxRefused(labels, labels, "does not begin as a file of images (idx3-ubyte) does.");
    assertIdxRefused(images, images, "does not begin as a file of labels (idx1-ubyte) does.");
    assertIdxRefused(new byte[0], labels, "does not begin as");
    assertIdxRefused(Arrays.copyOf(images, 7), labels, "is truncated: 7 bytes where 16 should be.");
    assertIdxRefused(Arrays.copyOf(images, 17), labels, "is truncated: 1 bytes where 2 should be.");
    assertIdxRefused(Arrays.copyOf(images, 19), labels, "is longer than the 2 values");
    assertIdxRefused(gzip(images, 5), labels, "is truncated");
    assertIdxRefused(images(-1, 1, 1), labels, "announces sizes of [-1]");
    assertIdxRefused(
        images(1 << 30, 1 << 30, 1 << 30), labels, "which must be above 0 and below 2 GiB");
    assertIdxRefused(images, labels(3, 1, 2, 3), "holds 2 images, but");
    assertIdxRefused(images, labels(2, 1, 10), "label 1 is 10, which is not in 0 to 9.");
  }

  private void assertIdxRefused(byte[] images, byte[] labels, String message) throws IOException {
    write(IMAGES, images);
    write(LABELS, labels);
    assertThatThrownBy(() -> Datasets.open(directory, Split.TRAIN))
        .isInstanceOf(DataFormatException.class)
        .hasMessageStartingWith(directory.toString())
        .hasMessageContaining(message);
  }

  @Test
  void imagesWithoutLabelsAreRefused() throws IOException {
    write(IMAGES, images(1, 1, 1, 0));
    assertThatThrownBy(() -> Datasets.open(directory, Split.TRAIN))
        .hasMessage(directory.resolve(IMAGES) + " has no " + LABELS + " beside it.");
  }

  @Test
  void cifar10IsReadPlainAndCompressed() throws IOException {
    byte[] first = new byte[2 * 3073];
    first[0] = 3;
    first[1] = (byte) 255; // red
    first[1 + 1024 + 33] = 51; // green, second row, second column
    first[3073] = 4;
    byte[] second = new byte[3073];
    second[0] = 9;
    second[3072] = 102; // blue, last
    write("data_batch_1.bin", first);
    write("data_batch_1.bin.gz", gzip(second));
    write("data_batch_2.bin.gz", gzip(second));
    write("test_batch.bin", second);
    Dataset data = Datasets.open(directory, Split.TRAIN);
    assertThat(data.shape()).isEqualTo(new Dataset.Shape(3, 32, 32, 10));
    assertThat(data.size()).isEqualTo(3);
    assertThat(new int[] {data.label(0), data.label(1), data.label(2)}).containsExactly(3, 4, 9);
    float[] image = new float[3072];
    data.copyImage(0, image, 0);
    assertThat(image[0]).isEqualTo((1 - 0.4914f) / 0.2023f);
    assertThat(image[1024 + 33]).isEqualTo((51 / 255f - 0.4822f) / 0.1994f);
    data.copyImage(2, image, 0);
    assertThat(image[3071]).isEqualTo((102 / 255f - 0.4465f) / 0.2010f);
    assertThat(image[0]).isEqualTo((0 - 0.4914f) / 0.2023f);
    assertThat(Datasets.open(directory, Split.TEST).size()).isEqualTo(1);
  }

  @Test
  void brokenCifar10IsRefusedInOneSentence() throws IOException {
    write("data_batch_1.bin", new byte[3072]);
    assertThatThrownBy(() -> Datasets.open(directory, Split.TRAIN))
        .isInstanceOf(DataFormatException.class)
        .hasMessageContaining("holds 3072 bytes, which is not a whole number");
    byte[] labelled = new byte[2 * 3073];
    labelled[3073] = (byte) 200;
    write("data_batch_1.bin", labelled);
    assertThatThrownBy(() -> Datasets.open(directory, Split.TRAIN))
        .isInstanceOf(DataFormatException.class)
        .hasMessageContaining("label 1 is 200, which is not in 0 to 9.");
  }

  @Test
  void leafIsReadWithItsWritersAndInkTurnedBright() throws IOException {
    String ink = leafImage("0.0", 784);
    String grey = leafImage("0.75", 784);
    write(
        "train/all_data_0.json",
        leaf(
            "\"anna\", \"bo\"",
            "2, 1",
            "\"anna\": {\"x\": ["
                + ink
                + ","
                + grey
                + "], \"y\": [61, 0]}, \"bo\": {\"y\": [5], \"x\": ["
                + grey
                + "]}"));
    write(
        "train/all_data_1.json", leaf("\"cy\"", "1", "\"cy\": {\"x\": [" + ink + "], \"y\": [1]}"));
    Dataset data = Datasets.open(directory, Split.TRAIN);
    assertThat(data.shape()).isEqualTo(new Dataset.Shape(1, 28, 28, 62));
    assertThat(data.size()).isEqualTo(4);
    assertThat(data.writers()).isEqualTo(3);
    assertThat(new int[] {data.writer(0), data.writer(1), data.writer(2), data.writer(3)})
        .containsExactly(0, 0, 1, 2);
    assertThat(new int[] {data.label(0), data.label(1), data.label(2), data.label(3)})
        .containsExactly(61, 0, 5, 1);
    float[] image = new float[784];
    data.copyImage(0, image, 0);
    assertThat(image).containsOnly(1);
    data.copyImage(2, image, 0);
    assertThat(image).containsOnly(0.25f);
  }

  @Test
  void brokenLeafIsRefusedInOneSentence() throws IOException {
    String image = leafImage("1", 784);
    assertLeafRefused("[]", "line 1 should hold an object with users and user_data.");
    assertLeafRefused("{\"users\": [", "is not JSON");
    assertLeafRefused("{}", "there is no user in user_data.");
    assertLeafRefused(
        leaf("", "", user(leafImage("1", 783), "1")), "image of 783 values, not 784.");
    assertLeafRefused(
        leaf("", "", user(leafImage("1", 785), "1")), "image of 785 values, not 784.");
    assertLeafRefused(leaf("", "", user(leafImage("1.5", 784), "1")), "a pixel of 1.5");
    assertLeafRefused(leaf("", "", user(leafImage("null", 784), "1")), "a number in an image");
    assertLeafRefused(leaf("", "", user(image, "62")), "label 62, which is not in 0 to 61.");
    assertLeafRefused(leaf("", "", user(image, "1, 2")), "user anna has 1 images but 2 labels.");
    assertLeafRefused(
        leaf("\"anna\"", "2", user(image, "1")), "1 samples, but num_samples says 2.");
    assertLeafRefused(leaf("\"anna\"", "", user(image, "1")), "users names 1, but num_samples 0.");
  }

  private void assertLeafRefused(String json, String message) throws IOException {
    write("train/broken.json", json);
    assertThatThrownBy(() -> Datasets.open(directory, Split.TRAIN))
        .isInstanceOf(DataFormatException.class)
        .hasMessageStartingWith(directory.resolve("train/broken.json").toString())
        .hasMessageContaining(message);
  }

  @Test
  void anEmptyDirectorySaysWhatWasLookedFor() {
    assertThatThrownBy(() -> Datasets.open(directory, Split.TEST))
        .isInstanceOf(DataFormatException.class)
        .hasMessage(
            directory
                + " holds no data set: looked for t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte"
                + " (IDX, as MNIST), test_batch.bin (CIFAR-10) and test/*.json (LEAF),"
                + " each with or without .gz.");
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> Datasets.open(missing, Split.TEST))
        .hasMessage("There is no directory " + missing + ".");
  }

  private static String leaf(String users, String counts, String data) {
    return String.format(
        "{\"users\": [%s], \"num_samples\": [%s], \"hierarchies\": [], \"user_data\": {%s}}",
        users, counts, data);
  }

  private static String user(String image, String labels) {
    return String.format("\"anna\": {\"x\": [%s], \"y\": [%s]}", image, labels);
  }

  private static String leafImage(String value, int size) {
    return "[" + String.join(",", java.util.Collections.nCopies(size, value)) + "]";
  }

  private static byte[] images(int count, int height, int width, int... pixels) {
    byte[] file = new byte[16 + pixels.length];
    put(ByteBuffer.wrap(file).putInt(0x803).putInt(count).putInt(height).putInt(width), pixels);
    return file;
  }

  private static byte[] labels(int count, int... labels) {
    byte[] file = new byte[8 + labels.length];
    put(ByteBuffer.wrap(file).putInt(0x801).putInt(count), labels);
    return file;
  }

  private static void put(ByteBuffer bytes, int... values) {
    for (int value : values) {
      bytes.put((byte) value);
    }
  }

  private static byte[] gzip(byte[] content) throws IOException {
    return gzip(content, 0);
  }

  private static byte[] gzip(byte[] content, int cut) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return Arrays.copyOf(bytes.toByteArray(), bytes.size() - cut);
  }

  private void write(String name, String content) throws IOException {
    write(name, content.getBytes(StandardCharsets.UTF_8));
  }

  private void write(String name, byte[] content) throws IOException {
    Path file = directory.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, content);
  }

  private static int[] histogram(Dataset data) {
    int[] histogram = new int[data.classes()];
    for (int i = 0; i < data.size(); i++) {
      histogram[data.label(i)]++;
    }
    return histogram;
  }

  private static double mean(Dataset data) {
    float[] image = new float[data.imageSize()];
    double sum = 0;
    for (int i = 0; i < data.size(); i++) {
      data.copyImage(i, image, 0);
      for (float value : image) {
        sum += value;
      }
    }
    return sum / data.size() / data.imageSize();
  }
}
