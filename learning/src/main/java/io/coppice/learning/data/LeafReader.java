package io.coppice.learning.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads FEMNIST as LEAF writes it (Caldas et al.: LEAF: A Benchmark for Federated Settings, 2018): JSON files of {@code users},
 * {@code num_samples} and {@code user_data}, where every user has a list {@code x} of images of 28 x 28 numbers and a list
 * {@code y} of labels in 0 to 61.
 *
 * <p>LEAF stores ink as 0 on a background of 1. That is turned round, so that here as in MNIST ink is 1 on 0.
 *
 * <p>Files are read as streams: what is kept is one float a pixel.
 */
public final class LeafReader {

  static final Dataset.Shape SHAPE = new Dataset.Shape(1, 28, 28, 62);

  /** Inverted: what 1 - pixel is, too. */
  static final PixelScaling SCALING = new PixelScaling(List.of(1f), List.of(-1f));

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER).build();

  private final List<float[]> images = new ArrayList<>();
  private final List<Integer> labels = new ArrayList<>();
  private final List<Integer> writers = new ArrayList<>();

  /** Every user's number, in the order in which the files name them. */
  private final Map<String, Integer> numbers = new LinkedHashMap<>();

  private LeafReader() {}

  /**
   * Reads files as one data set that knows its writers. They are numbered in the order in which the files name them.
   *
   * @throws DataFormatException if a file cannot be read, is not such a JSON file, if a value or label is out of range, or a
   *     user's images, labels and {@code num_samples} differ in number
   */
  public static Dataset read(List<Path> files) {
    LeafReader reader = new LeafReader();
    for (Path file : files) {
      reader.read(file);
    }
    return Dataset.ofFloats(
        SHAPE,
        reader.images.toArray(float[][]::new),
        reader.labels.stream().mapToInt(Integer::intValue).toArray(),
        reader.writers.stream().mapToInt(Integer::intValue).toArray());
  }

  private void read(Path file) {
    try (InputStream in = DataFiles.open(file);
        JsonParser json = JSON.createParser(in)) {
      new FileReader(file, json).read();
    } catch (JsonProcessingException e) {
      throw new DataFormatException(
          String.format(
              "%s is not JSON: %s in line %d.",
              file,
              e.getOriginalMessage(),
              e.getLocation() == null ? 1 : e.getLocation().getLineNr()),
          e);
    } catch (IOException e) {
      throw DataFiles.unreadable(file, e);
    }
  }

  /** One file's way through the parser. */
  private final class FileReader {

    private final Path file;
    private final JsonParser json;
    private final List<String> users = new ArrayList<>();
    private final List<Integer> announced = new ArrayList<>();
    private final Map<String, Integer> found = new LinkedHashMap<>();

    FileReader(Path file, JsonParser json) {
      this.file = file;
      this.json = json;
    }

    void read() throws IOException {
      expect(json.nextToken(), JsonToken.START_OBJECT, "an object with users and user_data");
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "users" -> readUsers();
          case "num_samples" -> readAnnounced();
          case "user_data" -> readUserData();
          default -> json.skipChildren();
        }
      }
      checkCounts();
    }

    private void readUsers() throws IOException {
      expect(json.currentToken(), JsonToken.START_ARRAY, "users as a list");
      while (json.nextToken() != JsonToken.END_ARRAY) {
        expect(json.currentToken(), JsonToken.VALUE_STRING, "a user's name");
        users.add(json.getText());
      }
    }

    private void readAnnounced() throws IOException {
      expect(json.currentToken(), JsonToken.START_ARRAY, "num_samples as a list");
      while (json.nextToken() != JsonToken.END_ARRAY) {
        expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, "a number of samples");
        announced.add(json.getIntValue());
      }
    }

    private void readUserData() throws IOException {
      expect(json.currentToken(), JsonToken.START_OBJECT, "user_data as an object");
      while (json.nextToken() != JsonToken.END_OBJECT) {
        readUser(json.currentName());
      }
    }

    private void readUser(String user) throws IOException {
      int before = images.size();
      int labelled = labels.size();
      expect(json.nextToken(), JsonToken.START_OBJECT, "the data of user " + user);
      while (json.nextToken() != JsonToken.END_OBJECT) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "x" -> readImages(user);
          case "y" -> readLabels(user);
          default -> json.skipChildren();
        }
      }
      int count = images.size() - before;
      if (labels.size() - labelled != count) {
        throw wrong(
            String.format(
                "user %s has %d images but %d labels", user, count, labels.size() - labelled));
      }
      Integer number = numbers.computeIfAbsent(user, name -> numbers.size());
      for (int i = 0; i < count; i++) {
        writers.add(number);
      }
      found.put(user, count);
    }

    private void readImages(String user) throws IOException {
      expect(json.currentToken(), JsonToken.START_ARRAY, "x as a list of images");
      while (json.nextToken() != JsonToken.END_ARRAY) {
        expect(json.currentToken(), JsonToken.START_ARRAY, "an image as a list of numbers");
        float[] image = new float[SHAPE.imageSize()];
        int next = 0;
        while (json.nextToken() != JsonToken.END_ARRAY) {
          if (!json.currentToken().isNumeric()) {
            throw expected("a number in an image");
          }
          float value = json.getFloatValue();
          if (!(value >= 0 && value <= 1)) {
            throw wrong(
                String.format("user %s has a pixel of %s, which is not in 0 to 1", user, value));
          }
          if (next < image.length) {
            image[next] = 1 - value;
          }
          next++;
        }
        if (next != image.length) {
          throw wrong(
              String.format("user %s has an image of %d values, not %d", user, next, image.length));
        }
        images.add(image);
      }
    }

    private void readLabels(String user) throws IOException {
      expect(json.currentToken(), JsonToken.START_ARRAY, "y as a list of labels");
      while (json.nextToken() != JsonToken.END_ARRAY) {
        expect(json.currentToken(), JsonToken.VALUE_NUMBER_INT, "a label as a whole number");
        int label = json.getIntValue();
        if (label < 0 || label >= SHAPE.classes()) {
          throw wrong(
              String.format(
                  "user %s has label %d, which is not in 0 to %d",
                  user, label, SHAPE.classes() - 1));
        }
        labels.add(label);
      }
    }

    private void checkCounts() {
      if (found.isEmpty()) {
        throw wrong("there is no user in user_data");
      }
      if (users.size() != announced.size()) {
        throw wrong(
            String.format("users names %d, but num_samples %d", users.size(), announced.size()));
      }
      for (int i = 0; i < users.size(); i++) {
        int count = found.getOrDefault(users.get(i), 0);
        if (count != announced.get(i)) {
          throw wrong(
              String.format(
                  "user %s has %d samples, but num_samples says %d",
                  users.get(i), count, announced.get(i)));
        }
      }
    }

    private void expect(JsonToken found, JsonToken wanted, String what) {
      if (found != wanted) {
        throw expected(what);
      }
    }

    private DataFormatException expected(String what) {
      return new DataFormatException(
          String.format(
              "%s: line %d should hold %s.", file, json.currentLocation().getLineNr(), what));
    }

    private DataFormatException wrong(String what) {
      return new DataFormatException(file + ": " + what + ".");
    }
  }
}
