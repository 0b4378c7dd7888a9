package io.coppice.schemas.keys;

import io.coppice.schemas.LogKeys;
import io.coppice.schemas.TrustedKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The agents that a run takes, in a text file: lines of agent id and public key in base64; empty lines and {@code #} comments. */
public final class TrustedKeysFile {

  private TrustedKeysFile() {}

  /** A line of such a file. */
  public static String line(String agentId, PublicKey key) {
    return agentId + " " + PublicKeys.base64(key);
  }

  /**
   * Reads a file.
   *
   * @return at least one key, in ascending order of agent ids, as {@link io.coppice.schemas.TrainingRun} has them
   * @throws KeyFileException naming file and line, if a line is not as it should be, an agent is named twice or none at all
   */
  public static List<TrustedKey> read(Path file) {
    Map<String, ByteBuffer> keys = new TreeMap<>();
    Map<String, Integer> lines = new HashMap<>();
    int number = 0;
    for (String line : lines(file)) {
      number++;
      String content = line.replaceFirst("#.*", "").strip();
      if (content.isEmpty()) {
        continue;
      }
      String where = file + ", line " + number + ": ";
      TrustedKey key = parse(where, content);
      String id = key.getAgentId();
      Integer before = lines.put(id, number);
      if (before != null) {
        throw new KeyFileException(
            String.format("%sAgent %s has a key in line %d already.", where, id, before));
      }
      keys.put(id, key.getPublicKey());
    }
    if (keys.isEmpty()) {
      throw new KeyFileException(file + " names no agent.");
    }
    return keys.entrySet().stream()
        .map(entry -> new TrustedKey(entry.getKey(), entry.getValue()))
        .toList();
  }

  /**
   * Reads one line.
   *
   * @param where what a message begins with
   * @param content agent id and public key
   * @throws KeyFileException if it is anything else
   */
  public static TrustedKey parse(String where, String content) {
    String[] words = content.split("\\s+");
    if (words.length != 2) {
      throw new KeyFileException(
          where + "A line has an agent id and its public key, not " + words.length + " words.");
    }
    if (!LogKeys.isName(words[0])) {
      throw new KeyFileException(
          where + "Agent id '" + words[0] + "' is not allowed: use 1 to 64 of a-z, 0-9 and '-'.");
    }
    try {
      return new TrustedKey(words[0], PublicKeys.fromBase64(words[1]));
    } catch (IllegalArgumentException e) {
      throw new KeyFileException(where + e.getMessage(), e);
    }
  }

  private static List<String> lines(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new KeyFileException("There is no file " + file + ".");
    }
    try {
      return Files.readAllLines(file);
    } catch (MalformedInputException e) {
      throw new KeyFileException(file + " is not text.", e);
    } catch (IOException e) {
      throw new KeyFileException(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
